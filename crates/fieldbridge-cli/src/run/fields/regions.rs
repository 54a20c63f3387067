//! Whether drawn pixels hold the true ones as often as they say, inside and outside of the observed area.

use fieldbridge::data::fields::{FieldGeometry, FieldScaling};
use fieldbridge::random::Stream;

use super::found::Region;

/// Classes of ranks.
const CLASSES: usize = 10;
/// Central intervals, at equal steps of credibility.
const INTERVALS: usize = 19;

/// What is counted of one observation in one region.
#[derive(Clone, Debug, Default)]
pub(super) struct Counted {
    pixels: f64,
    ranks: [f64; CLASSES],
    inside: [f64; INTERVALS],
    /// Squared error of the mean, without what the number of draws adds, and variance, in units of the variance of the maps.
    error: f64,
    variance: f64,
}

/// Counts of observed pixels, then of hidden ones, of each observation.
pub(super) struct Regions {
    geometry: FieldGeometry,
    deviation: Vec<f64>,
    counted: Vec<[Counted; 2]>,
}

/// Credibility of a central interval.
fn credibility(interval: usize) -> f64 {
    (interval + 1) as f64 / (INTERVALS + 1) as f64
}

impl Regions {
    pub(super) fn new(fields: &FieldScaling) -> Self {
        Self {
            geometry: fields.geometry,
            deviation: fields.deviation.clone(),
            counted: Vec::new(),
        }
    }

    /// Counts the pixels of true maps `[row, column, bin]` among those at the end of draws of `width` numbers each. Ranks `r` among `L`
    /// draws become `(r + V) / (L + 1)` with uniform `V`, which is uniform when calibrated.
    pub(super) fn row(
        &self,
        truth: &[f64],
        (draws, width): (&[f64], usize),
        seen: &[bool],
        stream: &Stream,
    ) -> [Counted; 2] {
        let count = (draws.len() / width) as f64;
        let uniforms = stream.uniforms(truth.len());
        let mut found = [Counted::default(), Counted::default()];
        for (at, &true_value) in truth.iter().enumerate() {
            let first = width - truth.len() + at;
            let values = || draws.iter().skip(first).step_by(width).copied();
            let below = values().filter(|&value| value < true_value).count() as f64;
            let equal = values().filter(|&value| value == true_value).count() as f64;
            let rank = (below + f64::from(uniforms[at]) * (equal + 1.0)) / (count + 1.0);
            let mean = values().sum::<f64>() / count;
            let variance = values().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
            let scale = self.deviation[at % self.geometry.bins].powi(2);
            let region = &mut found[usize::from(!seen[at / self.geometry.bins])];
            region.pixels += 1.0;
            region.ranks[((rank * CLASSES as f64) as usize).min(CLASSES - 1)] += 1.0;
            for (interval, inside) in region.inside.iter_mut().enumerate() {
                if 2.0 * (rank - 0.5).abs() <= credibility(interval) {
                    *inside += 1.0;
                }
            }
            region.error += ((true_value - mean).powi(2) - variance / count) / scale;
            region.variance += variance / scale;
        }
        found
    }

    pub(super) fn add(&mut self, counted: [Counted; 2]) {
        self.counted.push(counted);
    }

    /// The regions that have pixels.
    pub(super) fn finish(self) -> Vec<Region> {
        ["observed", "hidden"]
            .into_iter()
            .enumerate()
            .filter_map(|(at, name)| self.region(at, name))
            .collect()
    }

