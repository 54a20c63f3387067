//! HDF5 datatypes as columns.

use hdf5_pure::{Datatype, DatatypeByteOrder, FixedPointLayout, FloatingPointLayout};

use crate::element::{Element, Meaning};

/// What a dataset or a field of a record holds.
pub(super) enum Stored {
    /// So many elements next to each other.
    Elements { element: Element, count: usize },
    /// Texts of variable length.
    Texts,
    /// Why it is neither.
    Unknown(String),
}

pub(super) fn stored(datatype: &Datatype) -> Stored {
    match datatype {
        Datatype::FixedPoint {
            size,
            byte_order,
            layout,
        } => integer(*size, *byte_order, layout),
        Datatype::FloatingPoint {
            size,
            byte_order,
            layout,
        } => floating(*size, *byte_order, layout),
        Datatype::String { size, .. } => one(Meaning::Bytes(*size as usize), DatatypeByteOrder::LittleEndian),
        // PyTables stores booleans as 8-bit fields.
        Datatype::BitField {
            size: 1, bit_offset: 0, ..
        } => one(Meaning::Boolean, DatatypeByteOrder::LittleEndian),
        Datatype::Enumeration { base_type, members, .. } => {
            // h5py stores booleans as an enumeration of FALSE and TRUE.
            let boolean = members.len() == 2
                && members
                    .iter()
                    .all(|member| ["FALSE", "TRUE"].contains(&member.name.as_str()));
            match stored(base_type) {
                Stored::Elements { element, .. } if boolean && element.size() == 1 => {
                    one(Meaning::Boolean, DatatypeByteOrder::LittleEndian)
                }
                other => other,
            }
        }
        Datatype::VariableLength { is_string: true, .. } => Stored::Texts,
        Datatype::Array { base_type, dimensions } => {
            let count = dimensions
                .iter()
                .try_fold(1usize, |product, &length| product.checked_mul(length as usize));
            match (stored(base_type), count) {
                (Stored::Elements { element, count: inner }, Some(count)) if count.checked_mul(inner).is_some() => {
                    Stored::Elements {
                        element,
                        count: count * inner,
                    }
                }
                (Stored::Unknown(reason), _) => Stored::Unknown(reason),
                _ => Stored::Unknown("it is an array of something else than numbers".into()),
            }
        }
        Datatype::Compound { .. } => Stored::Unknown("it holds records; open it by its own path as the group".into()),
        Datatype::VariableLength { .. } => Stored::Unknown("its rows are lists of varying length".into()),
        Datatype::Reference { .. } => Stored::Unknown("it holds references, not values".into()),
        _ => Stored::Unknown("its type is neither number, boolean nor text".into()),
    }
}

fn one(meaning: Meaning, order: DatatypeByteOrder) -> Stored {
    let big_endian = order == DatatypeByteOrder::BigEndian;
    let element = Element { meaning, big_endian };
    if element.size() == 0 {
        Stored::Unknown("its elements have no bytes".into())
    } else {
        Stored::Elements { element, count: 1 }
    }
}

fn integer(size: u32, order: DatatypeByteOrder, layout: &FixedPointLayout) -> Stored {
    let whole = layout.bit_offset == 0 && u32::from(layout.bit_precision) == 8 * size;
    if !whole || ![1, 2, 4, 8].contains(&size) || order == DatatypeByteOrder::Vax {
        return Stored::Unknown(format!(
            "its integers of {} bits in {size} bytes are unusual",
            layout.bit_precision
        ));
    }
    let size = size as usize;
    one(
        if layout.signed {
            Meaning::Signed(size)
        } else {
            Meaning::Unsigned(size)
        },
        order,
    )
}

fn floating(size: u32, order: DatatypeByteOrder, layout: &FloatingPointLayout) -> Stored {
    // IEEE 754: bits of exponent and fraction of half, single and double precision.
    let (exponent, fraction) = (layout.exponent_size, layout.mantissa_size);
    let ieee = layout.mantissa_location == 0
        && matches!((size, exponent, fraction), (2, 5, 10) | (4, 8, 23) | (8, 11, 52))
        && order != DatatypeByteOrder::Vax;
    if ieee {
        one(Meaning::Float(size as usize), order)
    } else {
        Stored::Unknown(format!(
            "its {size}-byte floats with {exponent} bits of exponent are not half, single or double"
        ))
    }
}
