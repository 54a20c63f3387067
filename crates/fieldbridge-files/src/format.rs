//! Which format a file is, by its extension, verified by its first bytes.

use std::fmt;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use crate::FileError;

/// A table format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Apache Parquet.
    Parquet,
    /// HDF5.
    Hdf5,
    /// FITS binary tables.
    Fits,
    /// One NumPy array.
    Npy,
    /// A zip archive of NumPy arrays.
    Npz,
    /// Comma separated text with a header line.
    Csv,
}

const EXTENSIONS: [(&str, Format); 9] = [
    ("parquet", Format::Parquet),
    ("pq", Format::Parquet),
    ("hdf5", Format::Hdf5),
    ("h5", Format::Hdf5),
    ("fits", Format::Fits),
    ("fit", Format::Fits),
    ("npy", Format::Npy),
    ("npz", Format::Npz),
    ("csv", Format::Csv),
];

const HDF5_SIGNATURE: &[u8] = b"\x89HDF\r\n\x1a\n";

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Format::Parquet => "Parquet",
            Format::Hdf5 => "HDF5",
            Format::Fits => "FITS",
            Format::Npy => "npy",
            Format::Npz => "npz",
            Format::Csv => "CSV",
        })
    }
}

impl Format {
    /// The format a path's extension announces.
    ///
    /// # Errors
    /// [`FileError::UnknownFormat`] for any other extension, or none.
    pub fn of_path(path: &Path) -> Result<Self, FileError> {
        let found = path
            .extension()
            .map(|extension| extension.to_string_lossy().into_owned())
            .unwrap_or_default();
        EXTENSIONS
            .iter()
            .find(|(extension, _)| found.eq_ignore_ascii_case(extension))
            .map(|&(_, format)| format)
            .ok_or_else(|| FileError::UnknownFormat {
                path: path.to_path_buf(),
                found,
                expected: EXTENSIONS.map(|(extension, _)| format!(".{extension}")).join(" "),
            })
    }

    /// The format of an existing file: the extension's, verified by the first bytes.
    pub(crate) fn verified(path: &Path) -> Result<Self, FileError> {
        let metadata = std::fs::metadata(path).map_err(|source| FileError::reading(path, source))?;
        if metadata.is_dir() {
            return Err(FileError::IsDirectory {
                path: path.to_path_buf(),
            });
        }
        let format = Format::of_path(path)?;
        if metadata.len() == 0 {
            return Err(FileError::truncated(path, "it is empty (0 bytes)"));
        }
        let found = signature(path).map_err(|source| FileError::reading(path, source))?;
        let agrees = match format {
            // Plain text has no signature; it must not look like any of the others.
            Format::Csv => matches!(found, Signature::Unknown(ref first) if !first.contains(&0)),
            _ => matches!(found, Signature::Known(known) if known == format),
        };
        if !agrees {
            let found = match found {
                Signature::Known(known) => known.to_string(),
                Signature::Unknown(first) => first_bytes(&first),
            };
            return Err(FileError::WrongMagic {
                path: path.to_path_buf(),
                expected: format,
                found,
            });
        }
        Ok(format)
    }
}

enum Signature {
    Known(Format),
    Unknown(Vec<u8>),
}

fn signature(path: &Path) -> std::io::Result<Signature> {
    let mut file = File::open(path)?;
    let mut first = Vec::new();
    file.by_ref().take(4096).read_to_end(&mut first)?;
    let known = [
        (b"PAR1".as_slice(), Format::Parquet),
        (HDF5_SIGNATURE, Format::Hdf5),
        (b"SIMPLE  =", Format::Fits),
        (b"\x93NUMPY", Format::Npy),
        (b"PK\x03\x04", Format::Npz),
        (b"PK\x05\x06", Format::Npz),
    ];
    if let Some(&(_, format)) = known.iter().find(|(start, _)| first.starts_with(start)) {
        return Ok(Signature::Known(format));
    }
    // HDF5 may follow a block of the user's own: its signature is then at 512, 1024, 2048, ...
    let length = file.seek(SeekFrom::End(0))?;
    let mut offset = 512;
    while offset + 8 <= length && offset <= 1 << 24 {
        file.seek(SeekFrom::Start(offset))?;
        let mut bytes = [0; 8];
        file.read_exact(&mut bytes)?;
        if bytes == HDF5_SIGNATURE {
            return Ok(Signature::Known(Format::Hdf5));
        }
        offset *= 2;
    }
    Ok(Signature::Unknown(first))
}

fn first_bytes(bytes: &[u8]) -> String {
    let shown = &bytes[..bytes.len().min(12)];
    format!("\"{}\"", shown.escape_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extension_decides_whatever_its_case() {
        assert_eq!(Format::of_path(Path::new("a/b.PARQUET")).unwrap(), Format::Parquet);
        assert_eq!(Format::of_path(Path::new("x.fit")).unwrap(), Format::Fits);
        let message = Format::of_path(Path::new("x.xlsx")).unwrap_err().to_string();
        assert!(
            message.contains("xlsx") && message.contains(".parquet") && message.contains(".csv"),
            "{message}"
        );
        assert!(Format::of_path(Path::new("x")).is_err());
    }

    #[test]
    fn a_false_name_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.parquet");
        std::fs::write(&path, b"\x93NUMPY rest").unwrap();
        assert!(matches!(Format::verified(&path), Err(FileError::WrongMagic { .. })));
        let path = folder.path().join("x.csv");
        std::fs::write(&path, b"a,b\n1,2\n").unwrap();
        assert_eq!(Format::verified(&path).unwrap(), Format::Csv);
        std::fs::write(&path, b"a,b\0\n1,2\n").unwrap();
        assert!(matches!(Format::verified(&path), Err(FileError::WrongMagic { .. })));
        std::fs::write(&path, b"").unwrap();
        assert!(matches!(Format::verified(&path), Err(FileError::Truncated { .. })));
        assert!(matches!(
            Format::verified(folder.path()),
            Err(FileError::IsDirectory { .. })
        ));
        let message = Format::verified(&folder.path().join("y.csv")).unwrap_err().to_string();
        assert!(
            message.contains("does not exist") && message.contains("x.csv"),
            "{message}"
        );
    }
}
