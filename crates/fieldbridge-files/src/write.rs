//! Writing a table in the format its path announces.

use std::path::Path;

use crate::table::{ColumnValues, Table};
use crate::{FileError, Format, atomic, csv_file, npy, npz, parquet_file};

/// Writes `table` to `path`, whole or not at all; the extension decides the format.
///
/// - `.parquet`, `.pq`: zstd; vector columns are lists; units are kept in the file's metadata.
/// - `.npz`: one uncompressed array per column, vectors as matrices. Units are lost.
/// - `.npy`: numbers only; one column as a plain array, several as records with named fields. Units are lost.
/// - `.csv`: a header line; a vector column becomes `name_0`, `name_1`, ...; NaN is `NaN`. Units are lost.
///
/// # Errors
/// [`FileError::UnknownFormat`], [`FileError::Unsupported`] for a format that is only read, [`FileError::NotNumeric`]
/// for text in `.npy`, and those of [`atomic::write_atomically`].
pub fn write_table(path: &Path, table: &Table) -> Result<(), FileError> {
    match Format::of_path(path)? {
        Format::Parquet => atomic::write_sized(path, None, |sink| parquet_file::write(table, sink)),
        Format::Npz => atomic::write_sized(path, None, |sink| npz::write(table, &mut *sink)),
        Format::Csv => atomic::write_sized(path, None, |sink| csv_file::write(table, &mut *sink)),
        Format::Npy => {
            for column in table.columns() {
                if let ColumnValues::Text(_) = column.values {
                    column.to_f64()?;
                }
            }
            atomic::write_sized(path, None, |sink| npy::write_table(table, &mut *sink))
        }
        format @ (Format::Hdf5 | Format::Fits) => Err(only_read(path, format)),
    }
}

/// Whether [`write_table`] can write to `path`, asked before the work whose result goes there. Room on the disk is not
/// asked for, and a file that is there stays as it is.
///
/// # Errors
/// As [`write_table`] for the name and its folder.
pub fn require_writable(path: &Path) -> Result<(), FileError> {
    match Format::of_path(path)? {
        format @ (Format::Hdf5 | Format::Fits) => Err(only_read(path, format)),
        _ => atomic::require_writable(path),
    }
}

fn only_read(path: &Path, format: Format) -> FileError {
    FileError::unsupported(path, format!("writing {format}"), "write .parquet, .npz, .npy or .csv")
}
