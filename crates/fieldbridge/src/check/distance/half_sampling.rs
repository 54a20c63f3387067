//! The standard error of a distance from halves of both sets.

use rayon::prelude::*;

use super::{Distance, Points};
use crate::check::error::{CheckError, require_count};
use crate::random::Stream;

/// Spread of the distance over halves; see [`Distance::estimate`].
pub(super) fn standard_error<D: Distance + ?Sized>(
    distance: &D,
    reference: &Points,
    sample: &Points,
    resamples: usize,
    stream: &Stream,
) -> Result<f64, CheckError> {
    require_count("resamples", 2, resamples)?;
    let half = |points: &Points, purpose: &str, index: usize| {
        let order = stream.child(purpose, index as u64).permutation(points.rows());
        points.choose(&order[..points.rows() / 2])
    };
    let values = (0..resamples)
        .into_par_iter()
        .map(|index| {
            let (reference, sample) = (half(reference, "reference", index), half(sample, "sample", index));
            distance.between(&reference, &sample, stream)
        })
        .collect::<Result<Vec<f64>, _>>()?;
    Ok(mean_and_spread(&values).1)
}

/// Mean and standard deviation (n - 1).
pub(super) fn mean_and_spread(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let square: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (square / (count - 1.0).max(1.0)).sqrt())
}
