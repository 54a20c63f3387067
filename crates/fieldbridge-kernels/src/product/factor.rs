//! The right factor of a product in the form in which the tiles read it, and the loops around the tiles.

use std::ops::Range;

use super::instructions::Instructions;
use super::matrix::{Matrix, MatrixMut};
use super::packing::{LINE, copy_rows, pack, pack_columns, with_scratch};
use super::tile::Operands;

/// Most rows of A taken at once: they stay in the second cache.
const BLOCK_ROWS: usize = 168;

/// Most columns of a narrow factor.
const NARROW: usize = 4;

/// With no more rows of A than this, packing a factor of no more than [`CACHED`] numbers costs more than it saves.
const DIRECT_ROWS: usize = 320;

/// The same for larger factors.
const FEW_ROWS: usize = 56;

/// Numbers of a factor that stay in the second cache.
const CACHED: usize = 3 << 17;

/// With more panels of B than this, rows of A that do not lie together are copied.
const COPY_PANELS: usize = 2;

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
        if self.form == Form::Narrow {
            return self.narrow(a, c, keep);
        }
        for (step, depth) in parts(self.depth, self.instructions.depth) {
            for (row, rows) in parts(a.rows, BLOCK_ROWS) {
                let block = a.rows_from(row, rows).columns_from(step, depth);
                let wide = self.columns > COPY_PANELS * self.instructions.panel();
                if a.column_stride == 1 || (a.row_stride == 1 && !wide) {
                    self.block(Rows::InPlace(block), step, row, c, keep || step > 0);
                } else {
                    let tile = self.instructions.rows;
                    with_scratch(rows.next_multiple_of(tile) * depth, |copy| {
                        pack_columns(block.transposed(), tile, copy);
                        self.block(Rows::Together(copy, rows, depth), step, row, c, keep || step > 0);
                    });
                }
            }
        }
    }

    /// Rows of a block of A against the part of B that starts at `step`: panel after panel, or several together where
    /// the second cache has room, so that what is read again and again is near.
    fn block(&self, a: Rows<'_>, step: usize, row: usize, c: &mut MatrixMut<'_>, keep: bool) {
        let tile = self.instructions.rows;
        let panels = self.columns.div_ceil(self.instructions.panel());
        for first in (0..panels).step_by(self.instructions.panels_together) {
            let chosen = first..panels.min(first + self.instructions.panels_together);
            for start in (0..a.count()).step_by(tile) {
                self.tiles(a.tile(start, tile), step, row + start, chosen.clone(), c, keep);
            }
        }
    }

    /// Few columns: sums run along vectors and are not cut.
    fn narrow(&self, a: Matrix<'_>, c: &mut MatrixMut<'_>, keep: bool) {
        let rows_most = self.instructions.rows;
        let run = |a: Matrix<'_>, row: usize, c: &mut MatrixMut<'_>| {
            let operands = Operands {
                a: a.data.as_ptr(),
                a_stride: a.row_stride,
                b: self.last.as_ptr(),
                b_stride: self.depth,
                c: c.data[row * c.row_stride..].as_mut_ptr(),
                c_stride: c.row_stride,
                depth: a.columns,
                last_columns: self.columns,
                keep,
            };
            // SAFETY: the processor has the instructions; A and C were seen to lie inside their slices, and the copy of
            // B holds `columns` times `depth` numbers.
            unsafe { (self.instructions.narrow)(&operands, a.rows) };
        };
        if a.column_stride == 1 {
            return run(a, 0, c);
        }
        let stride = self.depth.next_multiple_of(LINE) + LINE;
        with_scratch(stride * rows_most, |copy| {
            for (row, rows) in parts(a.rows, rows_most) {
                copy_rows(a.rows_from(row, rows), copy, stride);
                run(Matrix::strided(copy, rows, self.depth, stride, 1), row, c);
            }
        });
    }

    /// The tiles of chosen panels for rows of C from `row` on, and the part of the shared index that starts at `step`.
    fn tiles(&self, a: TileRows<'_>, step: usize, row: usize, panels: Range<usize>, c: &mut MatrixMut<'_>, keep: bool) {
        let Self {
            instructions, columns, ..
        } = *self;
        let (panel, width) = (instructions.panel(), instructions.width);
        let mut operands = Operands {
            a: a.data.as_ptr(),
            a_stride: a.stride,
            // pointers past the last panel are made but not read
            b: self
                .panels
                .as_ptr()
                .wrapping_add(step * self.row_stride + panels.start * self.panel_stride),
            b_stride: self.row_stride,
            c: c.data[row * c.row_stride + panels.start * panel..].as_mut_ptr(),
            c_stride: c.row_stride,
            depth: a.depth,
            last_columns: width,
            keep,
        };
        let tile = instructions.tile(a.neighbours, instructions.vectors, a.rows);
        for _ in panels.start..panels.end.min(columns / panel) {
            // SAFETY: the processor has the instructions; A and C were seen to lie inside their slices, and B holds
            // `depth` rows of whole panels, packed or where they are.
            unsafe { tile(&operands) };
            operands.b = operands.b.wrapping_add(self.panel_stride);
            operands.c = operands.c.wrapping_add(panel);
        }
        let narrower = columns % panel;
        if panels.end > columns / panel {
            let vectors = narrower.div_ceil(width);
            operands.b = self.last[step * panel..].as_ptr();
            operands.b_stride = panel;
            operands.last_columns = narrower - (vectors - 1) * width;
            // SAFETY: as above; the last panel is packed with zeros to its full width.
            unsafe { instructions.tile(a.neighbours, vectors, a.rows)(&operands) };
        }
    }
}

/// Rows of a block of A, as tiles read them.
#[derive(Clone, Copy)]
enum Rows<'a> {
    /// Where they are; rows or columns lie together.
    InPlace(Matrix<'a>),
    /// Copied tile after tile, the elements of a column of a tile together: so many rows and columns.
    Together(&'a [f32], usize, usize),
}

/// The rows of one tile.
struct TileRows<'a> {
    data: &'a [f32],
    stride: usize,
    rows: usize,
    depth: usize,
    neighbours: bool,
}

impl<'a> Rows<'a> {
    fn count(self) -> usize {
        match self {
            Self::InPlace(a) => a.rows,
            Self::Together(_, rows, _) => rows,
        }
    }

    /// At most `most` rows from row `start` on, which is a multiple of `most`.
    fn tile(self, start: usize, most: usize) -> TileRows<'a> {
        let rows = most.min(self.count() - start);
        match self {
            Self::InPlace(a) => TileRows {
                data: &a.data[start * a.row_stride..],
                stride: if a.column_stride == 1 {
                    a.row_stride
                } else {
                    a.column_stride
                },
                rows,
                depth: a.columns,
                neighbours: a.column_stride != 1,
            },
            Self::Together(copy, _, depth) => TileRows {
                data: &copy[start * depth..(start + most) * depth],
                stride: most,
                rows,
                depth,
                neighbours: true,
            },
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
