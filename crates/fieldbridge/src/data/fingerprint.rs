//! Which bytes were learned from.

use std::path::Path;

use fieldbridge_files::FileError;

use crate::error::Error;

/// BLAKE3 hash of a file's bytes, hexadecimal.
///
/// # Errors
/// When the file cannot be read.
pub fn fingerprint(path: &Path) -> Result<String, Error> {
    let fault = |action: &'static str| {
        move |source| FileError::Io {
            path: path.to_owned(),
            action,
            source,
        }
    };
    let mut file = std::fs::File::open(path).map_err(fault("open"))?;
    let mut hasher = blake3::Hasher::new();
    std::io::copy(&mut file, &mut hasher).map_err(fault("read"))?;
    Ok(hasher.finalize().to_hex().to_string())
}