    fn region(&self, at: usize, name: &str) -> Option<Region> {
        let own: Vec<&Counted> = self.counted.iter().map(|both| &both[at]).collect();
        let own: Vec<&Counted> = own.into_iter().filter(|counted| counted.pixels > 0.0).collect();
        let pixels = own.iter().map(|counted| counted.pixels).sum::<f64>();
        if own.is_empty() {
            return None;
        }
        // pixels of one map know of each other, maps do not
        let share = |of: &dyn Fn(&Counted) -> f64| -> (f64, f64) {
            let share = own.iter().map(|counted| of(counted)).sum::<f64>() / pixels;
            let squares = own
                .iter()
                .map(|counted| (of(counted) - share * counted.pixels).powi(2))
                .sum::<f64>();
            let count = own.len() as f64;
            (share, (squares * count / (count - 1.0).max(1.0)).sqrt() / pixels)
        };
        let (ranks, ranks_error) = (0..CLASSES).map(|class| share(&|counted| counted.ranks[class])).unzip();
        let (coverage, coverage_error): (Vec<f64>, Vec<f64>) = (0..INTERVALS)
            .map(|interval| share(&|counted| counted.inside[interval]))
            .unzip();
        let credibility: Vec<f64> = (0..INTERVALS).map(credibility).collect();
        let off = || {
            coverage
                .iter()
                .zip(&credibility)
                .map(|(found, exact)| (found - exact).abs())
        };
        let errors = off()
            .zip(&coverage_error)
            .filter(|(_, error)| **error > 0.0)
            .map(|(off, error)| off / error);
        let all = (self.counted.len() * self.geometry.size()) as f64;
        Some(Region {
            name: name.to_owned(),
            share: pixels / all,
            observations: own.len(),
            ranks,
            ranks_error,
            maximum_deviation: off().fold(0.0, f64::max),
            maximum_errors: errors.fold(0.0, f64::max),
            credibility,
            coverage,
            coverage_error,
            spread: share(&|counted| counted.variance).0.sqrt(),
            error: share(&|counted| counted.error).0.max(0.0).sqrt(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GEOMETRY: FieldGeometry = FieldGeometry {
        bins: 2,
        pixels: 6,
        width_degrees: 1.0,
    };

    /// Counts of truths and of draws that are `stretch` as wide where nothing is observed. Pixels of a map share a part of their
    /// chance, so that they know of each other.
    fn regions(stretch: f64) -> Vec<Region> {
        const DRAWS: usize = 20;
        let size = GEOMETRY.size();
        let mut regions = Regions {
            geometry: GEOMETRY,
            deviation: vec![2.0, 4.0],
            counted: Vec::new(),
        };
        let seen: Vec<bool> = (0..36).map(|place| place % 6 < 4).collect();
        for row in 0..400 {
            let stream = Stream::new(1, "regions", row);
            let map = |draw: u64, stretch: f64| -> Vec<f64> {
                let normals = stream.child("map", draw).normals(size + 1);
                (0..size)
                    .map(|at| {
                        let value = 0.6 * f64::from(normals[size]) + 0.8 * f64::from(normals[at]);
                        let own = if at % 2 == 0 { 1.0 } else { 2.0 };
                        value * own * if seen[at / 2] { 1.0 } else { stretch }
                    })
                    .collect()
            };
            let mut draws = Vec::new();
            for draw in 0..DRAWS as u64 {
                draws.push(0.5);
                draws.extend(map(1 + draw, stretch));
            }
            let counted = regions.row(&map(0, 1.0), (&draws, size + 1), &seen, &stream.child("ranks", 0));
            regions.add(counted);
        }
        regions.finish()
    }

    #[test]
    fn draws_of_the_law_of_the_truth_cover_it_and_narrow_ones_are_found_where_they_are() {
        let good = regions(1.0);
        assert_eq!(good.len(), 2);
        assert!((good[0].share - 2.0 / 3.0).abs() < 1e-12 && good[1].observations == 400);
        for region in &good {
            assert!(
                region.maximum_deviation < 0.045 && region.maximum_errors < 3.5,
                "{region:?}"
            );
            assert!((region.ranks.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            // half of the maps' deviation
            assert!((region.spread - 0.5).abs() < 0.02 && (region.error - 0.5).abs() < 0.02);
        }
        let narrow = regions(0.6);
        assert_eq!(narrow[0], good[0]);
        assert!(
            narrow[1].maximum_deviation > 0.15 && narrow[1].maximum_errors > 8.0,
            "{:?}",
            narrow[1]
        );
        assert!((narrow[1].spread / narrow[1].error - 0.6).abs() < 0.03);
        // a valley of ranks: too many truths at the ends
        assert!(narrow[1].ranks[0] > 0.15 && narrow[1].ranks[5] < 0.1);
    }
}
