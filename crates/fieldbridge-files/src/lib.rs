//! Tables and arrays in and out, by column name: Parquet, HDF5, FITS, npy, npz and CSV; sets of arrays in Zarr.
//!
//! A [`TableFile`] is an opened file of which only the description is in memory: its columns, their kinds, widths and
//! units, and its number of rows. [`TableFile::read`] brings any range of rows of any columns into a [`Table`], so a
//! catalogue larger than memory is walked in pieces by the caller. [`write_table`] puts a [`Table`] on disk so that
//! either the whole new file or the untouched old one is there, whatever happens.
//!
//! ```
//! use fieldbridge_files::{Column, ColumnValues, Table, TableFile, write_table};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! let mut table = Table::new();
//! table.push(Column::new("redshift", ColumnValues::Float64(vec![0.1, 0.5, 1.2])))?;
//! table.push(Column::vector("magnitude", 2, ColumnValues::Float32(vec![20.0, 19.5, 24.1, 23.0, 26.0, 25.5]))?)?;
//! let path = folder.path().join("galaxies.parquet");
//! write_table(&path, &table)?;
//!
//! let file = TableFile::open(&path)?;
//! assert_eq!((file.rows(), file.columns().len()), (3, 2));
//! let tail = file.read(&["redshift"], 1..3)?;
//! assert_eq!(tail.columns()[0].to_f64()?, [0.5, 1.2]);
//! # Ok(())
//! # }
//! ```
//!
//! Missing values are NaN: a null in Parquet, a `TNULL` in FITS, an empty cell in CSV. An integer column that holds one
//! in the rows asked for therefore arrives as 64-bit floats.
//!
//! # Formats
//! | extension | reads | writes |
//! |---|---|---|
//! | `.parquet`, `.pq` | numbers, booleans, text, lists of constant length | yes, zstd |
//! | `.hdf5`, `.h5` | the datasets of one group, or the fields of one compound dataset | no |
//! | `.fits`, `.fit` | one binary table extension | no |
//! | `.npy` | structured records by field; plain arrays by column number | yes |
//! | `.npz` | every array a column | yes |
//! | `.csv` | header line, kinds inferred from all rows | yes |
//!
//! A [`ZarrStore`] is a folder of arrays that grow, for simulations. [`fits_units`] lists what a FITS file holds, with its keywords,
//! and reads its images.

mod array;
pub mod atomic;
mod cells;
mod csv_file;
mod element;
mod error;
mod fits;
mod format;
mod guard;
mod hdf5;
mod memory;
mod nearest;
mod npy;
mod npz;
mod parquet_file;
mod source;
mod table;
mod table_file;
mod write;
mod zarr;

pub use array::{Array, read_array, write_npy};
pub use error::FileError;
pub use fits::{FitsKind, FitsUnit, fits_units};
pub use format::Format;
pub use nearest::nearest_name;
pub use table::{Column, ColumnInfo, ColumnKind, ColumnValues, Table};
pub use table_file::TableFile;
pub use write::{require_writable, write_table};
pub use zarr::{ZarrArray, ZarrKind, ZarrStore};
