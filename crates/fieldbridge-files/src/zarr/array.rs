//! What one array of a store is.

use serde_json::{Map, Value};

use crate::table::ColumnValues;

/// What the values of an array are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZarrKind {
    /// Double precision, missing values are NaN.
    Float64,
    /// Single precision, missing values are NaN.
    Float32,
    /// Whole numbers, missing values are -1.
    Int64,
    /// Text, missing values are empty.
    Text,
}

impl ZarrKind {
    /// Name of the type in metadata.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Float64 => "float64",
            Self::Float32 => "float32",
            Self::Int64 => "int64",
            Self::Text => "string",
        }
    }

    pub(super) fn of_name(name: &str) -> Option<Self> {
        [Self::Float64, Self::Float32, Self::Int64, Self::Text]
            .into_iter()
            .find(|kind| kind.name() == name)
    }

    pub(super) fn of(values: &ColumnValues) -> Self {
        match values {
            ColumnValues::Float64(_) => Self::Float64,
            ColumnValues::Float32(_) => Self::Float32,
            ColumnValues::Int64(_) => Self::Int64,
            ColumnValues::Text(_) => Self::Text,
        }
    }

    /// Bytes of a value, when all have as many.
    pub(super) fn size(self) -> Option<usize> {
        match self {
            Self::Float64 | Self::Int64 => Some(8),
            Self::Float32 => Some(4),
            Self::Text => None,
        }
    }
}

/// One array: `shape[0]` rows, `rows_per_chunk` of them in a file.
#[derive(Debug, Clone, PartialEq)]
pub struct ZarrArray {
    /// Name of the array and of its folder.
    pub name: String,
    /// What its values are.
    pub kind: ZarrKind,
    /// Length of each dimension, at least one dimension.
    pub shape: Vec<usize>,
    /// Rows in a chunk.
    pub rows_per_chunk: usize,
    /// Name of each dimension.
    pub dimensions: Vec<String>,
    /// Anything else there is to say, such as `units` and `long_name`.
    pub attributes: Map<String, Value>,
}

impl ZarrArray {
    /// Number of chunks.
    pub fn chunks(&self) -> usize {
        self.shape[0].div_ceil(self.rows_per_chunk.max(1))
    }

    /// Values in a row.
    pub fn row_length(&self) -> usize {
        self.shape[1..].iter().product()
    }

    /// Values in a full chunk.
    pub(super) fn chunk_length(&self) -> usize {
        self.rows_per_chunk * self.row_length()
    }

    /// File of a chunk below the folder of the array.
    pub(super) fn chunk_key(&self, chunk: usize) -> String {
        let rest = "/0".repeat(self.shape.len() - 1);
        format!("c/{chunk}{rest}")
    }
}
