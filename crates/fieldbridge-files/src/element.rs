//! Numbers and texts as they lie in a file: fixed size, either byte order, at a fixed stride.

use crate::table::{ColumnKind, ColumnValues};

/// What a few bytes of a file mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// IEEE 754, of 2, 4 or 8 bytes.
    Float(usize),
    /// Two's complement, of 1, 2, 4 or 8 bytes.
    Signed(usize),
    /// Without sign, of 1, 2, 4 or 8 bytes.
    Unsigned(usize),
    /// One byte, true unless zero.
    Boolean,
    /// Text of so many bytes, padded with NUL or spaces.
    Bytes(usize),
    /// Text of so many four-byte characters, padded with NUL.
    Unicode(usize),
}

/// A meaning and its byte order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) meaning: Meaning,
    pub(crate) big_endian: bool,
}

/// Where the elements of one column are in a block of rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Placement {
    /// Bytes from one row to the next.
    pub(crate) stride: usize,
    /// Bytes from the start of a row to the column's first element.
    pub(crate) offset: usize,
    /// Elements per row, next to each other.
    pub(crate) per_row: usize,
}

impl Element {
    pub(crate) fn size(self) -> usize {
        match self.meaning {
            Meaning::Float(size) | Meaning::Signed(size) | Meaning::Unsigned(size) | Meaning::Bytes(size) => size,
            Meaning::Boolean => 1,
            Meaning::Unicode(characters) => 4 * characters,
        }
    }

    pub(crate) fn kind(self) -> ColumnKind {
        match self.meaning {
            Meaning::Float(_) => ColumnKind::Number,
            Meaning::Signed(_) | Meaning::Unsigned(_) => ColumnKind::Integer,
            Meaning::Boolean => ColumnKind::Boolean,
            Meaning::Bytes(_) | Meaning::Unicode(_) => ColumnKind::Text,
        }
    }

    /// The column at `placement` of every whole row in `rows`.
    pub(crate) fn decode(self, rows: &[u8], placement: Placement) -> ColumnValues {
        let size = self.size();
        if size == 0 || placement.stride == 0 {
            return ColumnValues::Text(vec![
                String::new();
                rows.len().checked_div(placement.stride).unwrap_or(0)
                    * placement.per_row
            ]);
        }
        let bytes = placement.per_row * size;
        let cells = rows
            .chunks_exact(placement.stride)
            .flat_map(|row| row[placement.offset..placement.offset + bytes].chunks_exact(size));
        let big = self.big_endian;
        match self.meaning {
            Meaning::Float(2) => {
                ColumnValues::Float32(cells.map(|cell| half_to_single(unsigned(cell, big) as u16)).collect())
            }
            Meaning::Float(4) => {
                ColumnValues::Float32(cells.map(|cell| f32::from_bits(unsigned(cell, big) as u32)).collect())
            }
            Meaning::Float(_) => ColumnValues::Float64(cells.map(|cell| f64::from_bits(unsigned(cell, big))).collect()),
            Meaning::Signed(_) => ColumnValues::Int64(cells.map(|cell| signed(cell, big)).collect()),
            Meaning::Unsigned(_) => {
                let values: Vec<u64> = cells.map(|cell| unsigned(cell, big)).collect();
                whole_numbers(values)
            }
            Meaning::Boolean => ColumnValues::Int64(cells.map(|cell| i64::from(cell[0] != 0)).collect()),
            Meaning::Bytes(_) => ColumnValues::Text(cells.map(padded_text).collect()),
            Meaning::Unicode(_) => ColumnValues::Text(
                cells
                    .map(|cell| {
                        let text: String = cell
                            .chunks_exact(4)
                            .map(|character| {
                                char::from_u32(unsigned(character, big) as u32).unwrap_or(char::REPLACEMENT_CHARACTER)
                            })
                            .collect();
                        text.trim_end_matches('\0').to_owned()
                    })
                    .collect(),
            ),
        }
    }
}

/// Signed 64-bit integers if all fit, else 64-bit floats.
pub(crate) fn whole_numbers(values: Vec<u64>) -> ColumnValues {
    match values
        .iter()
        .map(|&value| i64::try_from(value))
        .collect::<Result<Vec<_>, _>>()
    {
        Ok(values) => ColumnValues::Int64(values),
        Err(_) => ColumnValues::Float64(values.iter().map(|&value| value as f64).collect()),
    }
}

/// Text up to its padding of NUL or spaces.
pub(crate) fn padded_text(cell: &[u8]) -> String {
    let end = cell.iter().position(|&byte| byte == 0).unwrap_or(cell.len());
    String::from_utf8_lossy(&cell[..end]).trim_end_matches(' ').to_owned()
}

fn unsigned(cell: &[u8], big_endian: bool) -> u64 {
    let mut bytes = [0; 8];
    if big_endian {
        bytes[8 - cell.len()..].copy_from_slice(cell);
        u64::from_be_bytes(bytes)
    } else {
        bytes[..cell.len()].copy_from_slice(cell);
        u64::from_le_bytes(bytes)
    }
}

fn signed(cell: &[u8], big_endian: bool) -> i64 {
    let unused = 64 - 8 * cell.len() as u32;
    ((unsigned(cell, big_endian) << unused) as i64) >> unused
}

/// IEEE 754 binary16: 1 sign, 5 exponent, 10 fraction bits.
pub(crate) fn half_to_single(bits: u16) -> f32 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let exponent = i32::from((bits >> 10) & 0x1f);
    let fraction = f32::from(bits & 0x3ff);
    match exponent {
        0 => sign * fraction * 2f32.powi(-24),
        31 if fraction == 0.0 => sign * f32::INFINITY,
        31 => f32::NAN,
        _ => sign * (1024.0 + fraction) * 2f32.powi(exponent - 25),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_byte_orders_and_any_stride() {
        let rows = [9, 1, 2, 9, 0xff, 0xfe];
        let placement = Placement {
            stride: 3,
            offset: 1,
            per_row: 1,
        };
        let read = |meaning, big_endian| Element { meaning, big_endian }.decode(&rows, placement);
        assert_eq!(read(Meaning::Signed(2), true), ColumnValues::Int64(vec![0x102, -2]));
        assert_eq!(read(Meaning::Signed(2), false), ColumnValues::Int64(vec![0x201, -257]));
        assert_eq!(
            read(Meaning::Unsigned(2), true),
            ColumnValues::Int64(vec![0x102, 0xfffe])
        );
    }

    #[test]
    fn half_precision_is_exact() {
        for (bits, value) in [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x3555, 0.333_251_95),
            (0x0001, 5.960_464_5e-8),
            (0x7bff, 65504.0),
        ] {
            assert_eq!(half_to_single(bits), value);
        }
        assert!(half_to_single(0x7e00).is_nan());
        assert_eq!(half_to_single(0xfc00), f32::NEG_INFINITY);
    }

    #[test]
    fn integers_beyond_the_signed_range_become_floats() {
        assert_eq!(
            whole_numbers(vec![1, u64::MAX]),
            ColumnValues::Float64(vec![1.0, u64::MAX as f64])
        );
    }
}
