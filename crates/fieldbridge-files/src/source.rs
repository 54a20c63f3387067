//! What every format offers behind [`TableFile`](crate::TableFile).

use std::ops::Range;

use crate::FileError;
use crate::table::{Column, ColumnInfo};

/// Reads values of an opened table.
pub(crate) trait TableSource: Send {
    /// The columns numbered `wanted`, in that order, for `rows`, a range already checked against the number of rows.
    fn read(&mut self, wanted: &[usize], rows: Range<usize>) -> Result<Vec<Column>, FileError>;
}

/// An opened table: its description and the way to its values.
pub(crate) struct Opened {
    pub(crate) columns: Vec<ColumnInfo>,
    pub(crate) rows: usize,
    pub(crate) source: Box<dyn TableSource>,
}
