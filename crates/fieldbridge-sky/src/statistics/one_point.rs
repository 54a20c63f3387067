//! The distribution of the values of pixels.

use crate::SkyError;

/// Moments of the pixels of a map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments {
    /// Mean.
    pub mean: f64,
    /// Mean square distance from it.
    pub variance: f64,
    /// Third central moment over the variance to the power 3/2; zero for a Gaussian.
    pub skewness: f64,
    /// Fourth central moment over the variance squared, minus three; zero for a Gaussian.
    pub excess_kurtosis: f64,
}

/// Moments of values; not a number when there are none, or when they are all the same.
#[must_use]
pub fn moments(values: &[f64]) -> Moments {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let central = |power: i32| values.iter().map(|value| (value - mean).powi(power)).sum::<f64>() / count;
    let variance = central(2);
    Moments {
        mean,
        variance,
        skewness: central(3) / variance.powf(1.5),
        excess_kurtosis: central(4) / (variance * variance) - 3.0,
    }
}

/// Density of values between ascending edges: share of all values in a bin over its width. Those outside count in the shares
/// only.
///
/// # Errors
/// [`SkyError::Survey`] for edges that do not ascend.
pub fn histogram(values: &[f64], edges: &[f64]) -> Result<Vec<f64>, SkyError> {
    ascending(edges)?;
    let mut counts = vec![0.0; edges.len().saturating_sub(1)];
    for value in values {
        let place = edges.partition_point(|edge| edge <= value);
        if (1..edges.len()).contains(&place) {
            counts[place - 1] += 1.0;
        }
    }
    let widths = edges.windows(2).map(|pair| pair[1] - pair[0]);
    Ok(counts
        .iter()
        .zip(widths)
        .map(|(count, width)| count / width / values.len() as f64)
        .collect())
}

/// Refuses edges that do not ascend.
pub(super) fn ascending(edges: &[f64]) -> Result<(), SkyError> {
    match edges
        .windows(2)
        .find(|pair| !(pair[1] > pair[0] && (pair[1] - pair[0]).is_finite()))
    {
        None => Ok(()),
        Some(pair) => Err(SkyError::Survey {
            name: "width of a bin of values",
            value: pair[1] - pair[0],
            expected: "a positive number",
            hint: "edges of bins ascend",
        }),
    }
}
