//! Reading Parquet: only the row groups and columns asked for.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{AsBytes, DataType};
use parquet::file::reader::{FileReader, RowGroupReader};
use parquet::file::serialized_reader::SerializedFileReader;

use super::levels::{self, Shape};
use super::schema::{self, Meaning};
use super::{UNIT_KEY, parquet_error};
use crate::FileError;
use crate::cells::Cell;
use crate::element::half_to_single;
use crate::source::{Opened, TableSource};
use crate::table::{Column, ColumnInfo, ColumnKind, ColumnValues};

/// Rows decoded at a time.
const BATCH: usize = 8192;

/// Rows looked at to find the length of a list.
const PROBED: usize = 1024;

struct ParquetSource {
    path: PathBuf,
    reader: SerializedFileReader<File>,
    columns: Vec<ColumnInfo>,
    leaves: Vec<Leaf>,
    row_groups: Vec<usize>,
}

struct Leaf {
    index: usize,
    meaning: Meaning,
    shape: Shape,
    /// Why it cannot be read, if so.
    refusal: Option<&'static str>,
}

/// Opens a Parquet file: its footer, and the first page of list columns whose length the footer leaves open.
pub(crate) fn open(path: &Path) -> Result<Opened, FileError> {
    let mut file = File::open(path).map_err(|source| FileError::reading(path, source))?;
    check_footer(path, &mut file)?;
    let reader = SerializedFileReader::new(file).map_err(|error| parquet_error(path, error))?;
    let metadata = reader.metadata();
    let schema = metadata.file_metadata().schema_descr_ptr();
    let mut row_groups = Vec::with_capacity(metadata.num_row_groups());
    for group in metadata.row_groups() {
        let rows = usize::try_from(group.num_rows())
            .map_err(|_| FileError::corrupt(path, format!("a row group announces {} rows", group.num_rows())))?;
        row_groups.push(rows);
    }
    let rows = row_groups
        .iter()
        .try_fold(0usize, |sum, &rows| sum.checked_add(rows))
        .ok_or_else(|| FileError::corrupt(path, "its row groups announce more rows than can be counted"))?;
    let units: Vec<(String, String)> = metadata
        .file_metadata()
        .key_value_metadata()
        .into_iter()
        .flatten()
        .filter_map(|pair| Some((pair.key.strip_prefix(UNIT_KEY)?.to_owned(), pair.value.clone()?)))
        .collect();

    let mut source = ParquetSource {
        path: path.to_path_buf(),
        reader,
        columns: Vec::new(),
        leaves: Vec::new(),
        row_groups,
    };
    for index in 0..schema.num_columns() {
        let descriptor = schema.column(index);
        let (name, element) = schema::name_and_element_level(&schema, index);
        let meaning = schema::meaning(&descriptor);
        let list = descriptor.max_rep_level() > 0;
        let shape = Shape {
            width: 1,
            present: descriptor.max_def_level(),
            element,
            list,
        };
        let mut leaf = Leaf {
            index,
            meaning,
            shape,
            refusal: None,
        };
        if meaning == Meaning::Unknown {
            leaf.refusal = Some("its type is neither number, boolean nor text");
        } else if descriptor.max_rep_level() > 1 {
            leaf.refusal = Some("it holds lists of lists; flatten them to lists of one length");
        } else if list && rows > 0 {
            match source.list_length(&leaf)? {
                0 => leaf.refusal = Some("its first rows are empty or missing lists, so their length is unknown"),
                width => leaf.shape.width = width,
            }
        }
        let unit = units
            .iter()
            .find(|(column, _)| *column == name)
            .map(|(_, unit)| unit.clone());
        source.columns.push(ColumnInfo {
            name,
            kind: if leaf.refusal.is_some() {
                ColumnKind::Other
            } else {
                meaning.kind()
            },
            width: leaf.shape.width,
            unit: unit.or_else(|| schema::unit_of_time(&descriptor)),
        });
        source.leaves.push(leaf);
    }
    Ok(Opened {
        columns: source.columns.clone(),
        rows,
        source: Box::new(source),
    })
}

fn check_footer(path: &Path, file: &mut File) -> Result<(), FileError> {
    let io = |source| FileError::reading(path, source);
    let length = file.seek(SeekFrom::End(0)).map_err(io)?;
    let mut last = [0; 4];
    if length >= 12 {
        file.seek(SeekFrom::End(-4)).map_err(io)?;
        file.read_exact(&mut last).map_err(io)?;
    }
    match &last {
        b"PAR1" => Ok(()),
        b"PARE" => Err(FileError::unsupported(
            path,
            "an encrypted footer",
            "decrypt the file first",
        )),
        _ => Err(FileError::truncated(
            path,
            format!("its {length} bytes do not end with the footer's PAR1"),
        )),
    }
}

