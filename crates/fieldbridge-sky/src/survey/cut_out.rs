//! Partial maps of the sphere, and flat patches of them.

use std::collections::HashMap;

use super::{Healpix, TangentPlane};
use crate::SkyError;
use crate::field::Patch;

/// Values in some pixels of the sphere, of one or several maps.
#[derive(Debug, Clone)]
pub struct CutOut {
    sphere: Healpix,
    pixels: Vec<u64>,
    maps: Vec<Vec<f64>>,
    /// Where the value of a pixel is.
    places: HashMap<u64, usize>,
}

/// A flat patch of a [`CutOut`].
#[derive(Debug, Clone, PartialEq)]
pub struct FlatPatch {
    /// `[map, row, column]`; rows go north and columns west. NaN outside the cut-out.
    pub maps: Vec<f64>,
    /// Longitude and latitude of its centre, degrees.
    pub centre_degrees: [f64; 2],
    /// Pixels of the patch outside the cut-out.
    pub outside: usize,
    /// Pixels of the patch whose value another one has already: there the noise is the same, not independent.
    pub repeated: usize,
}

impl CutOut {
    /// Values of every map in pixels of a sphere.
    ///
    /// # Errors
    /// [`SkyError::Observation`] for maps of other lengths, pixels that the sphere has not, and pixels named twice.
    pub fn new(sphere: Healpix, pixels: Vec<u64>, maps: Vec<Vec<f64>>) -> Result<Self, SkyError> {
        let refused = |what, found, expected, hint| {
            Err(SkyError::Observation {
                what,
                found,
                expected,
                hint,
            })
        };
        if let Some(map) = maps.iter().find(|map| map.len() != pixels.len()) {
            let found = format!("{} values for {} pixels", map.len(), pixels.len());
            return refused(
                "size",
                found,
                "a value of every map in every pixel".to_owned(),
                "look at how it was written",
            );
        }
        let mut places = HashMap::with_capacity(pixels.len());
        for (place, &pixel) in pixels.iter().enumerate() {
            if pixel >= sphere.pixels() {
                return refused(
                    "pixel",
                    pixel.to_string(),
                    format!("less than the {} pixels of the sphere", sphere.pixels()),
                    "look at NSIDE and at the column PIXEL",
                );
            }
            if places.insert(pixel, place).is_some() {
                return refused(
                    "pixel",
                    format!("{pixel} twice"),
                    "every pixel once".to_owned(),
                    "leave one of them out",
                );
            }
        }
        Ok(Self {
            sphere,
            pixels,
            maps,
            places,
        })
    }

    /// A flat patch around the mean direction of the pixels: directions of its pixels' centres by a
    /// [gnomonic projection](TangentPlane), and there the value of the pixel of the sphere that holds the direction. Nothing is
    /// averaged, so that the noise of a value stays that of a pixel of the sphere.
    ///
    /// # Errors
    /// Those of [`TangentPlane::at_mean`].
    pub fn flat(&self, patch: &Patch) -> Result<FlatPatch, SkyError> {
        let centres = self.pixels.iter().map(|&pixel| self.sphere.direction_of(pixel));
        let plane = TangentPlane::at_mean(centres)?;
        let places: Vec<Option<usize>> = plane
            .directions(patch)
            .map(|direction| self.places.get(&self.sphere.pixel_of(direction)).copied())
            .collect();
        let mut used = vec![false; self.pixels.len()];
        let repeated = places
            .iter()
            .flatten()
            .filter(|&&place| std::mem::replace(&mut used[place], true));
        let repeated = repeated.count();
        let value = |map: &Vec<f64>| -> Vec<f64> {
            places
                .iter()
                .map(|place| place.map_or(f64::NAN, |place| map[place]))
                .collect()
        };
        Ok(FlatPatch {
            maps: self.maps.iter().flat_map(value).collect(),
            centre_degrees: plane.centre_degrees(),
            outside: places.iter().filter(|place| place.is_none()).count(),
            repeated,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survey::PixelOrder;

    /// All pixels within some degrees of a direction, with two smooth maps of the direction.
    fn cut_out(order: PixelOrder, degrees: f64) -> CutOut {
        let sphere = Healpix::new(512, order).unwrap();
        let towards = [0.48, -0.6, 0.64];
        let near = |&pixel: &u64| {
            let direction = sphere.direction_of(pixel);
            let cosine: f64 = direction.iter().zip(towards).map(|(a, b)| a * b).sum();
            cosine > degrees.to_radians().cos()
        };
        let pixels: Vec<u64> = (0..sphere.pixels()).filter(near).collect();
        let map = |axis: usize| pixels.iter().map(|&pixel| sphere.direction_of(pixel)[axis]).collect();
        CutOut::new(sphere, pixels.clone(), vec![map(0), map(2)]).unwrap()
    }

    #[test]
    fn values_of_the_patch_are_those_in_its_directions_in_either_order() {
        let patch = Patch::new(16, 5.0).unwrap();
        let nested = cut_out(PixelOrder::Nested, 4.5).flat(&patch).unwrap();
        let ring = cut_out(PixelOrder::Ring, 4.5).flat(&patch).unwrap();
        assert_eq!((nested.outside, nested.repeated), (0, 0));
        for (a, b) in nested.maps.iter().zip(&ring.maps) {
            assert!((a - b).abs() < 1e-12, "{a} {b}");
        }
        let [longitude, latitude] = nested.centre_degrees;
        assert!(
            (longitude - (360.0 + (-0.6_f64).atan2(0.48).to_degrees())).abs() < 0.05,
            "{longitude}"
        );
        assert!((latitude - 0.64_f64.asin().to_degrees()).abs() < 0.05, "{latitude}");
        // half a pixel of the sphere is 3.4 arc minutes, its corner at most twice as far
        let nearest = 7.0 / 60.0_f64;
        let north = |row: f64| ((row + 0.5 - 8.0) * 5.0 / 16.0).to_radians();
        let middle = |row: usize| nested.maps[256 + row * 16 + 8];
        for row in 0..16 {
            let exact = (latitude.to_radians() + north(row as f64).atan()).sin();
            assert!(
                (middle(row) - exact).abs() < nearest.to_radians(),
                "{row}: {} {exact}",
                middle(row)
            );
        }
        // column zero is in the east
        assert!(nested.maps[8 * 16] > nested.maps[8 * 16 + 15]);
    }

    #[test]
    fn what_the_cut_out_lacks_is_no_number_and_coarse_pixels_repeat() {
        let small = cut_out(PixelOrder::Ring, 2.0)
            .flat(&Patch::new(16, 5.0).unwrap())
            .unwrap();
        let missing = small.maps[..256].iter().filter(|value| value.is_nan()).count();
        assert_eq!(missing, small.outside);
        // of 25 square degrees, a disc of 2 degrees covers 12.6
        assert!((110..145).contains(&missing), "{missing}");
        let fine = cut_out(PixelOrder::Ring, 4.5)
            .flat(&Patch::new(64, 5.0).unwrap())
            .unwrap();
        assert!(fine.repeated > 1500, "{}", fine.repeated);
    }

    #[test]
    fn pixels_that_cannot_be_are_refused() {
        let sphere = Healpix::new(2, PixelOrder::Ring).unwrap();
        let ask = |pixels: Vec<u64>, values: usize| CutOut::new(sphere, pixels, vec![vec![0.0; values]]);
        for (pixels, values, word) in [
            (vec![3, 48], 2, "48"),
            (vec![3, 3], 2, "twice"),
            (vec![3, 4], 1, "1 values"),
        ] {
            let error = ask(pixels, values).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }
}
