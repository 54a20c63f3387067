//! The posterior of the parameters that a Gaussian field would have.

use super::dense::{inverse, lower_root, multiply};
use super::observation::Observation;
use super::sampled_parameters::SampledParameters;
use crate::field::LensingField;
use crate::lensing::pairs;
use crate::{Priors, SkyError};

/// Steps to the peak.
const STEPS: usize = 60;
/// Largest step of a coordinate, in widths of its prior.
const LONGEST: f64 = 1.0;

/// `ln p = - sum_k (ln det C_k + d_k^T C_k^-1 d_k) / 2 - |t|^2 / 2` with `C_k = C(l) / area + noise` the covariance of the bins in
/// a mode: exact for Gaussian fields that are observed everywhere; else a place to start from, and a scale. Where a share `f`
/// of the pixels was observed, modes count by `f`.
#[derive(Debug)]
pub struct SpectrumPosterior<'a> {
    field: &'a LensingField,
    parameters: SampledParameters,
    /// Sum over images of `d d^T`, `[mode, bin, bin]`.
    products: Vec<f64>,
    /// Number of independent numbers in each mode.
    counts: Vec<f64>,
    /// Noise of the bins in a mode.
    noise: Vec<f64>,
}

/// A normal approximation of a posterior.
#[derive(Debug, Clone, PartialEq)]
pub struct Peak {
    /// Where it is highest.
    pub location: Vec<f64>,
    /// Lower triangular root of its covariance, `[row, column]`.
    pub root: Vec<f64>,
}

impl<'a> SpectrumPosterior<'a> {
    /// The posterior of a survey.
    #[must_use]
    pub fn new(field: &'a LensingField, priors: Priors, observation: &Observation) -> Self {
        let (n, area) = (field.bins(), field.patch().area_pixels());
        let octant = field.octant();
        let mut waves = observation.weighted_modes(field);
        for (plane, total) in waves.chunks_exact_mut(area).zip(&observation.totals) {
            for value in plane {
                *value /= total.max(f64::MIN_POSITIVE);
            }
        }
        let mut products = vec![0.0; octant.len() * n * n];
        let mut counts = vec![0.0; octant.len()];
        let shares = observation.observed_shares();
        let share = shares.iter().sum::<f64>() / n as f64;
        let side = field.patch().pixels();
        for row in 0..side {
            for (column, mode) in octant.row(row).enumerate() {
                counts[mode] += share;
                let place = row * side + column;
                for i in 0..n {
                    for j in 0..n {
                        products[(mode * n + i) * n + j] += share * waves[i * area + place] * waves[j * area + place];
                    }
                }
            }
        }
        Self {
            field,
            parameters: SampledParameters::new(priors),
            products,
            counts,
            // a bin that was not observed at all has no say
            noise: observation
                .totals
                .iter()
                .map(|&total| if total > 0.0 { total.recip() } else { 1e6 })
                .collect(),
        }
    }

    pub(super) fn field(&self) -> &LensingField {
        self.field
    }

    /// The parameters that are free.
    #[must_use]
    pub fn parameters(&self) -> &SampledParameters {
        &self.parameters
    }

    /// Sum over images of `d d^T`, `[mode, bin, bin]`.
    pub(super) fn products(&self) -> &[f64] {
        &self.products
    }

    /// Number of independent numbers in each mode.
    pub(super) fn counts(&self) -> &[f64] {
        &self.counts
    }

    /// Variance of the noise of a mode in each bin.
    pub(super) fn noise(&self) -> &[f64] {
        &self.noise
    }

