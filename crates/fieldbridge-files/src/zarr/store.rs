//! A store: a folder with one folder for each array.

use std::ops::Range;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::array::{ZarrArray, ZarrKind};
use super::metadata;
use crate::table::ColumnValues;
use crate::{FileError, atomic};

const METADATA: &str = "zarr.json";

/// A store of which the description is in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct ZarrStore {
    path: PathBuf,
    attributes: Map<String, Value>,
    arrays: Vec<ZarrArray>,
}

impl ZarrStore {
    /// Writes the description of a store, new or in the place of the one that is there; chunks are left as they are.
    ///
    /// # Errors
    /// [`FileError::Io`] and [`FileError::DiskFull`] when it cannot be written.
    pub fn write(path: &Path, attributes: Map<String, Value>, arrays: Vec<ZarrArray>) -> Result<Self, FileError> {
        let store = Self {
            path: path.to_owned(),
            attributes,
            arrays,
        };
        for array in &store.arrays {
            let folder = path.join(&array.name);
            make_folder(&folder)?;
            write_json(&folder.join(METADATA), &metadata::of_array(array))?;
        }
        // last, so that a group never names an array that is not there
        write_json(
            &path.join(METADATA),
            &metadata::of_group(&store.attributes, &store.arrays),
        )?;
        Ok(store)
    }

    /// Reads the description of a store as [`ZarrStore::write`] makes them.
    ///
    /// # Errors
    /// [`FileError::Missing`] when nothing is there, [`FileError::Corrupt`] for something else than a group,
    /// [`FileError::Unsupported`] for compressed arrays, other types and chunks that divide more than the first axis.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        let file = path.join(METADATA);
        let bytes = std::fs::read(&file).map_err(|source| FileError::reading(&file, source))?;
        let group: Value = serde_json::from_slice(&bytes)
            .map_err(|error| FileError::corrupt(&file, format!("it is no JSON: {error}")))?;
        let inside = group
            .pointer("/consolidated_metadata/metadata")
            .and_then(Value::as_object);
        let Some(inside) = inside.filter(|_| group["node_type"] == "group" && group["zarr_format"] == 3) else {
            return Err(FileError::corrupt(
                &file,
                "expected a group of Zarr version 3 with consolidated metadata",
            ));
        };
        let array = |(name, value): (&String, &Value)| {
            metadata::to_array(name, value).map_err(|reason| FileError::unsupported(&file, "the store", reason))
        };
        Ok(Self {
            path: path.to_owned(),
            attributes: group["attributes"].as_object().cloned().unwrap_or_default(),
            arrays: inside.iter().map(array).collect::<Result<_, _>>()?,
        })
    }

    /// What is said of the whole store.
    pub fn attributes(&self) -> &Map<String, Value> {
        &self.attributes
    }

    /// All arrays.
    pub fn arrays(&self) -> &[ZarrArray] {
        &self.arrays
    }

    /// An array by name.
    ///
    /// # Errors
    /// [`FileError::NoColumn`] with the names there are.
    pub fn array(&self, name: &str) -> Result<&ZarrArray, FileError> {
        self.arrays.iter().find(|array| array.name == name).ok_or_else(|| {
            let names = || self.arrays.iter().map(|array| array.name.as_str());
            FileError::NoColumn {
                path: self.path.clone(),
                wanted: name.to_owned(),
                nearest: crate::nearest_name(name, names()).map(str::to_owned),
                available: names().map(str::to_owned).collect(),
            }
        })
    }

    fn chunk_path(&self, array: &ZarrArray, chunk: usize) -> PathBuf {
        self.path.join(&array.name).join(array.chunk_key(chunk))
    }

    /// Whether a chunk of numbers is there with all its bytes.
    ///
    /// # Errors
    /// As [`ZarrStore::array`].
    pub fn has_chunk(&self, name: &str, chunk: usize) -> Result<bool, FileError> {
        let array = self.array(name)?;
        let expected = array.kind.size().map(|size| (size * array.chunk_length()) as u64);
        let found = std::fs::metadata(self.chunk_path(array, chunk));
        Ok(found.is_ok_and(|file| file.is_file() && expected.is_none_or(|bytes| file.len() == bytes)))
    }

    /// Writes one chunk; rows that are missing at its end are filled.
    ///
    /// # Errors
    /// [`FileError::Misfit`] for values of another type or that are not whole rows of the chunk; else as
    /// [`atomic::write_atomically`].
    pub fn write_chunk(&self, name: &str, chunk: usize, values: &ColumnValues) -> Result<(), FileError> {
        let array = self.array(name)?;
        let whole_rows = array.row_length() > 0 && values.len().is_multiple_of(array.row_length());
        if ZarrKind::of(values) != array.kind || !whole_rows || values.len() > array.chunk_length() {
            return Err(FileError::Misfit {
                column: name.to_owned(),
                expected: format!(
                    "up to {} rows of {} values of {}",
                    array.rows_per_chunk,
                    array.row_length(),
                    array.kind.name()
                ),
                found: format!("{} values of {}", values.len(), ZarrKind::of(values).name()),
            });
        }
        let path = self.chunk_path(array, chunk);
        if let Some(folder) = path.parent() {
            make_folder(folder)?;
        }
        let bytes = encode(values, array.chunk_length());
        atomic::write_sized(&path, Some(bytes.len() as u64), |sink| sink.write_all(&bytes))
    }

    /// Reads rows of an array of numbers; those of chunks that are not there are NaN, or -1.
    ///
    /// # Errors
    /// [`FileError::RowRange`] for rows beyond the end, [`FileError::Truncated`] for a chunk that is too short,
    /// [`FileError::Unsupported`] for text.
    pub fn read(&self, name: &str, rows: Range<usize>) -> Result<ColumnValues, FileError> {
        let array = self.array(name)?;
        if rows.end > array.shape[0] || rows.start > rows.end {
            return Err(FileError::RowRange {
                path: self.path.join(name),
                start: rows.start,
                end: rows.end,
                rows: array.shape[0],
            });
        }
        let Some(size) = array.kind.size() else {
            return Err(FileError::unsupported(
                &self.path.join(name),
                "an array of text",
                "only numbers are read",
            ));
        };
        let row_bytes = array.row_length() * size;
        let empty = match array.kind {
            ZarrKind::Float32 => f32::NAN.to_le_bytes().to_vec(),
            ZarrKind::Int64 => (-1_i64).to_le_bytes().to_vec(),
            _ => f64::NAN.to_le_bytes().to_vec(),
        };
        let mut bytes = Vec::with_capacity(rows.len() * row_bytes);
        let mut row = rows.start;
        while row < rows.end {
            let (chunk, first) = (row / array.rows_per_chunk, row % array.rows_per_chunk);
            let count = (array.rows_per_chunk - first).min(rows.end - row);
            let path = self.chunk_path(array, chunk);
            if self.has_chunk(name, chunk)? {
                let file = std::fs::File::open(&path).map_err(|source| FileError::reading(&path, source))?;
                let mut data = crate::npy::FileBytes { file: &file, start: 0 };
                let read = crate::npy::DataBytes::read_at(&mut data, (first * row_bytes) as u64, count * row_bytes);
                bytes.extend(read.map_err(|source| FileError::reading(&path, source))?);
            } else if path.exists() {
                return Err(FileError::Truncated {
                    path,
                    reason: format!("a chunk has {} bytes", array.chunk_length() * size),
                });
            } else {
                bytes.extend(empty.iter().cycle().take(count * row_bytes));
            }
            row += count;
        }
        Ok(match array.kind {
            ZarrKind::Float32 => ColumnValues::Float32(numbers(&bytes, f32::from_le_bytes)),
            ZarrKind::Int64 => ColumnValues::Int64(numbers(&bytes, i64::from_le_bytes)),
            _ => ColumnValues::Float64(numbers(&bytes, f64::from_le_bytes)),
        })
    }
}

