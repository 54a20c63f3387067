//! Which pixels are observed, and how much each counts.

use crate::SkyError;
use crate::field::Patch;

/// A weight from 0 (not observed) to 1 for every pixel.
#[derive(Debug, Clone, PartialEq)]
pub struct Mask {
    patch: Patch,
    weights: Vec<f64>,
}

impl Mask {
    /// From weights `[row, column]`. Pixels that are not a number in a map are best given weight 0.
    ///
    /// # Errors
    /// [`SkyError::Survey`] for another size than the patch, a weight outside 0 to 1, or no pixel that counts.
    pub fn new(patch: Patch, weights: Vec<f64>) -> Result<Self, SkyError> {
        let refused = |name, value, expected, hint| {
            Err(SkyError::Survey {
                name,
                value,
                expected,
                hint,
            })
        };
        if weights.len() != patch.area_pixels() {
            let hint = "the mask and the maps are of one patch";
            return refused(
                "pixels of the mask",
                weights.len() as f64,
                "as many as the patch has",
                hint,
            );
        }
        if let Some(&weight) = weights.iter().find(|weight| !(0.0..=1.0).contains(*weight)) {
            return refused(
                "a weight of the mask",
                weight,
                "a number from 0 to 1",
                "0 hides a pixel",
            );
        }
        if weights.iter().all(|&weight| weight == 0.0) {
            return refused(
                "observed pixels of the mask",
                0.0,
                "at least 1",
                "the mask hides all of the map",
            );
        }
        Ok(Self { patch, weights })
    }

    /// Every pixel but a frame of `pixels` along the edges.
    ///
    /// # Errors
    /// As [`Mask::new`], when the frame leaves nothing.
    pub fn framed(patch: Patch, pixels: usize) -> Result<Self, SkyError> {
        let side = patch.pixels();
        let inside = |place: usize| place >= pixels && place + pixels < side;
        let weights = (0..side * side).map(|index| f64::from(inside(index / side) && inside(index % side)));
        Self::new(patch, weights.collect())
    }

    /// The weights.
    #[must_use]
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// Share of the patch that is observed: the mean weight.
    #[must_use]
    pub fn share(&self) -> f64 {
        self.weights.iter().sum::<f64>() / self.weights.len() as f64
    }

    /// By how much the mask lowers the power of a map: the mean squared weight. Spectra of masked maps are divided by it.
    #[must_use]
    pub fn power_share(&self) -> f64 {
        self.weights.iter().map(|weight| weight * weight).sum::<f64>() / self.weights.len() as f64
    }

    /// The map with hidden pixels zero, also those that are not a number.
    ///
    /// # Panics
    /// When the map has another size than the patch.
    #[must_use]
    pub fn applied(&self, map: &[f64]) -> Vec<f64> {
        assert_eq!(map.len(), self.weights.len(), "the map has another size than the mask");
        let value = |(value, weight): (&f64, &f64)| if *weight == 0.0 { 0.0 } else { value * weight };
        map.iter().zip(&self.weights).map(value).collect()
    }

    /// The mask with borders softened inwards: weights rise from 0 to 1 as `sin^2` over `arcmin` from the nearest hidden pixel.
    /// The patch is periodic; a survey that is not has a frame.
    #[must_use]
    pub fn apodised(&self, arcmin: f64) -> Self {
        let side = self.patch.pixels();
        let reach = arcmin / self.patch.pixel_arcmin();
        let squares = self.squared_distances();
        let soft = |(weight, square): (&f64, &f64)| {
            let share = (square.sqrt() / reach).min(1.0);
            weight * (0.5 * std::f64::consts::PI * share).sin().powi(2)
        };
        debug_assert_eq!(squares.len(), side * side);
        let weights = if reach > 0.0 && squares[0].is_finite() {
            self.weights.iter().zip(&squares).map(soft).collect()
        } else {
            self.weights.clone()
        };
        Self {
            patch: self.patch,
            weights,
        }
    }

    /// Squared distance in pixels of each pixel from the nearest hidden one, infinite when there is none: along columns, then
    /// along rows.
    fn squared_distances(&self) -> Vec<f64> {
        let side = self.patch.pixels();
        let mut along = vec![f64::INFINITY; side * side];
        for column in 0..side {
            for row in 0..side {
                let hidden = |distance: &usize| {
                    let up = (row + distance) % side * side + column;
                    let down = (row + side - distance) % side * side + column;
                    self.weights[up] == 0.0 || self.weights[down] == 0.0
                };
                if let Some(distance) = (0..=side / 2).find(hidden) {
                    along[row * side + column] = (distance * distance) as f64;
                }
            }
        }
        let mut found = vec![f64::INFINITY; side * side];
        for (row, line) in along.chunks_exact(side).enumerate() {
            for column in 0..side {
                let nearest = (0..side).map(|other| {
                    let apart = self.patch.distance(column.abs_diff(other)) as f64;
                    apart * apart + line[other]
                });
                found[row * side + column] = nearest.fold(f64::INFINITY, f64::min);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_to_the_nearest_hidden_pixel() {
        let patch = Patch::new(12, 1.0).unwrap();
        let mut weights = vec![1.0; 144];
        let holes = [(2_usize, 3_usize), (7, 10), (11, 0)];
        for (row, column) in holes {
            weights[row * 12 + column] = 0.0;
        }
        let mask = Mask::new(patch, weights).unwrap();
        for (index, found) in mask.squared_distances().iter().enumerate() {
            let apart = |a: usize, b: usize| patch.distance(a.abs_diff(b)).pow(2);
            let exact = holes
                .iter()
                .map(|(row, column)| apart(index / 12, *row) + apart(index % 12, *column))
                .min();
            assert_eq!(*found, exact.unwrap() as f64);
        }
        // 5 arc minutes to a pixel: three pixels away all counts, one away sin^2(30 degrees)
        let soft = mask.apodised(15.0);
        assert_eq!(soft.weights()[2 * 12 + 3], 0.0);
        assert!((soft.weights()[2 * 12 + 4] - 0.25).abs() < 1e-12 && (soft.weights()[2 * 12 + 6] - 1.0).abs() < 1e-12);
        assert!(soft.power_share() < soft.share() && soft.share() < mask.share());
    }

    #[test]
    fn masks_that_hide_everything_or_do_not_fit_are_refused() {
        let patch = Patch::new(8, 1.0).unwrap();
        assert!(
            Mask::new(patch, vec![0.0; 64])
                .unwrap_err()
                .to_string()
                .contains("hides all")
        );
        assert!(Mask::new(patch, vec![1.0; 63]).is_err() && Mask::new(patch, vec![1.5; 64]).is_err());
        assert!(Mask::new(patch, vec![f64::NAN; 64]).is_err() && Mask::framed(patch, 4).is_err());
        let frame = Mask::framed(patch, 2).unwrap();
        assert_eq!(frame.share(), 0.25);
        let mut map = vec![2.0; 64];
        map[0] = f64::NAN;
        assert_eq!(frame.applied(&map).iter().sum::<f64>(), 32.0);
        let whole = Mask::new(patch, vec![1.0; 64]).unwrap();
        assert_eq!(whole.apodised(100.0), whole);
    }
}
