//! Products over blocks of whole rows, on all threads.

use rayon::prelude::*;

use super::factor::{Factor, Form};
use super::instructions::Instructions;
use super::matrix::{Matrix, MatrixMut, Start};
use super::packing::{Line, numbers, numbers_mut, with_scratch};
use super::precision::Precision;
use super::single::product;

/// Fewest rows of a block, but for the last: whole tiles of every instruction set.
const BLOCK_ROWS: usize = 84;
/// Fewest multiplications of a block.
const BLOCK_WORK: usize = 1 << 20;
/// Most rows of a block that has to pack all of B itself.
const OWN_BLOCK_ROWS: usize = 128;
/// With fewer multiplications than this, waking other threads takes longer than it saves.
const PARALLEL_WORK: usize = 1 << 23;

/// `C = A B`, or `C += A B`, in blocks of rows on all threads, with factors taken in `precision`. As soon as a block is
/// done, `finish` is called with its first row and the memory of its rows, at the row stride of C, while they are in the
/// cache. B is packed once, by this thread.
///
/// # Panics
/// When shapes do not fit.
pub fn multiply_rows(
    precision: Precision,
    a: Matrix<'_>,
    b: Matrix<'_>,
    c: MatrixMut<'_>,
    start: Start,
    finish: impl Fn(usize, &mut [f32]) + Sync,
) {
    assert!(
        a.lies_inside() && b.lies_inside() && a.columns == b.rows && b.columns == c.columns,
        "columns of A are rows of B"
    );
    precision.factors(a, b, |instructions, a, b| {
        multiply_rows_on(instructions, a, b, c, start, finish);
    });
}

/// [`multiply_rows`] with factors as they are.
fn multiply_rows_on(
    instructions: &'static Instructions,
    a: Matrix<'_>,
    b: Matrix<'_>,
    c: MatrixMut<'_>,
    start: Start,
    finish: impl Fn(usize, &mut [f32]) + Sync,
) {
    let empty = b.rows == 0 || b.columns == 0;
    let form = if empty { Form::Packed } else { Form::of(b, a.rows) };
    with_scratch(form.length(instructions, b.rows, b.columns), |memory| {
        let factor = (!empty).then(|| Factor::new(instructions, form, b, memory));
        factor_rows(factor, a, c, start, finish);
    });
}

/// `C = A B`, or `C += A B`, with the rows of C split among all threads and B read where it is by each: for a gradient
/// of weights, where C is small and the shared index long. Factors are taken in `precision`.
///
/// # Panics
/// When shapes do not fit.
pub fn multiply_parallel(precision: Precision, a: Matrix<'_>, b: Matrix<'_>, c: MatrixMut<'_>, start: Start) {
    assert!(
        a.lies_inside() && b.lies_inside() && (a.rows, a.columns) == (c.rows, b.rows),
        "A has the rows of C, and its columns are rows of B"
    );
    precision.factors(a, b, |instructions, a, b| {
        let work = a.columns * c.columns;
        each_block(work, OWN_BLOCK_ROWS, c, |first, c| {
            let a = if work == 0 {
                Matrix { rows: c.rows, ..a }
            } else {
                a.rows_from(first, c.rows)
            };
            product(instructions, a, b, c, start);
        });
    });
}

/// A right factor packed once, for many products.
#[derive(Clone, Debug)]
pub struct PackedMatrix {
    instructions: &'static Instructions,
    form: Form,
    rows: usize,
    columns: usize,
    lines: Vec<Line>,
}

