//! From power spectra to the amplitudes of all modes.

use super::even::EvenTransform;
use super::lognormal::LogNormalPair;
use super::patch::{Octant, Patch};
use super::root::Root;
use super::{Convention, Law};
use crate::SkyError;
use crate::lensing::pairs;

/// Square roots of the covariances of all modes, and what their derivatives need.
#[derive(Debug, Clone)]
pub struct Amplitudes {
    /// `[mode of the octant, bin, bin]`.
    pub(super) roots: Vec<f64>,
    /// `P`, likewise.
    matrices: Vec<f64>,
    /// Variance of `g` in each bin.
    pub(super) variances: Vec<f64>,
    /// Shift of each bin; empty for Gaussian fields.
    pub(super) shifts: Vec<f64>,
    log_normal: Vec<LogNormalPair>,
    changed: f64,
}

impl Amplitudes {
    /// Share of the modes whose covariance no field can have and was changed.
    #[must_use]
    pub fn changed_share(&self) -> f64 {
        self.changed
    }

    /// Variance over all maps of the Gaussian field under each bin's map, before the mean of a map is taken out.
    #[must_use]
    pub fn gaussian_variances(&self) -> &[f64] {
        &self.variances
    }
}

/// All that does not depend on the universe.
#[derive(Debug, Clone)]
pub(super) struct AmplitudeRule {
    patch: Patch,
    pub(super) octant: Octant,
    multiplicities: Vec<f64>,
    even: EvenTransform,
    pub(super) bins: usize,
    pub(super) law: Law,
    pub(super) convention: Convention,
    root: Root,
}

impl AmplitudeRule {
    pub(super) fn new(patch: Patch, bins: usize, law: Law, convention: Convention) -> Self {
        let octant = Octant::new(&patch);
        Self {
            patch,
            multiplicities: octant.multiplicities(),
            even: EvenTransform::new(octant.clone(), patch.pixels()),
            octant,
            bins,
            law,
            convention,
            root: match convention {
                Convention::SelfConsistent => Root::Cholesky,
                Convention::SbiLens => Root::Symmetric,
            },
        }
    }

    /// From `C_ij(l)` of every pair of bins at every mode of the octant.
    pub(super) fn amplitudes(&self, power: &[Vec<f64>], shifts: &[f64]) -> Result<Amplitudes, SkyError> {
        let n = self.bins;
        let mut log_normal = Vec::new();
        let mut matrices = vec![0.0; self.octant.len() * n * n];
        if self.law == Law::LogNormal {
            if let Some((bin, &value)) = shifts
                .iter()
                .enumerate()
                .find(|&(_, &value)| !(value > 0.0 && value.is_finite()))
            {
                return Err(SkyError::Shift { bin, value });
            }
        }
        for ((first, second), power) in pairs(n).zip(power) {
            let mut variances: Vec<f64> = power.iter().map(|power| power / self.patch.steradian()).collect();
            variances[0] = 0.0;
            let spectrum = match self.law {
                Law::Gaussian => &variances,
                Law::LogNormal => {
                    let product = shifts[first] * shifts[second];
                    let pair =
                        LogNormalPair::new(&variances, product, self.convention, &self.even, &self.multiplicities);
                    log_normal.push(pair.map_err(|found| {
                        let (a, b) = self.octant.entries().nth(found.entry).unwrap_or_default();
                        SkyError::LogNormal {
                            first,
                            second,
                            separation: (a as f64).hypot(b as f64) * self.patch.pixel_arcmin(),
                            correlation: found.correlation,
                            bound: -product,
                        }
                    })?);
                    &log_normal[log_normal.len() - 1].spectrum
                }
            };
            let absolute = self.folds();
            for (matrix, &value) in matrices.chunks_exact_mut(n * n).zip(spectrum) {
                let value = if absolute { value.abs() } else { value };
                matrix[first * n + second] = value;
                matrix[second * n + first] = value;
            }
        }
        let mut roots = vec![0.0; matrices.len()];
        let mut changed = 0.0;
        let mut variances = vec![0.0; n];
        let modes = matrices.chunks_exact(n * n).zip(roots.chunks_exact_mut(n * n));
        for ((matrix, root), multiplicity) in modes.zip(&self.multiplicities) {
            if self.root.of(matrix, n, root) {
                changed += multiplicity;
            }
            for (bin, variance) in variances.iter_mut().enumerate() {
                *variance += multiplicity * matrix[bin * n + bin];
            }
        }
        Ok(Amplitudes {
            roots,
            matrices,
            variances,
            shifts: if self.law == Law::LogNormal {
                shifts.to_vec()
            } else {
                Vec::new()
            },
            log_normal,
            changed: changed / self.patch.area_pixels() as f64,
        })
    }

    /// Whether spectra below zero change their sign.
    fn folds(&self) -> bool {
        self.law == Law::LogNormal && self.convention == Convention::SbiLens
    }

    /// From derivatives by the roots and the variances of `g` to those by `C_ij(l)` and the shifts, which are added to
    /// `by_shifts`.
    pub(super) fn pull_back(
        &self,
        amplitudes: &Amplitudes,
        by_roots: &[f64],
        by_variances: &[f64],
        by_shifts: &mut [f64],
    ) -> Vec<Vec<f64>> {
        let n = self.bins;
        let mut by_matrices = Vec::with_capacity(by_roots.len());
        let modes = amplitudes
            .matrices
            .chunks_exact(n * n)
            .zip(amplitudes.roots.chunks_exact(n * n));
        for (((matrix, root), gradient), multiplicity) in
            modes.zip(by_roots.chunks_exact(n * n)).zip(&self.multiplicities)
        {
            let mut back = self.root.pull_back(matrix, n, root, gradient);
            for (bin, slope) in by_variances.iter().enumerate() {
                back[bin * n + bin] += multiplicity * slope;
            }
            by_matrices.extend(back);
        }
        let mut by_power = Vec::with_capacity(n * (n + 1) / 2);
        for (number, (first, second)) in pairs(n).enumerate() {
            let mut by_spectrum: Vec<f64> = by_matrices
                .chunks_exact(n * n)
                .map(|matrix| {
                    if first == second {
                        matrix[first * n + first]
                    } else {
                        matrix[first * n + second] + matrix[second * n + first]
                    }
                })
                .collect();
            by_spectrum[0] = 0.0;
            let mut by_variance = match self.law {
                Law::Gaussian => by_spectrum,
                Law::LogNormal => {
                    let pair = &amplitudes.log_normal[number];
                    if self.folds() {
                        for (slope, value) in by_spectrum.iter_mut().zip(&pair.spectrum) {
                            *slope *= value.signum();
                        }
                    }
                    let (by_variance, by_product) =
                        pair.pull_back(&by_spectrum, self.convention, &self.even, &self.multiplicities);
                    by_shifts[first] += by_product * amplitudes.shifts[second];
                    by_shifts[second] += by_product * amplitudes.shifts[first];
                    by_variance
                }
            };
            for slope in &mut by_variance {
                *slope /= self.patch.steradian();
            }
            by_power.push(by_variance);
        }
        by_power
    }
}
