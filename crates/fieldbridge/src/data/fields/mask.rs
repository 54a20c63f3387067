//! Random survey masks.

use rand::RngExt;
use rand_distr::{Distribution, Poisson};
use serde::{Deserialize, Serialize};

use super::FieldGeometry;
use crate::error::Error;
use crate::random::Stream;

/// Most holes of a square degree: more are finer than any pixel.
const MOST_HOLES: f64 = 10_000.0;
/// Most of the sky that holes may hide on average.
const MOST_HIDDEN: f64 = 0.9;

/// Table `[observation.mask]`: the law of the masks behind which a model learns to see. Every mask is a new one.
///
/// A border hides `0` to `edge * pixels` rows of pixels at each of the four sides, every whole number as likely and each side for itself.
/// Holes are discs: their number has Poisson's law, their centres lie evenly on the periodic patch, their radii evenly in an
/// interval. A pixel whose centre lies in one is hidden, in all tomographic bins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaskRecipe {
    /// Widest share of each side that is lost to the border of the survey, below one half.
    #[serde(default)]
    pub edge: f64,
    /// Mean number of holes in a square degree.
    #[serde(default)]
    pub holes_per_degree2: f64,
    /// Smallest and largest radius of a hole, arc minutes.
    #[serde(default = "of_bright_stars")]
    pub hole_arcmin: [f64; 2],
}

fn of_bright_stars() -> [f64; 2] {
    [2.0, 20.0]
}

impl MaskRecipe {
    /// Mean area of a hole, square degrees.
    fn hole_degrees2(&self) -> f64 {
        let [low, high] = self.hole_arcmin.map(|radius| radius / 60.0);
        // the mean square of a radius between them
        std::f64::consts::PI * (low * low + low * high + high * high) / 3.0
    }

    /// Refuses laws that cannot be, that hide nothing, or nearly everything.
    ///
    /// # Errors
    /// [`Error::Recipe`] with the key.
    pub fn check(&self) -> Result<(), Error> {
        let refuse = |key: &str, reason: String, hint: &str| {
            Err(Error::Recipe {
                key: format!("observation.mask.{key}"),
                reason,
                hint: hint.to_owned(),
            })
        };
        let [low, high] = self.hole_arcmin;
        if !(0.0..0.5).contains(&self.edge) {
            let reason = format!("is {}", self.edge);
            return refuse(
                "edge",
                reason,
                "use a share from 0 to below 0.5, or opposite borders would meet",
            );
        }
        if !(0.0..=MOST_HOLES).contains(&self.holes_per_degree2) {
            let reason = format!("is {}", self.holes_per_degree2);
            return refuse("holes_per_degree2", reason, "use a number from 0 to 10,000");
        }
        if !(low > 0.0 && low <= high && high.is_finite()) {
            let reason = format!("is [{low}, {high}]");
            return refuse(
                "hole_arcmin",
                reason,
                "give the smallest and the largest radius, both above 0",
            );
        }
        if self.edge == 0.0 && self.holes_per_degree2 == 0.0 {
            return refuse(
                "edge",
                "is 0, and there are no holes: nothing is ever hidden".to_owned(),
                "give `edge` or `holes_per_degree2`, or leave [observation.mask] out",
            );
        }
        let hidden = 1.0 - (-self.holes_per_degree2 * self.hole_degrees2()).exp();
        if hidden > MOST_HIDDEN {
            let reason = format!("makes holes that hide {:.0} % of the sky", 100.0 * hidden);
            return refuse("holes_per_degree2", reason, "use fewer holes, or smaller ones");
        }
        Ok(())
    }

    /// Which pixels are observed, `[row, column]`: at least one. A draw whose holes would hide all that the border leaves has no
    /// holes.
    pub fn draw(&self, geometry: &FieldGeometry, stream: &Stream) -> Vec<bool> {
        let side = geometry.pixels;
        let mut random = stream.generator();
        let widest = (self.edge * side as f64) as usize;
        let [top, bottom, left, right] = [0; 4].map(|_| random.random_range(0..=widest));
        let within = |place: usize, before: usize, after: usize| place >= before && place + after < side;
        let bordered: Vec<bool> = (0..side * side)
            .map(|at| within(at / side, top, bottom) && within(at % side, left, right))
            .collect();
        let expected = self.holes_per_degree2 * geometry.width_degrees.powi(2);
        let holes = Poisson::new(expected).map_or(0.0, |law| law.sample(&mut random)) as usize;
        let mut seen = bordered.clone();
        let [low, high] = self.hole_arcmin.map(|radius| radius / geometry.pixel_arcmin());
        for _ in 0..holes {
            let [row, column, share] = [0; 3].map(|_| random.random::<f64>());
            let centre = [row, column].map(|place| place * side as f64);
            hide(&mut seen, side, centre, low + share * (high - low));
        }
        if seen.contains(&true) { seen } else { bordered }
    }
}

