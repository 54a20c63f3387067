//! CSV: a header line, then rows; kinds are inferred from all rows when the file is opened.

mod kind;
mod write;

use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder, Trim};

use self::kind::{Inferred, cell, infer};
use crate::FileError;
use crate::cells::{Cell, push_cell};
use crate::source::{Opened, TableSource};
use crate::table::{Column, ColumnInfo, ColumnKind, ColumnValues};

pub(crate) use write::write;

/// Rows between two remembered places of the file.
const LANDMARK: usize = 4096;

struct CsvSource {
    path: PathBuf,
    delimiter: u8,
    columns: Vec<ColumnInfo>,
    /// Byte at which every [`LANDMARK`]th row starts.
    landmarks: Vec<u64>,
    /// Lines before the first row, for messages.
    lines_before: u64,
}

/// Opens a CSV file: reads it once, keeping kinds and landmarks.
pub(crate) fn open(path: &Path) -> Result<Opened, FileError> {
    let Preamble {
        header,
        delimiter,
        start,
        lines,
    } = preamble(path)?;
    let names =
        split(&header, delimiter).ok_or_else(|| FileError::corrupt(path, "its header line is not UTF-8 text"))?;
    let mut source = CsvSource {
        path: path.to_path_buf(),
        delimiter,
        columns: Vec::new(),
        landmarks: vec![start],
        lines_before: lines,
    };
    let mut inferred = vec![Inferred::Nothing; names.len()];
    let mut rows = 0;
    let mut reader = source.reader_at(start)?;
    let mut record = ByteRecord::new();
    while source.next(&mut reader, &mut record, names.len())? {
        if rows > 0 && rows % LANDMARK == 0 {
            source
                .landmarks
                .push(start + record.position().map_or(0, csv::Position::byte));
        }
        for (column, bytes) in inferred.iter_mut().zip(&record) {
            *column = infer(*column, source.text(bytes, rows)?);
        }
        rows += 1;
    }
    source.columns = names
        .into_iter()
        .zip(inferred)
        .map(|(name, inferred)| ColumnInfo {
            name,
            kind: inferred.kind(),
            width: 1,
            unit: None,
        })
        .collect();
    Ok(Opened {
        columns: source.columns.clone(),
        rows,
        source: Box::new(source),
    })
}

/// What precedes the rows.
struct Preamble {
    header: Vec<u8>,
    delimiter: u8,
    start: u64,
    lines: u64,
}

/// The header is the first line that is no `#` comment; or the last comment, if the line after it is already numbers and
/// both have as many cells.
fn preamble(path: &Path) -> Result<Preamble, FileError> {
    let reading = |source| FileError::reading(path, source);
    let mut file = BufReader::new(File::open(path).map_err(reading)?);
    let (mut comment, mut comment_end, mut position, mut lines) = (None, (0, 0), 0u64, 0u64);
    loop {
        let mut line = Vec::new();
        let length = file.read_until(b'\n', &mut line).map_err(reading)? as u64;
        if length == 0 {
            return Err(FileError::truncated(path, "it has no header line"));
        }
        (position, lines) = (position + length, lines + 1);
        let line = line
            .strip_prefix(b"\xef\xbb\xbf")
            .unwrap_or(&line)
            .trim_ascii()
            .to_vec();
        if line.is_empty() {
            continue;
        }
        if let Some(text) = line.strip_prefix(b"#") {
            (comment, comment_end) = (Some(text.trim_ascii().to_vec()), (position, lines));
            continue;
        }
        let delimiter = [b',', b';', b'\t']
            .into_iter()
            .find(|byte| line.contains(byte))
            .unwrap_or(b',');
        if let Some(header) = comment
            && names_numbers(&header, &line, delimiter)
        {
            let (start, lines) = comment_end;
            return Ok(Preamble {
                header,
                delimiter,
                start,
                lines,
            });
        }
        return Ok(Preamble {
            header: line,
            delimiter,
            start: position,
            lines,
        });
    }
}

