//! Maps of convergence of a survey, in any universe, with derivatives.

use rayon::prelude::*;

use super::amplitude::{AmplitudeRule, Amplitudes};
use super::hartley::{HartleyTransform, Scratch};
use super::patch::{Octant, Patch};
use super::{Convention, Law, Shifts};
use crate::lensing::{AngularSpectra, LensingSpectra, Settings};
use crate::redshift_distribution::TomographicBin;
use crate::statistics::BandPowers;
use crate::{Cosmology, Real, SkyError};

/// Convergence maps of a survey as a function of white noise and the universe.
///
/// White noise and maps are `[bin, row, column]`, last index fastest.
///
/// ```
/// use std::sync::Arc;
/// use fieldbridge_sky::field::{Convention, Law, LensingField, Patch};
/// use fieldbridge_sky::{Cosmology, RedshiftDistribution, Settings, Smail, equal_count_bins};
///
/// let sources: Arc<dyn RedshiftDistribution> = Arc::new(Smail::lsst_y10());
/// let bins = equal_count_bins(&sources, 2, 0.05, 27.0)?;
/// let field = LensingField::new(Patch::new(16, 5.0)?, &bins, Settings::default(), Law::Gaussian, Convention::default(), None)?;
/// let universe = field.universe(&Cosmology::lsst_y10().with_derivatives())?;
/// let white = vec![0.5; 2 * 16 * 16];
/// let maps = field.maps(&universe.amplitudes, &white);
/// // the derivative of half the sum of squares
/// let gradient = field.pull_back(&universe, &white, &maps, &maps.convergence);
/// assert!(gradient.parameters[2] > 0.0); // sigma_8 makes all waves higher
/// # Ok::<(), fieldbridge_sky::SkyError>(())
/// ```
#[derive(Debug)]
pub struct LensingField {
    pub(super) patch: Patch,
    spectra: LensingSpectra,
    shifts: Option<Shifts>,
    pub(super) rule: AmplitudeRule,
    /// For every mode of the octant, the multipole at or below it and the share of the next one.
    pub(super) places: Vec<(usize, f64)>,
    pub(super) transform: HartleyTransform,
}

/// What a survey looks like in one universe.
#[derive(Debug, Clone)]
pub struct Universe<R = f64> {
    /// Spectra at the multipoles the patch needs.
    pub spectra: AngularSpectra<R>,
    /// Log-normal shift of each bin, convergence; none for Gaussian fields.
    pub shifts: Vec<R>,
    /// Amplitudes of all modes.
    pub amplitudes: Amplitudes,
}

/// Maps and the Gaussian field under them.
#[derive(Debug, Clone, PartialEq)]
pub struct Maps {
    /// Convergence, `[bin, row, column]`.
    pub convergence: Vec<f64>,
    /// `g`; empty when the convergence itself is Gaussian.
    pub(super) gaussian: Vec<f64>,
    /// `v` of each bin.
    variances: Vec<f64>,
}

impl LensingField {
    /// A survey of these bins on a patch. Log-normal fields need shifts.
    ///
    /// # Errors
    /// [`SkyError::Table`] for no shifts, or those of too few bins, and those of [`LensingSpectra::new`].
    pub fn new(
        patch: Patch,
        bins: &[TomographicBin],
        settings: Settings,
        law: Law,
        convention: Convention,
        shifts: Option<Shifts>,
    ) -> Result<Self, SkyError> {
        let rule = AmplitudeRule::new(patch, bins.len(), law, convention);
        let shifts = match law {
            Law::Gaussian => None,
            Law::LogNormal => {
                let known = shifts.as_ref().map_or(0, Shifts::bins);
                if known < bins.len() {
                    return Err(SkyError::Table {
                        table: "log-normal shifts",
                        what: "its number of bins",
                        found: known.to_string(),
                        expected: format!("at least {}", bins.len()),
                        hint: "give shifts for every bin, or make the fields Gaussian",
                    });
                }
                shifts
            }
        };
        let squares: Vec<usize> = rule.octant.entries().map(|(a, b)| a * a + b * b).collect();
        let (waves, places): (Vec<f64>, Vec<(usize, f64)>) = match convention {
            Convention::SelfConsistent => {
                let mut distinct = squares.clone();
                distinct.sort_unstable();
                distinct.dedup();
                let place = |square| (distinct.binary_search(square).expect("it is one of them"), 0.0);
                let places = squares.iter().map(place).collect();
                (distinct.iter().map(|&square| (square as f64).sqrt()).collect(), places)
            }
            Convention::SbiLens => {
                let wave = |square: &usize| (*square as f64).sqrt();
                let last = squares.iter().map(wave).fold(0.0, f64::max).ceil() as usize + 1;
                let place = |square| (wave(square) as usize, wave(square).fract());
                (
                    (0..=last).map(|wave| wave as f64).collect(),
                    squares.iter().map(place).collect(),
                )
            }
        };
        let multipoles: Vec<f64> = waves.iter().map(|wave| wave * patch.fundamental()).collect();
        Ok(Self {
            patch,
            spectra: LensingSpectra::new(bins, &multipoles, settings)?,
            shifts,
            rule,
            places,
            transform: HartleyTransform::new(patch.pixels()),
        })
    }

