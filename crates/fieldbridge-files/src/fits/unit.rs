//! The header-data units of a FITS file.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::header::{BLOCK, Header};
use crate::{FileError, Format};

/// What a header-data unit holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FitsKind {
    /// An array: see [`FitsUnit::read_image`].
    Image,
    /// A binary table: [`TableFile::open_group`](crate::TableFile::open_group) with the unit's number.
    Table,
    /// A header without data, or data of another kind.
    Other,
}

/// A header-data unit of a FITS file: what it is called, what it holds, and its keywords.
#[derive(Debug, Clone)]
pub struct FitsUnit {
    /// Place in the file, from 0, the primary unit.
    pub number: usize,
    /// `EXTNAME`; empty when it has none.
    pub name: String,
    /// What it holds.
    pub kind: FitsKind,
    pub(super) path: PathBuf,
    pub(super) header: Header,
    pub(super) data_start: u64,
}

/// The header-data units of a FITS file, in order.
///
/// # Errors
/// As [`TableFile::open`](crate::TableFile::open).
pub fn fits_units(path: &Path) -> Result<Vec<FitsUnit>, FileError> {
    let format = Format::verified(path)?;
    if format != Format::Fits {
        return Err(FileError::unsupported(
            path,
            "a list of units",
            format!("{format} files have none"),
        ));
    }
    let reading = |source| FileError::reading(path, source);
    let file = File::open(path).map_err(reading)?;
    let length = file.metadata().map_err(reading)?.len();
    units(path, &file, length)
}

impl FitsUnit {
    /// The value of a keyword, without quotes and comment.
    pub fn text(&self, keyword: &str) -> Option<&str> {
        self.header.text(keyword)
    }

    /// The value of a keyword as a number.
    ///
    /// # Errors
    /// [`FileError::Corrupt`] when it is none.
    pub fn number_of(&self, keyword: &str) -> Result<Option<f64>, FileError> {
        let value = self.header.number(keyword);
        value.map_err(|source| FileError::reading(&self.path, source))
    }

    /// Name and number, as people may ask for it.
    pub fn described(&self) -> String {
        match self.name.as_str() {
            "" => self.number.to_string(),
            name => format!("{name} (number {})", self.number),
        }
    }

    /// Whether it is called or numbered so.
    pub fn is_called(&self, wanted: &str) -> bool {
        self.name.eq_ignore_ascii_case(wanted.trim()) || self.number.to_string() == wanted.trim()
    }
}

pub(super) fn units(path: &Path, file: &File, length: u64) -> Result<Vec<FitsUnit>, FileError> {
    let reading = |source| FileError::reading(path, source);
    let mut source = BufReader::new(file);
    let (mut start, mut number, mut found) = (0u64, 0, Vec::new());
    while start < length {
        source.seek(SeekFrom::Start(start)).map_err(reading)?;
        let header = match Header::read(&mut source) {
            Ok(header) => header,
            // Bytes after the last unit are allowed; a cut header that begins like one is not.
            Err(_) if number > 0 && !begins_extension(file, start) => break,
            Err(error) => return Err(reading(error)),
        };
        let data_start = start + header.bytes;
        let bytes = header.data_bytes().map_err(reading)?;
        let kind = match header.text("XTENSION") {
            Some("BINTABLE") => FitsKind::Table,
            Some("IMAGE") | None if bytes > 0 && header.text("GROUPS") != Some("T") => FitsKind::Image,
            _ => FitsKind::Other,
        };
        // The cut end of a table is reported when that table is opened, with its rows.
        if data_start.saturating_add(bytes) > length && kind != FitsKind::Table {
            return Err(FileError::truncated(
                path,
                format!("unit {number} ends at byte {} of {length}", data_start + bytes),
            ));
        }
        found.push(FitsUnit {
            number,
            name: header.text("EXTNAME").unwrap_or_default().to_owned(),
            kind,
            path: path.to_path_buf(),
            header,
            data_start,
        });
        start = data_start + bytes.div_ceil(BLOCK as u64) * BLOCK as u64;
        number += 1;
    }
    Ok(found)
}

fn begins_extension(mut file: &File, start: u64) -> bool {
    let mut first = [0; 8];
    file.seek(SeekFrom::Start(start)).is_ok() && file.read_exact(&mut first).is_ok() && &first == b"XTENSION"
}
