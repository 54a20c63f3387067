//! Third moments of filtered maps.

use super::block::{POSITIVE, inverse_of_sum, wiener};
use super::mode_filter::ModeFilter;
use super::signal::{noise_of_a_mode, packed_powers};
use crate::field::LensingField;
use crate::{Cosmology, SkyError};

/// `<w_i w_j u_k> / (d(w_i) d(w_j) d(u_k))` of an observation `d` in two filtered forms,
///
/// `w = P (P + N)^-1 d`, `u = (P + N)^-1 d`,
///
/// with signal and noise of covariances `P(k)`, `N` over the bins in one universe, as of [`WienerFilter`](super::WienerFilter); `<>` is the mean over
/// the pixels of the patch, `d()` the deviation, and `i <= j` and `k` are bins.
///
/// A log-normal field is `kappa = g + (g^2 - <g^2>) / (2 lambda) + ..` of a Gaussian one `g`, and to first order in `1 / lambda` the slope of the
/// log-likelihood of a noisy map by `1 / lambda` is a sum of such moments: `w` estimates `g`, and `u` is the map that a small change of the signal
/// is weighed with. (For primordial non-Gaussianity of this form: Komatsu, Spergel and Wandelt 2005, arXiv:astro-ph/0305189.) So they hold what third moments can
/// say, whatever the scale. The universe need not be the true one: another one weighs less well, and changes the moments for data and simulations alike.
#[derive(Debug, Clone)]
pub struct ThirdMoments {
    bins: usize,
    estimate: ModeFilter,
    weighed: ModeFilter,
}

impl ThirdMoments {
    /// Of observations of a field with `noise`, the deviation of a pixel in each bin, filtered as is best in a universe.
    ///
    /// # Errors
    /// Those of [`LensingField::spectra`], for a universe that cannot be.
    pub fn new(field: &LensingField, noise: &[f64], cosmology: &Cosmology) -> Result<Self, SkyError> {
        let noise = noise_of_a_mode(field, noise);
        let powers = packed_powers(field, cosmology)?;
        let inverse = |power: &[f64]| inverse_of_sum(power, &noise).expect(POSITIVE).0;
        Ok(Self {
            bins: field.bins(),
            estimate: ModeFilter::new(field, &powers, |power| wiener(power, &noise).0),
            weighed: ModeFilter::new(field, &powers, inverse),
        })
    }

    /// How many moments there are of `bins` maps.
    #[must_use]
    pub fn count(bins: usize) -> usize {
        bins * bins * (bins + 1) / 2
    }

    /// Moments of maps `[bin, row, column]`, `[pair, bin]` with pairs (0,0), (0,1), ..., (1,1), ... The means of maps have no say, and maps
    /// of zeros have moments of zero.
    ///
    /// # Panics
    /// When there are other maps than those of the field.
    #[must_use]
    pub fn measure(&self, maps: &[f64]) -> Vec<f64> {
        let mut modes = self.estimate.modes(maps);
        let area = modes.len() / self.bins;
        for mean in modes.chunks_exact_mut(area) {
            mean[0] = 0.0;
        }
        let scaled = |filter: &ModeFilter| {
            let mut maps = filter.maps(&modes);
            maps.chunks_exact_mut(area).for_each(over_deviation);
            maps
        };
        let (estimate, weighed) = (scaled(&self.estimate), scaled(&self.weighed));
        let map = |bin: usize| &estimate[bin * area..(bin + 1) * area];
        let mut found = Vec::with_capacity(Self::count(self.bins));
        for i in 0..self.bins {
            for j in i..self.bins {
                let product: Vec<f64> = map(i).iter().zip(map(j)).map(|(one, other)| one * other).collect();
                for third in weighed.chunks_exact(area) {
                    let sum: f64 = product.iter().zip(third).map(|(both, one)| both * one).sum();
                    found.push(sum / area as f64);
                }
            }
        }
        found
    }
}

/// Divides a map without mean by its deviation.
fn over_deviation(map: &mut [f64]) {
    let variance = map.iter().map(|value| value * value).sum::<f64>() / map.len() as f64;
    let factor = if variance > 0.0 { variance.sqrt().recip() } else { 0.0 };
    map.iter_mut().for_each(|value| *value *= factor);
}

