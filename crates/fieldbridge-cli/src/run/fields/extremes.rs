//! Lowest and highest pixels of true maps among those of draws.

use super::draws::mean_and_error;
use super::found::{Extremes, Ranks};

/// Powers and shares of pixels may be right while voids are too deep or peaks too high: of the lowest and of the highest pixel of
/// every bin the rank of the true one among drawn ones, from zero to one, a half in the mean when calibrated.
pub(super) struct ExtremeRanks {
    bins: usize,
    /// `[observation][bin]`: of the lowest and of the highest pixel.
    rows: Vec<Vec<[f64; 2]>>,
}

/// Lowest and highest pixel of every bin of maps `[bin, row, column]`.
pub(super) fn extremes(maps: &[f64], bins: usize) -> Vec<[f64; 2]> {
    maps.chunks_exact(maps.len() / bins)
        .map(|map| {
            map.iter()
                .fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], &value| {
                    [low.min(value), high.max(value)]
                })
        })
        .collect()
}

impl ExtremeRanks {
    pub(super) fn new(bins: usize) -> Self {
        Self { bins, rows: Vec::new() }
    }

    /// Adds an observation: its true maps, and the [`extremes`] of its draws, `[draw, bin]`.
    pub(super) fn add(&mut self, truth: &[f64], draws: &[[f64; 2]]) {
        let count = (draws.len() / self.bins) as f64;
        let of = |(bin, truth): (usize, [f64; 2])| {
            [0, 1].map(|end| {
                let drawn = draws.iter().skip(bin).step_by(self.bins);
                let below = drawn.filter(|draw| draw[end] < truth[end]).count();
                (below as f64 + 0.5) / (count + 1.0)
            })
        };
        let truth = extremes(truth, self.bins).into_iter();
        self.rows.push(truth.enumerate().map(of).collect());
    }

    pub(super) fn finish(&self) -> Extremes {
        let [lowest, highest] = [0, 1].map(|end| {
            let ranks = |bin: usize| self.rows.iter().map(move |row| row[bin][end]);
            let (mean, errors) = (0..self.bins).map(|bin| mean_and_error(ranks(bin))).unzip();
            Ranks { mean, errors }
        });
        Extremes { lowest, highest }
    }
}

#[cfg(test)]
mod tests {
    use fieldbridge::random::Stream;

    use super::*;

    /// Two bins; voids of the first are drawn a half deeper than they are, peaks of the second a half lower.
    #[test]
    fn deep_voids_and_low_peaks_are_told_and_others_have_ranks_of_a_half() {
        const AREA: usize = 16;
        let mut ranks = ExtremeRanks::new(2);
        for row in 0..300 {
            let drawn = |name: &str, scale: [f64; 2]| -> Vec<f64> {
                let normals = Stream::new(6, name, row).normals(2 * AREA);
                let numbered = normals.into_iter().enumerate();
                numbered
                    .map(|(at, value)| match (at / AREA, value > 0.0) {
                        (0, false) => scale[0] * f64::from(value),
                        (1, true) => scale[1] * f64::from(value),
                        _ => f64::from(value),
                    })
                    .collect()
            };
            let draws: Vec<[f64; 2]> = (0..20)
                .flat_map(|draw| extremes(&drawn(&format!("draw {draw}"), [1.5, 0.5]), 2))
                .collect();
            ranks.add(&drawn("truth", [1.0; 2]), &draws);
        }
        let found = ranks.finish();
        for (ranks, right) in [(&found.lowest, 1), (&found.highest, 0)] {
            let [good, bad] = [right, 1 - right].map(|bin| (ranks.mean[bin], ranks.errors[bin]));
            assert!((good.0 - 0.5).abs() < 4.0 * good.1, "{ranks:?}");
            assert!(bad.0 - 0.5 > 8.0 * bad.1, "{ranks:?}");
            assert!((0.01..0.02).contains(&good.1), "{ranks:?}");
        }
    }
}
