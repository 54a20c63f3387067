//! Files that appear whole or not at all.
//!
//! The contents go to a temporary file in the same folder, are forced to the disk, and only then take the name of the
//! old file in one step. A crash, a kill or a full disk leaves the old file untouched.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use crate::FileError;

/// Writes a file through `write` so that either all of it or nothing of it is under `path`.
///
/// # Errors
/// [`FileError::DiskFull`] when the file system or a quota has no room, [`FileError::IsDirectory`] when a folder has the
/// name, [`FileError::Missing`] when the folder does not exist, otherwise [`FileError::Io`]. After any error the
/// temporary file is gone and an earlier file is as it was.
pub fn write_atomically(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), FileError> {
    write_sized(path, None, |sink| write(sink))
}

/// As [`write_atomically`] for a file of known size, which a full disk's error then mentions.
pub(crate) fn write_sized(
    path: &Path,
    wanted: Option<u64>,
    write: impl FnOnce(&mut (dyn Write + Send)) -> io::Result<()>,
) -> Result<(), FileError> {
    if path.is_dir() {
        return Err(FileError::IsDirectory {
            path: path.to_path_buf(),
        });
    }
    let folder = folder_of(path);
    let failed = |source: io::Error, written: u64, full: bool| match source.kind() {
        _ if full => FileError::DiskFull {
            path: path.to_path_buf(),
            written,
            wanted,
        },
        kind if no_room(kind) => FileError::DiskFull {
            path: path.to_path_buf(),
            written,
            wanted,
        },
        io::ErrorKind::NotFound => crate::error::missing(folder),
        _ => FileError::Io {
            path: path.to_path_buf(),
            action: "write",
            source,
        },
    };
    let temporary = temporary_beside(path, folder).map_err(|error| failed(error, 0, false))?;
    let mut sink = BufWriter::with_capacity(
        1 << 16,
        Counted {
            file: temporary.as_file(),
            written: 0,
            full: false,
        },
    );
    let outcome = write(&mut sink).and_then(|()| sink.flush());
    let (counted, _unwritten) = sink.into_parts();
    let (written, full) = (counted.written, counted.full);
    outcome
        .and_then(|()| temporary.as_file().sync_all())
        .map_err(|error| failed(error, written, full))?;
    temporary
        .persist(path)
        .map_err(|error| failed(error.error, written, false))?;
    // The new name itself must survive a power cut too; not every file system can do this, and the data are safe.
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(())
}

/// Whether a file can be made under `path`: tries one beside it, and removes it.
pub(crate) fn require_writable(path: &Path) -> Result<(), FileError> {
    if path.is_dir() {
        return Err(FileError::IsDirectory {
            path: path.to_path_buf(),
        });
    }
    let folder = folder_of(path);
    temporary_beside(path, folder)
        .map(drop)
        .map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => crate::error::missing(folder),
            _ => FileError::Io {
                path: path.to_path_buf(),
                action: "write",
                source,
            },
        })
}

fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

fn temporary_beside(path: &Path, folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let prefix = format!(".{name}.");
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(".partial");
    // A temporary file is private by default; the finished one follows the user's umask like any other.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder).map_err(|error| {
        // tempfile wraps the reason with the path; keep the kind and the system's own words.
        match error
            .get_ref()
            .and_then(|inner| inner.source())
            .and_then(|inner| inner.downcast_ref::<io::Error>())
        {
            Some(inner) if inner.raw_os_error().is_some() => {
                io::Error::from_raw_os_error(inner.raw_os_error().expect("just checked"))
            }
            _ => error,
        }
    })
}

fn no_room(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Counts bytes and remembers a full disk, whatever a format's writer makes of the error.
struct Counted<'a> {
    file: &'a File,
    written: u64,
    full: bool,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.file.write(bytes) {
            Ok(count) => {
                self.written += count as u64;
                Ok(count)
            }
            Err(error) => {
                self.full |= no_room(error.kind());
                Err(error)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[test]
    fn the_new_file_replaces_the_old() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model");
        for contents in ["old", "new"] {
            write_atomically(&path, |sink| sink.write_all(contents.as_bytes())).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), contents);
        }
        assert_eq!(names(folder.path()), ["model"]);
    }

    #[test]
    fn a_failed_write_leaves_the_old_file_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model");
        std::fs::write(&path, "old").unwrap();
        let fail = |kind: io::ErrorKind| {
            write_atomically(&path, move |sink| {
                sink.write_all(&[7; 200_000])?;
                Err(kind.into())
            })
            .unwrap_err()
        };
        assert!(matches!(fail(io::ErrorKind::Other), FileError::Io { .. }));
        let full = fail(io::ErrorKind::StorageFull);
        assert!(
            matches!(full, FileError::DiskFull { written, .. } if written > 0),
            "{full}"
        );
        assert!(
            full.to_string().contains("disk is full") && full.to_string().contains("model"),
            "{full}"
        );
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(names(folder.path()), ["model"]);
    }

    #[test]
    fn a_missing_folder_and_a_folder_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let missing = write_atomically(&folder.path().join("nowhere/model"), |_| Ok(())).unwrap_err();
        assert!(matches!(missing, FileError::Missing { .. }), "{missing}");
        assert!(missing.to_string().contains("nowhere"), "{missing}");
        assert!(matches!(
            write_atomically(folder.path(), |_| Ok(())),
            Err(FileError::IsDirectory { .. })
        ));
    }

    #[cfg(unix)]
    #[test]
    fn others_may_read_what_the_umask_allows() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (plain, atomic) = (folder.path().join("plain"), folder.path().join("atomic"));
        std::fs::write(&plain, "").unwrap();
        write_atomically(&atomic, |_| Ok(())).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&atomic), mode(&plain));
    }
}
