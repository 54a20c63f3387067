//! Views of matrices in memory.

/// A matrix to be read: element `(i, j)` is `data[i * row_stride + j * column_stride]`.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a> {
    /// Memory of all elements.
    pub data: &'a [f32],
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub columns: usize,
    /// Distance in memory from one row to the next.
    pub row_stride: usize,
    /// Distance in memory from one column to the next.
    pub column_stride: usize,
}

impl<'a> Matrix<'a> {
    /// `rows` rows of `columns` numbers, one after the other.
    pub fn new(data: &'a [f32], rows: usize, columns: usize) -> Self {
        Self::strided(data, rows, columns, columns, 1)
    }

    /// Rows and columns at given distances.
    ///
    /// # Panics
    /// When an element would lie outside `data`.
    pub fn strided(data: &'a [f32], rows: usize, columns: usize, row_stride: usize, column_stride: usize) -> Self {
        let matrix = Self {
            data,
            rows,
            columns,
            row_stride,
            column_stride,
        };
        assert!(matrix.lies_inside(), "a matrix lies inside its slice");
        matrix
    }

    /// Whether all elements lie inside the slice: asked again before memory is read without a check, because the
    /// fields can be set by anyone.
    pub(super) fn lies_inside(&self) -> bool {
        let last = |count: usize, stride: usize| (count - 1).checked_mul(stride);
        self.rows == 0
            || self.columns == 0
            || last(self.rows, self.row_stride)
                .zip(last(self.columns, self.column_stride))
                .and_then(|(row, column)| row.checked_add(column))
                .is_some_and(|last| last < self.data.len())
    }

    /// `count` rows from row `first` on; not for a matrix without elements.
    pub(super) fn rows_from(self, first: usize, count: usize) -> Self {
        Self {
            data: &self.data[first * self.row_stride..],
            rows: count,
            ..self
        }
    }

    /// `count` columns from column `first` on; not for a matrix without elements.
    pub(super) fn columns_from(self, first: usize, count: usize) -> Self {
        self.transposed().rows_from(first, count).transposed()
    }

    /// The transposed view of the same memory.
    pub fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }
}

/// A matrix to be written; its rows are contiguous.
#[derive(Debug)]
pub struct MatrixMut<'a> {
    pub(crate) data: &'a mut [f32],
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub columns: usize,
    /// Distance in memory from one row to the next.
    pub row_stride: usize,
}

impl<'a> MatrixMut<'a> {
    /// `rows` rows of `columns` numbers, one after the other.
    pub fn new(data: &'a mut [f32], rows: usize, columns: usize) -> Self {
        Self::strided(data, rows, columns, columns)
    }

    /// Rows at a given distance, at least `columns`.
    ///
    /// # Panics
    /// When an element would lie outside `data` or in two rows.
    pub fn strided(data: &'a mut [f32], rows: usize, columns: usize, row_stride: usize) -> Self {
        let matrix = MatrixMut {
            data,
            rows,
            columns,
            row_stride,
        };
        assert!(matrix.lies_inside(), "a matrix lies inside its slice, row after row");
        matrix
    }

    /// Whether all elements lie inside the slice, each in one row only.
    pub(super) fn lies_inside(&self) -> bool {
        let last = |count: usize| (count - 1).checked_mul(self.row_stride);
        let inside = self.rows == 0
            || self.columns == 0
            || last(self.rows)
                .and_then(|row| row.checked_add(self.columns))
                .is_some_and(|end| end <= self.data.len());
        inside && (self.row_stride >= self.columns || self.rows <= 1)
    }

    /// Row after row.
    pub(super) fn each_row(&mut self) -> impl Iterator<Item = &mut [f32]> {
        let (rows, columns) = if self.columns == 0 {
            (0, 1)
        } else {
            (self.rows, self.columns)
        };
        self.data
            .chunks_mut(self.row_stride.max(columns))
            .take(rows)
            .map(move |row| &mut row[..columns])
    }

    /// Blocks of `most` rows, but for the last, and their first rows.
    pub(super) fn blocks(self, most: usize) -> Vec<(usize, MatrixMut<'a>)> {
        let Self {
            data,
            rows,
            columns,
            row_stride,
        } = self;
        if rows <= most {
            return vec![(
                0,
                MatrixMut {
                    data,
                    rows,
                    columns,
                    row_stride,
                },
            )];
        }
        let chunks = data.chunks_mut((most * row_stride).max(1)).zip((0..rows).step_by(most));
        chunks
            .map(|(data, first)| {
                (
                    first,
                    MatrixMut {
                        data,
                        rows: most.min(rows - first),
                        columns,
                        row_stride,
                    },
                )
            })
            .collect()
    }
}

/// What a product does with what is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Overwrites it.
    Zero,
    /// Adds to it.
    Keep,
}
