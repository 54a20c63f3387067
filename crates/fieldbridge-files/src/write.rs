//! Writing a table in the format its path announces.

use std::path::Path;

use crate::table::Table;
use crate::{FileError, Format, atomic, parquet_file};

/// Writes `table` to `path`, whole or not at all; the extension decides the format.
///
/// - `.parquet`, `.pq`: zstd; vector columns are lists; units are kept in the file's metadata.
///
/// # Errors
/// [`FileError::UnknownFormat`], [`FileError::Unsupported`] for a format that is only read, and those of
/// [`atomic::write_atomically`].
pub fn write_table(path: &Path, table: &Table) -> Result<(), FileError> {
    match Format::of_path(path)? {
        Format::Parquet => atomic::write_sized(path, None, |sink| parquet_file::write(table, sink)),
        format => Err(FileError::unsupported(
            path,
            format!("writing {format}"),
            "write .parquet, .npz, .npy or .csv",
        )),
    }
}
