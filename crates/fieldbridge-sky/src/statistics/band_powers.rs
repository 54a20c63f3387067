//! Angular power spectra of maps, averaged in bands of multipoles.

use std::f64::consts::PI;

use crate::SkyError;
use crate::field::{HartleyTransform, Octant, Patch};
use crate::lensing::pairs;

/// Whether maps hold averages over pixels, so that their spectra are lower by a window that is divided out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PixelWindow {
    /// Maps hold values at points.
    #[default]
    None,
    /// Maps hold averages over square pixels: `(sinc(l_x s/2) sinc(l_y s/2))^2` with `s` the side of a pixel.
    Square,
}

/// Auto- and cross-spectra in bands: `C_ij = mean over modes of k_i(l) k_j(l)* area`.
#[derive(Debug, Clone)]
pub struct BandPowers {
    patch: Patch,
    octant: Octant,
    transform: HartleyTransform,
    edges: Vec<f64>,
    /// Band of each mode, `[row, column]`; none for those outside.
    band: Vec<Option<u32>>,
    /// `1 / window^2` of each mode.
    weights: Vec<f64>,
    multipoles: Vec<f64>,
    modes: Vec<usize>,
}

impl BandPowers {
    /// Bands between ascending edges in multipole; a mode at an edge belongs to the band above.
    ///
    /// # Errors
    /// [`SkyError::Multipole`] for edges that do not ascend from a positive number; [`SkyError::Survey`] for a band without
    /// modes.
    pub fn new(patch: Patch, edges: &[f64], window: PixelWindow) -> Result<Self, SkyError> {
        let mut last = 0.0;
        for (index, &value) in edges.iter().enumerate() {
            if !(value > last && value.is_finite()) {
                let hint = "edges of bands ascend, and the mean of a map belongs to none";
                return Err(SkyError::Multipole { index, value, hint });
            }
            last = value;
        }
        let bands = edges.len().saturating_sub(1);
        let side = patch.pixels();
        let (mut band, mut weights) = (Vec::new(), Vec::new());
        let (mut sums, mut modes) = (vec![0.0; bands], vec![0_usize; bands]);
        for row in 0..side {
            for column in 0..side {
                let waves = [patch.frequency(row), patch.frequency(column)];
                let multipole = waves[0].hypot(waves[1]) * patch.fundamental();
                let place = edges.partition_point(|&edge| edge <= multipole);
                let inside = (1..=bands).contains(&place).then(|| place - 1);
                if let Some(band) = inside {
                    sums[band] += multipole;
                    modes[band] += 1;
                }
                band.push(inside.map(|band| band as u32));
                weights.push(match window {
                    PixelWindow::None => 1.0,
                    PixelWindow::Square => {
                        let side = side as f64;
                        waves.map(|wave| sinc(PI * wave / side).powi(-2)).iter().product()
                    }
                });
            }
        }
        if bands == 0 || modes.contains(&0) {
            return Err(SkyError::Survey {
                name: "modes in a band",
                value: 0.0,
                expected: "at least one in each",
                hint: "take fewer bands, between the fundamental multipole of the patch and that of its pixels",
            });
        }
        Ok(Self {
            patch,
            octant: Octant::new(&patch),
            transform: HartleyTransform::new(side),
            edges: edges.to_vec(),
            band,
            weights,
            multipoles: sums
                .iter()
                .zip(&modes)
                .map(|(sum, &count)| sum / count as f64)
                .collect(),
            modes,
        })
    }

    /// Bands of equal ratio from the fundamental multipole to the largest along a side. Where the ratio is narrower than the
    /// spacing of modes, a band is one spacing wide instead.
    ///
    /// # Errors
    /// [`SkyError::Survey`] for more bands than the patch has spacings.
    pub fn logarithmic(patch: Patch, bands: usize, window: PixelWindow) -> Result<Self, SkyError> {
        let spacings = patch.pixels() / 2 - 1;
        if bands == 0 || bands > spacings {
            return Err(SkyError::Survey {
                name: "bands of multipoles",
                value: bands as f64,
                expected: "at least 1, and fewer than half the pixels on a side",
                hint: "20 bands suit 256 pixels",
            });
        }
        let (low, high) = (1.0, patch.pixels() as f64 / 2.0);
        let mut edges = vec![low];
        for band in 1..=bands {
            let last: f64 = edges[band - 1];
            // what is left is shared by ratio, but each band keeps a spacing
            let left = (bands - band + 1) as f64;
            let ratio = (high / last).powf(1.0 / left);
            edges.push((last * ratio).max(last + 1.0).min(high - (left - 1.0)));
        }
        let edges: Vec<f64> = edges
            .iter()
            .map(|edge| edge * patch.fundamental() * (1.0 - 1e-12))
            .collect();
        Self::new(patch, &edges, window)
    }

    /// Edges of the bands, multipoles.
    #[must_use]
    pub fn edges(&self) -> &[f64] {
        &self.edges
    }

    /// Mean multipole of the modes of each band.
    #[must_use]
    pub fn multipoles(&self) -> &[f64] {
        &self.multipoles
    }

    /// Number of modes in each band, of which half are independent.
    #[must_use]
    pub fn modes(&self) -> &[usize] {
        &self.modes
    }

