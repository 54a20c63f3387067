//! HDF5: the datasets of one group, or the fields of one compound dataset, as the columns of a table.

mod datatype;
mod find;

use std::ops::Range;
use std::path::{Path, PathBuf};

use hdf5_pure::{AttrValue, Dataset, Datatype, Error, File, FormatError, Group, Layout};

use crate::FileError;
use crate::element::{Element, Placement};
use crate::source::{Opened, TableSource};
use crate::table::{Column, ColumnInfo, ColumnKind, ColumnValues};
use datatype::Stored;

struct Hdf5Source {
    path: PathBuf,
    // Datasets read through the file they came from.
    _file: File,
    columns: Vec<ColumnInfo>,
    contents: Vec<Content>,
}

/// How to read one column.
enum Content {
    Elements {
        dataset: Dataset,
        element: Element,
        placement: Placement,
    },
    Texts {
        dataset: Dataset,
    },
    Refused(String),
}

/// Opens the table in `group`, or the only one there is.
pub(crate) fn open(path: &Path, group: Option<&str>) -> Result<Opened, FileError> {
    let file = File::open_streaming(path).map_err(|error| hdf5_error(path, error))?;
    let length = std::fs::metadata(path)
        .map_err(|source| FileError::reading(path, source))?
        .len();
    let end = file
        .superblock()
        .base_address
        .get()
        .saturating_add(file.superblock().eof_address);
    if end > length {
        return Err(FileError::truncated(
            path,
            format!("it has {length} of its {end} bytes"),
        ));
    }
    let mut found = Vec::new();
    match find::table(path, &file, group)? {
        find::Place::Group(group) => group_columns(path, &group, length, &mut found)?,
        find::Place::Compound(dataset) => compound_columns(path, &dataset, length, &mut found)?,
    }
    let rows = common_rows(&found);
    let (mut columns, mut contents) = (Vec::new(), Vec::new());
    for (mut info, mut content, length) in found {
        if length != rows && !matches!(content, Content::Refused(_)) {
            content = Content::Refused(format!("it has {length} rows where the table has {rows}"));
        }
        if matches!(content, Content::Refused(_)) {
            info.kind = ColumnKind::Other;
        }
        columns.push(info);
        contents.push(content);
    }
    let source = Hdf5Source {
        path: path.to_path_buf(),
        _file: file,
        columns: columns.clone(),
        contents,
    };
    Ok(Opened {
        columns,
        rows,
        source: Box::new(source),
    })
}

type Found = (ColumnInfo, Content, usize);

/// The number of rows most datasets agree on; of equally common ones the largest.
fn common_rows(found: &[Found]) -> usize {
    let readable = || {
        found
            .iter()
            .filter(|(_, content, _)| !matches!(content, Content::Refused(_)))
            .map(|found| found.2)
    };
    readable()
        .max_by_key(|&rows| (readable().filter(|&other| other == rows).count(), rows))
        .unwrap_or(0)
}

fn group_columns(path: &Path, group: &Group, file_length: u64, found: &mut Vec<Found>) -> Result<(), FileError> {
    let error = |error| hdf5_error(path, error);
    for name in group.datasets().map_err(error)? {
        let dataset = group.dataset(&name).map_err(error)?;
        let shape = dataset.shape().map_err(error)?;
        let datatype = dataset.datatype().map_err(error)?;
        let Some((&rows, inner)) = shape.split_first() else {
            continue;
        };
        let unit = unit(&dataset);
        let mut refuse = |reason: String| {
            let info = ColumnInfo {
                name: name.clone(),
                kind: ColumnKind::Other,
                width: 1,
                unit: unit.clone(),
            };
            found.push((
                info,
                Content::Refused(reason),
                usize::try_from(rows).unwrap_or(usize::MAX),
            ));
        };
        let Some((rows, width)) = counts(rows, inner) else {
            refuse(format!("its shape {shape:?} is too large"));
            continue;
        };
        if let Some(reason) = implausible(&dataset, &datatype, rows, width, file_length) {
            return Err(FileError::corrupt(path, format!("dataset {name:?} {reason}")));
        }
        let (kind, content) = match datatype::stored(&datatype) {
            Stored::Elements { .. } | Stored::Texts if width == 0 => {
                refuse("its rows hold no value".into());
                continue;
            }
            Stored::Elements { element, count } => {
                let placement = Placement {
                    stride: width * count * element.size(),
                    offset: 0,
                    per_row: width * count,
                };
                (
                    element.kind(),
                    Content::Elements {
                        dataset,
                        element,
                        placement,
                    },
                )
            }
            Stored::Texts => (ColumnKind::Text, Content::Texts { dataset }),
            Stored::Unknown(reason) => {
                refuse(reason);
                continue;
            }
        };
        let width = match &content {
            Content::Elements { placement, .. } => placement.per_row,
            _ => width,
        };
        found.push((
            ColumnInfo {
                name,
                kind,
                width,
                unit,
            },
            content,
            rows,
        ));
    }
    Ok(())
}

