//! Mean and width of the parameters given power spectra alone, by weighted draws.

use rand::Rng;
use rand_distr::{ChiSquared, Distribution, StandardNormal};
use rayon::prelude::*;

use super::block::{determinant_and_inverse, packed};
use super::dense::lower_root;
use super::signal::packed_powers;
use super::{Peak, SpectrumPosterior};
use crate::{Cosmology, SkyError};

/// Degrees of freedom of the distribution that is drawn from: tails that are wider than the posterior's.
const FREEDOM: f64 = 5.0;
/// Draws of the rounds before the last, over those of the last.
const BEFORE: [f64; 2] = [0.35, 0.5];
/// What the place that was drawn from counts beside the draws, in effective draws for each parameter.
const INERTIA: f64 = 1.5;

/// Mean and deviation of every free parameter, in the order of [`SampledParameters::names`](super::SampledParameters::names).
#[derive(Debug, Clone, PartialEq)]
pub struct SpectrumMoments {
    /// Means.
    pub mean: Vec<f64>,
    /// Deviations.
    pub deviation: Vec<f64>,
    /// Effective number of draws, `(sum w)^2 / sum w^2`: the error of a mean is about a deviation over its root.
    pub effective: f64,
}

/// Draws in coordinates of the prior with the logarithms of their weights.
struct Weighted {
    points: Vec<Vec<f64>>,
    weights: Vec<f64>,
}

impl Weighted {
    /// Weights that sum to one, from logarithms; those of universes that cannot be are zero.
    fn new(points: Vec<Vec<f64>>, logarithms: &[f64]) -> Self {
        let highest = logarithms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut weights: Vec<f64> = logarithms.iter().map(|value| (value - highest).exp()).collect();
        let total: f64 = weights.iter().sum();
        weights.iter_mut().for_each(|weight| *weight /= total);
        if !total.is_finite() {
            weights.fill(0.0);
        }
        Self { points, weights }
    }

    fn effective(&self) -> f64 {
        let squares: f64 = self.weights.iter().map(|weight| weight * weight).sum();
        if squares > 0.0 { squares.recip() } else { 0.0 }
    }

    /// Mean and root of the covariance of the draws and of the place they were drawn from, which counts as a few of them: a
    /// covariance of few effective draws alone would be far too small in some direction.
    fn place(&self, before: &Peak) -> Peak {
        let free = before.location.len();
        let (effective, inertia) = (self.effective(), INERTIA * free as f64);
        let share = effective / (effective + inertia);
        let weighted = || {
            self.points
                .iter()
                .zip(&self.weights)
                .filter(|(_, weight)| **weight > 0.0)
        };
        let location: Vec<f64> = (0..free)
            .map(|at| {
                let mean: f64 = weighted().map(|(point, weight)| weight * point[at]).sum();
                share * mean + (1.0 - share) * before.location[at]
            })
            .collect();
        let covariance: Vec<f64> = (0..free * free)
            .map(|at| {
                let (i, j) = (at / free, at % free);
                let product = |point: &[f64]| (point[i] - location[i]) * (point[j] - location[j]);
                let drawn: f64 = weighted().map(|(point, weight)| weight * product(point)).sum();
                let old: f64 = (0..free)
                    .map(|k| before.root[i * free + k] * before.root[j * free + k])
                    .sum();
                share * drawn + (1.0 - share) * (old + product(&before.location))
            })
            .collect();
        match lower_root(&covariance, free) {
            Some(root) => Peak { location, root },
            None => before.clone(),
        }
    }
}