impl PackedMatrix {
    /// Packs `b`.
    ///
    /// # Panics
    /// When an element lies outside its slice.
    pub fn new(b: Matrix<'_>) -> Self {
        assert!(b.lies_inside(), "a matrix lies inside its slice");
        let instructions = Instructions::best();
        let (rows, columns) = (b.rows, b.columns);
        let form = Form::of(b, usize::MAX);
        let length = form.length(instructions, rows, columns);
        let mut lines = Line::zeros(length);
        if rows > 0 && columns > 0 {
            Factor::new(instructions, form, b, &mut numbers_mut(&mut lines)[..length]);
        }
        Self {
            instructions,
            form,
            rows,
            columns,
            lines,
        }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// `C = A B`, or `C += A B`, where B is this matrix, on this thread.
    ///
    /// # Panics
    /// When shapes do not fit.
    pub fn multiply(&self, a: Matrix<'_>, mut c: MatrixMut<'_>, start: Start) {
        self.assert_shapes(a, &c);
        multiply_block(self.factor(), a, &mut c, start);
    }

    /// [`multiply_rows`] with this matrix as B.
    ///
    /// # Panics
    /// When shapes do not fit.
    pub fn multiply_rows(
        &self,
        a: Matrix<'_>,
        c: MatrixMut<'_>,
        start: Start,
        finish: impl Fn(usize, &mut [f32]) + Sync,
    ) {
        self.assert_shapes(a, &c);
        factor_rows(self.factor(), a, c, start, finish);
    }

    fn assert_shapes(&self, a: Matrix<'_>, c: &MatrixMut<'_>) {
        assert_eq!(
            (a.columns, c.columns),
            (self.rows, self.columns),
            "columns of A are rows of B"
        );
    }

    /// None without elements.
    fn factor(&self) -> Option<Factor<'_>> {
        let Self {
            instructions,
            form,
            rows,
            columns,
            ..
        } = *self;
        (rows > 0 && columns > 0).then(|| Factor::copied(instructions, form, rows, columns, numbers(&self.lines)))
    }
}

/// The product with a factor, or zeros without one, block after block.
fn factor_rows(
    factor: Option<Factor<'_>>,
    a: Matrix<'_>,
    c: MatrixMut<'_>,
    start: Start,
    finish: impl Fn(usize, &mut [f32]) + Sync,
) {
    assert_eq!(a.rows, c.rows, "C has the rows of A");
    let work = a.columns * c.columns;
    let most = BLOCK_ROWS * BLOCK_WORK.div_ceil(BLOCK_ROWS * work.max(1));
    each_block(work, most, c, |first, mut c| {
        let a = if factor.is_none() {
            Matrix { rows: c.rows, ..a }
        } else {
            a.rows_from(first, c.rows)
        };
        multiply_block(factor, a, &mut c, start);
        let length = if c.columns == 0 {
            0
        } else {
            (c.rows - 1) * c.row_stride + c.columns
        };
        finish(first, &mut c.data[..length]);
    });
}

/// The product with a factor, or zeros without one.
fn multiply_block(factor: Option<Factor<'_>>, a: Matrix<'_>, c: &mut MatrixMut<'_>, start: Start) {
    match factor {
        Some(factor) if c.rows > 0 => factor.multiply(a, c, start == Start::Keep),
        _ if start == Start::Zero => c.each_row().for_each(|row| row.fill(0.0)),
        _ => {}
    }
}

/// Calls `body` for blocks of nearly equal size with at most `most` rows of C, on all threads where that is worth it:
/// `work` is the number of multiplications for a row.
fn each_block(work: usize, most: usize, c: MatrixMut<'_>, body: impl Fn(usize, MatrixMut<'_>) + Sync) {
    assert!(c.lies_inside(), "a matrix lies inside its slice, row after row");
    if c.rows == 0 {
        return;
    }
    let parallel = work.saturating_mul(c.rows) >= PARALLEL_WORK && rayon::current_num_threads() > 1;
    let most = c.rows.div_ceil(c.rows.div_ceil(most));
    let blocks = c.blocks(most);
    if parallel && blocks.len() > 1 {
        blocks
            .into_par_iter()
            .with_max_len(1)
            .for_each(|(first, block)| body(first, block));
    } else {
        blocks.into_iter().for_each(|(first, block)| body(first, block));
    }
}