#[cfg(test)]
mod tests {
    use super::super::exact_gaussian::tests::{covariance, observed, simulator, solve, with_noise};
    use super::*;

    fn simulated(pixels: usize) -> (crate::Simulator, ThirdMoments) {
        let mut simulator = simulator(pixels);
        simulator.noise[1] *= 3.0;
        let moments = ThirdMoments::new(&simulator.field, &simulator.noise, &simulator.priors.centre()).unwrap();
        (simulator, moments)
    }

    #[test]
    fn moments_are_those_of_maps_filtered_by_dense_matrices() {
        let (simulator, moments) = simulated(6);
        let signal = covariance(&simulator, &simulator.priors.centre());
        let whole = with_noise(&simulator, &signal);
        let size = simulator.field.size();
        // no map has a mean: the signal has none, and that of the noise is taken out before
        let mut observation = observed(&simulator, 1).observation;
        for map in observation.chunks_exact_mut(36) {
            let mean = map.iter().sum::<f64>() / 36.0;
            map.iter_mut().for_each(|value| *value -= mean);
        }
        let (weighed, _) = solve(&whole, &observation);
        let estimate: Vec<f64> = (0..size)
            .map(|at| (0..size).map(|k| signal[at * size + k] * weighed[k]).sum())
            .collect();
        let deviation = |map: &[f64]| (map.iter().map(|value| value * value).sum::<f64>() / 36.0).sqrt();
        let plane = |maps: &'_ [f64], bin: usize| maps[bin * 36..(bin + 1) * 36].to_vec();
        let mut expected = Vec::new();
        for (i, j) in [(0, 0), (0, 1), (1, 1)] {
            for k in 0..2 {
                let (one, other, third) = (plane(&estimate, i), plane(&estimate, j), plane(&weighed, k));
                let sum: f64 = (0..36).map(|at| one[at] * other[at] * third[at]).sum();
                expected.push(sum / 36.0 / (deviation(&one) * deviation(&other) * deviation(&third)));
            }
        }
        let found = moments.measure(&observation);
        assert_eq!(found.len(), ThirdMoments::count(2));
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-9, "{found} {expected}");
        }
        // the means of maps have no say, nor has their scale
        let other: Vec<f64> = observation.iter().map(|value| 3.0 * value + 0.7).collect();
        for (found, expected) in moments.measure(&other).iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-9, "{found} {expected}");
        }
        assert!(moments.measure(&vec![0.0; size]).iter().all(|&moment| moment == 0.0));
    }

    /// To first order in `1 / lambda`: of many maps `g + g^2 / (2 lambda)` and noise the moments are proportional to `1 / lambda`, and those of
    /// Gaussian fields are zero, both within their scatter.
    #[test]
    fn moments_follow_the_square_that_makes_a_gaussian_field_log_normal() {
        let (mut simulator, moments) = simulated(16);
        let fixed = simulator.priors.centre().parameters().map(crate::Prior::Fixed);
        simulator.priors = crate::Priors::new(fixed).unwrap();
        let universes = 400;
        let mut sums = [(); 3].map(|()| vec![0.0; ThirdMoments::count(2)]);
        let mut squares = vec![0.0; ThirdMoments::count(2)];
        for index in 0..universes {
            let made = observed(&simulator, index);
            for (sum, inverse_shift) in sums.iter_mut().zip([0.0, 15.0, 30.0]) {
                let noise = made.observation.iter().zip(&made.convergence);
                let map: Vec<f64> = noise
                    .map(|(observed, g)| observed + 0.5 * inverse_shift * g * g)
                    .collect();
                for (at, moment) in moments.measure(&map).into_iter().enumerate() {
                    sum[at] += moment / universes as f64;
                    if inverse_shift == 0.0 {
                        squares[at] += moment * moment / universes as f64;
                    }
                }
            }
        }
        for at in 0..squares.len() {
            let error = (squares[at] / universes as f64).sqrt();
            let [none, some, twice] = [0, 1, 2].map(|which: usize| sums[which][at]);
            assert!(none.abs() < 4.0 * error, "{at}: {none} +- {error}");
            // the same maps, so that their scatter is nearly that of both
            let (some, twice) = (some - none, twice - none);
            assert!(some > 3.0 * error, "{at}: {some} +- {error}");
            assert!((twice / some - 2.0).abs() < 0.1, "{at}: {some} {twice}");
        }
    }
}
