//! npy: one NumPy array as a table, and arrays of any dimension as bytes in row order.

mod header;
mod literal;
mod write;

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::FileError;
use crate::element::{Element, Placement};
use crate::source::{Opened, TableSource};
use crate::table::{Column, ColumnInfo};

pub(crate) use header::{Header, Item};
pub(crate) use write::{array_bytes, shape, write_array, write_table};

/// Random access to the bytes of an array's data.
pub(crate) trait DataBytes {
    /// `length` bytes from `offset` after the header.
    fn read_at(&mut self, offset: u64, length: usize) -> io::Result<Vec<u8>>;
}

/// The data of an array that lies uncompressed in a file.
pub(crate) struct FileBytes<'a> {
    pub(crate) file: &'a File,
    pub(crate) start: u64,
}

impl DataBytes for FileBytes<'_> {
    fn read_at(&mut self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut file = self.file;
        file.seek(SeekFrom::Start(self.start + offset))?;
        read_bytes(&mut file, length)
    }
}

/// Exactly `length` bytes; memory is taken as they come, since `length` may be a lie.
pub(crate) fn read_bytes(source: &mut impl Read, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(length.min(1 << 26));
    source.take(length as u64).read_to_end(&mut bytes)?;
    if bytes.len() < length {
        Err(io::ErrorKind::UnexpectedEof.into())
    } else {
        Ok(bytes)
    }
}

/// Rows of an array with the last index running fastest, whatever the order stored.
pub(crate) fn rows_in_order(source: &mut dyn DataBytes, header: &Header, rows: Range<usize>) -> io::Result<Vec<u8>> {
    let (size, width) = (header.item.size(), header.width());
    if !header.fortran || width <= 1 || rows.is_empty() {
        return source.read_at((rows.start * width * size) as u64, rows.len() * width * size);
    }
    let mut ordered = vec![0; rows.len() * width * size];
    for place in 0..width {
        // The same multi-index, once with the last and once with the first index running fastest.
        let (mut left, mut index) = (place, vec![0; header.shape.len()]);
        for axis in (1..header.shape.len()).rev() {
            index[axis] = left % header.shape[axis];
            left /= header.shape[axis];
        }
        let stored = (1..header.shape.len())
            .rev()
            .fold(0, |sum, axis| sum * header.shape[axis] + index[axis]);
        let offset = (stored * header.rows() + rows.start) * size;
        let run = source.read_at(offset as u64, rows.len() * size)?;
        for (row, item) in run.chunks_exact(size).enumerate() {
            let start = (row * width + place) * size;
            ordered[start..start + size].copy_from_slice(item);
        }
    }
    Ok(ordered)
}

/// A column and where it lies in a row of its array.
pub(crate) struct ArrayColumn {
    pub(crate) info: ColumnInfo,
    pub(crate) element: Element,
    pub(crate) placement: Placement,
}

/// The fields of an array of records as columns; their names follow `prefix`.
pub(crate) fn record_columns(header: &Header, prefix: &str) -> Option<Vec<ArrayColumn>> {
    let Item::Record { size, fields } = &header.item else {
        return None;
    };
    (header.shape.len() == 1).then(|| {
        let readable = fields.iter().filter(|field| field.count > 0);
        readable
            .map(|field| {
                let placement = Placement {
                    stride: *size,
                    offset: field.offset,
                    per_row: field.count,
                };
                array_column(format!("{prefix}{}", field.name), field.element, placement)
            })
            .collect()
    })
}

pub(crate) fn array_column(name: String, element: Element, placement: Placement) -> ArrayColumn {
    let info = ColumnInfo {
        name,
        kind: element.kind(),
        width: placement.per_row,
        unit: None,
    };
    ArrayColumn {
        info,
        element,
        placement,
    }
}

struct NpySource {
    path: PathBuf,
    file: File,
    header: Header,
    columns: Vec<ArrayColumn>,
}

/// The header of an npy file, checked against the file's length.
pub(crate) fn read_header(path: &Path, file: &File) -> Result<Header, FileError> {
    let reading = |source| FileError::reading(path, source);
    let length = file.metadata().map_err(reading)?.len();
    let header = Header::read(&mut BufReader::new(file)).map_err(reading)?;
    let needed = header.bytes + header.data_bytes().unwrap_or(u64::MAX / 2);
    if needed > length {
        return Err(FileError::truncated(
            path,
            format!("it has {length} of its {needed} bytes"),
        ));
    }
    Ok(header)
}

/// Opens an npy file: records by field; a list of numbers as column "0", a matrix as columns "0", "1", ...
pub(crate) fn open(path: &Path) -> Result<Opened, FileError> {
    let file = File::open(path).map_err(|source| FileError::reading(path, source))?;
    let header = read_header(path, &file)?;
    let refuse = |what: String, reason: &str| Err(FileError::unsupported(path, what, reason));
    let columns = match (&header.item, header.shape.len()) {
        (Item::Unknown(code), _) => return refuse(format!("the type {code}"), "store numbers, booleans or text"),
        (Item::Record { .. }, 1) => record_columns(&header, "").unwrap_or_default(),
        (Item::Plain(element), 1 | 2) => {
            let (size, width) = (element.size(), header.width());
            let placement = |place: usize| Placement {
                stride: width * size,
                offset: place * size,
                per_row: 1,
            };
            (0..width)
                .map(|place| array_column(place.to_string(), *element, placement(place)))
                .collect()
        }
        (_, dimensions) => {
            return refuse(
                format!("an array of {dimensions} dimensions"),
                "a table has one or two; read it as an array",
            );
        }
    };
    let (described, rows) = (
        columns.iter().map(|column| column.info.clone()).collect(),
        header.rows(),
    );
    Ok(Opened {
        columns: described,
        rows,
        source: Box::new(NpySource {
            path: path.to_path_buf(),
            file,
            header,
            columns,
        }),
    })
}

impl TableSource for NpySource {
    fn read(&mut self, wanted: &[usize], rows: Range<usize>) -> Result<Vec<Column>, FileError> {
        let mut data = FileBytes {
            file: &self.file,
            start: self.header.bytes,
        };
        let bytes =
            rows_in_order(&mut data, &self.header, rows).map_err(|source| FileError::reading(&self.path, source))?;
        Ok(wanted
            .iter()
            .map(|&number| self.columns[number].decode(&bytes))
            .collect())
    }
}

impl ArrayColumn {
    pub(crate) fn decode(&self, rows: &[u8]) -> Column {
        Column {
            name: self.info.name.clone(),
            width: self.info.width,
            values: self.element.decode(rows, self.placement),
            unit: None,
        }
    }
}