    /// The same distribution of maps from lower triangular roots `A`, for which less is to be computed. Maps of
    /// [`Convention::SbiLens`] of a given noise are others than before.
    #[must_use]
    pub fn with_triangular_roots(mut self) -> Self {
        self.rule.make_triangular();
        self
    }

    /// The patch.
    #[must_use]
    pub fn patch(&self) -> Patch {
        self.patch
    }

    /// Whether the maps are Gaussian.
    #[must_use]
    pub fn is_gaussian(&self) -> bool {
        self.rule.law == Law::Gaussian
    }

    pub(crate) fn octant(&self) -> &Octant {
        &self.rule.octant
    }

    pub(crate) fn transform(&self) -> &HartleyTransform {
        &self.transform
    }

    /// Number of tomographic bins.
    #[must_use]
    pub fn bins(&self) -> usize {
        self.rule.bins
    }

    /// Numbers of white noise, and of pixels in all maps.
    #[must_use]
    pub fn size(&self) -> usize {
        self.rule.bins * self.patch.area_pixels()
    }

    /// Everything that depends on the universe alone.
    ///
    /// # Errors
    /// Those of [`LensingSpectra::at`]; [`SkyError::Shift`] for a shift that is not positive; [`SkyError::LogNormal`] for
    /// correlations that no log-normal field with these shifts can have.
    pub fn universe<R: Real>(&self, cosmology: &Cosmology<R>) -> Result<Universe<R>, SkyError> {
        let spectra = self.spectra.at(cosmology)?;
        let shifts = match &self.shifts {
            Some(shifts) => shifts.at(cosmology)?.into_iter().take(self.bins()).collect(),
            None => Vec::new(),
        };
        let power: Vec<Vec<f64>> = spectra.all().map(|(_, values)| self.at_modes(values)).collect();
        let plain: Vec<f64> = shifts.iter().map(|shift: &R| shift.value()).collect();
        let amplitudes = self.rule.amplitudes(&power, &plain)?;
        Ok(Universe {
            spectra,
            shifts,
            amplitudes,
        })
    }

    /// The spectra of one universe, at the multipoles that [`LensingField::universe`] takes them at.
    ///
    /// # Errors
    /// Those of [`LensingSpectra::at`].
    pub fn spectra<R: Real>(&self, cosmology: &Cosmology<R>) -> Result<AngularSpectra<R>, SkyError> {
        self.spectra.at(cosmology)
    }

    /// Amplitudes for spectra of one's own: `power` of every pair of bins, (0,0), (0,1), ..., (1,1), ..., at
    /// [`LensingField::multipoles`].
    ///
    /// # Errors
    /// [`SkyError::Table`] for spectra of another number or length; else as [`LensingField::universe`].
    pub fn amplitudes(&self, power: &[Vec<f64>], shifts: &[f64]) -> Result<Amplitudes, SkyError> {
        let (pairs, modes) = (self.bins() * (self.bins() + 1) / 2, self.rule.octant.len());
        let lengths: Vec<usize> = power.iter().map(Vec::len).collect();
        let wanted_shifts = if self.rule.law == Law::LogNormal {
            self.bins()
        } else {
            0
        };
        if lengths != vec![modes; pairs] || shifts.len() < wanted_shifts {
            return Err(SkyError::Table {
                table: "power spectra and shifts",
                what: "their lengths",
                found: format!("{lengths:?} and {}", shifts.len()),
                expected: format!("{pairs} spectra of {modes} modes and {wanted_shifts} shifts"),
                hint: "ask LensingField::multipoles for the modes",
            });
        }
        self.rule.amplitudes(power, shifts)
    }

    /// Multipole of each mode that [`LensingField::amplitudes`] takes spectra at.
    #[must_use]
    pub fn multipoles(&self) -> Vec<f64> {
        let fundamental = self.patch.fundamental();
        self.rule
            .octant
            .entries()
            .map(|(a, b)| (a as f64).hypot(b as f64) * fundamental)
            .collect()
    }

