//! FITS images: arrays of any number of axes, and how large their pixels are on the sky.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use super::FitsUnit;
use super::header::invalid;
use crate::element::{Element, Meaning, Placement};
use crate::table::ColumnValues;
use crate::{Array, FileError};

impl FitsUnit {
    /// The array of an image, `BSCALE * stored + BZERO` in double precision, with its axes in reverse, so that the last index,
    /// `NAXIS1`, runs fastest: `[y, x]` of a map and `[bin, y, x]` of a cube. Integers that are `BLANK` become NaN.
    ///
    /// # Errors
    /// [`FileError::Unsupported`] when the unit is no image, [`FileError::Corrupt`] for keywords that contradict the standard,
    /// and what reading may cause.
    pub fn read_image(&self) -> Result<Array, FileError> {
        let reading = |source| FileError::reading(&self.path, source);
        if self.kind != super::FitsKind::Image {
            return Err(FileError::unsupported(
                &self.path,
                format!("unit {} as an image", self.number),
                "it holds none",
            ));
        }
        let bits: i64 = self.header.number("BITPIX").map_err(reading)?.unwrap_or(0);
        let meaning = match bits {
            8 => Meaning::Unsigned(1),
            16 | 32 | 64 => Meaning::Signed((bits / 8) as usize),
            -32 | -64 => Meaning::Float((-bits / 8) as usize),
            _ => {
                let reason = format!("BITPIX is {bits}, expected 8, 16, 32, 64, -32 or -64");
                return Err(reading(invalid(reason)));
            }
        };
        let axes = self.header.count("NAXIS").map_err(reading)?;
        let length = |axis: u64| self.header.count(&format!("NAXIS{axis}"));
        let shape: Vec<usize> = (1..=axes)
            .rev()
            .map(|axis| length(axis).map(|length| length as usize))
            .collect::<Result<_, _>>()
            .map_err(reading)?;
        let element = Element {
            meaning,
            big_endian: true,
        };
        // that so many bytes are there was checked when the units were listed
        let mut bytes = vec![0; shape.iter().product::<usize>() * element.size()];
        let mut file = File::open(&self.path).map_err(reading)?;
        file.seek(SeekFrom::Start(self.data_start)).map_err(reading)?;
        file.read_exact(&mut bytes).map_err(reading)?;
        let placement = Placement {
            stride: element.size(),
            offset: 0,
            per_row: 1,
        };
        let stored = element.decode(&bytes, placement);
        let blank = match bits > 0 {
            true => self.number_of("BLANK")?,
            false => None,
        };
        let (scale, zero) = (
            self.number_of("BSCALE")?.unwrap_or(1.0),
            self.number_of("BZERO")?.unwrap_or(0.0),
        );
        let physical = |value: f64| match blank {
            Some(blank) if blank == value => f64::NAN,
            _ => value * scale + zero,
        };
        let values = stored.to_f64()?.into_iter().map(physical).collect();
        Array::new(shape, ColumnValues::Float64(values))
    }

    /// Sides of a pixel along `x` (`NAXIS1`) and `y` (`NAXIS2`) where they are projected, degrees: lengths of the columns of
    /// the matrix `CDi_j`, or of `CDELTi PCi_j` (Greisen and Calabretta 2002, arXiv:astro-ph/0207407), with units `CUNITi` of degrees,
    /// minutes or seconds of arc, or radians. None when the header has no such matrix, or other units.
    ///
    /// # Errors
    /// [`FileError::Corrupt`] for keywords that are no numbers, or pixels without size.
    pub fn pixel_degrees(&self) -> Result<Option<[f64; 2]>, FileError> {
        let Some(units) = self.degrees_per_unit() else {
            return Ok(None);
        };
        let matrix = |name: &str| -> Result<Option<[[f64; 2]; 2]>, FileError> {
            let mut found = None;
            for row in 0..2 {
                for column in 0..2 {
                    if let Some(value) = self.number_of(&format!("{name}{}_{}", row + 1, column + 1))? {
                        // what is not said is as in the matrix of one, for PC, or zero, for CD
                        let given = if name == "PC" {
                            [[1.0, 0.0], [0.0, 1.0]]
                        } else {
                            [[0.0; 2]; 2]
                        };
                        found.get_or_insert(given)[row][column] = value;
                    }
                }
            }
            Ok(found)
        };
        let matrix = match (matrix("CD")?, self.number_of("CDELT1")?, self.number_of("CDELT2")?) {
            (Some(matrix), ..) => matrix,
            (None, Some(first), Some(second)) => {
                let [rotated, other] = matrix("PC")?.unwrap_or([[1.0, 0.0], [0.0, 1.0]]);
                [rotated.map(|value| first * value), other.map(|value| second * value)]
            }
            _ => return Ok(None),
        };
        let side = |column: usize| (units[0] * matrix[0][column]).hypot(units[1] * matrix[1][column]);
        let sides = [side(0), side(1)];
        if sides.iter().any(|side| !(*side > 0.0 && side.is_finite())) {
            return Err(FileError::corrupt(
                &self.path,
                format!("its pixels are {} by {} degrees wide (CDELT or CD)", sides[0], sides[1]),
            ));
        }
        Ok(Some(sides))
    }

    fn degrees_per_unit(&self) -> Option<[f64; 2]> {
        let unit = |keyword| match self.text(keyword).unwrap_or_default().trim() {
            "" | "deg" | "degree" | "degrees" => Some(1.0),
            "arcmin" => Some(1.0 / 60.0),
            "arcsec" => Some(1.0 / 3600.0),
            "rad" => Some(1.0_f64.to_degrees()),
            _ => None,
        };
        Some([unit("CUNIT1")?, unit("CUNIT2")?])
    }
}
