//! What a leaf of a Parquet schema is as a column.

use parquet::basic::{ConvertedType, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::schema::types::{ColumnDescriptor, SchemaDescriptor, Type};

use crate::table::ColumnKind;

/// How stored values are to be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    Boolean,
    Signed,
    Unsigned,
    Single,
    Double,
    Half,
    /// A whole number divided by ten to this power.
    Decimal(i32),
    Text,
    Unknown,
}

impl Meaning {
    pub(super) fn kind(self) -> ColumnKind {
        match self {
            Meaning::Boolean => ColumnKind::Boolean,
            Meaning::Signed | Meaning::Unsigned => ColumnKind::Integer,
            Meaning::Single | Meaning::Double | Meaning::Half | Meaning::Decimal(_) => ColumnKind::Number,
            Meaning::Text => ColumnKind::Text,
            Meaning::Unknown => ColumnKind::Other,
        }
    }
}

pub(super) fn meaning(leaf: &ColumnDescriptor) -> Meaning {
    let logical = leaf.logical_type_ref();
    let converted = leaf.converted_type();
    let decimal = matches!(logical, Some(LogicalType::Decimal(_))) || converted == ConvertedType::DECIMAL;
    match leaf.physical_type() {
        Physical::INT32 | Physical::INT64 | Physical::FIXED_LEN_BYTE_ARRAY if decimal => {
            Meaning::Decimal(leaf.type_scale())
        }
        Physical::BOOLEAN => Meaning::Boolean,
        Physical::INT32 | Physical::INT64 => {
            use ConvertedType::{UINT_8, UINT_16, UINT_32, UINT_64};
            let unsigned = matches!(logical, Some(LogicalType::Integer(integer)) if !integer.is_signed)
                || matches!(converted, UINT_8 | UINT_16 | UINT_32 | UINT_64);
            if unsigned { Meaning::Unsigned } else { Meaning::Signed }
        }
        Physical::FLOAT => Meaning::Single,
        Physical::DOUBLE => Meaning::Double,
        Physical::FIXED_LEN_BYTE_ARRAY if matches!(logical, Some(LogicalType::Float16)) => Meaning::Half,
        Physical::BYTE_ARRAY if !decimal => Meaning::Text,
        Physical::BYTE_ARRAY | Physical::FIXED_LEN_BYTE_ARRAY | Physical::INT96 => Meaning::Unknown,
    }
}

/// The unit a date or time column has by its type.
pub(super) fn unit_of_time(leaf: &ColumnDescriptor) -> Option<String> {
    let unit = |unit: &TimeUnit| match unit {
        TimeUnit::MILLIS => "ms",
        TimeUnit::MICROS => "us",
        TimeUnit::NANOS => "ns",
    };
    match leaf.logical_type_ref()? {
        LogicalType::Date => Some("days since 1970-01-01".into()),
        LogicalType::Time(time) => Some(unit(&time.unit).into()),
        LogicalType::Timestamp(time) => Some(format!("{} since 1970-01-01", unit(&time.unit))),
        _ => None,
    }
}

/// The column's name, without the wrappers of a list, and the definition level from which a list has an element.
pub(super) fn name_and_element_level(schema: &SchemaDescriptor, leaf: usize) -> (String, i16) {
    let descriptor = schema.column(leaf);
    let parts = descriptor.path().parts();
    let mut node: &Type = schema.root_schema();
    let mut names: Vec<&str> = Vec::new();
    let (mut level, mut element_level, mut after_wrapper) = (0, 0, false);
    for (depth, part) in parts.iter().enumerate() {
        let Type::GroupType { fields, .. } = node else { break };
        let Some(child) = fields.iter().find(|field| field.name() == part) else {
            break;
        };
        let repetition = child
            .get_basic_info()
            .has_repetition()
            .then(|| child.get_basic_info().repetition());
        let repeated = repetition == Some(Repetition::REPEATED);
        level += i16::from(repeated || repetition == Some(Repetition::OPTIONAL));
        if repeated {
            element_level = level;
        }
        let wrapper = repeated && depth > 0 && child.is_group();
        let element = after_wrapper && ["element", "item", "array", "array_element"].contains(&part.as_str());
        if !wrapper && !element {
            names.push(part);
        }
        after_wrapper = wrapper;
        node = child;
    }
    (names.join("."), element_level)
}
