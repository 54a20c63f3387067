//! npz: a zip archive in which every npy array is a column named by its key.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::FileError;
use crate::element::Placement;
use crate::npy::{self, ArrayColumn, DataBytes, FileBytes, Header, Item};
use crate::source::{Opened, TableSource};
use crate::table::{Column, ColumnInfo, ColumnKind, Table};

type Archive = ZipArchive<BufReader<File>>;

struct NpzSource {
    path: PathBuf,
    file: File,
    archive: Archive,
    members: Vec<Member>,
    columns: Vec<Content>,
}

/// An array of the archive.
struct Member {
    index: usize,
    header: Header,
    /// Where its bytes start in the file, if they are not compressed.
    stored_at: Option<u64>,
}

enum Content {
    Array { member: usize, column: ArrayColumn },
    Refused { info: ColumnInfo, reason: String },
}

impl Content {
    fn info(&self) -> &ColumnInfo {
        match self {
            Content::Array { column, .. } => &column.info,
            Content::Refused { info, .. } => info,
        }
    }
}

/// Opens an archive: its directory and the header of every array.
pub(crate) fn open(path: &Path) -> Result<Opened, FileError> {
    let reading = |source| FileError::reading(path, source);
    let file = File::open(path).map_err(reading)?;
    let length = file.metadata().map_err(reading)?.len();
    // Two handles with a position each: one for the archive, one for arrays that are not compressed.
    let again = File::open(path).map_err(reading)?;
    let mut archive = ZipArchive::new(BufReader::new(again)).map_err(|error| match error {
        // The directory is at the end of an archive.
        ZipError::InvalidArchive(reason) => {
            FileError::truncated(path, format!("no directory of its arrays ({reason})"))
        }
        other => zip_error(path, other),
    })?;
    let (mut members, mut columns) = (Vec::new(), Vec::new());
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|error| zip_error(path, error))?;
        let name = entry.name().map_err(|error| zip_error(path, error))?.into_owned();
        let Some(key) = name.strip_suffix(".npy") else { continue };
        let header = Header::read(&mut entry).map_err(|source| member_error(path, key, source))?;
        let needed = header.bytes + header.data_bytes().unwrap_or(u64::MAX / 2);
        let stored_at = entry
            .data_start()
            .filter(|_| entry.compression() == CompressionMethod::Stored);
        let held = if stored_at.is_some() {
            entry.size().min(length)
        } else {
            entry.size()
        };
        if needed > held {
            return Err(FileError::corrupt(
                path,
                format!("array {key:?} has {held} of its {needed} bytes"),
            ));
        }
        columns.extend(member_columns(key, &header, members.len()));
        members.push(Member {
            index,
            header,
            stored_at,
        });
    }
    let rows = common_rows(&members, &columns);
    for content in &mut columns {
        if let Content::Array { member, column } = content
            && members[*member].header.rows() != rows
        {
            let reason = format!(
                "it has {} rows where the table has {rows}",
                members[*member].header.rows()
            );
            *content = refused(column.info.name.clone(), reason);
        }
    }
    let described = columns.iter().map(|content| content.info().clone()).collect();
    let source = NpzSource {
        path: path.to_path_buf(),
        file,
        archive,
        members,
        columns,
    };
    Ok(Opened {
        columns: described,
        rows,
        source: Box::new(source),
    })
}

fn member_columns(key: &str, header: &Header, member: usize) -> Vec<Content> {
    let array = |column| Content::Array { member, column };
    if let Some(fields) = npy::record_columns(header, &format!("{key}.")) {
        return fields.into_iter().map(array).collect();
    }
    vec![match &header.item {
        _ if header.shape.is_empty() => refused(key.to_owned(), "it is a single value, not a list".into()),
        _ if header.width() == 0 => refused(key.to_owned(), "its rows hold no value".into()),
        Item::Plain(element) => {
            let width = header.width();
            let placement = Placement {
                stride: width * element.size(),
                offset: 0,
                per_row: width,
            };
            array(npy::array_column(key.to_owned(), *element, placement))
        }
        Item::Record { .. } => refused(key.to_owned(), "it is a matrix of records".into()),
        Item::Unknown(code) => refused(
            key.to_owned(),
            format!("its type {code} is neither number, boolean nor text"),
        ),
    }]
}

