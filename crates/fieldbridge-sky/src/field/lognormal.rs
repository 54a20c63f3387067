//! The Gaussian spectrum under a log-normal one, for one pair of bins.

use super::Convention;
use super::even::EvenTransform;

/// Steps of Newton's method for the variance of the mean; it doubles its digits at each.
const STEPS: usize = 60;

/// `P` of one pair and what its derivatives need.
#[derive(Debug, Clone)]
pub(super) struct LogNormalPair {
    /// `P` of every mode of the octant.
    pub(super) spectrum: Vec<f64>,
    /// `xi` of every separation of the octant, with the variance of the mean.
    correlation: Vec<f64>,
    /// `lambda_i lambda_j`.
    product: f64,
}

/// A correlation that no log-normal field with these shifts can have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Impossible {
    /// Entry of the octant.
    pub(super) entry: usize,
    pub(super) correlation: f64,
}

impl LogNormalPair {
    /// From the variance of every mode of the log-normal field.
    pub(super) fn new(
        variances: &[f64],
        product: f64,
        convention: Convention,
        even: &EvenTransform,
        multiplicities: &[f64],
    ) -> Result<Self, Impossible> {
        let mut correlation = even.apply(variances);
        if let Some((entry, &correlation)) = correlation
            .iter()
            .enumerate()
            .find(|&(_, &xi)| !(1.0 + xi / product > 0.0))
        {
            return Err(Impossible { entry, correlation });
        }
        if convention == Convention::SelfConsistent {
            let mean = variance_of_the_mean(&correlation, product, multiplicities);
            for xi in &mut correlation {
                *xi += mean;
            }
        }
        let logarithms: Vec<f64> = correlation.iter().map(|xi| (xi / product).ln_1p()).collect();
        let area: f64 = multiplicities.iter().sum();
        let mut spectrum = even.apply(&logarithms);
        for value in &mut spectrum {
            *value /= area;
        }
        spectrum[0] = 0.0;
        Ok(Self {
            spectrum,
            correlation,
            product,
        })
    }

    /// From derivatives by `P` to those by the variances and by the product of the shifts.
    pub(super) fn pull_back(
        &self,
        gradient: &[f64],
        convention: Convention,
        even: &EvenTransform,
        multiplicities: &[f64],
    ) -> (Vec<f64>, f64) {
        let area: f64 = multiplicities.iter().sum();
        let by_spectrum: Vec<f64> = std::iter::once(0.0)
            .chain(gradient[1..].iter().map(|gradient| gradient / area))
            .collect();
        let by_logarithm = even.pull_back(&by_spectrum, multiplicities);
        let weights: Vec<f64> = self.correlation.iter().map(|xi| (self.product + xi).recip()).collect();
        let mut by_correlation: Vec<f64> = by_logarithm.iter().zip(&weights).map(|(l, w)| l * w).collect();
        if convention == Convention::SelfConsistent {
            // the variance of the mean follows so that the sum of the logarithms stays zero
            let total: f64 = by_correlation.iter().sum();
            let all: f64 = weights.iter().zip(multiplicities).map(|(w, m)| w * m).sum();
            for ((slope, w), m) in by_correlation.iter_mut().zip(&weights).zip(multiplicities) {
                *slope -= total / all * w * m;
            }
        }
        let moment: f64 = by_correlation
            .iter()
            .zip(&self.correlation)
            .map(|(slope, xi)| slope * xi)
            .sum();
        let mut by_variances = even.pull_back(&by_correlation, multiplicities);
        by_variances[0] = 0.0;
        (by_variances, -moment / self.product)
    }
}

/// `c` with `sum ln(1 + (xi + c) / Lambda) = 0`. The sum is below zero at `c = 0` (Jensen), grows and is concave, so
/// Newton's method climbs to the root without passing it.
fn variance_of_the_mean(correlation: &[f64], product: f64, multiplicities: &[f64]) -> f64 {
    let mut mean = 0.0;
    for _ in 0..STEPS {
        let (mut sum, mut slope) = (0.0, 0.0);
        for (xi, m) in correlation.iter().zip(multiplicities) {
            sum += m * ((xi + mean) / product).ln_1p();
            slope += m / (product + xi + mean);
        }
        let step = sum / slope;
        mean -= step;
        // the next step would be of the order of the square of this one
        if step.abs() <= 1e-9 * product {
            break;
        }
    }
    mean
}
