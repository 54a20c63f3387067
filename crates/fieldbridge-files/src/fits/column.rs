//! Columns of a FITS binary table: TFORM, TDIM, TNULL, TSCAL and TZERO.

use std::io;

use super::header::{Header, invalid};
use crate::cells::{Cell, push_cell};
use crate::element::{Element, Meaning, Placement};
use crate::table::{ColumnInfo, ColumnKind, ColumnValues};

/// How to decode a column.
pub(super) struct FitsColumn {
    pub(super) info: ColumnInfo,
    pub(super) content: Result<Content, String>,
}

/// Where the values of a column are in a row and what they mean.
pub(super) struct Content {
    element: Element,
    placement: Placement,
    logical: bool,
    null: Option<i64>,
    scale: f64,
    zero: f64,
}

/// All columns of a table whose rows take `row_bytes`.
pub(super) fn columns(header: &Header, row_bytes: usize) -> io::Result<Vec<FitsColumn>> {
    let fields = header.count("TFIELDS")?;
    if fields > 999 {
        return Err(invalid(format!(
            "TFIELDS is {fields}, more than the 999 a table may have"
        )));
    }
    let mut offset = 0usize;
    let mut columns = Vec::new();
    for number in 1..=fields {
        let keyword = |name: &str| format!("{name}{number}");
        let form = header
            .text(&keyword("TFORM"))
            .ok_or_else(|| invalid(format!("the header lacks TFORM{number}")))?;
        let form =
            Form::parse(form).ok_or_else(|| invalid(format!("TFORM{number} is {form:?}, not a column format")))?;
        let start = offset;
        offset = offset
            .checked_add(form.bytes())
            .ok_or_else(|| invalid(format!("TFORM{number} is too large")))?;
        let name = header
            .text(&keyword("TTYPE"))
            .filter(|name| !name.is_empty())
            .map_or_else(|| keyword("COL"), str::to_owned);
        let scale = header.number(&keyword("TSCAL"))?.unwrap_or(1.0);
        let zero = header.number(&keyword("TZERO"))?.unwrap_or(0.0);
        let meaning = form.meaning(header.text(&keyword("TDIM")));
        let content = meaning.map(|(meaning, per_row)| Content {
            element: Element {
                meaning,
                big_endian: true,
            },
            placement: Placement {
                stride: row_bytes,
                offset: start,
                per_row,
            },
            logical: form.code == 'L',
            null: header.number(&keyword("TNULL")).ok().flatten(),
            scale,
            zero,
        });
        let kind = content.as_ref().map_or(ColumnKind::Other, Content::kind);
        let width = content.as_ref().map_or(1, |content| content.placement.per_row);
        let unit = header
            .text(&keyword("TUNIT"))
            .filter(|unit| !unit.is_empty())
            .map(str::to_owned);
        columns.push(FitsColumn {
            info: ColumnInfo {
                name,
                kind,
                width,
                unit,
            },
            content,
        });
    }
    if offset != row_bytes {
        return Err(invalid(format!(
            "the columns take {offset} bytes but NAXIS1 says {row_bytes}"
        )));
    }
    Ok(columns)
}

impl Content {
    fn shifted(&self) -> bool {
        self.scale != 1.0 || self.zero != 0.0
    }

    fn kind(&self) -> ColumnKind {
        match self.element.kind() {
            _ if self.logical => ColumnKind::Boolean,
            ColumnKind::Integer if self.scale != 1.0 || self.zero.fract() != 0.0 => ColumnKind::Number,
            kind => kind,
        }
    }

    pub(super) fn decode(&self, rows: &[u8]) -> ColumnValues {
        let stored = self.element.decode(rows, self.placement);
        match stored {
            ColumnValues::Int64(values) if self.logical || self.null.is_some() || self.shifted() => {
                let mut physical = ColumnValues::Int64(Vec::with_capacity(values.len()));
                values
                    .into_iter()
                    .for_each(|value| push_cell(&mut physical, self.physical(value)));
                physical
            }
            ColumnValues::Float32(values) if self.shifted() => ColumnValues::Float64(
                values
                    .iter()
                    .map(|&value| f64::from(value) * self.scale + self.zero)
                    .collect(),
            ),
            ColumnValues::Float64(values) if self.shifted() => {
                ColumnValues::Float64(values.iter().map(|&value| value * self.scale + self.zero).collect())
            }
            other => other,
        }
    }

    fn physical(&self, stored: i64) -> Cell {
        if self.logical {
            return match stored as u8 {
                b'T' => Cell::Integer(1),
                b'F' => Cell::Integer(0),
                _ => Cell::Missing,
            };
        }
        if self.null == Some(stored) {
            return Cell::Missing;
        }
        // A whole zero point, as of unsigned integers, keeps integers exact.
        if self.scale == 1.0 && self.zero.fract() == 0.0 && self.zero.abs() < 1e30 {
            let shifted = i128::from(stored) + self.zero as i128;
            return i64::try_from(shifted).map_or(Cell::Float64(shifted as f64), Cell::Integer);
        }
        Cell::Float64(stored as f64 * self.scale + self.zero)
    }
}

/// A column format: repeat count, type letter, and what follows.
struct Form {
    repeat: usize,
    code: char,
    rest: String,
}

impl Form {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let digits = text.chars().take_while(char::is_ascii_digit).count();
        let repeat = if digits == 0 { 1 } else { text[..digits].parse().ok()? };
        let mut rest = text[digits..].chars();
        let code = rest.next()?;
        ("LXBIJKAEDCMPQ".contains(code) && repeat < 1 << 40).then(|| Form {
            repeat,
            code,
            rest: rest.collect(),
        })
    }

    fn bytes(&self) -> usize {
        let size = match self.code {
            'X' => return self.repeat.div_ceil(8),
            'L' | 'B' | 'A' => 1,
            'I' => 2,
            'J' | 'E' => 4,
            'K' | 'D' | 'C' | 'P' => 8,
            _ => 16,
        };
        self.repeat * size
    }

    /// Meaning and elements per row, or why there is none.
    fn meaning(&self, dimensions: Option<&str>) -> Result<(Meaning, usize), String> {
        if self.repeat == 0 {
            return Err("its rows hold no value".into());
        }
        let meaning = match self.code {
            'L' | 'B' => Meaning::Unsigned(1),
            'I' => Meaning::Signed(2),
            'J' => Meaning::Signed(4),
            'K' => Meaning::Signed(8),
            'E' => Meaning::Float(4),
            'D' => Meaning::Float(8),
            'A' => {
                let length = self.text_length(dimensions);
                return Ok((Meaning::Bytes(length), self.repeat / length));
            }
            'P' | 'Q' => return Err("its rows are arrays of varying length".into()),
            'C' | 'M' => return Err("it holds complex numbers; store real and imaginary parts as two columns".into()),
            _ => return Err("it holds bits; store them as bytes".into()),
        };
        Ok((meaning, self.repeat))
    }

    /// Characters of one text: `TDIM` or the older `rAw` may divide the field into several.
    fn text_length(&self, dimensions: Option<&str>) -> usize {
        let first = dimensions.and_then(|text| {
            text.trim()
                .strip_prefix('(')?
                .split([',', ')'])
                .next()?
                .trim()
                .parse()
                .ok()
        });
        let divides = |length: &usize| *length > 0 && self.repeat.is_multiple_of(*length);
        first
            .or_else(|| self.rest.parse().ok())
            .filter(divides)
            .unwrap_or(self.repeat)
    }
}
