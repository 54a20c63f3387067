//! Matrices of bfloat16, two neighbours of the shared index in the bits of one number of single precision.

use pulp::Arch;
use rayon::prelude::*;

use super::matrix::Matrix;
use crate::pairs::pair;
use crate::workspace::Buffer;

/// Numbers that one thread changes at a time.
const CHUNK: usize = 1 << 15;

/// A matrix whose rows are pairs of rows: of each pair the first row in the lower halves, the second in the upper. A last
/// row that is alone is paired with zeros.
pub(crate) struct PairedRows {
    memory: Buffer,
    rows: usize,
    columns: usize,
    /// Whether the rows of pairs lie together in memory instead of the columns.
    rows_together: bool,
}

impl PairedRows {
    /// Rounds and pairs, in the order in which memory is read fastest.
    pub(crate) fn of(matrix: Matrix<'_>) -> Self {
        let rows = matrix.rows.div_ceil(2);
        let rows_together = matrix.column_stride == 1 || matrix.row_stride != 1;
        let mut memory = Buffer::stale(rows * matrix.columns);
        let length = if rows_together { matrix.columns } else { rows };
        if !memory.is_empty() {
            let lines = (CHUNK / length).max(1);
            let chunks = memory.par_chunks_mut(lines * length).enumerate();
            chunks.for_each(|(chunk, to)| {
                Arch::new().dispatch(
                    #[inline(always)]
                    || {
                        for (line, to) in (chunk * lines..).zip(to.chunks_exact_mut(length)) {
                            if rows_together {
                                pair_of_rows(matrix, 2 * line, to);
                            } else {
                                pairs_of_column(&matrix.data[line * matrix.column_stride..][..matrix.rows], to);
                            }
                        }
                    },
                );
            });
        }
        Self {
            memory,
            rows,
            columns: matrix.columns,
            rows_together,
        }
    }

    /// The matrix of pairs.
    pub(crate) fn matrix(&self) -> Matrix<'_> {
        if self.rows_together {
            Matrix::new(&self.memory, self.rows, self.columns)
        } else {
            Matrix::new(&self.memory, self.columns, self.rows).transposed()
        }
    }
}

/// Row `first` with the row after it.
#[inline(always)]
fn pair_of_rows(matrix: Matrix<'_>, first: usize, to: &mut [f32]) {
    let row = |row: usize| &matrix.data[row * matrix.row_stride..];
    let lower = row(first);
    if matrix.column_stride != 1 {
        for (column, to) in to.iter_mut().enumerate() {
            let place = column * matrix.column_stride;
            let upper = if first + 1 < matrix.rows {
                row(first + 1)[place]
            } else {
                0.0
            };
            *to = pair(lower[place], upper);
        }
    } else if first + 1 < matrix.rows {
        let lower = &lower[..to.len()];
        let upper = &row(first + 1)[..to.len()];
        for ((to, &lower), &upper) in to.iter_mut().zip(lower).zip(upper) {
            *to = pair(lower, upper);
        }
    } else {
        to.iter_mut().zip(lower).for_each(|(to, &lower)| *to = pair(lower, 0.0));
    }
}

/// Neighbours in memory.
#[inline(always)]
fn pairs_of_column(column: &[f32], to: &mut [f32]) {
    let (pairs, alone) = column.as_chunks::<2>();
    for (to, &[lower, upper]) in to.iter_mut().zip(pairs) {
        *to = pair(lower, upper);
    }
    if let ([alone], Some(to)) = (alone, to.last_mut()) {
        *to = pair(*alone, 0.0);
    }
}
