//! A square of sky cut into pixels, and its modes.

use crate::SkyError;

/// A flat, periodic square of `pixels` by `pixels`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Patch {
    pixels: usize,
    width_degrees: f64,
}

impl Patch {
    /// A patch with `pixels` on each side, which is `width_degrees` long.
    ///
    /// # Errors
    /// [`SkyError::Survey`] for fewer than 4 or more than 16384 pixels, or a width that is not between 0 and 90 degrees.
    pub fn new(pixels: usize, width_degrees: f64) -> Result<Self, SkyError> {
        if !(4..=16_384).contains(&pixels) {
            return Err(SkyError::Survey {
                name: "pixels on a side",
                value: pixels as f64,
                expected: "4 to 16384",
                hint: "mocks of LSST year 10 have 256",
            });
        }
        if !(width_degrees > 0.0 && width_degrees <= 90.0) {
            return Err(SkyError::Survey {
                name: "width in degrees",
                value: width_degrees,
                expected: "more than 0, at most 90",
                hint: "the sky is taken to be flat; mocks of LSST year 10 are 10 degrees wide",
            });
        }
        Ok(Self { pixels, width_degrees })
    }

    /// Pixels on a side.
    #[must_use]
    pub fn pixels(&self) -> usize {
        self.pixels
    }

    /// Pixels of a map.
    #[must_use]
    pub fn area_pixels(&self) -> usize {
        self.pixels * self.pixels
    }

    /// Length of a side, degrees.
    #[must_use]
    pub fn width_degrees(&self) -> f64 {
        self.width_degrees
    }

    /// Side of a pixel, arc minutes.
    #[must_use]
    pub fn pixel_arcmin(&self) -> f64 {
        self.width_degrees * 60.0 / self.pixels as f64
    }

    /// Area, steradian.
    #[must_use]
    pub fn steradian(&self) -> f64 {
        self.width_degrees.to_radians().powi(2)
    }

    /// Multipole of the longest wave, `2 pi / width`; all modes are multiples of it along each side.
    #[must_use]
    pub fn fundamental(&self) -> f64 {
        2.0 * std::f64::consts::PI / self.width_degrees.to_radians()
    }

    /// Largest multipole along a side.
    #[must_use]
    pub fn nyquist(&self) -> f64 {
        self.fundamental() * self.pixels as f64 / 2.0
    }

    /// How far index `index` is from zero on the periodic axis.
    #[must_use]
    pub fn distance(&self, index: usize) -> usize {
        index.min(self.pixels - index)
    }

    /// Signed wave number of an index in units of the fundamental mode; the Nyquist mode is negative.
    #[must_use]
    pub fn frequency(&self, index: usize) -> f64 {
        if 2 * index < self.pixels {
            index as f64
        } else {
            index as f64 - self.pixels as f64
        }
    }
}

/// The eighth of a plane that all of it mirrors: `0 <= b <= a <= pixels / 2`.
#[derive(Debug, Clone)]
pub(crate) struct Octant {
    pixels: usize,
    half: usize,
}

impl Octant {
    pub(crate) fn new(patch: &Patch) -> Self {
        Self {
            pixels: patch.pixels(),
            half: patch.pixels() / 2,
        }
    }

    /// Largest distance from zero.
    pub(crate) fn half(&self) -> usize {
        self.half
    }

    /// Number of entries.
    pub(crate) fn len(&self) -> usize {
        (self.half + 1) * (self.half + 2) / 2
    }

    /// The entry of two distances, in either order.
    pub(crate) fn index(&self, a: usize, b: usize) -> usize {
        let (low, high) = if a < b { (a, b) } else { (b, a) };
        high * (high + 1) / 2 + low
    }

    /// All entries as `(a, b)`, in order.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        (0..=self.half).flat_map(|a| (0..=a).map(move |b| (a, b)))
    }

    /// How often each entry occurs in the plane, in order.
    pub(crate) fn multiplicities(&self) -> Vec<f64> {
        let images = |distance: usize| {
            if distance == 0 || 2 * distance == self.pixels {
                1.0
            } else {
                2.0
            }
        };
        self.entries()
            .map(|(a, b)| images(a) * images(b) * if a == b { 1.0 } else { 2.0 })
            .collect()
    }

    /// The entry of each index of an axis pair `(row, column)`, as a function of the row.
    pub(crate) fn row(&self, row: usize) -> impl Iterator<Item = usize> + '_ {
        let from = row.min(self.pixels - row);
        (0..self.pixels).map(move |column| self.index(from, column.min(self.pixels - column)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mode_is_in_the_octant_as_often_as_it_says() {
        for pixels in [4, 7, 12] {
            let octant = Octant::new(&Patch::new(pixels, 5.0).unwrap());
            let mut found = vec![0.0; octant.len()];
            for row in 0..pixels {
                for entry in octant.row(row) {
                    found[entry] += 1.0;
                }
            }
            assert_eq!(found, octant.multiplicities());
            assert_eq!(octant.entries().count(), octant.len());
        }
    }

    #[test]
    fn geometry_of_the_lsst_mock() {
        let patch = Patch::new(256, 10.0).unwrap();
        assert_eq!(patch.pixel_arcmin(), 2.34375);
        assert!((patch.fundamental() - 36.0).abs() < 1e-12 && (patch.nyquist() - 4608.0).abs() < 1e-9);
        assert_eq!(
            [0, 127, 128, 255].map(|index| patch.frequency(index)),
            [0.0, 127.0, -128.0, -1.0]
        );
        assert!(Patch::new(3, 5.0).is_err() && Patch::new(64, 0.0).is_err() && Patch::new(64, f64::NAN).is_err());
    }
}
