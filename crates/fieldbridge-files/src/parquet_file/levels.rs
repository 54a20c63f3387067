//! From Parquet's repetition and definition levels to rows.
//!
//! Levels follow Melnik et al. 2010 (Dremel): a repetition level of 0 starts a row; a definition level below the largest
//! says which ancestor is missing.

use crate::cells::{Cell, push_cell};
use crate::table::ColumnValues;

/// How one leaf's levels are to be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// Values per row.
    pub(super) width: usize,
    /// Definition level of a value that is there.
    pub(super) present: i16,
    /// Definition level from which the list has an element at this place.
    pub(super) element: i16,
    /// Whether the leaf is inside a list.
    pub(super) list: bool,
}

/// A row that is not as long as the others.
pub(super) struct RaggedRow {
    /// Rows before it in this batch.
    pub(super) row: usize,
    /// Its length.
    pub(super) found: usize,
}

/// Appends a batch of cells; `cells` yields the values that are there, in order.
pub(super) fn append(
    shape: Shape,
    definition: &[i16],
    repetition: &[i16],
    mut cells: impl Iterator<Item = Cell>,
    values: &mut ColumnValues,
) -> Result<(), RaggedRow> {
    if !shape.list {
        for &level in definition {
            let cell = if level == shape.present { cells.next() } else { None };
            push_cell(values, cell.unwrap_or(Cell::Missing));
        }
        return Ok(());
    }
    let mut row = 0;
    let mut place = 0;
    while place < repetition.len() {
        let after = repetition[place + 1..]
            .iter()
            .position(|&level| level == 0)
            .map_or(repetition.len(), |next| place + 1 + next);
        // Without optional ancestors every level up to the list itself is zero.
        let levels = &definition[place..after];
        match length(shape, levels) {
            None => (0..shape.width).for_each(|_| push_cell(values, Cell::Missing)),
            Some(found) if found == shape.width => {
                for &level in levels {
                    let cell = if level == shape.present { cells.next() } else { None };
                    push_cell(values, cell.unwrap_or(Cell::Missing));
                }
            }
            Some(found) => return Err(RaggedRow { row, found }),
        }
        row += 1;
        place = after;
    }
    Ok(())
}

/// Elements of a list by its definition levels; `None` if the whole list is missing rather than empty.
pub(super) fn length(shape: Shape, levels: &[i16]) -> Option<usize> {
    match levels {
        [level] if *level + 1 == shape.element => Some(0),
        [level] if *level < shape.element => None,
        _ => Some(levels.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: Shape = Shape {
        width: 2,
        present: 3,
        element: 2,
        list: true,
    };

    fn rows(definition: &[i16], repetition: &[i16], values: &[f64]) -> Result<Vec<f64>, (usize, usize)> {
        let mut column = ColumnValues::Float64(vec![]);
        append(
            LIST,
            definition,
            repetition,
            values.iter().map(|&value| Cell::Float64(value)),
            &mut column,
        )
        .map_err(|ragged| (ragged.row, ragged.found))?;
        Ok(column.to_f64().unwrap())
    }

    #[test]
    fn lists_with_missing_elements_and_missing_lists() {
        let read = rows(&[3, 3, 0, 2, 3], &[0, 1, 0, 0, 1], &[1.0, 2.0, 3.0]).unwrap();
        assert_eq!(read[..2], [1.0, 2.0]);
        assert!(read[2..5].iter().all(|value| value.is_nan()));
        assert_eq!(read[5], 3.0);
    }

    #[test]
    fn lists_of_other_lengths_are_refused() {
        assert_eq!(rows(&[3, 3, 3], &[0, 1, 0], &[1.0, 2.0, 3.0]), Err((1, 1)));
        assert_eq!(rows(&[3, 3, 1], &[0, 1, 0], &[1.0, 2.0]), Err((1, 0)));
    }
}