fn numbers<T, const SIZE: usize>(bytes: &[u8], read: fn([u8; SIZE]) -> T) -> Vec<T> {
    bytes.as_chunks::<SIZE>().0.iter().map(|bytes| read(*bytes)).collect()
}

/// The bytes of a chunk of `length` values, filled up.
fn encode(values: &ColumnValues, length: usize) -> Vec<u8> {
    let missing = length - values.len();
    match values {
        ColumnValues::Float64(values) => {
            let all = values.iter().copied().chain(std::iter::repeat_n(f64::NAN, missing));
            all.flat_map(f64::to_le_bytes).collect()
        }
        ColumnValues::Float32(values) => {
            let all = values.iter().copied().chain(std::iter::repeat_n(f32::NAN, missing));
            all.flat_map(f32::to_le_bytes).collect()
        }
        ColumnValues::Int64(values) => {
            let all = values.iter().copied().chain(std::iter::repeat_n(-1, missing));
            all.flat_map(i64::to_le_bytes).collect()
        }
        ColumnValues::Text(values) => {
            let mut bytes = (length as u32).to_le_bytes().to_vec();
            for text in values
                .iter()
                .map(String::as_str)
                .chain(std::iter::repeat_n("", missing))
            {
                bytes.extend((text.len() as u32).to_le_bytes());
                bytes.extend(text.as_bytes());
            }
            bytes
        }
    }
}

fn make_folder(path: &Path) -> Result<(), FileError> {
    std::fs::create_dir_all(path).map_err(|source| FileError::Io {
        path: path.to_owned(),
        action: "make the folder",
        source,
    })
}

fn write_json(path: &Path, value: &Value) -> Result<(), FileError> {
    let mut text = serde_json::to_string_pretty(value).expect("metadata are plain data");
    text.push('\n');
    atomic::write_atomically(path, |sink| sink.write_all(text.as_bytes()))
}
