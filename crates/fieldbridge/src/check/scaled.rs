//! Parameters scaled by their truths, so that distances weigh them alike.

/// Smallest truth and the width to the largest one, per parameter; a constant parameter keeps its own units.
pub(super) fn parameter_ranges(truths: &[f64], parameters: usize) -> Vec<(f64, f64)> {
    (0..parameters)
        .map(|parameter| {
            let column = || truths.iter().skip(parameter).step_by(parameters).copied();
            let low = column().fold(f64::INFINITY, f64::min);
            let width = column().fold(f64::NEG_INFINITY, f64::max) - low;
            (low, if width > 0.0 { width } else { 1.0 })
        })
        .collect()
}
