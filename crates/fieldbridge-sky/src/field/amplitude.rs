//! From power spectra to the amplitudes of all modes.

use rayon::prelude::*;

use super::even::EvenTransform;
use super::lognormal::LogNormalPair;
use super::patch::{Octant, Patch};
use super::root::Root;
use super::{Convention, Law};
use crate::SkyError;
use crate::lensing::pairs;

/// Modes that are done together.
const TOGETHER: usize = 256;

/// The variances of the modes of the Gaussian field, for one pair of bins.
#[derive(Debug, Clone)]
enum PairSpectrum {
    Gaussian(Vec<f64>),
    LogNormal(LogNormalPair),
}

impl PairSpectrum {
    fn spectrum(&self) -> &[f64] {
        match self {
            Self::Gaussian(spectrum) => spectrum,
            Self::LogNormal(pair) => &pair.spectrum,
        }
    }
}

/// Square roots of the covariances of all modes, and what their derivatives need.
#[derive(Debug, Clone)]
pub struct Amplitudes {
    /// Elements of the roots, `[bin, bin, mode of the octant]`.
    pub(super) elements: Vec<f64>,
    /// The roots, `[mode of the octant, bin, bin]`.
    roots: Vec<f64>,
    /// `P`, likewise.
    matrices: Vec<f64>,
    /// Variance of `g` in each bin.
    pub(super) variances: Vec<f64>,
    /// Shift of each bin; empty for Gaussian fields.
    pub(super) shifts: Vec<f64>,
    under: Vec<PairSpectrum>,
    changed: f64,
}

impl Amplitudes {
    /// Share of the modes whose covariance no field can have and was changed.
    #[must_use]
    pub fn changed_share(&self) -> f64 {
        self.changed
    }

    /// Covariances `A A^T` of the bins in each mode of the octant `0 <= b <= a <= pixels / 2`, `[mode, bin, bin]`, of the
    /// Gaussian field that is made, in Hartley's modes.
    #[must_use]
    pub fn covariances(&self, bins: usize) -> Vec<f64> {
        let product = |root: &[f64]| -> Vec<f64> {
            (0..bins * bins)
                .map(|at| {
                    (0..bins)
                        .map(|k| root[at / bins * bins + k] * root[at % bins * bins + k])
                        .sum()
                })
                .collect()
        };
        self.roots.chunks_exact(bins * bins).flat_map(product).collect()
    }

    /// The roots, `[mode of the octant, bin, bin]`.
    pub(crate) fn roots(&self) -> &[f64] {
        &self.roots
    }