    pub(crate) fn at_modes<R: Real>(&self, values: &[R]) -> Vec<f64> {
        let value = |&(index, share): &(usize, f64)| {
            let low = values[index].value();
            if share > 0.0 {
                low + share * (values[index + 1].value() - low)
            } else {
                low
            }
        };
        self.places.iter().map(value).collect()
    }

    /// Averages over bands of multipoles of the spectra that the maps have, `[pair, band]`.
    ///
    /// # Panics
    /// When the bands are of another patch.
    #[must_use]
    pub fn band_averages<R: Real>(&self, spectra: &AngularSpectra<R>, bands: &BandPowers) -> Vec<f64> {
        spectra
            .all()
            .flat_map(|(_, values)| bands.expected(&self.at_modes(values)))
            .collect()
    }

    /// The maps that white noise becomes.
    ///
    /// # Panics
    /// When the noise has another size than [`LensingField::size`].
    #[must_use]
    pub fn maps(&self, amplitudes: &Amplitudes, white: &[f64]) -> Maps {
        let (area, n) = (self.patch.area_pixels(), self.bins());
        assert_eq!(white.len(), n * area, "the white noise has another size than the maps");
        let mut waves = vec![0.0; n * area];
        waves.par_chunks_mut(area).enumerate().for_each(|(bin, plane)| {
            for other in (0..n).filter(|&other| self.rule.mixes(bin, other)) {
                let element = self.element(&amplitudes.elements, bin, other);
                self.mix(element, &white[other * area..][..area], plane);
            }
        });
        self.maps_of_waves(amplitudes, waves)
    }

    /// The maps of `sum_j A_ij(k) h_j(k)`, `[bin, row, column]`.
    pub(crate) fn maps_of_waves(&self, amplitudes: &Amplitudes, waves: Vec<f64>) -> Maps {
        let (area, n) = (self.patch.area_pixels(), self.bins());
        let mut gaussian = waves;
        let mut convergence = vec![0.0; if self.rule.law == Law::LogNormal { n * area } else { 0 }];
        let mut variances = amplitudes.variances.clone();
        gaussian
            .par_chunks_mut(area)
            .for_each_init(Scratch::default, |scratch, plane| {
                self.transform.apply_with(plane, scratch)
            });
        if self.rule.law == Law::Gaussian {
            return Maps {
                convergence: gaussian,
                gaussian: convergence,
                variances,
            };
        }
        convergence
            .par_chunks_mut(area)
            .zip(gaussian.par_chunks(area))
            .zip(&mut variances)
            .zip(&amplitudes.shifts)
            .for_each(|(((plane, gaussian), variance), &shift)| {
                if self.rule.convention == Convention::SbiLens {
                    *variance = moments(gaussian).1;
                }
                for (pixel, g) in plane.iter_mut().zip(gaussian) {
                    *pixel = shift * ((g - 0.5 * *variance).exp() - 1.0);
                }
            });
        Maps {
            convergence,
            gaussian,
            variances,
        }
    }

    /// Adds `A_ij(k) h(k)` to a plane, with the element in each mode of the octant.
    pub(super) fn mix(&self, element: &[f64], white: &[f64], plane: &mut [f64]) {
        let side = self.patch.pixels();
        for (row, (target, source)) in plane.chunks_exact_mut(side).zip(white.chunks_exact(side)).enumerate() {
            for ((target, source), entry) in target.iter_mut().zip(source).zip(self.rule.octant.row(row)) {
                *target += element[entry] * source;
            }
        }
    }

    /// The element of the roots that leads from white noise of `other` to the map of `bin`, in every mode.
    pub(super) fn element<'a>(&self, elements: &'a [f64], bin: usize, other: usize) -> &'a [f64] {
        let modes = self.rule.octant.len();
        &elements[(bin * self.bins() + other) * modes..][..modes]
    }

    /// The white noise whose maps are those of white noise in pixels: `h = H z / side`.
    ///
    /// # Panics
    /// When the noise has another size than [`LensingField::size`].
    #[must_use]
    pub fn white_of_pixels(&self, pixels: &[f64]) -> Vec<f64> {
        assert_eq!(
            pixels.len(),
            self.size(),
            "the white noise has another size than the maps"
        );
        let mut white = pixels.to_vec();
        for plane in white.chunks_exact_mut(self.patch.area_pixels()) {
            self.transform.apply(plane);
            for value in plane {
                *value /= self.patch.pixels() as f64;
            }
        }
        white
    }
}

/// Mean and variance of a map.
pub(super) fn moments(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
    (mean, variance)
}
