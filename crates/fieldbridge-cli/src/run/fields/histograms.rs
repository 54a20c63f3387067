//! One-point distributions.

use fieldbridge::data::fields::FieldGeometry;

use super::found::OnePoint;

/// Classes of a histogram.
const CLASSES: usize = 60;

/// Histograms of pixels, per tomographic bin.
pub(super) struct Histograms {
    geometry: FieldGeometry,
    ranges: Vec<(f64, f64)>,
    /// Of true maps, draws and mean maps.
    counts: Vec<[Vec<f64>; 3]>,
}

impl Histograms {
    pub(super) fn new(geometry: FieldGeometry, deviations: &[f64]) -> Self {
        Self {
            geometry,
            ranges: deviations
                .iter()
                .map(|deviation| (-4.5 * deviation, 4.5 * deviation))
                .collect(),
            counts: vec![[0; 3].map(|_| vec![0.0; CLASSES]); geometry.bins],
        }
    }

    /// Adds maps `[bin, row, column]`.
    pub(super) fn add(&mut self, kind: usize, maps: &[f64]) {
        let area = self.geometry.pixels * self.geometry.pixels;
        for (bin, map) in maps.chunks_exact(area).enumerate() {
            let (low, high) = self.ranges[bin];
            for value in map {
                let place = (value - low) / (high - low) * CLASSES as f64;
                if (0.0..CLASSES as f64).contains(&place) {
                    self.counts[bin][kind][place as usize] += 1.0;
                }
            }
        }
    }

    pub(super) fn finish(self) -> OnePoint {
        let bins = self.ranges.iter().zip(self.counts).map(|(&(low, high), counts)| {
            let step = (high - low) / CLASSES as f64;
            let edges = (0..=CLASSES).map(|edge| low + edge as f64 * step).collect();
            let [truth, draws, mean] = counts.map(|counts| {
                let total = counts.iter().sum::<f64>() * step;
                counts.into_iter().map(|count| count / total).collect::<Vec<f64>>()
            });
            [edges, truth, draws, mean]
        });
        OnePoint { bins: bins.collect() }
    }
}
