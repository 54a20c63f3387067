//! FITS binary tables.

mod column;
mod header;

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use self::column::FitsColumn;
use self::header::{BLOCK, Header};
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

/// A header-data unit that is a binary table.
struct Extension {
    number: usize,
    name: String,
    header: Header,
    data_start: u64,
}

/// Opens the extension called or numbered `wanted`, or the only binary table there is.
pub(crate) fn open(path: &Path, wanted: Option<&str>) -> Result<Opened, FileError> {
    let reading = |source| FileError::reading(path, source);
    let file = File::open(path).map_err(reading)?;
    let length = file.metadata().map_err(reading)?.len();
    let extensions = extensions(path, &file, length)?;
    let Extension { header, data_start, .. } = choose(path, extensions, wanted)?;
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

fn extensions(path: &Path, file: &File, length: u64) -> Result<Vec<Extension>, FileError> {
    let reading = |source| FileError::reading(path, source);
    let mut source = BufReader::new(file);
    let (mut start, mut number, mut found) = (0u64, 0, Vec::new());
    while start < length {
        source.seek(SeekFrom::Start(start)).map_err(reading)?;
        let header = match Header::read(&mut source) {
            Ok(header) => header,
            // Bytes after the last unit are allowed; a cut header that begins like one is not.
            Err(_) if number > 0 && !begins_extension(file, start) => break,
            Err(error) => return Err(reading(error)),
        };
        let data_start = start + header.bytes;
        let bytes = header.data_bytes().map_err(reading)?;
        let name = header.text("EXTNAME").unwrap_or_default().to_owned();
        let table = header.text("XTENSION") == Some("BINTABLE");
        // The cut end of a table is reported when that table is opened, with its rows.
        if data_start.saturating_add(bytes) > length && !table {
            return Err(FileError::truncated(
                path,
                format!("unit {number} ends at byte {} of {length}", data_start + bytes),
            ));
        }
        if table {
            found.push(Extension {
                number,
                name,
                header,
                data_start,
            });
        }
        start = data_start + bytes.div_ceil(BLOCK as u64) * BLOCK as u64;
        number += 1;
    }
    Ok(found)
}

fn begins_extension(mut file: &File, start: u64) -> bool {
    let mut first = [0; 8];
    file.seek(SeekFrom::Start(start)).is_ok() && file.read_exact(&mut first).is_ok() && &first == b"XTENSION"
}

fn choose(path: &Path, extensions: Vec<Extension>, wanted: Option<&str>) -> Result<Extension, FileError> {
    let groups: Vec<String> = extensions
        .iter()
        .map(|extension| match extension.name.as_str() {
            "" => extension.number.to_string(),
            name => format!("{name} (number {})", extension.number),
        })
        .collect();
    let several = extensions.len() > 1;
    let mut chosen = extensions.into_iter().filter(|extension| match wanted {
        Some(wanted) => {
            extension.name.eq_ignore_ascii_case(wanted.trim()) || extension.number.to_string() == wanted.trim()
        }
        None => !several,
    });
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