fn names_numbers(header: &[u8], line: &[u8], delimiter: u8) -> bool {
    let (Some(names), Some(cells)) = (split(header, delimiter), split(line, delimiter)) else {
        return false;
    };
    names.len() == cells.len() && names.len() > 1 && cells.iter().any(|cell| cell.parse::<f64>().is_ok())
}

fn split(line: &[u8], delimiter: u8) -> Option<Vec<String>> {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .delimiter(delimiter)
        .trim(Trim::All)
        .from_reader(line);
    let record = reader.records().next()?.ok()?;
    Some(record.iter().map(str::to_owned).collect())
}

impl CsvSource {
    fn reader_at(&self, start: u64) -> Result<Reader<File>, FileError> {
        let reading = |source| FileError::reading(&self.path, source);
        let mut file = File::open(&self.path).map_err(reading)?;
        file.seek(SeekFrom::Start(start)).map_err(reading)?;
        let mut builder = ReaderBuilder::new();
        builder
            .has_headers(false)
            .flexible(true)
            .delimiter(self.delimiter)
            .trim(Trim::All)
            .buffer_capacity(1 << 16);
        Ok(builder.from_reader(file))
    }

    /// The next row, which must have a cell for every name.
    fn next(&self, reader: &mut Reader<File>, record: &mut ByteRecord, names: usize) -> Result<bool, FileError> {
        let more = reader
            .read_byte_record(record)
            .map_err(|error| match error.into_kind() {
                ErrorKind::Io(source) => FileError::reading(&self.path, source),
                other => FileError::corrupt(&self.path, format!("{other:?}")),
            })?;
        if more && record.len() != names {
            let line = self.lines_before + record.position().map_or(0, csv::Position::line);
            let reason = format!(
                "line {line} has {} cells where the header names {names} columns",
                record.len()
            );
            return Err(FileError::corrupt(&self.path, reason));
        }
        Ok(more)
    }

    fn text<'a>(&self, bytes: &'a [u8], row: usize) -> Result<&'a str, FileError> {
        std::str::from_utf8(bytes).map_err(|_| {
            FileError::corrupt(
                &self.path,
                format!("row {row} holds \"{}\", which is not UTF-8 text", bytes.escape_ascii()),
            )
        })
    }
}

impl TableSource for CsvSource {
    fn read(&mut self, wanted: &[usize], rows: Range<usize>) -> Result<Vec<Column>, FileError> {
        let mut columns: Vec<Column> = wanted
            .iter()
            .map(|&number| {
                let info = &self.columns[number];
                let values = match info.kind {
                    ColumnKind::Integer | ColumnKind::Boolean => ColumnValues::Int64(Vec::new()),
                    ColumnKind::Text => ColumnValues::Text(Vec::new()),
                    ColumnKind::Number | ColumnKind::Other => ColumnValues::Float64(Vec::new()),
                };
                Column {
                    name: info.name.clone(),
                    width: 1,
                    values,
                    unit: None,
                }
            })
            .collect();
        if rows.is_empty() {
            return Ok(columns);
        }
        let landmark = rows.start / LANDMARK;
        let mut reader = self.reader_at(self.landmarks[landmark])?;
        let mut record = ByteRecord::new();
        for row in landmark * LANDMARK..rows.end {
            if !self.next(&mut reader, &mut record, self.columns.len())? {
                return Err(FileError::truncated(
                    &self.path,
                    format!("it had more than {row} rows when it was opened"),
                ));
            }
            if row < rows.start {
                continue;
            }
            for (column, &number) in columns.iter_mut().zip(wanted) {
                let text = self.text(&record[number], row)?;
                let value = match self.columns[number].kind {
                    ColumnKind::Text => Cell::Text(text.to_owned()),
                    _ => cell(text),
                };
                push_cell(&mut column.values, value);
            }
        }
        Ok(columns)
    }
}
