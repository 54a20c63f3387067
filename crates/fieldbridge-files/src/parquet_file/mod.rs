//! Parquet, through the low-level column reader and writer of the `parquet` crate.

mod levels;
mod read;
mod schema;
mod write;

use std::path::Path;

use parquet::errors::ParquetError;

use crate::FileError;

pub(crate) use read::open;
pub(crate) use write::write;

/// Key of the file's metadata under which the unit of a column is kept.
const UNIT_KEY: &str = "unit:";

fn parquet_error(path: &Path, error: ParquetError) -> FileError {
    match error {
        ParquetError::EOF(reason) => FileError::truncated(path, reason),
        ParquetError::External(inner) => match inner.downcast::<std::io::Error>() {
            Ok(source) => FileError::reading(path, *source),
            Err(other) => FileError::corrupt(path, other.to_string()),
        },
        ParquetError::NYI(reason) => FileError::unsupported(path, "a part of it", reason),
        other => FileError::corrupt(path, other.to_string()),
    }
}
