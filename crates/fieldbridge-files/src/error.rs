//! Everything that can go wrong between a path and a table, with the values a person needs to put it right.

use std::io;
use std::path::{Path, PathBuf};

use crate::format::Format;

/// Why a file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Nothing is at this path.
    #[error("{} does not exist{}", path.display(), suggestion(nearest.as_deref()))]
    Missing {
        /// The path asked for.
        path: PathBuf,
        /// A file of the same folder with a similar name.
        nearest: Option<String>,
    },
    /// The path is a folder.
    #[error("{} is a directory; name one file inside it", path.display())]
    IsDirectory {
        /// The path asked for.
        path: PathBuf,
    },
    /// The extension is none of those known.
    #[error("{} has the extension {found:?}, which is no table format known here; expected one of {expected}", path.display())]
    UnknownFormat {
        /// The path asked for.
        path: PathBuf,
        /// Its extension, without the dot.
        found: String,
        /// The extensions that would do.
        expected: String,
    },
    /// The first bytes are not those of the format the extension announces.
    #[error("{} is named as {expected} but starts like {found}; rename it after what it holds, or fetch it again", path.display())]
    WrongMagic {
        /// The file.
        path: PathBuf,
        /// The format announced by the extension.
        expected: Format,
        /// What the first bytes look like.
        found: String,
    },
    /// The file ends before its contents do.
    #[error("{} is truncated: {reason}; copy or download it again", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// What was expected where.
        reason: String,
    },
    /// The contents contradict the format.
    #[error("{} is damaged or not a valid file of its format: {reason}", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What was expected and found.
        reason: String,
    },
    /// The file is sound but uses something this crate does not read or write.
    #[error("{}: {what} cannot be handled: {reason}", path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// The column or part of the file.
        what: String,
        /// Why, and what would do instead.
        reason: String,
    },
    /// No column has the name asked for.
    #[error("{} has no column {wanted:?}{}; its columns are {}", path.display(), suggestion(nearest.as_deref()), listed(available))]
    NoColumn {
        /// The file.
        path: PathBuf,
        /// The name asked for.
        wanted: String,
        /// The most similar name there is.
        nearest: Option<String>,
        /// All names there are.
        available: Vec<String>,
    },
    /// Numbers were wanted from a column of text.
    #[error("column {column:?}{} holds text, not numbers: row {row} is {found:?}", within(path.as_deref()))]
    NotNumeric {
        /// The file, when the column came straight from one.
        path: Option<PathBuf>,
        /// The column.
        column: String,
        /// The first row that is no number, counted from 0 in the rows at hand.
        row: usize,
        /// Its text.
        found: String,
    },
    /// The rows of a vector column differ in length.
    #[error("{}: column {column:?} has {found} values in row {row} where its other rows have {expected}", path.display())]
    Ragged {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// The row, counted from 0.
        row: usize,
        /// Values per row of the rows before.
        expected: usize,
        /// Values in this row.
        found: usize,
    },
    /// Rows past the end were asked for.
    #[error("{} has {rows} rows; rows {start} to {end} (exclusive) were asked for", path.display())]
    RowRange {
        /// The file.
        path: PathBuf,
        /// First row asked for.
        start: usize,
        /// One past the last row asked for.
        end: usize,
        /// Rows there are.
        rows: usize,
    },
    /// A column does not fit beside those already in a table.
    #[error("column {column:?} does not fit into the table: expected {expected}, found {found}")]
    Misfit {
        /// The column.
        column: String,
        /// What would fit.
        expected: String,
        /// What was given.
        found: String,
    },
    /// The file system has no room left.
    #[error(
        "the disk is full: {} was not written ({written} bytes went in{}); any earlier file is untouched. Free some space and run again",
        path.display(),
        wanted.map(|bytes| format!(" of {bytes}")).unwrap_or_default()
    )]
    DiskFull {
        /// The file that was to be written.
        path: PathBuf,
        /// Bytes that went in before the disk was full.
        written: u64,
        /// Bytes the whole file would have needed, when known.
        wanted: Option<u64>,
    },
    /// Several tables are in the file and none was named, or the one named is not there.
    #[error("{}: {reason}; name one of {}", path.display(), listed(groups))]
    Groups {
        /// The file.
        path: PathBuf,
        /// Which of the two happened.
        reason: String,
        /// HDF5 groups or FITS extensions that hold a table.
        groups: Vec<String>,
    },
    /// The operating system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was being done: "read", "write".
        action: &'static str,
        /// The operating system's reason.
        source: io::Error,
    },
}

impl FileError {
    /// Reading `path` failed with `source`; an end of file in the middle of the data is a truncation.
    pub(crate) fn reading(path: &Path, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::UnexpectedEof => FileError::Truncated {
                path: path.to_path_buf(),
                reason: "the data end before their announced length".into(),
            },
            io::ErrorKind::InvalidData => FileError::corrupt(path, source.to_string()),
            io::ErrorKind::NotFound => missing(path),
            io::ErrorKind::IsADirectory => FileError::IsDirectory {
                path: path.to_path_buf(),
            },
            _ => FileError::Io {
                path: path.to_path_buf(),
                action: "read",
                source,
            },
        }
    }

    pub(crate) fn corrupt(path: &Path, reason: impl Into<String>) -> Self {
        FileError::Corrupt {
            path: path.to_path_buf(),
            reason: reason.into(),
        }
    }

    pub(crate) fn truncated(path: &Path, reason: impl Into<String>) -> Self {
        FileError::Truncated {
            path: path.to_path_buf(),
            reason: reason.into(),
        }
    }

    pub(crate) fn unsupported(path: &Path, what: impl Into<String>, reason: impl Into<String>) -> Self {
        FileError::Unsupported {
            path: path.to_path_buf(),
            what: what.into(),
            reason: reason.into(),
        }
    }
}

/// A missing file, with the file of its folder whose name is nearest.
pub(crate) fn missing(path: &Path) -> FileError {
    let wanted = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let names: Vec<String> = std::fs::read_dir(folder)
        .map(|entries| {
            entries
                .flatten()
                .map(|entry| entry.file_name().to_string_lossy().into_owned())
                .collect()
        })
        .unwrap_or_default();
    let nearest = crate::nearest_name(&wanted, names.iter().map(String::as_str)).map(str::to_owned);
    FileError::Missing {
        path: path.to_path_buf(),
        nearest,
    }
}

fn suggestion(nearest: Option<&str>) -> String {
    nearest
        .map(|name| format!("; did you mean {name:?}?"))
        .unwrap_or_default()
}

fn within(path: Option<&Path>) -> String {
    path.map(|path| format!(" of {}", path.display())).unwrap_or_default()
}

/// At most twenty names: a catalogue may have hundreds.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 20;
    if names.is_empty() {
        return "none".into();
    }
    let shown = names
        .iter()
        .take(SHOWN)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ");
    match names.len().checked_sub(SHOWN) {
        Some(more) if more > 0 => format!("{shown} and {more} more"),
        _ => shown,
    }
}