    /// Shift of each bin; none for Gaussian fields.
    pub(crate) fn shifts(&self) -> &[f64] {
        &self.shifts
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

    /// The same covariances by lower triangular roots.
    pub(super) fn make_triangular(&mut self) {
        if self.root == Root::Symmetric {
            self.root = Root::Clipped;
        }
    }

    /// From `C_ij(l)` of every pair of bins at every mode of the octant.
    pub(super) fn amplitudes(&self, power: &[Vec<f64>], shifts: &[f64]) -> Result<Amplitudes, SkyError> {
        let n = self.bins;
        if self.law == Law::LogNormal
            && let Some((bin, &value)) = shifts
                .iter()
                .enumerate()
                .find(|&(_, &value)| !(value > 0.0 && value.is_finite()))
        {
            return Err(SkyError::Shift { bin, value });
        }
        let numbered: Vec<((usize, usize), &Vec<f64>)> = pairs(n).zip(power).collect();
        let under = numbered.par_iter().map(|&(pair, power)| self.pair(pair, power, shifts));
        let under = under.collect::<Result<Vec<PairSpectrum>, SkyError>>()?;
        let mut matrices = vec![0.0; self.octant.len() * n * n];
        for (&((first, second), _), pair) in numbered.iter().zip(&under) {
            let absolute = self.folds();
            for (matrix, &value) in matrices.chunks_exact_mut(n * n).zip(pair.spectrum()) {
                let value = if absolute { value.abs() } else { value };
                matrix[first * n + second] = value;
                matrix[second * n + first] = value;
            }
        }
        let mut roots = vec![0.0; matrices.len()];
        let together = TOGETHER * n * n;
        let changed: Vec<f64> = matrices
            .par_chunks(together)
            .zip(roots.par_chunks_mut(together))
            .zip(self.multiplicities.par_chunks(TOGETHER))
            .map(|((matrices, roots), multiplicities)| {
                let modes = matrices.chunks_exact(n * n).zip(roots.chunks_exact_mut(n * n));
                let each = modes.zip(multiplicities);
                each.map(|((matrix, root), images)| if self.root.of(matrix, n, root) { *images } else { 0.0 })
                    .sum()
            })
            .collect();
        let element = |index: usize| roots.iter().skip(index).step_by(n * n).copied();
        let variance = |bin: usize| {
            let diagonal = matrices.iter().skip(bin * n + bin).step_by(n * n);
            diagonal
                .zip(&self.multiplicities)
                .map(|(value, images)| value * images)
                .sum()
        };
        Ok(Amplitudes {
            elements: (0..n * n).flat_map(element).collect(),
            variances: (0..n).map(variance).collect(),
            shifts: if self.law == Law::LogNormal {
                shifts.to_vec()
            } else {
                Vec::new()
            },
            changed: changed.iter().sum::<f64>() / self.patch.area_pixels() as f64,
            roots,
            matrices,
            under,
        })
    }

    /// The variances of the modes of the Gaussian field, for one pair of bins.
    fn pair(&self, (first, second): (usize, usize), power: &[f64], shifts: &[f64]) -> Result<PairSpectrum, SkyError> {
        let mut variances: Vec<f64> = power.iter().map(|power| power / self.patch.steradian()).collect();
        variances[0] = 0.0;
        if self.law == Law::Gaussian {
            return Ok(PairSpectrum::Gaussian(variances));
        }
        let product = shifts[first] * shifts[second];
        let pair = LogNormalPair::new(&variances, product, self.convention, &self.even, &self.multiplicities);
        pair.map(PairSpectrum::LogNormal).map_err(|found| {
            let (a, b) = self.octant.entries().nth(found.entry).unwrap_or_default();
            SkyError::LogNormal {
                first,
                second,
                separation: (a as f64).hypot(b as f64) * self.patch.pixel_arcmin(),
                correlation: found.correlation,
                bound: -product,
            }
        })
    }

    /// Whether the maps of a bin hold white noise of another.
    pub(super) fn mixes(&self, bin: usize, other: usize) -> bool {
        self.root == Root::Symmetric || other <= bin
    }

    /// Whether spectra below zero change their sign.
    fn folds(&self) -> bool {
        self.law == Law::LogNormal && self.convention == Convention::SbiLens
    }

    /// From derivatives by the elements `[mode, bin, bin]` of the roots and the variances of `g` to those by `C_ij(l)` and the shifts, which are added to
    /// `by_shifts`.
    pub(super) fn pull_back(
        &self,
        amplitudes: &Amplitudes,
        by_roots: &[f64],
        by_variances: &[f64],
        by_shifts: &mut [f64],
    ) -> Vec<Vec<f64>> {
        let n = self.bins;
        let mut by_matrices = vec![0.0; by_roots.len()];
        by_matrices
            .par_chunks_mut(TOGETHER * n * n)
            .enumerate()
            .for_each(|(block, by_matrices)| {
                let mut trial = vec![0.0; n * n];
                for (place, by_matrix) in by_matrices.chunks_exact_mut(n * n).enumerate() {
                    let mode = block * TOGETHER + place;
                    let here = mode * n * n..(mode + 1) * n * n;
                    let (matrix, root) = (&amplitudes.matrices[here.clone()], &amplitudes.roots[here.clone()]);
                    self.root
                        .pull_back(matrix, n, root, &by_roots[here], &mut trial, by_matrix);
                    for (bin, slope) in by_variances.iter().enumerate() {
                        by_matrix[bin * n + bin] += self.multiplicities[mode] * slope;
                    }
                }
            });
        let numbered: Vec<((usize, usize), &PairSpectrum)> = pairs(n).zip(&amplitudes.under).collect();
        let back = numbered.par_iter().map(|&((first, second), under)| {
            let matrices = by_matrices.chunks_exact(n * n);
            let mut by_spectrum: Vec<f64> = if first == second {
                matrices.map(|matrix| matrix[first * n + first]).collect()
            } else {
                matrices
                    .map(|matrix| matrix[first * n + second] + matrix[second * n + first])
                    .collect()
            };
            by_spectrum[0] = 0.0;
            let (mut by_variance, by_product) = match under {
                PairSpectrum::Gaussian(_) => (by_spectrum, 0.0),
                PairSpectrum::LogNormal(pair) => {
                    if self.folds() {
                        for (slope, value) in by_spectrum.iter_mut().zip(&pair.spectrum) {
                            *slope *= value.signum();
                        }
                    }
                    pair.pull_back(&by_spectrum, self.convention, &self.even, &self.multiplicities)
                }
            };
            for slope in &mut by_variance {
                *slope /= self.patch.steradian();
            }
            (by_variance, by_product)
        });
        let back: Vec<(Vec<f64>, f64)> = back.collect();
        if self.law == Law::LogNormal {
            for ((first, second), (_, by_product)) in pairs(n).zip(&back) {
                by_shifts[first] += by_product * amplitudes.shifts[second];
                by_shifts[second] += by_product * amplitudes.shifts[first];
            }
        }
        back.into_iter().map(|(by_power, _)| by_power).collect()
    }
}