fn compound_columns(path: &Path, dataset: &Dataset, file_length: u64, found: &mut Vec<Found>) -> Result<(), FileError> {
    let error = |error| hdf5_error(path, error);
    let shape = dataset.shape().map_err(error)?;
    let datatype = dataset.datatype().map_err(error)?;
    let (Some((rows, 1)), Datatype::Compound { size, members }) = (
        shape.split_first().and_then(|(&rows, inner)| counts(rows, inner)),
        &datatype,
    ) else {
        return Err(FileError::unsupported(
            path,
            "a compound dataset",
            format!("its shape {shape:?} is not a list of records"),
        ));
    };
    if let Some(reason) = implausible(dataset, &datatype, rows, 1, file_length) {
        return Err(FileError::corrupt(path, format!("the compound dataset {reason}")));
    }
    let stride = *size as usize;
    for member in members {
        let mut info = ColumnInfo {
            name: member.name.clone(),
            kind: ColumnKind::Other,
            width: 1,
            unit: None,
        };
        let content = match datatype::stored(&member.datatype) {
            Stored::Elements { element, count } => {
                let end = member.byte_offset.saturating_add((count * element.size()) as u64);
                if count == 0 || end > stride as u64 {
                    let reason = format!("field {:?} ends at byte {end} of records of {stride}", member.name);
                    return Err(FileError::corrupt(path, reason));
                }
                (info.kind, info.width) = (element.kind(), count);
                let placement = Placement {
                    stride,
                    offset: member.byte_offset as usize,
                    per_row: count,
                };
                Content::Elements {
                    dataset: dataset.clone(),
                    element,
                    placement,
                }
            }
            Stored::Texts => {
                Content::Refused("text of variable length inside records; store it as its own dataset".into())
            }
            Stored::Unknown(reason) => Content::Refused(reason),
        };
        found.push((info, content, rows));
    }
    Ok(())
}

fn counts(rows: u64, inner: &[u64]) -> Option<(usize, usize)> {
    let width = inner
        .iter()
        .try_fold(1u64, |product, &length| product.checked_mul(length))?;
    rows.checked_mul(width)?.checked_mul(16)?;
    Some((usize::try_from(rows).ok()?, usize::try_from(width).ok()?))
}

/// A damaged shape can announce more than any file of this length holds; memory must not be asked for it.
fn implausible(dataset: &Dataset, datatype: &Datatype, rows: usize, width: usize, file_length: u64) -> Option<String> {
    let element = dataset.element_size().ok()?;
    let bytes = (rows as u64).saturating_mul(width as u64).saturating_mul(element);
    let most = match dataset.layout() {
        // deflate shrinks at most 1032-fold; shuffled and scaled data may have filters on top.
        Ok(Layout::Chunked { .. }) => file_length.saturating_mul(2000).max(1 << 26),
        _ => file_length,
    };
    let text = matches!(datatype, Datatype::VariableLength { .. });
    (bytes > most && !text).then(|| format!("announces {bytes} bytes in a file of {file_length}"))
}

fn unit(dataset: &Dataset) -> Option<String> {
    let attributes = dataset.attrs().ok()?;
    ["unit", "units"].iter().find_map(|key| match attributes.get(*key) {
        Some(
            AttrValue::String(text)
            | AttrValue::AsciiString(text)
            | AttrValue::VarLenString(text)
            | AttrValue::VarLenAsciiString(text)
            | AttrValue::StringSized { value: text, .. }
            | AttrValue::AsciiStringSized { value: text, .. },
        ) => Some(text.trim_end_matches('\0').to_owned()),
        _ => None,
    })
}

impl TableSource for Hdf5Source {
    fn read(&mut self, wanted: &[usize], rows: Range<usize>) -> Result<Vec<Column>, FileError> {
        wanted.iter().map(|&number| self.read_column(number, &rows)).collect()
    }
}

impl Hdf5Source {
    fn read_column(&self, number: usize, rows: &Range<usize>) -> Result<Column, FileError> {
        let info = &self.columns[number];
        let (start, count) = (rows.start as u64, rows.len() as u64);
        let values = match &self.contents[number] {
            Content::Elements {
                dataset,
                element,
                placement,
            } => {
                let bytes = dataset
                    .read_raw_rows(start, count)
                    .map_err(|error| hdf5_error(&self.path, error))?;
                element.decode(&bytes, *placement)
            }
            Content::Texts { dataset } => ColumnValues::Text(
                dataset
                    .read_string_rows(start, count)
                    .map_err(|error| hdf5_error(&self.path, error))?,
            ),
            Content::Refused(reason) => {
                return Err(FileError::unsupported(
                    &self.path,
                    format!("column {:?}", info.name),
                    reason.clone(),
                ));
            }
        };
        Ok(Column {
            name: info.name.clone(),
            width: info.width,
            values,
            unit: info.unit.clone(),
        })
    }
}

fn hdf5_error(path: &Path, error: Error) -> FileError {
    match error {
        Error::Io(source) => FileError::reading(path, source),
        Error::Format(
            reason @ (FormatError::UnsupportedFilter(_)
            | FormatError::UnsupportedVirtualLayout
            | FormatError::UnsupportedExternalStorage
            | FormatError::InvalidLayoutVersion(_)
            | FormatError::UnsupportedVersion(_)),
        ) => FileError::unsupported(
            path,
            "a part of this HDF5 file",
            format!("{reason}; rewrite it with gzip or no compression and h5py's default libver"),
        ),
        other => FileError::corrupt(path, other.to_string()),
    }
}
