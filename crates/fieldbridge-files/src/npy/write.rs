//! Writing npy, version 1.0, little endian.

use std::io::{self, Write};

use crate::table::{Column, ColumnValues, Table};

/// Writes an array of `shape`, last index fastest.
pub(crate) fn write_array(shape: &[usize], values: &ColumnValues, sink: &mut dyn Write) -> io::Result<()> {
    let length = longest(values);
    write_header(&format!("'{}'", code(values, length)), shape, sink)?;
    for place in 0..values.len() {
        write_value(values, place, length, sink)?;
    }
    Ok(())
}

/// Bytes [`write_array`] will write.
pub(crate) fn array_bytes(shape: &[usize], values: &ColumnValues) -> u64 {
    let size = match values {
        ColumnValues::Float64(_) | ColumnValues::Int64(_) => 8,
        ColumnValues::Float32(_) => 4,
        ColumnValues::Text(_) => 4 * longest(values) as u64,
    };
    let header = header_text(&format!("'{}'", code(values, longest(values))), shape).len() as u64;
    10 + header + values.len() as u64 * size
}

/// Writes a table: one column as a plain array, several as records so that their names are kept.
pub(crate) fn write_table(table: &Table, sink: &mut dyn Write) -> io::Result<()> {
    if let [only] = table.columns() {
        return write_array(&shape(only), &only.values, sink);
    }
    let lengths: Vec<usize> = table.columns().iter().map(|column| longest(&column.values)).collect();
    let fields: Vec<String> = table
        .columns()
        .iter()
        .zip(&lengths)
        .map(|(column, &length)| {
            let name = column.name.replace('\\', "\\\\").replace('\'', "\\'");
            let code = code(&column.values, length);
            if column.width == 1 {
                format!("('{name}', '{code}')")
            } else {
                format!("('{name}', '{code}', ({},))", column.width)
            }
        })
        .collect();
    write_header(&format!("[{}]", fields.join(", ")), &[table.rows()], sink)?;
    for row in 0..table.rows() {
        for (column, &length) in table.columns().iter().zip(&lengths) {
            for place in row * column.width..(row + 1) * column.width {
                write_value(&column.values, place, length, sink)?;
            }
        }
    }
    Ok(())
}

/// The shape of a column as an array.
pub(crate) fn shape(column: &Column) -> Vec<usize> {
    if column.width == 1 {
        vec![column.rows()]
    } else {
        vec![column.rows(), column.width]
    }
}

/// Characters of the longest text, at least one.
fn longest(values: &ColumnValues) -> usize {
    match values {
        ColumnValues::Text(values) => values.iter().map(|text| text.chars().count()).max().unwrap_or(0).max(1),
        _ => 0,
    }
}

fn code(values: &ColumnValues, length: usize) -> String {
    match values {
        ColumnValues::Float64(_) => "<f8".into(),
        ColumnValues::Float32(_) => "<f4".into(),
        ColumnValues::Int64(_) => "<i8".into(),
        ColumnValues::Text(_) => format!("<U{length}"),
    }
}

fn header_text(description: &str, shape: &[usize]) -> String {
    let lengths: Vec<String> = shape.iter().map(|length| format!("{length},")).collect();
    let mut text = format!(
        "{{'descr': {description}, 'fortran_order': False, 'shape': ({}), }}",
        lengths.join(" ")
    );
    // The data start at a multiple of 64 bytes.
    let padding = 63 - (10 + text.len()) % 64;
    text.push_str(&" ".repeat(padding));
    text.push('\n');
    text
}

fn write_header(description: &str, shape: &[usize], sink: &mut dyn Write) -> io::Result<()> {
    let text = header_text(description, shape);
    let length = u16::try_from(text.len()).map_err(|_| {
        io::Error::new(
            io::ErrorKind::InvalidInput,
            "too many columns for an npy header; write .npz",
        )
    })?;
    // Version 3 is version 2 with UTF-8; names beyond ASCII need it, with four bytes of length.
    if text.is_ascii() {
        sink.write_all(b"\x93NUMPY\x01\x00")?;
        sink.write_all(&length.to_le_bytes())?;
    } else {
        sink.write_all(b"\x93NUMPY\x03\x00")?;
        sink.write_all(&u32::from(length).to_le_bytes())?;
    }
    sink.write_all(text.as_bytes())
}

fn write_value(values: &ColumnValues, place: usize, length: usize, sink: &mut dyn Write) -> io::Result<()> {
    match values {
        ColumnValues::Float64(values) => sink.write_all(&values[place].to_le_bytes()),
        ColumnValues::Float32(values) => sink.write_all(&values[place].to_le_bytes()),
        ColumnValues::Int64(values) => sink.write_all(&values[place].to_le_bytes()),
        ColumnValues::Text(values) => {
            let mut written = 0;
            for character in values[place].chars() {
                sink.write_all(&u32::from(character).to_le_bytes())?;
                written += 1;
            }
            (written..length).try_for_each(|_| sink.write_all(&[0; 4]))
        }
    }
}