    /// Spectra of maps `[map, row, column]`: `[pair, band]`, pairs (0,0), (0,1), ..., (1,1), ...
    ///
    /// # Panics
    /// When the maps are not whole maps of the patch.
    #[must_use]
    pub fn measure(&self, maps: &[f64]) -> Vec<f64> {
        let area = self.patch.area_pixels();
        let mut waves = maps.to_vec();
        self.transform.apply_each(&mut waves);
        let norm = self.patch.steradian() / (area * area) as f64;
        let mut spectra = Vec::new();
        for (first, second) in pairs(maps.len() / area) {
            let (left, right) = (&waves[first * area..][..area], &waves[second * area..][..area]);
            let products = left
                .iter()
                .zip(right)
                .zip(&self.weights)
                .map(|((a, b), weight)| a * b * weight * norm);
            spectra.extend(self.averages(products));
        }
        spectra
    }

    /// The expectation of [`BandPowers::measure`] for the spectrum of one pair, given at
    /// [`LensingField::multipoles`](crate::field::LensingField::multipoles): its average over the modes of each band.
    ///
    /// # Panics
    /// When it is given at other multipoles.
    #[must_use]
    pub fn expected(&self, spectrum: &[f64]) -> Vec<f64> {
        assert_eq!(
            spectrum.len(),
            self.octant.len(),
            "the spectrum has another number of modes than the patch"
        );
        let rows = 0..self.patch.pixels();
        self.averages(rows.flat_map(|row| self.octant.row(row)).map(|entry| spectrum[entry]))
    }

    fn averages(&self, values: impl Iterator<Item = f64>) -> Vec<f64> {
        let mut sums = vec![0.0; self.modes.len()];
        for (value, band) in values.zip(&self.band) {
            if let Some(band) = band {
                sums[*band as usize] += value;
            }
        }
        sums.iter()
            .zip(&self.modes)
            .map(|(sum, &count)| sum / count as f64)
            .collect()
    }
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { x.sin() / x }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wave_has_its_power_in_its_band() {
        let patch = Patch::new(32, 5.0).unwrap();
        let bands = BandPowers::logarithmic(patch, 6, PixelWindow::None).unwrap();
        // sqrt(2) cos has variance one; k(l) k(l)* is 1/2 at two modes
        let wave =
            |index: usize| 2.0_f64.sqrt() * (2.0 * PI * (3 * (index / 32) + 4 * (index % 32)) as f64 / 32.0).cos();
        let other = |index: usize| -2.0 * wave(index);
        let maps: Vec<f64> = (0..1024).map(wave).chain((0..1024).map(other)).collect();
        let found = bands.measure(&maps);
        let band = bands.edges().partition_point(|&edge| edge <= 5.0 * patch.fundamental()) - 1;
        for (pair, factor) in [1.0, -2.0, 4.0].into_iter().enumerate() {
            for number in 0..6 {
                let exact = if number == band {
                    patch.steradian() / bands.modes()[band] as f64
                } else {
                    0.0
                };
                assert!((found[pair * 6 + number] - factor * exact).abs() < 1e-18);
            }
        }
    }

    #[test]
    fn the_window_is_that_of_averages_over_pixels() {
        // a wave sampled finely and averaged over pixels loses the window of its mode
        let (side, fine) = (16, 32);
        let patch = Patch::new(side, 5.0).unwrap();
        let averaged: Vec<f64> = (0..side * side)
            .map(|index| {
                let mut sum = 0.0;
                for a in 0..fine {
                    for b in 0..fine {
                        let place = |pixel: usize, part: usize| pixel as f64 + (part as f64 + 0.5) / fine as f64;
                        let angle =
                            2.0 * PI * (5.0 * place(index / side, a) - 2.0 * place(index % side, b)) / side as f64;
                        sum += angle.cos();
                    }
                }
                sum / (fine * fine) as f64
            })
            .collect();
        let edges = [5.2 * patch.fundamental(), 5.5 * patch.fundamental()];
        let bands = BandPowers::new(patch, &edges, PixelWindow::Square).unwrap();
        let exact = 0.5 * patch.steradian() / bands.modes()[0] as f64;
        assert!((bands.measure(&averaged)[0] / exact - 1.0).abs() < 2e-3);
        let without = BandPowers::new(patch, &edges, PixelWindow::None)
            .unwrap()
            .measure(&averaged)[0];
        assert!(without / exact < 0.75);
    }

    #[test]
    fn bands_hold_all_modes_between_their_ends_once() {
        let patch = Patch::new(64, 5.0).unwrap();
        for count in [1, 8, 20, 31] {
            let bands = BandPowers::logarithmic(patch, count, PixelWindow::None).unwrap();
            let inside = (0..64 * 64)
                .filter(|index| {
                    let wave = patch.frequency(index / 64).hypot(patch.frequency(index % 64));
                    (1.0..32.0).contains(&wave)
                })
                .count();
            assert_eq!(bands.modes().iter().sum::<usize>(), inside, "{count}");
            let flat = bands.expected(&vec![3.0; 33 * 34 / 2]);
            assert!(flat.iter().all(|value| (value - 3.0).abs() < 1e-12));
        }
        assert!(BandPowers::logarithmic(patch, 32, PixelWindow::None).is_err());
        assert!(BandPowers::new(patch, &[100.0, 50.0], PixelWindow::None).is_err());
        assert!(BandPowers::new(patch, &[0.0, 50.0], PixelWindow::None).is_err());
    }
}
