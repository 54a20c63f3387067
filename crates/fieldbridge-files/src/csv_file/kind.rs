//! What the cells of a CSV column are.

use crate::cells::Cell;
use crate::table::ColumnKind;

/// What all cells seen so far can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Inferred {
    /// All missing.
    Nothing,
    Boolean,
    Integer,
    Number,
    Text,
}

impl Inferred {
    pub(super) fn kind(self) -> ColumnKind {
        match self {
            Inferred::Boolean => ColumnKind::Boolean,
            Inferred::Integer => ColumnKind::Integer,
            Inferred::Nothing | Inferred::Number => ColumnKind::Number,
            Inferred::Text => ColumnKind::Text,
        }
    }
}

/// Takes one more cell into account.
pub(super) fn infer(before: Inferred, text: &str) -> Inferred {
    if before == Inferred::Text || missing(text) {
        return before;
    }
    let this = if text.parse::<i64>().is_ok() {
        Inferred::Integer
    } else if text.parse::<f64>().is_ok() {
        Inferred::Number
    } else if truth(text).is_some() {
        Inferred::Boolean
    } else {
        Inferred::Text
    };
    match (before, this) {
        (Inferred::Nothing, this) => this,
        (before, this) if before == this => this,
        (Inferred::Integer | Inferred::Number, Inferred::Integer | Inferred::Number) => Inferred::Number,
        _ => Inferred::Text,
    }
}

/// The value of a cell that is not text.
pub(super) fn cell(text: &str) -> Cell {
    if missing(text) {
        return Cell::Missing;
    }
    if let Ok(value) = text.parse() {
        return Cell::Integer(value);
    }
    match text.parse() {
        Ok(value) => Cell::Float64(value),
        Err(_) => truth(text).map_or(Cell::Missing, |value| Cell::Integer(i64::from(value))),
    }
}

fn missing(text: &str) -> bool {
    text.is_empty()
        || ["nan", "-nan", "na", "n/a", "null", "none", "<na>"]
            .iter()
            .any(|word| text.eq_ignore_ascii_case(word))
}

fn truth(text: &str) -> Option<bool> {
    [("true", true), ("false", false)]
        .iter()
        .find(|(word, _)| text.eq_ignore_ascii_case(word))
        .map(|pair| pair.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(cells: &[&str]) -> ColumnKind {
        cells
            .iter()
            .fold(Inferred::Nothing, |before, text| infer(before, text))
            .kind()
    }

    #[test]
    fn the_narrowest_kind_that_fits_all() {
        assert_eq!(kind(&["1", "-2", ""]), ColumnKind::Integer);
        assert_eq!(kind(&["1", "2.5", "NaN"]), ColumnKind::Number);
        assert_eq!(kind(&["1", "inf"]), ColumnKind::Number);
        assert_eq!(kind(&["99999999999999999999"]), ColumnKind::Number);
        assert_eq!(kind(&["True", "false", "NA"]), ColumnKind::Boolean);
        assert_eq!(kind(&["True", "1"]), ColumnKind::Text);
        assert_eq!(kind(&["1", "NGC 1"]), ColumnKind::Text);
        assert_eq!(kind(&["", "nan"]), ColumnKind::Number);
    }
}