    /// `ln p` up to a constant, its gradient, and the matrix of Fisher with that of the prior, `[row, column]`.
    ///
    /// # Errors
    /// Those of [`LensingField::universe`], for universes that cannot be.
    ///
    /// # Panics
    /// When there is not one number for each free parameter.
    pub fn at(&self, normals: &[f64]) -> Result<(f64, Vec<f64>, Vec<f64>), SkyError> {
        let (n, free) = (self.field.bins(), normals.len());
        let (cosmology, slopes) = self.parameters.universe(normals);
        let spectra = self.field.spectra(&cosmology)?;
        let steradian = self.field.patch().steradian();
        // values and slopes by every parameter, in every mode
        let columns: Vec<Vec<Vec<f64>>> = spectra
            .all()
            .map(|(_, values)| {
                let slope = |index: usize| {
                    let slopes: Vec<f64> = values.iter().map(|value| value.slope[index]).collect();
                    self.field.at_modes(&slopes)
                };
                std::iter::once(self.field.at_modes(values))
                    .chain((0..6).map(slope))
                    .collect()
            })
            .collect();
        let numbers: Vec<(_, Vec<Vec<f64>>)> = pairs(n).zip(columns).collect();
        let mut value = -0.5 * normals.iter().map(|normal| normal * normal).sum::<f64>();
        let mut gradient: Vec<f64> = normals.iter().map(|normal| -normal).collect();
        let mut fisher: Vec<f64> = (0..free * free)
            .map(|index| f64::from(index / free == index % free))
            .collect();
        let mut matrix = vec![0.0; n * n];
        for mode in 1..self.counts.len() {
            for ((i, j), columns) in &numbers {
                matrix[i * n + j] = columns[0][mode] / steradian;
                matrix[j * n + i] = matrix[i * n + j];
            }
            for i in 0..n {
                matrix[i * n + i] += self.noise[i];
            }
            let Some((inverse, logarithm)) = inverse(&matrix, n) else {
                return Err(SkyError::Spectrum {
                    first: 0,
                    second: n - 1,
                    multipole: self.field.multipoles()[mode],
                    value: matrix[n - 1],
                });
            };
            let product = &self.products[mode * n * n..][..n * n];
            value -= 0.5 * (self.counts[mode] * logarithm + trace(&inverse, product, n));
            let changes: Vec<Vec<f64>> = (0..6)
                .map(|parameter| {
                    let mut slope = vec![0.0; n * n];
                    for ((i, j), columns) in &numbers {
                        slope[i * n + j] = columns[parameter + 1][mode] / steradian;
                        slope[j * n + i] = slope[i * n + j];
                    }
                    multiply(&inverse, &slope, n)
                })
                .collect();
            let weighted = multiply(&inverse, product, n);
            let changed: Vec<f64> = changes
                .iter()
                .map(|change| {
                    let plain: f64 = (0..n).map(|i| change[i * n + i]).sum();
                    0.5 * (trace(change, &weighted, n) - self.counts[mode] * plain)
                })
                .collect();
            let by_normal: [f64; 6] = changed.try_into().expect("six parameters");
            for (sum, slope) in gradient.iter_mut().zip(self.parameters.pull_back(&by_normal, &slopes)) {
                *sum += slope;
            }
            for a in 0..6 {
                let row: [f64; 6] =
                    std::array::from_fn(|b| 0.5 * self.counts[mode] * trace(&changes[a], &changes[b], n));
                let mut picked = [0.0; 6];
                picked[a] = 1.0;
                let by_row: Vec<f64> = self.parameters.pull_back(&picked, &slopes).collect();
                for (i, first) in by_row.iter().enumerate().filter(|(_, first)| **first != 0.0) {
                    for (j, second) in self.parameters.pull_back(&row, &slopes).enumerate() {
                        fisher[i * free + j] += first * second;
                    }
                }
            }
        }
        Ok((value, gradient, fisher))
    }

    /// The highest point, by steps of Fisher's scoring from the medians of the priors, and the width there.
    ///
    /// # Errors
    /// Those of [`LensingField::universe`] when the medians of the priors are no possible universe.
    pub fn peak(&self) -> Result<Peak, SkyError> {
        let free = self.parameters.count();
        let mut location = vec![0.0; free];
        let mut here = self.at(&location)?;
        for _ in 0..STEPS {
            let Some(covariance) = inverse(&here.2, free).map(|(inverse, _)| inverse) else {
                break;
            };
            let mut step: Vec<f64> = (0..free)
                .map(|i| (0..free).map(|j| covariance[i * free + j] * here.1[j]).sum())
                .collect();
            let longest = step.iter().fold(0.0, |longest: f64, part| longest.max(part.abs()));
            if longest > LONGEST {
                step.iter_mut().for_each(|part| *part *= LONGEST / longest);
            }
            let mut next = None;
            for halvings in 0..12 {
                let share = 0.5_f64.powi(halvings);
                let trial: Vec<f64> = location.iter().zip(&step).map(|(at, part)| at + share * part).collect();
                if let Ok(found) = self.at(&trial)
                    && found.0 >= here.0
                {
                    next = Some((trial, found));
                    break;
                }
            }
            let Some((trial, found)) = next else {
                break;
            };
            let gain = found.0 - here.0;
            (location, here) = (trial, found);
            if gain < 1e-6 {
                break;
            }
        }
        let covariance = inverse(&here.2, free).map_or_else(|| identity(free), |(inverse, _)| inverse);
        let root = lower_root(&covariance, free).unwrap_or_else(|| identity(free));
        Ok(Peak { location, root })
    }
}

fn identity(n: usize) -> Vec<f64> {
    (0..n * n).map(|index| f64::from(index / n == index % n)).collect()
}

/// Trace of the product.
fn trace(one: &[f64], other: &[f64], n: usize) -> f64 {
    (0..n * n)
        .map(|index| one[index] * other[index % n * n + index / n])
        .sum()
}
