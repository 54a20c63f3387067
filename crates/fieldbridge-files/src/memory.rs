//! A table that never was in a file, behind the interface of one.

use std::ops::Range;

use crate::FileError;
use crate::source::{Opened, TableSource};
use crate::table::{Column, ColumnInfo, ColumnKind, ColumnValues, Table};

struct InMemory(Table);

impl TableSource for InMemory {
    fn read(&mut self, wanted: &[usize], rows: Range<usize>) -> Result<Vec<Column>, FileError> {
        Ok(wanted.iter().map(|&at| part(&self.0.columns()[at], &rows)).collect())
    }
}

fn part(column: &Column, rows: &Range<usize>) -> Column {
    let values = rows.start * column.width..rows.end * column.width;
    let values = match &column.values {
        ColumnValues::Float64(all) => ColumnValues::Float64(all[values].to_vec()),
        ColumnValues::Float32(all) => ColumnValues::Float32(all[values].to_vec()),
        ColumnValues::Int64(all) => ColumnValues::Int64(all[values].to_vec()),
        ColumnValues::Text(all) => ColumnValues::Text(all[values].to_vec()),
    };
    Column {
        name: column.name.clone(),
        width: column.width,
        values,
        unit: column.unit.clone(),
    }
}

/// Opens the table.
pub(crate) fn open(table: Table) -> Opened {
    let describe = |column: &Column| ColumnInfo {
        name: column.name.clone(),
        kind: match column.values {
            ColumnValues::Float64(_) | ColumnValues::Float32(_) => ColumnKind::Number,
            ColumnValues::Int64(_) => ColumnKind::Integer,
            ColumnValues::Text(_) => ColumnKind::Text,
        },
        width: column.width,
        unit: column.unit.clone(),
    };
    Opened {
        columns: table.columns().iter().map(describe).collect(),
        rows: table.rows(),
        source: Box::new(InMemory(table)),
    }
}
