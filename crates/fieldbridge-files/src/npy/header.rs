//! The header of an npy array (NumPy enhancement proposal 1, versions 1.0 to 3.0).

use std::io::{self, Read};

use super::literal::{Literal, parse};
use crate::element::{Element, Meaning};

/// What an npy file says of its data.
#[derive(Debug, Clone)]
pub(crate) struct Header {
    /// What one item is.
    pub(crate) item: Item,
    /// Length of each dimension.
    pub(crate) shape: Vec<usize>,
    /// Whether the first index runs fastest.
    pub(crate) fortran: bool,
    /// Bytes before the data.
    pub(crate) bytes: u64,
}

/// One item of an array.
#[derive(Debug, Clone)]
pub(crate) enum Item {
    Plain(Element),
    Record {
        size: usize,
        fields: Vec<Field>,
    },
    /// A description this crate cannot decode.
    Unknown(String),
}

/// A field of a record.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) element: Element,
    pub(crate) offset: usize,
    pub(crate) count: usize,
}

impl Item {
    pub(crate) fn size(&self) -> usize {
        match self {
            Item::Plain(element) => element.size(),
            Item::Record { size, .. } => *size,
            Item::Unknown(_) => 0,
        }
    }
}

impl Header {
    pub(crate) fn read(source: &mut impl Read) -> io::Result<Self> {
        let mut start = [0; 8];
        source.read_exact(&mut start)?;
        if &start[..6] != b"\x93NUMPY" {
            return Err(invalid("an array does not start with \\x93NUMPY".into()));
        }
        let (length, prefix) = if start[6] == 1 {
            let mut length = [0; 2];
            source.read_exact(&mut length)?;
            (usize::from(u16::from_le_bytes(length)), 10)
        } else if start[6] <= 3 {
            let mut length = [0; 4];
            source.read_exact(&mut length)?;
            (u32::from_le_bytes(length) as usize, 12)
        } else {
            return Err(invalid(format!("version {} of npy is not known", start[6])));
        };
        if length > 1 << 24 {
            return Err(invalid(format!("a header of {length} bytes is no header")));
        }
        let mut text = vec![0; length];
        source.read_exact(&mut text)?;
        let text = String::from_utf8_lossy(&text);
        let unreadable = || invalid(format!("the header {:?} is not understood", text.trim_end()));
        let literal = parse(&text).ok_or_else(unreadable)?;
        let shape = literal.get("shape").and_then(Literal::counts).ok_or_else(unreadable)?;
        let Some(Literal::Truth(fortran)) = literal.get("fortran_order") else {
            return Err(unreadable());
        };
        let item = item(literal.get("descr").ok_or_else(unreadable)?).ok_or_else(unreadable)?;
        let header = Header {
            item,
            shape,
            fortran: *fortran,
            bytes: (prefix + length) as u64,
        };
        header
            .data_bytes()
            .ok_or_else(|| invalid("the array announces more data than can be counted".into()))?;
        Ok(header)
    }

    /// Length of the first dimension; a single value is one row.
    pub(crate) fn rows(&self) -> usize {
        self.shape.first().copied().unwrap_or(1)
    }

    /// Items per row: the product of all other dimensions.
    pub(crate) fn width(&self) -> usize {
        self.shape.iter().skip(1).product()
    }

    /// Bytes of all items.
    pub(crate) fn data_bytes(&self) -> Option<u64> {
        // All dimensions but zeros are multiplied, so that every partial product is safe too.
        let items = self
            .shape
            .iter()
            .filter(|&&length| length > 0)
            .try_fold(1u64, |product, &length| product.checked_mul(length as u64))?;
        let most = items
            .checked_mul(self.item.size().max(16) as u64)
            .filter(|&bytes| bytes < 1 << 60)?;
        let empty = self.shape.contains(&0);
        Some(if empty {
            0
        } else {
            most / self.item.size().max(16) as u64 * self.item.size() as u64
        })
    }
}

fn item(description: &Literal) -> Option<Item> {
    match description {
        Literal::Text(code) => Some(element(code).map_or_else(|| Item::Unknown(code.clone()), Item::Plain)),
        Literal::Sequence(fields) => {
            let (mut size, mut decoded) = (0usize, Vec::new());
            for field in fields {
                let Literal::Sequence(parts) = field else { return None };
                let (name, code, shape) = match parts.as_slice() {
                    [name, code] => (name, code, vec![]),
                    [name, code, shape] => (name, code, shape.counts()?),
                    _ => return None,
                };
                let count = shape
                    .iter()
                    .try_fold(1usize, |product, &length| product.checked_mul(length))?;
                let name = match name {
                    Literal::Text(name) => name.clone(),
                    // A field with a title: the second text is its name.
                    Literal::Sequence(titled) => match titled.as_slice() {
                        [_, Literal::Text(name)] => name.clone(),
                        _ => return None,
                    },
                    _ => return None,
                };
                let Literal::Text(code) = code else {
                    return Some(Item::Unknown("records within records".into()));
                };
                let padding = code.trim_start_matches(['|', '<', '>', '=']).strip_prefix('V');
                if let Some(bytes) = padding.and_then(|bytes| bytes.parse::<usize>().ok()) {
                    size = size.checked_add(bytes.checked_mul(count)?)?;
                    continue;
                }
                let Some(element) = element(code) else {
                    return Some(Item::Unknown(format!("{code} in field {name:?}")));
                };
                decoded.push(Field {
                    name,
                    element,
                    offset: size,
                    count,
                });
                size = size.checked_add(element.size().checked_mul(count)?)?;
            }
            Some(Item::Record { size, fields: decoded })
        }
        _ => None,
    }
}

/// A type code such as `<f8`: byte order, kind, bytes (characters for `U`).
fn element(code: &str) -> Option<Element> {
    let mut letters = code.chars();
    let order = letters.next()?;
    let kind = letters.next()?;
    let size: usize = letters.as_str().parse().ok()?;
    let meaning = match (kind, size) {
        ('f', 2 | 4 | 8) => Meaning::Float(size),
        ('i', 1 | 2 | 4 | 8) => Meaning::Signed(size),
        ('u', 1 | 2 | 4 | 8) => Meaning::Unsigned(size),
        ('b', 1) => Meaning::Boolean,
        ('S' | 'a', 1..=1_000_000) => Meaning::Bytes(size),
        ('U', 1..=1_000_000) => Meaning::Unicode(size),
        _ => return None,
    };
    Some(Element {
        meaning,
        big_endian: order == '>',
    })
}

fn invalid(reason: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}
