//! FITS binary tables and images.

mod column;
mod header;
mod image;
mod unit;

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use self::column::FitsColumn;
pub use self::unit::{FitsKind, FitsUnit, fits_units};
use crate::FileError;
use crate::cells::append;
use crate::source::{Opened, TableSource};
use crate::table::{Column, ColumnValues};

/// Bytes of rows held at a time.
const PIECE: usize = 8 << 20;

struct FitsSource {
    path: PathBuf,
    file: File,
    columns: Vec<FitsColumn>,
    row_bytes: usize,
    data_start: u64,
}

/// Opens the extension called or numbered `wanted`, or the only binary table there is.
pub(crate) fn open(path: &Path, wanted: Option<&str>) -> Result<Opened, FileError> {
    let reading = |source| FileError::reading(path, source);
    let file = File::open(path).map_err(reading)?;
    let length = file.metadata().map_err(reading)?.len();
    let mut tables = unit::units(path, &file, length)?;
    tables.retain(|unit| unit.kind == FitsKind::Table);
    let FitsUnit { header, data_start, .. } = choose(path, tables, wanted)?;
    let too_large = || FileError::corrupt(path, "the table is too large to address");
    let row_bytes = usize::try_from(header.count("NAXIS1").map_err(reading)?).map_err(|_| too_large())?;
    let rows = usize::try_from(header.count("NAXIS2").map_err(reading)?).map_err(|_| too_large())?;
    let end = (rows as u64)
        .checked_mul(row_bytes as u64)
        .and_then(|bytes| bytes.checked_add(data_start));
    if end.ok_or_else(too_large)? > length {
        let there = (length.saturating_sub(data_start)) / row_bytes.max(1) as u64;
        return Err(FileError::truncated(
            path,
            format!("{there} of its {rows} rows are there"),
        ));
    }
    let columns = column::columns(&header, row_bytes).map_err(reading)?;
    let described = columns.iter().map(|column| column.info.clone()).collect();
    let source = FitsSource {
        path: path.to_path_buf(),
        file,
        columns,
        row_bytes,
        data_start,
    };
    Ok(Opened {
        columns: described,
        rows,
        source: Box::new(source),
    })
}

fn choose(path: &Path, tables: Vec<FitsUnit>, wanted: Option<&str>) -> Result<FitsUnit, FileError> {
    let groups: Vec<String> = tables.iter().map(FitsUnit::described).collect();
    let several = tables.len() > 1;
    let mut chosen = tables
        .into_iter()
        .filter(|table| wanted.map_or(!several, |wanted| table.is_called(wanted)));
    let reason = match wanted {
        Some(wanted) => format!("no binary table is called or numbered {wanted:?}"),
        None if several => format!("{} extensions are binary tables", groups.len()),
        None => "no extension is a binary table".into(),
    };
    chosen.next().ok_or(FileError::Groups {
        path: path.to_path_buf(),
        reason,
        groups,
    })
}

impl TableSource for FitsSource {
    fn read(&mut self, wanted: &[usize], rows: Range<usize>) -> Result<Vec<Column>, FileError> {
        let mut columns = Vec::with_capacity(wanted.len());
        for &number in wanted {
            let FitsColumn { info, content } = &self.columns[number];
            if let Err(reason) = content {
                return Err(FileError::unsupported(
                    &self.path,
                    format!("column {:?}", info.name),
                    reason,
                ));
            }
            let values = ColumnValues::Float64(Vec::new());
            columns.push(Column {
                name: info.name.clone(),
                width: info.width,
                values,
                unit: info.unit.clone(),
            });
        }
        let step = (PIECE / self.row_bytes.max(1)).max(1);
        let mut start = rows.start;
        // Once even for no rows, so that empty columns have their kind.
        loop {
            let end = rows.end.min(start + step);
            let mut bytes = vec![0; (end - start) * self.row_bytes];
            let offset = self.data_start + (start * self.row_bytes) as u64;
            self.file
                .seek(SeekFrom::Start(offset))
                .map_err(|source| FileError::reading(&self.path, source))?;
            self.file
                .read_exact(&mut bytes)
                .map_err(|source| FileError::reading(&self.path, source))?;
            for (column, &number) in columns.iter_mut().zip(wanted) {
                if let Ok(content) = &self.columns[number].content {
                    append(&mut column.values, content.decode(&bytes));
                }
            }
            start = end;
            if start >= rows.end {
                return Ok(columns);
            }
        }
    }
}