impl SpectrumPosterior<'_> {
    /// `ln p` up to a constant, without derivatives: that of [`SpectrumPosterior::at`] at a fraction of its cost.
    ///
    /// # Errors
    /// Those of [`LensingField::spectra`](crate::field::LensingField::spectra), for universes that cannot be.
    ///
    /// # Panics
    /// When there is not one number for each free parameter.
    pub fn log_density(&self, normals: &[f64]) -> Result<f64, SkyError> {
        let bins = self.field().bins();
        let powers = packed_powers(self.field(), &Cosmology::flat(self.parameters().values(normals)))?;
        let products = packed(self.products(), bins);
        let pairs = bins * (bins + 1) / 2;
        let mut value = -0.5 * normals.iter().map(|normal| normal * normal).sum::<f64>();
        let modes = powers
            .chunks_exact(pairs)
            .zip(products.chunks_exact(pairs))
            .zip(self.counts());
        // the mean of a map says nothing
        for ((power, product), count) in modes.skip(1) {
            let Some((logarithm, inverse)) = determinant_and_inverse(power, self.noise()) else {
                return Ok(f64::NEG_INFINITY);
            };
            let distance: f64 = inverse.iter().zip(product).map(|(a, b)| a * b).sum();
            value -= 0.5 * (count * logarithm + distance);
        }
        Ok(value)
    }

    /// Mean and deviation of the free parameters by importance sampling: draws of Student's distribution with the place and
    /// the covariance that the posterior has at its peak, then of one with their mean and covariance, and, for the answer, `draws`
    /// of a third one (population Monte Carlo; Cappe et al. 2004).
    ///
    /// # Errors
    /// Those of [`SpectrumPosterior::peak`]; [`SkyError::Survey`] when none of the draws is a universe that can be.
    pub fn moments(&self, draws: usize, random: &mut impl Rng) -> Result<SpectrumMoments, SkyError> {
        let mut place = self.peak()?;
        for share in BEFORE {
            place = self
                .drawn(&place, (share * draws as f64).ceil() as usize, random)
                .place(&place);
        }
        let found = self.drawn(&place, draws, random);
        if found.effective() == 0.0 {
            return Err(SkyError::Survey {
                name: "effective draws given the spectra",
                value: 0.0,
                expected: "more than 0",
                hint: "hardly any universe of the prior can be; cut it",
            });
        }
        let free = self.parameters().free();
        let (mut mean, mut squares) = (vec![0.0; free.len()], vec![0.0; free.len()]);
        for (point, weight) in found.points.iter().zip(&found.weights) {
            let values = self.parameters().values(point);
            for (at, &parameter) in free.iter().enumerate() {
                mean[at] += weight * values[parameter];
                squares[at] += weight * values[parameter] * values[parameter];
            }
        }
        let deviation = squares
            .iter()
            .zip(&mean)
            .map(|(square, mean)| (square - mean * mean).max(0.0).sqrt());
        Ok(SpectrumMoments {
            deviation: deviation.collect(),
            mean,
            effective: found.effective(),
        })
    }

    /// Draws of Student's distribution with this place and root, weighted by the posterior.
    fn drawn(&self, place: &Peak, count: usize, random: &mut impl Rng) -> Weighted {
        let free = place.location.len();
        let chi_squared = ChiSquared::new(FREEDOM).expect("a positive number");
        let (mut points, mut proposed) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for _ in 0..count {
            let stretch = (FREEDOM / chi_squared.sample(random)).sqrt();
            let white: Vec<f64> = (0..free)
                .map(|_| stretch * Distribution::<f64>::sample(&StandardNormal, random))
                .collect();
            let square: f64 = white.iter().map(|value| value * value).sum();
            proposed.push(-0.5 * (FREEDOM + free as f64) * (square / FREEDOM).ln_1p());
            points.push(
                (0..free)
                    .map(|i| {
                        let moved: f64 = (0..=i).map(|j| place.root[i * free + j] * white[j]).sum();
                        place.location[i] + moved
                    })
                    .collect::<Vec<f64>>(),
            );
        }
        let logarithms: Vec<f64> = points
            .par_iter()
            .zip(&proposed)
            // a universe that cannot be has no share
            .map(|(point, proposed)| {
                self.log_density(point)
                    .map_or(f64::NEG_INFINITY, |value| value - proposed)
            })
            .collect();
        Weighted::new(points, &logarithms)
    }
}
