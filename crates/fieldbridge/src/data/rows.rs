//! Encoded rows, in memory or on disk.

#[cfg(not(unix))]
compile_error!(
    "fieldbridge needs reads at a place of a file as Linux and macOS have them; no other system is supported"
);

use std::fs::File;
use std::io::{BufWriter, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use fieldbridge_files::FileError;

use crate::error::Error;

/// Rows of equal width, read in any order.
#[derive(Debug)]
pub enum RowStore {
    /// All in memory.
    Memory {
        /// Numbers of one row.
        width: usize,
        /// Row after row.
        values: Vec<f32>,
    },
    /// In a file of little-endian 32-bit floats.
    Disk {
        /// Numbers of one row.
        width: usize,
        /// Rows.
        count: usize,
        /// The file.
        file: File,
        /// Where it is.
        path: PathBuf,
    },
}

/// Ranges of at most `size` rows that together are all `count` of them.
pub(super) fn chunks(count: usize, size: usize) -> impl Iterator<Item = Range<usize>> {
    (0..count)
        .step_by(size)
        .map(move |start| start..(start + size).min(count))
}

/// Takes rows one after another.
#[derive(Debug)]
pub(super) enum RowWriter {
    /// Into memory.
    Memory(usize, Vec<f32>),
    /// Onto disk.
    Disk(usize, usize, BufWriter<File>, PathBuf),
}

fn io(path: &Path, source: std::io::Error) -> Error {
    if source.kind() == std::io::ErrorKind::StorageFull {
        return FileError::DiskFull {
            path: path.to_owned(),
            written: 0,
            wanted: None,
        }
        .into();
    }
    FileError::Io {
        path: path.to_owned(),
        action: "use",
        source,
    }
    .into()
}

impl RowWriter {
    /// A writer of rows of `width` numbers into memory, or onto disk at a path.
    ///
    /// # Errors
    /// When the file cannot be created.
    pub(super) fn new(width: usize, on_disk: Option<&Path>) -> Result<Self, Error> {
        match on_disk {
            None => Ok(Self::Memory(width, Vec::new())),
            Some(path) => {
                let file = File::options()
                    .read(true)
                    .write(true)
                    .create(true)
                    .truncate(true)
                    .open(path)
                    .map_err(|source| io(path, source))?;
                Ok(Self::Disk(
                    width,
                    0,
                    BufWriter::with_capacity(1 << 20, file),
                    path.to_owned(),
                ))
            }
        }
    }

    /// Adds one row.
    ///
    /// # Errors
    /// When the disk is full or cannot be written.
    pub(super) fn push(&mut self, row: impl Iterator<Item = f32>) -> Result<(), Error> {
        match self {
            Self::Memory(_, values) => values.extend(row),
            Self::Disk(_, count, writer, path) => {
                for value in row {
                    writer
                        .write_all(&value.to_le_bytes())
                        .map_err(|source| io(path, source))?;
                }
                *count += 1;
            }
        }
        Ok(())
    }

    /// The rows, ready to be read.
    ///
    /// # Errors
    /// When the disk is full or cannot be written.
    pub(super) fn finish(self) -> Result<RowStore, Error> {
        match self {
            Self::Memory(width, values) => Ok(RowStore::Memory { width, values }),
            Self::Disk(width, count, writer, path) => {
                let file = writer.into_inner().map_err(|error| io(&path, error.into_error()))?;
                Ok(RowStore::Disk {
                    width,
                    count,
                    file,
                    path,
                })
            }
        }
    }
}

impl RowStore {
    /// Number of rows.
    pub fn count(&self) -> usize {
        match self {
            Self::Memory { width, values } => values.len() / (*width).max(1),
            Self::Disk { count, .. } => *count,
        }
    }

    /// The numbers of one row, put at the end of `into`.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(&self, row: usize, into: &mut Vec<f32>) -> Result<(), Error> {
        match self {
            Self::Memory { width, values } => into.extend_from_slice(&values[row * width..(row + 1) * width]),
            Self::Disk { width, file, path, .. } => {
                let mut bytes = vec![0; width * 4];
                file.read_exact_at(&mut bytes, (row * width * 4) as u64)
                    .map_err(|source| io(path, source))?;
                into.extend(
                    bytes
                        .chunks_exact(4)
                        .map(|four| f32::from_le_bytes(four.try_into().expect("four bytes"))),
                );
            }
        }
        Ok(())
    }
}
