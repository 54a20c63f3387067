//! The right factor of a product in the form in which the tiles read it, and the loops around the tiles.

use super::instructions::Instructions;
use super::matrix::{Matrix, MatrixMut};
use super::packing::{LINE, copy_rows, pack, with_scratch};
use super::tile::Operands;

/// Longest part of the shared index taken at once: the rows of A of a tile stay in the first cache.
pub(super) const DEPTH: usize = 384;

/// Most columns of a narrow factor.
const NARROW: usize = 4;

/// With no more rows of A than this, packing a factor of no more than [`CACHED`] numbers costs more than it saves.
const DIRECT_ROWS: usize = 320;

/// The same for larger factors.
const FEW_ROWS: usize = 56;

/// Numbers of a factor that stay in the second cache.
const CACHED: usize = 3 << 17;

/// Which form a factor takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Panels of columns, copied.
    Packed,
    /// Panels of columns where they are, the last, narrower one copied.
    Direct,
    /// Few columns, copied one after the other: sums run along vectors instead of beside each other.
    Narrow,
}

impl Form {
    /// The form for a product with `rows` rows of A.
    pub(super) fn of(b: Matrix<'_>, rows: usize) -> Self {
        if b.columns <= NARROW {
            Self::Narrow
        } else if b.column_stride == 1
            && rows
                <= if b.rows * b.columns <= CACHED {
                    DIRECT_ROWS
                } else {
                    FEW_ROWS
                }
        {
            Self::Direct
        } else {
            Self::Packed
        }
    }

    /// Numbers copied.
    pub(super) fn length(self, instructions: &Instructions, depth: usize, columns: usize) -> usize {
        let panel = instructions.panel();
        match self {
            Self::Packed => columns.div_ceil(panel) * panel * depth,
            Self::Direct if columns.is_multiple_of(panel) => 0,
            Self::Direct => panel * depth,
            Self::Narrow => columns * depth,
        }
    }
}

/// A right factor ready for products.
#[derive(Clone, Copy, Debug)]
pub(super) struct Factor<'a> {
    instructions: &'static Instructions,
    form: Form,
    depth: usize,
    columns: usize,
    /// Whole panels.
    panels: &'a [f32],
    panel_stride: usize,
    row_stride: usize,
    /// The last, narrower panel.
    last: &'a [f32],
}

impl<'a> Factor<'a> {
    /// Copies what the form needs into `memory` of its length. Not for a matrix without elements.
    pub(super) fn new(instructions: &'static Instructions, form: Form, b: Matrix<'a>, memory: &'a mut [f32]) -> Self {
        let panel = instructions.panel();
        let whole = b.columns - b.columns % panel;
        match form {
            Form::Packed => pack(instructions, b, memory),
            Form::Direct if whole < b.columns => {
                pack(instructions, b.columns_from(whole, b.columns - whole), memory);
            }
            Form::Direct => {}
            Form::Narrow => copy_rows(b.transposed(), memory, b.rows),
        }
        if form == Form::Direct {
            // read without a check from here on
            assert!(
                b.lies_inside() && b.column_stride == 1,
                "a matrix lies inside its slice, its rows together"
            );
            let Matrix {
                data: panels,
                rows: depth,
                columns,
                row_stride,
                ..
            } = b;
            return Self {
                instructions,
                form,
                depth,
                columns,
                panels,
                panel_stride: panel,
                row_stride,
                last: memory,
            };
        }
        Self::copied(instructions, form, b.rows, b.columns, memory)
    }

    /// A factor whose copy was made before.
    pub(super) fn copied(
        instructions: &'static Instructions,
        form: Form,
        depth: usize,
        columns: usize,
        memory: &'a [f32],
    ) -> Self {
        assert!(form != Form::Direct && memory.len() >= form.length(instructions, depth, columns));
        let row_stride = instructions.panel();
        let panel_stride = row_stride * depth;
        let whole = if form == Form::Packed {
            columns / row_stride * panel_stride
        } else {
            0
        };
        let (panels, last) = memory.split_at(whole);
        Self {
            instructions,
            form,
            depth,
            columns,
            panels,
            panel_stride,
            row_stride,
            last,
        }
    }