fn refused(name: String, reason: String) -> Content {
    Content::Refused {
        info: ColumnInfo {
            name,
            kind: ColumnKind::Other,
            width: 1,
            unit: None,
        },
        reason,
    }
}

/// The number of rows most columns agree on; of equally common ones the largest.
fn common_rows(members: &[Member], columns: &[Content]) -> usize {
    let rows: Vec<usize> = columns
        .iter()
        .filter_map(|content| match content {
            Content::Array { member, .. } => Some(members[*member].header.rows()),
            Content::Refused { .. } => None,
        })
        .collect();
    rows.iter()
        .copied()
        .max_by_key(|rows_| (rows.iter().filter(|other| *other == rows_).count(), *rows_))
        .unwrap_or(0)
}

impl TableSource for NpzSource {
    fn read(&mut self, wanted: &[usize], rows: Range<usize>) -> Result<Vec<Column>, FileError> {
        // Fields of one array of records share its bytes.
        let mut last: Option<(usize, Vec<u8>)> = None;
        let mut columns = Vec::with_capacity(wanted.len());
        for &number in wanted {
            let (member, column) = match &self.columns[number] {
                Content::Array { member, column } => (*member, column),
                Content::Refused { info, reason } => {
                    return Err(FileError::unsupported(
                        &self.path,
                        format!("column {:?}", info.name),
                        reason,
                    ));
                }
            };
            let bytes = match last.take() {
                Some((same, bytes)) if same == member => bytes,
                _ => member_rows(&self.file, &mut self.archive, &self.members[member], rows.clone())
                    .map_err(|source| member_error(&self.path, &column.info.name, source))?,
            };
            columns.push(column.decode(&bytes));
            last = Some((member, bytes));
        }
        Ok(columns)
    }
}

fn member_rows(file: &File, archive: &mut Archive, member: &Member, rows: Range<usize>) -> io::Result<Vec<u8>> {
    // A stored array read whole goes through the archive, which verifies its checksum.
    match member.stored_at {
        Some(start) if rows != (0..member.header.rows()) => {
            let mut data = FileBytes {
                file,
                start: start + member.header.bytes,
            };
            npy::rows_in_order(&mut data, &member.header, rows)
        }
        _ => npy::rows_in_order(&mut EntryBytes { archive, member }, &member.header, rows),
    }
}

/// The data of an array read through the archive from its start.
struct EntryBytes<'a> {
    archive: &'a mut Archive,
    member: &'a Member,
}

impl DataBytes for EntryBytes<'_> {
    fn read_at(&mut self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut entry = self.archive.by_index(self.member.index).map_err(io::Error::from)?;
        let before = self.member.header.bytes + offset;
        if io::copy(&mut (&mut entry).take(before), &mut io::sink())? < before {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let bytes = npy::read_bytes(&mut entry, length)?;
        // The checksum is verified by reading past the last byte.
        if before + length as u64 == entry.size() {
            io::copy(&mut entry, &mut io::sink())?;
        }
        Ok(bytes)
    }
}

/// Writes every column as an uncompressed array, as `numpy.savez` does.
pub(crate) fn write(table: &Table, sink: &mut dyn Write) -> io::Result<()> {
    let mut archive = ZipWriter::new_stream(sink);
    for column in table.columns() {
        let shape = npy::shape(column);
        let large = npy::array_bytes(&shape, &column.values) >= u64::from(u32::MAX);
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .large_file(large);
        archive
            .start_file(format!("{}.npy", column.name), options)
            .map_err(io::Error::from)?;
        npy::write_array(&shape, &column.values, &mut archive)?;
    }
    archive.finish().map_err(io::Error::from)?;
    Ok(())
}

fn member_error(path: &Path, key: &str, source: io::Error) -> FileError {
    match source.kind() {
        io::ErrorKind::UnexpectedEof => FileError::truncated(path, format!("array {key:?} ends early")),
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::Other => {
            FileError::corrupt(path, format!("array {key:?}: {source}"))
        }
        _ => FileError::reading(path, source),
    }
}

fn zip_error(path: &Path, error: ZipError) -> FileError {
    match error {
        ZipError::Io(source) => FileError::reading(path, source),
        ZipError::UnsupportedArchive(reason) => FileError::unsupported(path, "its compression", reason),
        other => FileError::corrupt(path, other.to_string()),
    }
}
