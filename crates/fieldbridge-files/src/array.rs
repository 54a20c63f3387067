//! Arrays of any number of dimensions in npy files.

use std::fs::File;
use std::path::Path;

use crate::element::Placement;
use crate::npy::{self, FileBytes, Item};
use crate::table::ColumnValues;
use crate::{FileError, Format, atomic};

/// An array in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    /// Length of each dimension; none for a single value.
    pub shape: Vec<usize>,
    /// The values, last index running fastest, whatever the order in the file.
    pub values: ColumnValues,
}

impl Array {
    /// An array of `shape`, last index fastest.
    ///
    /// # Errors
    /// [`FileError::Misfit`] when the lengths do not multiply to the number of values.
    pub fn new(shape: Vec<usize>, values: ColumnValues) -> Result<Self, FileError> {
        let array = Array { shape, values };
        array.check()?;
        Ok(array)
    }

    fn check(&self) -> Result<(), FileError> {
        let items = self
            .shape
            .iter()
            .try_fold(1usize, |product, &length| product.checked_mul(length));
        if items == Some(self.values.len()) {
            return Ok(());
        }
        Err(FileError::Misfit {
            column: "array".into(),
            expected: format!("as many values as the shape {:?}", self.shape),
            found: format!("{} values", self.values.len()),
        })
    }

    /// The values in double precision.
    ///
    /// # Errors
    /// [`FileError::NotNumeric`] for text.
    pub fn to_f64(&self) -> Result<Vec<f64>, FileError> {
        self.values.to_f64()
    }
}

/// Reads the array of an npy file: half, single or double precision, integers, booleans or text, of either byte order,
/// in C or Fortran order.
///
/// # Errors
/// [`FileError::Unsupported`] for records (open those as a table), complex numbers and objects; else as
/// [`TableFile::open`](crate::TableFile::open).
pub fn read_array(path: &Path) -> Result<Array, FileError> {
    let format = Format::verified(path)?;
    if format != Format::Npy {
        return Err(FileError::unsupported(
            path,
            "an array",
            format!("{format} holds tables; give an .npy file"),
        ));
    }
    let reading = |source| FileError::reading(path, source);
    let file = File::open(path).map_err(reading)?;
    let header = npy::read_header(path, &file)?;
    let element = match &header.item {
        Item::Plain(element) => *element,
        Item::Record { .. } => {
            return Err(FileError::unsupported(
                path,
                "an array of records",
                "open it as a table",
            ));
        }
        Item::Unknown(code) => {
            return Err(FileError::unsupported(
                path,
                format!("the type {code}"),
                "store numbers, booleans or text",
            ));
        }
    };
    let mut data = FileBytes {
        file: &file,
        start: header.bytes,
    };
    let bytes = npy::rows_in_order(&mut data, &header, 0..header.rows()).map_err(reading)?;
    let values = element.decode(
        &bytes,
        Placement {
            stride: element.size(),
            offset: 0,
            per_row: 1,
        },
    );
    Array::new(header.shape, values)
}

/// Writes an array as npy (little endian, C order), whole or not at all.
///
/// # Errors
/// [`FileError::Misfit`] when shape and values disagree, else those of
/// [`atomic::write_atomically`](crate::atomic::write_atomically).
pub fn write_npy(path: &Path, array: &Array) -> Result<(), FileError> {
    array.check()?;
    let bytes = npy::array_bytes(&array.shape, &array.values);
    atomic::write_sized(path, Some(bytes), |sink| {
        npy::write_array(&array.shape, &array.values, &mut *sink)
    })
}