impl TableSource for ParquetSource {
    fn read(&mut self, wanted: &[usize], rows: Range<usize>) -> Result<Vec<Column>, FileError> {
        wanted.iter().map(|&number| self.read_column(number, &rows)).collect()
    }
}

impl ParquetSource {
    fn error(&self, error: parquet::errors::ParquetError) -> FileError {
        parquet_error(&self.path, error)
    }

    fn read_column(&self, number: usize, rows: &Range<usize>) -> Result<Column, FileError> {
        let (leaf, info) = (&self.leaves[number], &self.columns[number]);
        if let Some(reason) = leaf.refusal {
            return Err(FileError::unsupported(
                &self.path,
                format!("column {:?}", info.name),
                reason,
            ));
        }
        let mut values = match leaf.meaning {
            Meaning::Single | Meaning::Half => ColumnValues::Float32(Vec::new()),
            Meaning::Double | Meaning::Decimal(_) => ColumnValues::Float64(Vec::new()),
            Meaning::Boolean | Meaning::Signed | Meaning::Unsigned => ColumnValues::Int64(Vec::new()),
            Meaning::Text | Meaning::Unknown => ColumnValues::Text(Vec::new()),
        };
        let mut before = 0;
        for (group, &length) in self.row_groups.iter().enumerate() {
            let (start, end) = (rows.start.max(before), rows.end.min(before + length));
            if start < end {
                let skipped = start - before;
                let part = Part {
                    info,
                    leaf,
                    group,
                    skipped,
                    first_row: start,
                    rows: end - start,
                };
                self.read_part(part, &mut values)?;
            }
            before += length;
        }
        Ok(Column {
            name: info.name.clone(),
            width: info.width,
            values,
            unit: info.unit.clone(),
        })
    }

    fn read_part(&self, part: Part<'_>, values: &mut ColumnValues) -> Result<(), FileError> {
        let group = self
            .reader
            .get_row_group(part.group)
            .map_err(|error| self.error(error))?;
        let meaning = part.leaf.meaning;
        match self.column_reader(&*group, part.leaf)? {
            ColumnReader::BoolColumnReader(mut reader) => self.drain(part, &mut reader, values, |&value| {
                Some(Cell::Integer(i64::from(value)))
            }),
            ColumnReader::Int32ColumnReader(mut reader) => {
                self.drain(part, &mut reader, values, |&value| match meaning {
                    Meaning::Unsigned => Some(Cell::Integer(i64::from(value as u32))),
                    Meaning::Decimal(scale) => Some(Cell::Float64(f64::from(value) / 10f64.powi(scale))),
                    _ => Some(Cell::Integer(i64::from(value))),
                })
            }
            ColumnReader::Int64ColumnReader(mut reader) => {
                self.drain(part, &mut reader, values, |&value| match meaning {
                    Meaning::Unsigned if value < 0 => Some(Cell::Float64(value as u64 as f64)),
                    Meaning::Decimal(scale) => Some(Cell::Float64(value as f64 / 10f64.powi(scale))),
                    _ => Some(Cell::Integer(value)),
                })
            }
            ColumnReader::FloatColumnReader(mut reader) => {
                self.drain(part, &mut reader, values, |&value| Some(Cell::Float32(value)))
            }
            ColumnReader::DoubleColumnReader(mut reader) => {
                self.drain(part, &mut reader, values, |&value| Some(Cell::Float64(value)))
            }
            ColumnReader::ByteArrayColumnReader(mut reader) => self.drain(part, &mut reader, values, |value| {
                std::str::from_utf8(value.as_bytes())
                    .ok()
                    .map(|text| Cell::Text(text.to_owned()))
            }),
            ColumnReader::FixedLenByteArrayColumnReader(mut reader) => self.drain(part, &mut reader, values, |value| {
                fixed_bytes(value.as_bytes(), meaning)
            }),
            ColumnReader::Int96ColumnReader(_) => Err(FileError::unsupported(
                &self.path,
                format!("column {:?}", part.info.name),
                "96-bit time stamps are obsolete; store 64-bit ones",
            )),
        }
    }

    fn column_reader(&self, group: &dyn RowGroupReader, leaf: &Leaf) -> Result<ColumnReader, FileError> {
        group.get_column_reader(leaf.index).map_err(|error| self.error(error))
    }