    /// `C = A B`, or `C += A B` when `keep`. Not for matrices without elements.
    ///
    /// # Panics
    /// When shapes do not fit.
    pub(super) fn multiply(&self, a: Matrix<'_>, c: &mut MatrixMut<'_>, keep: bool) {
        assert!(a.lies_inside() && c.lies_inside(), "matrices lie inside their slices");
        assert_eq!(
            (a.rows, a.columns, c.columns),
            (c.rows, self.depth, self.columns),
            "A has the rows of C, its columns are rows of B, and C has the columns of B"
        );
        // a sum that runs along vectors is not cut
        let most = if self.form == Form::Narrow { self.depth } else { DEPTH };
        let readable = a.column_stride == 1 || (a.row_stride == 1 && self.form != Form::Narrow);
        if readable {
            for (step, depth) in parts(self.depth, most) {
                for (row, rows) in parts(a.rows, self.instructions.rows) {
                    self.tiles(
                        a.rows_from(row, rows).columns_from(step, depth),
                        step,
                        row,
                        c,
                        keep || step > 0,
                    );
                }
            }
            return;
        }
        let stride = most.min(self.depth).next_multiple_of(LINE) + LINE;
        with_scratch(stride * self.instructions.rows, |copy| {
            for (step, depth) in parts(self.depth, most) {
                for (row, rows) in parts(a.rows, self.instructions.rows) {
                    copy_rows(a.rows_from(row, rows).columns_from(step, depth), copy, stride);
                    let a = Matrix::strided(copy, rows, depth, stride, 1);
                    self.tiles(a, step, row, c, keep || step > 0);
                }
            }
        });
    }

    /// All tiles of rows `row..row + a.rows` of C, for the part of the shared index that starts at `step`.
    fn tiles(&self, a: Matrix<'_>, step: usize, row: usize, c: &mut MatrixMut<'_>, keep: bool) {
        let Self {
            instructions, columns, ..
        } = *self;
        let (panel, width) = (instructions.panel(), instructions.width);
        let neighbours = a.column_stride != 1;
        let mut operands = Operands {
            a: a.data.as_ptr(),
            a_stride: if neighbours { a.column_stride } else { a.row_stride },
            b: self.panels.as_ptr(),
            b_stride: self.row_stride,
            c: c.data[row * c.row_stride..].as_mut_ptr(),
            c_stride: c.row_stride,
            depth: a.columns,
            last_columns: width,
            keep,
        };
        if self.form == Form::Narrow {
            operands.b = self.last.as_ptr();
            operands.b_stride = self.depth;
            operands.last_columns = columns;
            // SAFETY: the processor has the instructions; A and C were seen to lie inside their slices, and the copy of
            // B holds `columns` times `depth` numbers.
            unsafe { (instructions.narrow)(&operands, a.rows) };
            return;
        }
        let tile = instructions.tile(neighbours, instructions.vectors, a.rows);
        // pointers past the last panel are made but not read
        operands.b = operands.b.wrapping_add(step * self.row_stride);
        for _ in 0..columns / panel {
            // SAFETY: the processor has the instructions; A and C were seen to lie inside their slices, and B holds
            // `depth` rows of whole panels, packed or where they are.
            unsafe { tile(&operands) };
            operands.b = operands.b.wrapping_add(self.panel_stride);
            operands.c = operands.c.wrapping_add(panel);
        }
        let narrower = columns % panel;
        if narrower > 0 {
            let vectors = narrower.div_ceil(width);
            operands.b = self.last[step * panel..].as_ptr();
            operands.b_stride = panel;
            operands.last_columns = narrower - (vectors - 1) * width;
            // SAFETY: as above; the last panel is packed with zeros to its full width.
            unsafe { instructions.tile(neighbours, vectors, a.rows)(&operands) };
        }
    }
}

/// Parts of nearly equal size, none longer than `most`: their first indices and sizes.
fn parts(length: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    let count = length.div_ceil(most.max(1));
    (0..count).map(move |part| {
        let bound = |part: usize| part * (length / count) + part.min(length % count);
        (bound(part), bound(part + 1) - bound(part))
    })
}
