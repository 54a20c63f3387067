//! Powers of true maps among those of draws.

use super::criteria::autos;
use super::draws::moments;
use super::found::Ratios;

/// Draws may have the right power in the mean and yet, each for itself, always the same: a field's amplitude hangs on its parameters, and
/// if the draws of one posterior do not differ in it as universes do, true maps lie outside of them.
///
/// Of the logarithm of the power in every band of every bin, over all observations: root mean square of the true one less the mean of the
/// draws, with the scatter from their number taken out, over the root mean square of their deviation. One when calibrated.
pub(super) struct Amplitudes {
    bins: usize,
    bands: usize,
    /// Squared errors and variances of every observation, `[bin, band]`.
    rows: Vec<[Vec<f64>; 2]>,
}

impl Amplitudes {
    pub(super) fn new(bins: usize, bands: usize) -> Self {
        Self {
            bins,
            bands,
            rows: Vec::new(),
        }
    }

    /// Adds an observation: power of its true map, `[pair, band]`, and of its draws, `[draw, pair, band]`.
    pub(super) fn add(&mut self, truth: &[f64], draws: &[f64]) {
        let count = (draws.len() / truth.len()) as f64;
        let logarithm = |power: f64| power.max(f64::MIN_POSITIVE).ln();
        let places = autos(self.bins).flat_map(|pair| pair * self.bands..(pair + 1) * self.bands);
        let (squares, variances) = places
            .map(|at| {
                let powers = draws.iter().skip(at).step_by(truth.len());
                let (mean, deviation) = moments(powers.map(|&power| logarithm(power)));
                let error = (logarithm(truth[at]) - mean).powi(2) * count / (count + 1.0);
                (error, deviation * deviation)
            })
            .unzip();
        self.rows.push([squares, variances]);
    }

    pub(super) fn finish(&self) -> Ratios {
        let column = |part: usize, at: usize| self.rows.iter().map(|row| row[part][at]).collect::<Vec<f64>>();
        let squared = Ratios::of((0..self.bins * self.bands).map(|at| {
            let mut variances = column(1, at);
            // of draws that are all alike
            variances[0] = variances[0].max(f64::MIN_POSITIVE);
            (column(0, at), variances)
        }));
        let values: Vec<f64> = squared.values.iter().map(|value| value.sqrt()).collect();
        let halved = squared.errors.iter().zip(&values);
        Ratios {
            errors: halved
                .map(|(error, value)| error / (2.0 * value.max(f64::MIN_POSITIVE)))
                .collect(),
            values,
        }
    }
}

#[cfg(test)]
mod tests {
    use fieldbridge::random::Stream;

    use super::*;

    /// Two bins, so three pairs, in two bands; the second band of the second bin is drawn with half of its scatter.
    #[test]
    fn draws_that_scatter_too_little_are_told() {
        const DRAWS: usize = 40;
        const ROWS: u64 = 500;
        let mut amplitudes = Amplitudes::new(2, 2);
        for row in 0..ROWS {
            let normals = Stream::new(3, "powers", row).normals(6 * (DRAWS + 1));
            let powers = |own: &[f32], scatter: [f64; 6]| -> Vec<f64> {
                own.iter()
                    .zip(scatter)
                    .map(|(&normal, scatter)| 1e-9 * (scatter * f64::from(normal)).exp())
                    .collect()
            };
            let (true_normals, of_draws) = normals.split_at(6);
            let truth = powers(true_normals, [0.1, 0.2, 0.3, 0.3, 0.2, 0.2]);
            let draws: Vec<f64> = of_draws
                .chunks_exact(6)
                .flat_map(|own| powers(own, [0.1, 0.2, 0.3, 0.3, 0.2, 0.1]))
                .collect();
            amplitudes.add(&truth, &draws);
        }
        let found = amplitudes.finish();
        assert_eq!(found.values.len(), 4);
        for (at, expected) in [1.0, 1.0, 1.0, 2.0].into_iter().enumerate() {
            let (value, error) = (found.values[at], found.errors[at]);
            assert!((value - expected).abs() < 4.0 * error, "{at}: {value} +- {error}");
            assert!((0.01..0.1).contains(&error), "{at}: {error}");
        }
    }

    #[test]
    fn draws_that_are_all_alike_give_numbers() {
        let mut amplitudes = Amplitudes::new(1, 1);
        for _ in 0..3 {
            amplitudes.add(&[2.0], &[1.0, 1.0]);
        }
        let found = amplitudes.finish();
        assert!(
            found.values[0].is_finite() && found.values[0] > 1e3 && found.errors[0].is_finite(),
            "{found:?}"
        );
    }
}
