//! What can be wrong with the numbers handed to a check.

use thiserror::Error;

/// Why a check could not be made. Rows are counted from zero, as in the arrays handed in.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum CheckError {
    /// An array without a single row.
    #[error("{what}: no rows to check; hold out at least one row with a known truth")]
    Empty {
        /// Which array.
        what: &'static str,
    },
    /// Two arrays that must agree in length do not.
    #[error("{what}: expected {expected} values, found {found}; pass one entry per row, in the same order")]
    LengthMismatch {
        /// Which array.
        what: &'static str,
        /// Length that the other arguments ask for.
        expected: usize,
        /// Length handed in.
        found: usize,
    },
    /// NaN or infinity where a number is needed.
    #[error("{what}: row {row} holds {value}, expected a finite number; drop or repair this row before checking")]
    NonFinite {
        /// Which array.
        what: &'static str,
        /// Row of the first such value.
        row: usize,
        /// The value found.
        value: f64,
    },
    /// A finite number outside the range in which it has a meaning.
    #[error("{what}: row {row} holds {value}, expected a number from {low} to {high}")]
    OutOfRange {
        /// Which array.
        what: &'static str,
        /// Row of the first such value.
        row: usize,
        /// The value found.
        value: f64,
        /// Smallest value allowed.
        low: f64,
        /// Largest value allowed.
        high: f64,
    },
    /// A grid or a list of levels that does not increase.
    #[error("{what}: entry {index} ({value}) does not exceed the one before; sort it and drop repeated entries")]
    NotIncreasing {
        /// Which array.
        what: &'static str,
        /// First entry that does not exceed its predecessor.
        index: usize,
        /// The value found.
        value: f64,
    },
    /// A count (draws, bins, resamples, parameters) too small for the check.
    #[error("{what}: expected at least {least}, found {found}")]
    TooFew {
        /// What is counted.
        what: &'static str,
        /// Smallest count that works.
        least: usize,
        /// Count handed in.
        found: usize,
    },
    /// A density on a grid that cannot be normalised.
    #[error("{what}: row {row} integrates to {integral} over its grid, expected more than zero; widen the grid")]
    NoMass {
        /// Which array.
        what: &'static str,
        /// First such row.
        row: usize,
        /// Integral found.
        integral: f64,
    },
    /// A set of points without a single one.
    #[error("{what}: no points; give at least two rows of finite numbers")]
    NoPoints {
        /// Which set.
        what: &'static str,
    },
    /// Two sets of points of different dimension.
    #[error(
        "points of the reference have {reference} columns, those of the sample {sample}; compare the same columns of both"
    )]
    DimensionMismatch {
        /// Columns of the reference.
        reference: usize,
        /// Columns of the sample.
        sample: usize,
    },
    /// Two sets of different size where equal ones are needed.
    #[error(
        "{what}: the reference has {reference} rows, the sample {sample}; its value at equality is 1/2 only for as many rows \
         of each, so choose as many"
    )]
    UnequalRows {
        /// Which distance.
        what: &'static str,
        /// Rows of the reference.
        reference: usize,
        /// Rows of the sample.
        sample: usize,
    },
    /// A coupling that would need too large a matrix.
    #[error(
        "an exact coupling of {reference} and {sample} points needs the least common multiple of both as rows, at most {most}; \
         take as many rows of each, or fewer"
    )]
    AssignmentTooLarge {
        /// Rows of the reference.
        reference: usize,
        /// Rows of the sample.
        sample: usize,
        /// Most rows.
        most: usize,
    },
    /// An iteration that did not arrive.
    #[error("{what} did not converge within {steps} steps; {hint}")]
    NotConverged {
        /// Which iteration.
        what: &'static str,
        /// Steps done.
        steps: usize,
        /// Likely fix.
        hint: &'static str,
    },
}

/// Refuses an empty array and one with NaN or infinities; `width` values make one row.
pub(super) fn require_finite(what: &'static str, values: &[f64], width: usize) -> Result<(), CheckError> {
    if values.is_empty() {
        return Err(CheckError::Empty { what });
    }
    match values.iter().position(|value| !value.is_finite()) {
        Some(index) => Err(CheckError::NonFinite {
            what,
            row: index / width.max(1),
            value: values[index],
        }),
        None => Ok(()),
    }
}

/// Refuses anything but finite numbers within `low ..= high`.
pub(super) fn require_within(what: &'static str, values: &[f64], low: f64, high: f64) -> Result<(), CheckError> {
    require_finite(what, values, 1)?;
    match values.iter().position(|value| *value < low || *value > high) {
        Some(row) => Err(CheckError::OutOfRange {
            what,
            row,
            value: values[row],
            low,
            high,
        }),
        None => Ok(()),
    }
}

/// Refuses arrays whose length is not the one expected.
pub(super) fn require_length(what: &'static str, expected: usize, found: usize) -> Result<(), CheckError> {
    if expected == found {
        Ok(())
    } else {
        Err(CheckError::LengthMismatch { what, expected, found })
    }
}

/// Refuses sequences that do not strictly increase.
pub(super) fn require_increasing(what: &'static str, values: &[f64]) -> Result<(), CheckError> {
    match values.windows(2).position(|pair| pair[1] <= pair[0]) {
        Some(before) => Err(CheckError::NotIncreasing {
            what,
            index: before + 1,
            value: values[before + 1],
        }),
        None => Ok(()),
    }
}

/// Refuses counts below the least that works.
pub(super) fn require_count(what: &'static str, least: usize, found: usize) -> Result<(), CheckError> {
    if found < least {
        Err(CheckError::TooFew { what, least, found })
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_row_of_a_bad_value_counts_whole_rows() {
        let values = [0.0, 1.0, 2.0, 3.0, f64::NAN, 5.0];
        match require_finite("draws", &values, 3) {
            Err(CheckError::NonFinite { row, .. }) => assert_eq!(row, 1),
            other => panic!("expected a non-finite row, found {other:?}"),
        }
    }

    #[test]
    fn messages_name_the_row_and_what_to_do() {
        let message = require_within("PIT values", &[0.5, 1.5], 0.0, 1.0)
            .unwrap_err()
            .to_string();
        assert_eq!(message, "PIT values: row 1 holds 1.5, expected a number from 0 to 1");
        assert!(
            require_finite("truths", &[], 1)
                .unwrap_err()
                .to_string()
                .contains("no rows")
        );
    }
}