/// Hides the pixels whose centres lie within `radius` of a point; all in pixels.
fn hide(seen: &mut [bool], side: usize, centre: [f64; 2], radius: f64) {
    let apart = |place: usize, centre: f64| {
        let straight = (place as f64 + 0.5 - centre).abs();
        straight.min(side as f64 - straight)
    };
    for (row, pixels) in seen.chunks_exact_mut(side).enumerate() {
        let down = apart(row, centre[0]);
        if down > radius {
            continue;
        }
        for (column, pixel) in pixels.iter_mut().enumerate() {
            if down.hypot(apart(column, centre[1])) <= radius {
                *pixel = false;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GEOMETRY: FieldGeometry = FieldGeometry {
        bins: 1,
        pixels: 40,
        width_degrees: 5.0,
    };

    fn masks(recipe: &MaskRecipe, count: u64) -> Vec<Vec<bool>> {
        (0..count)
            .map(|index| recipe.draw(&GEOMETRY, &Stream::new(3, "masks", index)))
            .collect()
    }

    fn hidden(masks: &[Vec<bool>]) -> f64 {
        let all = || masks.iter().flatten();
        all().filter(|seen| !**seen).count() as f64 / all().count() as f64
    }

    #[test]
    fn holes_hide_the_share_of_their_law_evenly_and_borders_their_widths() {
        let holes = MaskRecipe {
            edge: 0.0,
            holes_per_degree2: 0.5,
            hole_arcmin: [10.0, 25.0],
        };
        let drawn = masks(&holes, 2000);
        assert_eq!(drawn, masks(&holes, 2000));
        assert!(drawn[0] != drawn[1]);
        // Poisson's discs: exp(-density * mean area) is free; (25^3 - 10^3) / 45 is the mean square of a radius
        let exact = 1.0 - (-0.5 * std::f64::consts::PI * 325.0 / 3600.0_f64).exp();
        assert!((hidden(&drawn) - exact).abs() < 0.004, "{} {exact}", hidden(&drawn));
        // no place is hidden more often than others
        for at in [0, 39, 820] {
            let often = drawn.iter().filter(|mask| !mask[at]).count() as f64 / 2000.0;
            assert!((often - exact).abs() < 0.03, "{at}: {often}");
        }
        let border = MaskRecipe {
            edge: 0.16,
            holes_per_degree2: 0.0,
            hole_arcmin: [1.0, 2.0],
        };
        let drawn = masks(&border, 2000);
        // 0 to 6 of 40 rows at each side, 3 in the mean
        assert!((hidden(&drawn) - (1.0 - (34.0 / 40.0_f64).powi(2))).abs() < 0.005);
        let middle = |mask: &Vec<bool>| (6..34).all(|row| mask[row * 40 + 6..row * 40 + 34].iter().all(|seen| *seen));
        assert!(drawn.iter().all(middle));
        assert!(drawn.iter().any(|mask| mask[820] && !mask[5 * 40 + 20]));
    }

    #[test]
    fn a_hole_is_a_disc_on_the_periodic_patch() {
        let mut seen = vec![true; 1600];
        hide(&mut seen, 40, [0.5, 39.0], 3.2);
        for (at, seen) in seen.iter().enumerate() {
            let (row, column) = (at as f64 / 40.0, at % 40);
            let (down, right) = (row.floor(), column as f64 + 0.5 - 39.0);
            let (down, right) = (down.min(40.0 - down), right.abs().min(40.0 - right.abs()));
            assert_eq!(*seen, down.hypot(right) > 3.2, "{at}");
        }
    }

    #[test]
    fn something_is_always_observed() {
        let dense = MaskRecipe {
            edge: 0.49,
            holes_per_degree2: 0.2,
            hole_arcmin: [100.0, 110.0],
        };
        dense.check().unwrap();
        let drawn = masks(&dense, 500);
        assert!(drawn.iter().all(|mask| mask.contains(&true)));
        // and the case does happen: five holes of a third of the patch each
        let small = FieldGeometry { pixels: 3, ..GEOMETRY };
        for index in 0..200 {
            assert!(dense.draw(&small, &Stream::new(1, "masks", index)).contains(&true));
        }
    }

    #[test]
    fn laws_that_cannot_be_are_refused_by_key() {
        let good = MaskRecipe {
            edge: 0.1,
            holes_per_degree2: 1.0,
            hole_arcmin: [2.0, 20.0],
        };
        good.check().unwrap();
        type Change = fn(&mut MaskRecipe);
        let cases: [(Change, &str); 7] = [
            (|mask| mask.edge = 0.5, "mask.edge"),
            (|mask| mask.edge = f64::NAN, "mask.edge"),
            (|mask| mask.holes_per_degree2 = -1.0, "holes_per_degree2"),
            (|mask| mask.holes_per_degree2 = 100.0, "% of the sky"),
            (|mask| mask.hole_arcmin = [0.0, 1.0], "hole_arcmin"),
            (|mask| mask.hole_arcmin = [3.0, 1.0], "[3, 1]"),
            (
                |mask| (mask.edge, mask.holes_per_degree2) = (0.0, 0.0),
                "nothing is ever hidden",
            ),
        ];
        for (change, word) in cases {
            let mut mask = good.clone();
            change(&mut mask);
            let error = mask.check().unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }
}
