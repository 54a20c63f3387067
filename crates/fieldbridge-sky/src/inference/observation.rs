//! What was observed, checked.

use crate::SkyError;
use crate::field::LensingField;

/// A noisy map of convergence, `[bin, row, column]`, and the inverse variance of the noise in each pixel.
///
/// Pixels that are not numbers were not observed: their noise is infinite, and what stands in them is never read.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// Convergence; zero where nothing was observed.
    pub(super) convergence: Vec<f64>,
    /// `1 / sigma^2` of each pixel; zero where nothing was observed.
    pub(super) weights: Vec<f64>,
    /// Sum of the weights of each bin.
    pub(super) totals: Vec<f64>,
}

impl Observation {
    /// From maps in the bins of `field` and the deviation of the noise of a pixel in each.
    ///
    /// # Errors
    /// [`SkyError::Observation`] for maps of another size, noise that is not positive, infinite values, or no observed pixel.
    pub fn new(field: &LensingField, convergence: &[f64], noise: &[f64]) -> Result<Self, SkyError> {
        let refused = |what, found: String, expected: String, hint| {
            Err(SkyError::Observation {
                what,
                found,
                expected,
                hint,
            })
        };
        let side = field.patch().pixels();
        if convergence.len() != field.size() || noise.len() != field.bins() {
            return refused(
                "size",
                format!("{} pixels and {} bins with noise", convergence.len(), noise.len()),
                format!("{} bins of {side} by {side} pixels", field.bins()),
                "observation and survey must agree",
            );
        }
        if let Some(bin) = noise.iter().position(|&sigma| !(sigma > 0.0 && sigma.is_finite())) {
            let found = format!("{} in bin {bin}", noise[bin]);
            return refused(
                "noise",
                found,
                "a positive number".to_owned(),
                "give the deviation of a pixel",
            );
        }
        if let Some(index) = convergence.iter().position(|value| value.is_infinite()) {
            let area = field.patch().area_pixels();
            let (bin, row, column) = (index / area, index % area / side, index % side);
            return refused(
                "value",
                format!("{} at bin {bin}, row {row}, column {column}", convergence[index]),
                "finite numbers, or NaN where nothing was observed".to_owned(),
                "mask the pixel with NaN",
            );
        }
        let planes = convergence.chunks_exact(field.patch().area_pixels()).zip(noise);
        let weights: Vec<f64> = planes
            .flat_map(|(plane, sigma)| {
                let weight = (sigma * sigma).recip();
                plane.iter().map(move |value| if value.is_nan() { 0.0 } else { weight })
            })
            .collect();
        let totals: Vec<f64> = weights
            .chunks_exact(field.patch().area_pixels())
            .map(|plane| plane.iter().sum())
            .collect();
        if totals.iter().all(|&total| total == 0.0) {
            return refused(
                "mask",
                "no observed pixel in any bin".to_owned(),
                "at least one".to_owned(),
                "NaN marks what was not observed; look at how the map was written",
            );
        }
        Ok(Self {
            convergence: convergence
                .iter()
                .map(|&value| if value.is_nan() { 0.0 } else { value })
                .collect(),
            weights,
            totals,
        })
    }

    /// `sum_x w d cas(k x)` in every mode, `[bin, row, column]`.
    pub(super) fn weighted_modes(&self, field: &LensingField) -> Vec<f64> {
        let terms = self.convergence.iter().zip(&self.weights);
        let mut modes: Vec<f64> = terms.map(|(value, weight)| value * weight).collect();
        field.transform().apply_each(&mut modes);
        modes
    }

    /// Share of the pixels of each bin that were observed.
    #[must_use]
    pub fn observed_shares(&self) -> Vec<f64> {
        let area = self.weights.len() / self.totals.len();
        self.weights
            .chunks_exact(area)
            .map(|plane| plane.iter().filter(|&&weight| weight > 0.0).count() as f64 / area as f64)
            .collect()
    }
}
