//! Parameters scaled by their truths, so that distances weigh them alike.

use super::draws::require_truths;
use super::error::CheckError;

/// Smallest truth and the width to the largest one, per parameter; a constant parameter keeps its own units.
fn parameter_ranges(truths: &[f64], parameters: usize) -> Vec<(f64, f64)> {
    (0..parameters)
        .map(|parameter| {
            let column = || truths.iter().skip(parameter).step_by(parameters).copied();
            let low = column().fold(f64::INFINITY, f64::min);
            let width = column().fold(f64::NEG_INFINITY, f64::max) - low;
            (low, if width > 0.0 { width } else { 1.0 })
        })
        .collect()
}

/// Truths of shape `[rows, parameters]`, and a low value and a width for every parameter by which it is scaled to [0, 1].
#[derive(Debug, Clone)]
pub(super) struct ScaledTruths<'a> {
    truths: &'a [f64],
    pub(super) parameters: usize,
    pub(super) ranges: Vec<(f64, f64)>,
}

impl<'a> ScaledTruths<'a> {
    /// Scaled by the range of the truths themselves.
    pub(super) fn new(truths: &'a [f64], parameters: usize) -> Result<Self, CheckError> {
        require_truths(truths, parameters)?;
        Ok(Self {
            truths,
            parameters,
            ranges: parameter_ranges(truths, parameters),
        })
    }

    /// Scaled by other ranges.
    pub(super) fn scale_by(&mut self, ranges: Vec<(f64, f64)>) {
        assert_eq!(ranges.len(), self.parameters, "a range for every parameter");
        self.ranges = ranges;
    }

    pub(super) fn row(&self, row: usize) -> &'a [f64] {
        &self.truths[row * self.parameters..][..self.parameters]
    }
}
