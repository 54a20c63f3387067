//! Writing CSV: shortest digits that read back exactly; a vector column becomes `name_0`, `name_1`, ...

use std::io::{self, Write};

use crate::table::{ColumnValues, Table};

/// Writes a header line and one line per row.
pub(crate) fn write(table: &Table, sink: &mut dyn Write) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(sink);
    let mut names = Vec::new();
    for column in table.columns() {
        match column.width {
            1 => names.push(column.name.clone()),
            width => names.extend((0..width).map(|place| format!("{}_{place}", column.name))),
        }
    }
    writer.write_record(&names).map_err(into_io)?;
    for row in 0..table.rows() {
        for column in table.columns() {
            for place in row * column.width..(row + 1) * column.width {
                match &column.values {
                    // Debug notation keeps a point or an exponent, so that floats stay floats.
                    ColumnValues::Float64(values) => writer.write_field(format!("{:?}", values[place])),
                    ColumnValues::Float32(values) => writer.write_field(format!("{:?}", values[place])),
                    ColumnValues::Int64(values) => writer.write_field(values[place].to_string()),
                    ColumnValues::Text(values) => writer.write_field(&values[place]),
                }
                .map_err(into_io)?;
            }
        }
        writer.write_record(None::<&[u8]>).map_err(into_io)?;
    }
    writer.flush()
}

fn into_io(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(source) => source,
        other => io::Error::other(format!("{other:?}")),
    }
}
