//! Builds a column cell by cell when cells may be missing.

use crate::table::ColumnValues;

/// One cell.
pub(crate) enum Cell {
    Float32(f32),
    Float64(f64),
    Integer(i64),
    Text(String),
    Missing,
}

/// Appends `cell`; integers turn into 64-bit floats with the first missing cell or fraction, others take NaN or "".
pub(crate) fn push_cell(values: &mut ColumnValues, cell: Cell) {
    match (&mut *values, cell) {
        (ColumnValues::Float32(values), Cell::Float32(value)) => values.push(value),
        (ColumnValues::Float32(values), Cell::Float64(value)) => values.push(value as f32),
        (ColumnValues::Float32(values), Cell::Integer(value)) => values.push(value as f32),
        (ColumnValues::Float32(values), Cell::Missing | Cell::Text(_)) => values.push(f32::NAN),
        (ColumnValues::Float64(values), Cell::Float32(value)) => values.push(f64::from(value)),
        (ColumnValues::Float64(values), Cell::Float64(value)) => values.push(value),
        (ColumnValues::Float64(values), Cell::Integer(value)) => values.push(value as f64),
        (ColumnValues::Float64(values), Cell::Missing | Cell::Text(_)) => values.push(f64::NAN),
        (ColumnValues::Int64(values), Cell::Integer(value)) => values.push(value),
        (ColumnValues::Int64(whole), other) => {
            let floats = whole.iter().map(|&value| value as f64).collect();
            *values = ColumnValues::Float64(floats);
            push_cell(values, other);
        }
        (ColumnValues::Text(values), Cell::Text(value)) => values.push(value),
        (ColumnValues::Text(values), Cell::Missing) => values.push(String::new()),
        (ColumnValues::Text(values), Cell::Float32(value)) => values.push(value.to_string()),
        (ColumnValues::Text(values), Cell::Float64(value)) => values.push(value.to_string()),
        (ColumnValues::Text(values), Cell::Integer(value)) => values.push(value.to_string()),
    }
}

/// Appends `more` to `values`; a mixture of integers and floats becomes 64-bit floats.
pub(crate) fn append(values: &mut ColumnValues, more: ColumnValues) {
    match (&mut *values, more) {
        (ColumnValues::Float64(values), ColumnValues::Float64(more)) => values.extend(more),
        (ColumnValues::Float32(values), ColumnValues::Float32(more)) => values.extend(more),
        (ColumnValues::Int64(values), ColumnValues::Int64(more)) => values.extend(more),
        (ColumnValues::Text(values), ColumnValues::Text(more)) => values.extend(more),
        (empty, more) if empty.is_empty() => *values = more,
        (_, ColumnValues::Float64(more)) => more
            .into_iter()
            .for_each(|value| push_cell(values, Cell::Float64(value))),
        (_, ColumnValues::Float32(more)) => more
            .into_iter()
            .for_each(|value| push_cell(values, Cell::Float32(value))),
        (_, ColumnValues::Int64(more)) => more
            .into_iter()
            .for_each(|value| push_cell(values, Cell::Integer(value))),
        (_, ColumnValues::Text(more)) => more.into_iter().for_each(|value| push_cell(values, Cell::Text(value))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_integer_makes_floats() {
        let mut values = ColumnValues::Int64(vec![]);
        push_cell(&mut values, Cell::Integer(4));
        assert_eq!(values, ColumnValues::Int64(vec![4]));
        push_cell(&mut values, Cell::Missing);
        push_cell(&mut values, Cell::Integer(5));
        let ColumnValues::Float64(values) = values else {
            panic!("integers with a gap are floats")
        };
        assert!(values[0] == 4.0 && values[1].is_nan() && values[2] == 5.0);
    }
}
