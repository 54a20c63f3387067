//! The opened table, whatever its format.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::guard::guarded;
use crate::source::{Opened, TableSource};
use crate::table::{Column, ColumnInfo, ColumnKind, Table};
use crate::{FileError, Format, csv_file, fits, hdf5, memory, nearest_name, npy, npz, parquet_file};

/// An opened table: its description is in memory, its values are not.
///
/// May be shared between threads; reads then take turns.
pub struct TableFile {
    path: PathBuf,
    format: Option<Format>,
    columns: Vec<ColumnInfo>,
    rows: usize,
    source: Mutex<Box<dyn TableSource>>,
}

impl fmt::Debug for TableFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("TableFile")
            .field("path", &self.path)
            .field("format", &self.format)
            .field("rows", &self.rows)
            .field("columns", &self.columns.len())
            .finish_non_exhaustive()
    }
}

impl TableFile {
    /// Opens the only table of a file. The format is that of the extension, verified by the first bytes.
    ///
    /// # Errors
    /// [`FileError::Groups`] when an HDF5 or FITS file holds several tables: see [`TableFile::open_group`].
    /// [`FileError::Missing`], [`FileError::IsDirectory`], [`FileError::UnknownFormat`], [`FileError::WrongMagic`],
    /// [`FileError::Truncated`] and [`FileError::Corrupt`] say what they are named after.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        Self::open_part(path, None)
    }

    /// Opens one table of a file that may hold several.
    ///
    /// `group` is the path of an HDF5 group (`"photometry"`) or compound dataset, or the name or number of a FITS
    /// extension (`"CATALOG"`, `"1"`).
    ///
    /// # Errors
    /// As [`TableFile::open`]; [`FileError::Groups`] lists the groups when `group` is none of them.
    pub fn open_group(path: &Path, group: &str) -> Result<Self, FileError> {
        Self::open_part(path, Some(group))
    }

    /// A table of values already in memory, read like one of a file; `name` stands where errors name the file.
    pub fn in_memory(name: &Path, table: Table) -> Self {
        let Opened { columns, rows, source } = memory::open(table);
        TableFile {
            path: name.to_path_buf(),
            format: None,
            columns,
            rows,
            source: Mutex::new(source),
        }
    }

    fn open_part(path: &Path, group: Option<&str>) -> Result<Self, FileError> {
        let format = Format::verified(path)?;
        if group.is_some() && !matches!(format, Format::Hdf5 | Format::Fits) {
            return Err(FileError::unsupported(
                path,
                "a group",
                format!("{format} files have none; leave it out"),
            ));
        }
        let Opened { columns, rows, source } = guarded(path, || match format {
            Format::Parquet => parquet_file::open(path),
            Format::Hdf5 => hdf5::open(path, group),
            Format::Fits => fits::open(path, group),
            Format::Npy => npy::open(path),
            Format::Npz => npz::open(path),
            Format::Csv => csv_file::open(path),
        })?;
        Ok(TableFile {
            path: path.to_path_buf(),
            format: Some(format),
            columns,
            rows,
            source: Mutex::new(source),
        })
    }

    /// The path it was opened from, or the name of a table in memory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The format; none for a table in memory.
    pub fn format(&self) -> Option<Format> {
        self.format
    }

    /// All columns, in the order of the file.
    pub fn columns(&self) -> &[ColumnInfo] {
        &self.columns
    }

    /// The description of one column.
    ///
    /// # Errors
    /// [`FileError::NoColumn`], with the nearest name.
    pub fn column(&self, name: &str) -> Result<&ColumnInfo, FileError> {
        self.position(name).map(|position| &self.columns[position])
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The named columns, in the order named, for a range of rows.
    ///
    /// # Errors
    /// [`FileError::NoColumn`], [`FileError::RowRange`], [`FileError::Ragged`] for a list column whose rows differ in
    /// length, [`FileError::Unsupported`] for a column of kind [`ColumnKind::Other`], and what a damaged file may cause.
    pub fn read(&self, names: &[&str], rows: Range<usize>) -> Result<Table, FileError> {
        let wanted = names
            .iter()
            .map(|name| self.position(name))
            .collect::<Result<Vec<_>, _>>()?;
        if rows.start > rows.end || rows.end > self.rows {
            return Err(FileError::RowRange {
                path: self.path.clone(),
                start: rows.start,
                end: rows.end,
                rows: self.rows,
            });
        }
        let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
        let columns = guarded(&self.path, || source.read(&wanted, rows.clone()))?;
        let mut table = Table::new();
        for column in columns {
            self.check_length(&column, rows.len())?;
            table.push(column)?;
        }
        Ok(table)
    }

    /// As [`TableFile::read`], for a caller that wants numbers only: a column of text is refused before anything is read.
    ///
    /// # Errors
    /// [`FileError::NotNumeric`], naming file, column and the first text, besides those of [`TableFile::read`].
    pub fn read_numbers(&self, names: &[&str], rows: Range<usize>) -> Result<Table, FileError> {
        for name in names {
            if self.column(name)?.kind == ColumnKind::Text {
                let first = rows.start.min(self.rows)..rows.end.min(rows.start.saturating_add(100)).min(self.rows);
                return Err(match self.read(&[name], first)?.columns()[0].to_f64() {
                    Err(FileError::NotNumeric { column, row, found, .. }) => FileError::NotNumeric {
                        path: Some(self.path.clone()),
                        column,
                        row: row + rows.start,
                        found,
                    },
                    Err(other) => other,
                    Ok(_) => FileError::corrupt(&self.path, format!("column {name:?} is text and yet read as numbers")),
                });
            }
        }
        self.read(names, rows)
    }

    fn position(&self, name: &str) -> Result<usize, FileError> {
        self.columns
            .iter()
            .position(|column| column.name == name)
            .ok_or_else(|| FileError::NoColumn {
                path: self.path.clone(),
                wanted: name.to_owned(),
                nearest: nearest_name(name, self.columns.iter().map(|column| column.name.as_str())).map(str::to_owned),
                available: self.columns.iter().map(|column| column.name.clone()).collect(),
            })
    }

    fn check_length(&self, column: &Column, rows: usize) -> Result<(), FileError> {
        if column.values.len() == rows * column.width {
            return Ok(());
        }
        Err(FileError::corrupt(
            &self.path,
            format!(
                "column {:?} gave {} values where {rows} rows of {} were expected",
                column.name,
                column.values.len(),
                column.width
            ),
        ))
    }
}
