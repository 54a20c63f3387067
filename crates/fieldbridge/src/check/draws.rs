//! Posterior draws of many rows, checked once.

use super::error::{CheckError, require_count, require_finite, require_length};

/// A view of posterior draws, shape `[rows, draws, parameters]`, row-major, every value finite.
#[derive(Debug, Clone, Copy)]
pub struct Draws<'a> {
    values: &'a [f64],
    rows: usize,
    draws: usize,
    parameters: usize,
}

impl<'a> Draws<'a> {
    /// Checks the shape and that every value is finite.
    ///
    /// # Errors
    /// No rows, no draws, no parameters, a length other than `rows * draws * parameters`, or a value that is not
    /// finite (its row is named).
    pub fn new(values: &'a [f64], rows: usize, draws: usize, parameters: usize) -> Result<Self, CheckError> {
        if rows == 0 {
            return Err(CheckError::Empty { what: "draws" });
        }
        require_count("draws of each row", 1, draws)?;
        require_count("parameters", 1, parameters)?;
        require_length(
            "draws",
            rows.saturating_mul(draws).saturating_mul(parameters),
            values.len(),
        )?;
        require_finite("draws", values, draws * parameters)?;
        Ok(Self {
            values,
            rows,
            draws,
            parameters,
        })
    }

    /// Number of rows (observations with a known truth).
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of draws of each row.
    pub fn draws(&self) -> usize {
        self.draws
    }

    /// Number of parameters of each draw.
    pub fn parameters(&self) -> usize {
        self.parameters
    }

    /// The draws of one row, shape `[draws, parameters]`.
    pub(super) fn row(&self, row: usize) -> &'a [f64] {
        let width = self.draws * self.parameters;
        &self.values[row * width..(row + 1) * width]
    }

    /// The draws of one parameter in one row.
    pub(super) fn column(&self, row: usize, parameter: usize) -> impl Iterator<Item = f64> + 'a {
        self.row(row).iter().skip(parameter).step_by(self.parameters).copied()
    }

    /// Checks the truths, shape `[rows, parameters]`, against these draws.
    pub(super) fn require_truths(&self, truths: &[f64]) -> Result<(), CheckError> {
        require_length("truths", self.rows * self.parameters, truths.len())?;
        require_finite("truths", truths, self.parameters)
    }

    /// Checks that a parameter of this number exists.
    pub(super) fn require_parameter(&self, parameter: usize) -> Result<(), CheckError> {
        require_count("parameters of each draw", parameter.saturating_add(1), self.parameters)
    }
}

/// Checks that truths are whole, finite rows of `parameters` numbers.
pub(super) fn require_truths(truths: &[f64], parameters: usize) -> Result<(), CheckError> {
    require_count("parameters", 1, parameters)?;
    if truths.is_empty() {
        return Err(CheckError::Empty { what: "truths" });
    }
    require_length("truths", truths.len() / parameters * parameters, truths.len())?;
    require_finite("truths", truths, parameters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_follow_the_shape() {
        let values: Vec<f64> = (0..12).map(f64::from).collect();
        let draws = Draws::new(&values, 2, 3, 2).unwrap();
        assert_eq!(draws.column(1, 0).collect::<Vec<_>>(), [6.0, 8.0, 10.0]);
        assert_eq!(draws.row(0), &values[..6]);
    }

    #[test]
    fn bad_shapes_and_values_are_refused() {
        assert!(matches!(Draws::new(&[], 0, 3, 1), Err(CheckError::Empty { .. })));
        assert!(matches!(Draws::new(&[1.0], 1, 0, 1), Err(CheckError::TooFew { .. })));
        assert!(matches!(
            Draws::new(&[1.0], 1, 2, 1),
            Err(CheckError::LengthMismatch {
                expected: 2,
                found: 1,
                ..
            })
        ));
        assert!(matches!(
            Draws::new(&[1.0], usize::MAX, usize::MAX, 2),
            Err(CheckError::LengthMismatch { .. })
        ));
        let with_gap = [0.0, 1.0, f64::INFINITY, 2.0];
        assert!(matches!(
            Draws::new(&with_gap, 2, 2, 1),
            Err(CheckError::NonFinite { row: 1, .. })
        ));
    }
}
