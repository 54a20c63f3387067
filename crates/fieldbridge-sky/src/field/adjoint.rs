//! From derivatives by maps back to those by white noise and the universe: the adjoint of [`LensingField::maps`].

use rayon::prelude::*;

use super::amplitude::Amplitudes;
use super::hartley::Scratch;
use super::lensing::{LensingField, Maps, Universe, moments};
use super::{Convention, Law};
use crate::Dual;

/// Derivatives of a function of the maps.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldGradient<const N: usize = 6> {
    /// By the white noise, `[bin, row, column]`.
    pub white: Vec<f64>,
    /// By the parameters the universe was made with.
    pub parameters: [f64; N],
}

impl LensingField {
    /// From derivatives by the convergence to those by the white noise and the parameters.
    ///
    /// # Panics
    /// When noise or derivatives have another size than [`LensingField::size`].
    #[must_use]
    pub fn pull_back<const N: usize>(
        &self,
        universe: &Universe<Dual<N>>,
        white: &[f64],
        maps: &Maps,
        by_convergence: &[f64],
    ) -> FieldGradient<N> {
        let (area, n, side) = (self.patch.area_pixels(), self.bins(), self.patch.pixels());
        assert_eq!(white.len(), n * area, "the white noise has another size than the maps");
        assert_eq!(
            by_convergence.len(),
            n * area,
            "the derivatives have another size than the maps"
        );
        let amplitudes = &universe.amplitudes;
        let mut waves = by_convergence.to_vec();
        let (mut by_shifts, by_variances) = self.waves_of_slopes(amplitudes, maps, &mut waves);
        let mut by_white = vec![0.0; n * area];
        by_white.par_chunks_mut(area).enumerate().for_each(|(bin, plane)| {
            for other in (0..n).filter(|&other| self.rule.mixes(other, bin)) {
                let element = self.element(&amplitudes.elements, other, bin);
                self.mix(element, &waves[other * area..][..area], plane);
            }
        });
        let modes = self.rule.octant.len();
        let mut by_elements = vec![0.0; n * n * modes];
        by_elements
            .par_chunks_mut(modes)
            .enumerate()
            .for_each(|(element, sums)| {
                let (bin, other) = (element / n, element % n);
                if !self.rule.mixes(bin, other) {
                    return;
                }
                let lines = waves[bin * area..][..area].chunks_exact(side);
                for (row, (wave, noise)) in lines.zip(white[other * area..][..area].chunks_exact(side)).enumerate() {
                    for ((wave, noise), entry) in wave.iter().zip(noise).zip(self.rule.octant.row(row)) {
                        sums[entry] += wave * noise;
                    }
                }
            });
        let mut by_roots = vec![0.0; by_elements.len()];
        for (mode, root) in by_roots.chunks_exact_mut(n * n).enumerate() {
            for (element, slope) in root.iter_mut().enumerate() {
                *slope = by_elements[element * modes + mode];
            }
        }
        let parameters = self.through_universe(universe, &by_roots, &by_variances, &mut by_shifts);
        FieldGradient {
            white: by_white,
            parameters,
        }
    }

    /// Turns derivatives by the convergence into those by `sum_j A_ij(k) h_j(k)`, and gives those by shifts and variances.
    pub(crate) fn waves_of_slopes(
        &self,
        amplitudes: &Amplitudes,
        maps: &Maps,
        slopes: &mut [f64],
    ) -> (Vec<f64>, Vec<f64>) {
        let by_bin: Vec<(f64, f64)> = slopes
            .par_chunks_mut(self.patch.area_pixels())
            .enumerate()
            .map_init(Scratch::default, |scratch, (bin, plane)| {
                let slopes = match self.rule.law {
                    Law::Gaussian => (0.0, 0.0),
                    Law::LogNormal => self.through_exponential(amplitudes, maps, bin, plane),
                };
                self.transform.apply_with(plane, scratch);
                slopes
            })
            .collect();
        by_bin.into_iter().unzip()
    }

    /// From derivatives by the roots `[mode, bin, bin]`, the variances of `g` and the shifts to those by the parameters.
    pub(crate) fn through_universe<const N: usize>(
        &self,
        universe: &Universe<Dual<N>>,
        by_roots: &[f64],
        by_variances: &[f64],
        by_shifts: &mut [f64],
    ) -> [f64; N] {
        let amplitudes = &universe.amplitudes;
        let by_power = self.rule.pull_back(amplitudes, by_roots, by_variances, by_shifts);
        let mut parameters = [0.0; N];
        let mut add = |slope: f64, number: &Dual<N>| {
            for (sum, derivative) in parameters.iter_mut().zip(number.slope) {
                *sum += slope * derivative;
            }
        };
        for ((_, values), by_power) in universe.spectra.all().zip(&by_power) {
            let mut by_values = vec![0.0; values.len()];
            for (&(index, share), slope) in self.places.iter().zip(by_power) {
                by_values[index] += slope * (1.0 - share);
                if share > 0.0 {
                    by_values[index + 1] += slope * share;
                }
            }
            for (slope, value) in by_values.iter().zip(values) {
                add(*slope, value);
            }
        }
        for (slope, shift) in by_shifts.iter().zip(&universe.shifts) {
            add(*slope, shift);
        }
        parameters
    }

    /// Turns derivatives by one bin's convergence into those by its `g`, and gives those by shift and variance.
    fn through_exponential(&self, amplitudes: &Amplitudes, maps: &Maps, bin: usize, plane: &mut [f64]) -> (f64, f64) {
        let area = self.patch.area_pixels();
        let gaussian = &maps.gaussian[bin * area..][..area];
        let shift = amplitudes.shifts[bin];
        let (mut by_shift, mut sum) = (0.0, 0.0);
        for (slope, kappa) in plane.iter_mut().zip(&maps.convergence[bin * area..]) {
            by_shift += *slope * kappa / shift;
            // lambda e^(g - v/2)
            *slope *= kappa + shift;
            sum += *slope;
        }
        let by_variance = -0.5 * sum;
        if self.rule.convention == Convention::SelfConsistent {
            return (by_shift, by_variance);
        }
        let mean = moments(gaussian).0;
        for (slope, g) in plane.iter_mut().zip(gaussian) {
            *slope += by_variance * 2.0 * (g - mean) / area as f64;
        }
        (by_shift, 0.0)
    }
}
