//! One-point distributions.

use fieldbridge::data::fields::FieldGeometry;

use super::found::{OnePoint, PixelClasses, Ratios};

/// Classes of a histogram between its ends, beside which two more hold what is below and above.
const CLASSES: usize = 60;

/// Least share of true pixels in a class in which draws are compared with them.
const LEAST: f64 = 0.05;

/// Counts of one tomographic bin: of true maps, draws and mean maps.
type Counts = [Vec<f64>; 3];

/// Histograms of pixels, per tomographic bin, observation by observation.
pub(super) struct Histograms {
    geometry: FieldGeometry,
    ranges: Vec<(f64, f64)>,
    /// `[observation][bin]`.
    rows: Vec<Vec<Counts>>,
}

impl Histograms {
    pub(super) fn new(geometry: FieldGeometry, deviations: &[f64]) -> Self {
        Self {
            geometry,
            ranges: deviations
                .iter()
                .map(|deviation| (-4.5 * deviation, 4.5 * deviation))
                .collect(),
            rows: Vec::new(),
        }
    }

    /// Adds the maps of an observation, all `[bin, row, column]`.
    pub(super) fn add(&mut self, truth: &[f64], draws: impl Iterator<Item = Vec<f64>>, mean: &[f64]) {
        let mut row = vec![[0; 3].map(|_| vec![0.0; CLASSES + 2]); self.geometry.bins];
        self.count(&mut row, 0, truth);
        draws.for_each(|maps| self.count(&mut row, 1, &maps));
        self.count(&mut row, 2, mean);
        self.rows.push(row);
    }

    fn count(&self, row: &mut [Counts], kind: usize, maps: &[f64]) {
        let area = self.geometry.pixels * self.geometry.pixels;
        for ((counts, &(low, high)), map) in row.iter_mut().zip(&self.ranges).zip(maps.chunks_exact(area)) {
            for value in map {
                let place = (value - low) / (high - low) * CLASSES as f64;
                counts[kind][(place + 1.0).clamp(0.0, (CLASSES + 1) as f64) as usize] += 1.0;
            }
        }
    }

    pub(super) fn finish(self) -> OnePoint {
        let bins = self.ranges.iter().enumerate().map(|(bin, &(low, high))| {
            let step = (high - low) / CLASSES as f64;
            let edges: Vec<f64> = (0..=CLASSES).map(|edge| low + edge as f64 * step).collect();
            let [truth, draws, mean] = [0, 1, 2].map(|kind| {
                let sum = |class: usize| self.rows.iter().map(|row| row[bin][kind][class]).sum::<f64>();
                let counts: Vec<f64> = (0..CLASSES + 2).map(sum).collect();
                let total = counts.iter().sum::<f64>() * step;
                counts[1..=CLASSES].iter().map(|count| count / total).collect()
            });
            [edges, truth, draws, mean]
        });
        OnePoint {
            bins: bins.collect(),
            beside: (0..self.ranges.len()).map(|bin| self.beside(bin)).collect(),
        }
    }

    /// Drawn pixels of a bin over true ones, in neighbouring classes taken together until they hold enough of the true ones.
    fn beside(&self, bin: usize) -> PixelClasses {
        let all: f64 = self.rows.iter().map(|row| row[bin][0].iter().sum::<f64>()).sum();
        let held = |from: usize, to: usize| {
            let of = |row: &Vec<Counts>| row[bin][0][from..to].iter().sum::<f64>();
            self.rows.iter().map(of).sum::<f64>() / all
        };
        let mut starts = vec![0];
        for class in 1..CLASSES + 2 {
            let last = starts[starts.len() - 1];
            if held(last, class) >= LEAST && held(class, CLASSES + 2) >= LEAST {
                starts.push(class);
            }
        }
        starts.push(CLASSES + 2);
        let (low, high) = self.ranges[bin];
        let edge = |class: usize| low + (class - 1) as f64 * (high - low) / CLASSES as f64;
        let shares = |kind: usize, from: usize, to: usize| {
            let of = move |row: &Vec<Counts>| {
                row[bin][kind][from..to].iter().sum::<f64>() / row[bin][kind].iter().sum::<f64>()
            };
            self.rows.iter().map(of).collect::<Vec<f64>>()
        };
        let classes = starts.windows(2);
        PixelClasses {
            edges: starts[1..starts.len() - 1].iter().map(|&class| edge(class)).collect(),
            over_truth: Ratios::of(classes.map(|ends| {
                let [draws, truth] = [1, 0].map(|kind| shares(kind, ends[0], ends[1]));
                (draws, truth)
            })),
        }
    }
}

#[cfg(test)]
mod tests {
    use fieldbridge::random::Stream;

    use super::*;

    fn found(scale: f64) -> PixelClasses {
        let geometry = FieldGeometry {
            bins: 1,
            pixels: 16,
            width_degrees: 5.0,
        };
        let mut histograms = Histograms::new(geometry, &[1.0]);
        for row in 0..40 {
            let normals = |name: &str, scale: f64| -> Vec<f64> {
                let normals = Stream::new(1, name, row).normals(256);
                normals.into_iter().map(|value| scale * f64::from(value)).collect()
            };
            let draws = ["one", "two", "three", "four"].map(|name| normals(name, scale));
            histograms.add(&normals("truth", 1.0), draws.into_iter(), &[0.0; 256]);
        }
        let mut found = histograms.finish();
        // all true pixels stand between the ends, but for those above or below
        let whole: f64 = found.bins[0][1].iter().sum::<f64>() * 0.15;
        assert!((0.999..=1.0).contains(&whole), "{whole}");
        found.beside.remove(0)
    }

    #[test]
    fn pixels_of_the_same_law_have_ratios_of_one_within_their_errors_and_wider_ones_have_not() {
        let same = found(1.0);
        assert_eq!(same.edges.len() + 1, same.over_truth.values.len());
        assert!((12..=20).contains(&same.over_truth.values.len()));
        for (value, error) in same.over_truth.values.iter().zip(&same.over_truth.errors) {
            // 10,240 pixels, of which a fifteenth or so is in a class
            assert!((0.02..0.06).contains(error), "{error}");
            assert!((value - 1.0).abs() < 4.0 * error, "{value} +- {error}");
        }
        let wider = found(1.3);
        let last = wider.over_truth.values.len() - 1;
        // P(|z| > 1.64 / 1.3) / P(|z| > 1.64)
        for at in [0, last] {
            assert!((wider.over_truth.values[at] - 2.05).abs() < 0.25, "{wider:?}");
        }
        assert!(wider.over_truth.values[last / 2] < 0.85);
    }
}
