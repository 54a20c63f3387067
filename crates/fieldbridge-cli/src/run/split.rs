//! `split.npy`: what every row of the data file was used for.

use std::path::Path;

use anyhow::{Context, ensure};
use fieldbridge::data::Part;
use fieldbridge_files::atomic::write_atomically;
use fieldbridge_files::read_array;

/// The number that stands for a part: 0 training, 1 validation, 2 held out, -1 left out.
fn number(part: Option<Part>) -> i8 {
    match part {
        Some(Part::Train) => 0,
        Some(Part::Validation) => 1,
        Some(Part::Test) => 2,
        None => -1,
    }
}

/// Writes one byte for each row, as a NumPy array of 8-bit integers.
pub(crate) fn write(path: &Path, parts: &[Option<Part>]) -> anyhow::Result<()> {
    let mut header = format!(
        "{{'descr': '|i1', 'fortran_order': False, 'shape': ({},), }}",
        parts.len()
    );
    // magic, version and length take ten bytes; the values start at a multiple of 64, after a line end
    while !(header.len() + 11).is_multiple_of(64) {
        header.push(' ');
    }
    header.push('\n');
    let length = u16::try_from(header.len()).context("the header is short")?;
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(length.to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(parts.iter().map(|&part| number(part) as u8));
    Ok(write_atomically(path, |file| file.write_all(&bytes))?)
}

/// Whether each row of the data file was held out.
pub(crate) fn held_out(path: &Path, rows: usize) -> anyhow::Result<Vec<bool>> {
    let numbers = read_array(path)?.to_f64()?;
    ensure!(
        numbers.len() == rows,
        "{} divides {} rows, but the data file has {rows}; it is not the file the model was trained on",
        path.display(),
        numbers.len()
    );
    Ok(numbers.iter().map(|&number| number == f64::from(2_i8)).collect())
}