    fn drain<T: DataType>(
        &self,
        part: Part<'_>,
        reader: &mut ColumnReaderImpl<T>,
        values: &mut ColumnValues,
        cell: impl Fn(&T::T) -> Option<Cell>,
    ) -> Result<(), FileError> {
        let short = |found: usize| {
            FileError::truncated(
                &self.path,
                format!(
                    "column {:?} ends after {found} of {} rows of row group {}",
                    part.info.name,
                    part.skipped + part.rows,
                    part.group
                ),
            )
        };
        let skipped = reader.skip_records(part.skipped).map_err(|error| self.error(error))?;
        if skipped < part.skipped {
            return Err(short(skipped));
        }
        let (mut definition, mut repetition, mut batch) = (Vec::new(), Vec::new(), Vec::new());
        let mut done = 0;
        while done < part.rows {
            definition.clear();
            repetition.clear();
            batch.clear();
            let (records, _, levels) = reader
                .read_records(
                    (part.rows - done).min(BATCH),
                    Some(&mut definition),
                    Some(&mut repetition),
                    &mut batch,
                )
                .map_err(|error| self.error(error))?;
            if records == 0 {
                return Err(short(part.skipped + done));
            }
            if definition.is_empty() {
                definition.resize(levels, part.leaf.shape.present);
            }
            let cells = batch.iter().map(&cell).collect::<Option<Vec<_>>>().ok_or_else(|| {
                FileError::unsupported(
                    &self.path,
                    format!("column {:?}", part.info.name),
                    "its bytes are not text in UTF-8",
                )
            })?;
            levels::append(part.leaf.shape, &definition, &repetition, cells.into_iter(), values).map_err(|ragged| {
                FileError::Ragged {
                    path: self.path.clone(),
                    column: part.info.name.clone(),
                    row: part.first_row + done + ragged.row,
                    expected: part.leaf.shape.width,
                    found: ragged.found,
                }
            })?;
            done += records;
        }
        Ok(())
    }

    /// Length of the lists of a column: from the footer if no list can be missing, else of the first list there is.
    fn list_length(&self, leaf: &Leaf) -> Result<usize, FileError> {
        let Some(group) = self.row_groups.iter().position(|&rows| rows > 0) else {
            return Ok(0);
        };
        let row_group = self.reader.get_row_group(group).map_err(|error| self.error(error))?;
        let rows = self.row_groups[group];
        let values = usize::try_from(row_group.metadata().column(leaf.index).num_values()).unwrap_or(0);
        if leaf.shape.present == 1 && values.is_multiple_of(rows) {
            return Ok(values / rows);
        }
        let probed = rows.min(PROBED);
        match self.column_reader(&*row_group, leaf)? {
            ColumnReader::BoolColumnReader(mut reader) => self.first_length(leaf, &mut reader, probed),
            ColumnReader::Int32ColumnReader(mut reader) => self.first_length(leaf, &mut reader, probed),
            ColumnReader::Int64ColumnReader(mut reader) => self.first_length(leaf, &mut reader, probed),
            ColumnReader::Int96ColumnReader(mut reader) => self.first_length(leaf, &mut reader, probed),
            ColumnReader::FloatColumnReader(mut reader) => self.first_length(leaf, &mut reader, probed),
            ColumnReader::DoubleColumnReader(mut reader) => self.first_length(leaf, &mut reader, probed),
            ColumnReader::ByteArrayColumnReader(mut reader) => self.first_length(leaf, &mut reader, probed),
            ColumnReader::FixedLenByteArrayColumnReader(mut reader) => self.first_length(leaf, &mut reader, probed),
        }
    }

    fn first_length<T: DataType>(
        &self,
        leaf: &Leaf,
        reader: &mut ColumnReaderImpl<T>,
        probed: usize,
    ) -> Result<usize, FileError> {
        for _ in 0..probed {
            let (mut definition, mut repetition, mut values) = (Vec::new(), Vec::new(), Vec::new());
            let (records, ..) = reader
                .read_records(1, Some(&mut definition), Some(&mut repetition), &mut values)
                .map_err(|error| self.error(error))?;
            if records == 0 {
                break;
            }
            if let Some(length) = levels::length(leaf.shape, &definition)
                && length > 0
            {
                return Ok(length);
            }
        }
        Ok(0)
    }
}

/// The rows of one column in one row group.
#[derive(Clone, Copy)]
struct Part<'a> {
    info: &'a ColumnInfo,
    leaf: &'a Leaf,
    group: usize,
    /// Rows of the group before the first wanted.
    skipped: usize,
    /// Number of the first wanted row in the file.
    first_row: usize,
    rows: usize,
}

fn fixed_bytes(bytes: &[u8], meaning: Meaning) -> Option<Cell> {
    match meaning {
        Meaning::Half => Some(Cell::Float32(half_to_single(u16::from_le_bytes(
            bytes.try_into().ok()?,
        )))),
        Meaning::Decimal(scale) if !bytes.is_empty() && bytes.len() <= 16 => {
            let sign = if bytes[0] & 0x80 == 0 { 0 } else { -1 };
            let whole = bytes
                .iter()
                .fold(sign, |value: i128, &byte| (value << 8) | i128::from(byte));
            Some(Cell::Float64(whole as f64 / 10f64.powi(scale)))
        }
        _ => None,
    }
}
