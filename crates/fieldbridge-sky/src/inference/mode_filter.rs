//! Filters of all bins together, mode by mode.

use crate::field::{HartleyTransform, LensingField, Octant};

/// `m(k) = F(|k|) d(k)` with a matrix over the bins for every mode.
#[derive(Debug, Clone)]
pub(super) struct ModeFilter {
    bins: usize,
    pixels: usize,
    octant: Octant,
    transform: HartleyTransform,
    /// `[mode of the octant, bin, bin]`.
    filters: Vec<f64>,
}

impl ModeFilter {
    /// Of the maps of a field, with a matrix `[bin, bin]` for the packed covariance of every mode of the octant.
    pub(super) fn new(field: &LensingField, powers: &[f64], matrix: impl Fn(&[f64]) -> Vec<f64>) -> Self {
        let (patch, bins) = (field.patch(), field.bins());
        let filters = powers.chunks_exact(bins * (bins + 1) / 2).flat_map(matrix).collect();
        Self {
            bins,
            pixels: patch.pixels(),
            octant: Octant::new(&patch),
            transform: HartleyTransform::new(patch.pixels()),
            filters,
        }
    }

    /// Modes of maps `[bin, row, column]`.
    ///
    /// # Panics
    /// When there are not as many maps of as many pixels as the filter is for.
    pub(super) fn modes(&self, maps: &[f64]) -> Vec<f64> {
        let size = self.bins * self.pixels * self.pixels;
        assert_eq!(maps.len(), size, "the observation has another size");
        let mut modes = maps.to_vec();
        self.transform.apply_each(&mut modes);
        modes
    }

    /// The filtered maps of some modes, both `[bin, row, column]`.
    pub(super) fn maps(&self, modes: &[f64]) -> Vec<f64> {
        let (bins, area) = (self.bins, self.pixels * self.pixels);
        let mut maps = vec![0.0; bins * area];
        for row in 0..self.pixels {
            for (column, entry) in self.octant.row(row).enumerate() {
                let mode = row * self.pixels + column;
                let filter = &self.filters[entry * bins * bins..(entry + 1) * bins * bins];
                for (bin, weights) in filter.chunks_exact(bins).enumerate() {
                    let terms = weights.iter().enumerate();
                    let sum: f64 = terms.map(|(other, weight)| weight * modes[other * area + mode]).sum();
                    // the transform applied twice is the number of pixels
                    maps[bin * area + mode] = sum / area as f64;
                }
            }
        }
        self.transform.apply_each(&mut maps);
        maps
    }
}
