//! Writing Parquet: zstd, columns required, vectors as lists.

use std::io::{self, Write};
use std::sync::Arc;

use parquet::basic::{Compression, ConvertedType, LogicalType, Repetition, Type as Physical, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, FloatType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::Type;

use super::UNIT_KEY;
use crate::table::{Column, ColumnValues, Table};

/// Values per row group and column, at most: bounds what a reader must hold.
const VALUES_PER_GROUP: usize = 1 << 20;

/// Writes `table` as a Parquet file. NaN stays NaN; nothing is null.
pub(crate) fn write(table: &Table, sink: &mut (dyn Write + Send)) -> io::Result<()> {
    write_parquet(table, sink).map_err(|error| match error {
        ParquetError::External(inner) => match inner.downcast::<io::Error>() {
            Ok(source) => *source,
            Err(other) => io::Error::other(other),
        },
        other => io::Error::other(other),
    })
}

fn write_parquet(table: &Table, sink: &mut (dyn Write + Send)) -> Result<(), ParquetError> {
    let fields = table
        .columns()
        .iter()
        .map(|column| field(column).map(Arc::new))
        .collect::<Result<Vec<_>, _>>()?;
    let schema = Type::group_type_builder("schema").with_fields(fields).build()?;
    let units: Vec<KeyValue> = table
        .columns()
        .iter()
        .filter_map(|column| {
            Some(KeyValue::new(
                format!("{UNIT_KEY}{}", column.name),
                column.unit.clone()?,
            ))
        })
        .collect();
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .set_dictionary_enabled(false)
        .set_created_by(concat!("fieldbridge ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_key_value_metadata((!units.is_empty()).then_some(units))
        .build();
    let mut writer = SerializedFileWriter::new(sink, Arc::new(schema), Arc::new(properties))?;
    let widest = table.columns().iter().map(|column| column.width).max().unwrap_or(1);
    let step = (VALUES_PER_GROUP / widest).max(1);
    for start in (0..table.rows()).step_by(step) {
        let end = (start + step).min(table.rows());
        let mut group = writer.next_row_group()?;
        for column in table.columns() {
            if let Some(mut chunk) = group.next_column()? {
                write_column(column, start..end, &mut chunk)?;
                chunk.close()?;
            }
        }
        group.close()?;
    }
    writer.close()?;
    Ok(())
}

fn field(column: &Column) -> Result<Type, ParquetError> {
    let physical = match column.values {
        ColumnValues::Float64(_) => Physical::DOUBLE,
        ColumnValues::Float32(_) => Physical::FLOAT,
        ColumnValues::Int64(_) => Physical::INT64,
        ColumnValues::Text(_) => Physical::BYTE_ARRAY,
    };
    let text = matches!(column.values, ColumnValues::Text(_));
    let name = if column.width == 1 {
        column.name.as_str()
    } else {
        "element"
    };
    let element = Type::primitive_type_builder(name, physical)
        .with_repetition(Repetition::REQUIRED)
        .with_logical_type(text.then_some(LogicalType::String))
        .with_converted_type(if text { ConvertedType::UTF8 } else { ConvertedType::NONE })
        .build()?;
    if column.width == 1 {
        return Ok(element);
    }
    let list = Type::group_type_builder("list")
        .with_repetition(Repetition::REPEATED)
        .with_fields(vec![Arc::new(element)])
        .build()?;
    Type::group_type_builder(&column.name)
        .with_repetition(Repetition::REQUIRED)
        .with_logical_type(Some(LogicalType::List))
        .with_converted_type(ConvertedType::LIST)
        .with_fields(vec![Arc::new(list)])
        .build()
}

fn write_column(
    column: &Column,
    rows: std::ops::Range<usize>,
    chunk: &mut SerializedColumnWriter<'_>,
) -> Result<(), ParquetError> {
    let values = rows.start * column.width..rows.end * column.width;
    let (definition, repetition) = if column.width == 1 {
        (None, None)
    } else {
        let repetition: Vec<i16> = (0..values.len())
            .map(|place| i16::from(place % column.width != 0))
            .collect();
        (Some(vec![1; values.len()]), Some(repetition))
    };
    let (definition, repetition) = (definition.as_deref(), repetition.as_deref());
    match &column.values {
        ColumnValues::Float64(all) => chunk
            .typed::<DoubleType>()
            .write_batch(&all[values], definition, repetition)?,
        ColumnValues::Float32(all) => chunk
            .typed::<FloatType>()
            .write_batch(&all[values], definition, repetition)?,
        ColumnValues::Int64(all) => chunk
            .typed::<Int64Type>()
            .write_batch(&all[values], definition, repetition)?,
        ColumnValues::Text(all) => {
            let texts: Vec<ByteArray> = all[values].iter().map(|text| ByteArray::from(text.as_str())).collect();
            chunk
                .typed::<ByteArrayType>()
                .write_batch(&texts, definition, repetition)?
        }
    };
    Ok(())
}
