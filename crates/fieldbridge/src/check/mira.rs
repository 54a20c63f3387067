//! Mira: a score of whole posteriors by the mass inside random balls (Sharief, Zeghal, Barco, Lemos, Hezaveh and
//! Perreault-Levasseur 2026, arXiv:2605.02014).
//!
//! For each row a centre is drawn, uniform in the unit cube after each parameter is scaled to [0, 1] by the smallest and
//! largest truth. One of the `S` draws, taken at random and put aside, says how large the ball around the centre is. Of
//! the other `N = S - 1` draws, `n` lie inside. The row scores
//!
//! `(n + 1) / (N + 1)` when the truth lies inside too, else `(N - n + 1) / (N + 1)`:
//!
//! the probability that a posterior of this mass gives to where the truth is. For calibrated posteriors truth and draws
//! are exchangeable, so `n` is uniform on `0 ... N` and the mean is exactly `(2 N + 3) / (3 (N + 1))`, near 2/3, with
//! variance near 1/18 a row. Draws that have nothing to do with the truth score near 1/2; too narrow or shifted posteriors
//! score below 2/3, **too wide ones above**: 2/3 is a value to meet, not a maximum, so the signed deviation is given.

use super::bootstrap::bootstrap_standard_error;
use super::draws::Draws;
use super::error::{CheckError, require_count};
use super::scaled::ScaledTruths;
use super::stream::random_stream;
use rand::RngExt;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// How a Mira score is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MiraSettings {
    /// Balls for each row, whose scores are averaged.
    pub runs: usize,
    /// Bootstrap resamples of the rows behind the standard error.
    pub resamples: usize,
    /// Seed of centres, radii and bootstrap.
    pub seed: u64,
}

impl Default for MiraSettings {
    fn default() -> Self {
        Self {
            runs: 100,
            resamples: 100,
            seed: 0,
        }
    }
}

/// A Mira score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mira {
    /// Mean over rows and runs.
    pub score: f64,
    /// What calibrated posteriors score with as many draws.
    pub expected: f64,
    /// `score - expected`: below zero for too narrow or shifted posteriors, above for too wide ones.
    pub deviation: f64,
    /// Bootstrap standard error of the score over rows.
    pub standard_error: f64,
}

/// Scores draws and truths (shape `[rows, parameters]`).
///
/// # Errors
/// Truths of another shape or not finite, fewer than two draws of a row, no runs, fewer than two resamples.
pub fn mira(draws: &Draws<'_>, truths: &[f64], settings: &MiraSettings) -> Result<Mira, CheckError> {
    draws.require_truths(truths)?;
    require_count("draws of each row for Mira", 2, draws.draws())?;
    let scoring = MiraRows::new(truths, draws.parameters(), settings)?;
    let of_rows: Vec<f64> = (0..draws.rows())
        .into_par_iter()
        .map(|row| scoring.score(row, draws.row(row)))
        .collect();
    scoring.finish(&of_rows, draws.draws())
}

/// Mira row by row, for draws that are too many to be held at once.
#[derive(Debug, Clone)]
pub struct MiraRows<'a> {
    truths: ScaledTruths<'a>,
    settings: MiraSettings,
}

impl<'a> MiraRows<'a> {
    /// For truths of shape `[rows, parameters]`.
    ///
    /// # Errors
    /// No whole rows of truths, truths that are not finite, no runs.
    pub fn new(truths: &'a [f64], parameters: usize, settings: &MiraSettings) -> Result<Self, CheckError> {
        require_count("Mira runs", 1, settings.runs)?;
        Ok(Self {
            truths: ScaledTruths::new(truths, parameters)?,
            settings: *settings,
        })
    }

    /// The same with every parameter scaled to [0, 1] by a low value and a width of its own. In many dimensions that is a must:
    /// the truths never leave their own range while draws do, which tells the two apart.
    #[must_use]
    pub fn scaled_by(mut self, ranges: Vec<(f64, f64)>) -> Self {
        self.truths.scale_by(ranges);
        self
    }

    /// The score of one row, from at least two finite draws of shape `[draws, parameters]`.
    pub fn score(&self, row: usize, draws: &[f64]) -> f64 {
        let mut random = random_stream(self.settings.seed, row as u64);
        let truth = self.truths.row(row);
        let total: f64 = (0..self.settings.runs)
            .map(|_| ball(draws, truth, &self.truths.ranges, &mut random))
            .sum();
        total / self.settings.runs as f64
    }

    /// The score of all rows from that of each, with `draws` draws a row.
    ///
    /// # Errors
    /// Fewer than two resamples.
    pub fn finish(&self, of_rows: &[f64], draws: usize) -> Result<Mira, CheckError> {
        let mean = |rows: &mut dyn Iterator<Item = usize>| {
            let (sum, count) = rows.fold((0.0, 0), |(sum, count), row| (sum + of_rows[row], count + 1));
            sum / count as f64
        };
        let score = mean(&mut (0..of_rows.len()));
        let others = draws as f64 - 1.0;
        let expected = (2.0 * others + 3.0) / (3.0 * (others + 1.0));
        // streams of the rows come first
        let settings = self.settings;
        let standard_error =
            bootstrap_standard_error(of_rows.len(), settings.resamples, settings.seed ^ u64::MAX, |rows| {
                mean(&mut rows.iter().copied())
            })?;
        Ok(Mira {
            score,
            expected,
            deviation: score - expected,
            standard_error,
        })
    }
}

/// The score of one row in one random ball.
fn ball(draws: &[f64], truth: &[f64], ranges: &[(f64, f64)], random: &mut impl rand::Rng) -> f64 {
    let centre: Vec<f64> = truth.iter().map(|_| random.random()).collect();
    let distance = |point: &[f64]| -> f64 {
        point
            .iter()
            .zip(ranges)
            .zip(&centre)
            .map(|((value, (low, width)), centre)| ((value - low) / width - centre).powi(2))
            .sum()
    };
    let count = draws.len() / truth.len();
    let aside = random.random_range(0..count);
    let radius = distance(&draws[aside * truth.len()..][..truth.len()]);
    // the one put aside is not closer than itself
    let inside = draws
        .chunks_exact(truth.len())
        .filter(|draw| distance(draw) < radius)
        .count();
    let others = count - 1;
    let agreeing = if distance(truth) <= radius {
        inside
    } else {
        others - inside
    };
    (agreeing + 1) as f64 / (others + 1) as f64
}

#[cfg(test)]
mod tests {
    use super::super::special::normal_quantile;
    use super::*;

    /// Two-dimensional Gaussian posteriors of one width, whose draws are `ratio` times as wide and `shift` widths off.
    fn found(ratio: f64, shift: f64, draws: usize, seed: u64) -> Mira {
        let rows = 2000;
        let mut random = random_stream(seed, 0);
        let (mut values, mut truths) = (Vec::new(), Vec::new());
        for _ in 0..rows {
            let mut normal = || normal_quantile(random.random());
            let centre = [3.0 * normal(), 30.0 * normal()];
            truths.extend([centre[0] + normal(), centre[1] + 10.0 * normal()]);
            for _ in 0..draws {
                values.push(centre[0] + ratio * normal() + shift);
                values.push(centre[1] + 10.0 * (ratio * normal() + shift));
            }
        }
        let settings = MiraSettings {
            runs: 20,
            seed,
            ..MiraSettings::default()
        };
        mira(&Draws::new(&values, rows, draws, 2).unwrap(), &truths, &settings).unwrap()
    }

    #[test]
    fn exact_posteriors_score_what_is_expected_with_any_number_of_draws() {
        for (draws, expected) in [(2, 5.0 / 6.0), (10, 21.0 / 30.0), (100, 201.0 / 300.0)] {
            let found = found(1.0, 0.0, draws, 1);
            assert!((found.expected - expected).abs() < 1e-12);
            assert!(
                found.deviation.abs() < 3.5 * found.standard_error,
                "{found:?} with {draws} draws"
            );
            // runs share the row, so the error lies between that of one run and that of as many rows
            let single = (1.0_f64 / 18.0 / 2000.0).sqrt();
            assert!(found.standard_error < 1.2 * single, "{found:?}");
        }
    }

    #[test]
    fn narrow_and_shifted_posteriors_score_less_and_wide_ones_more() {
        let deviation = |ratio, shift| {
            let found = found(ratio, shift, 100, 2);
            found.deviation / found.standard_error
        };
        assert!(deviation(0.5, 0.0) < -5.0);
        assert!(deviation(1.0, 1.0) < -3.0);
        assert!(deviation(2.0, 0.0) > 5.0);
    }

    #[test]
    fn a_truth_inside_every_ball_scores_by_the_share_of_draws_inside() {
        // all draws equal: the ball reaches them, none is closer, and the truth is where they are
        let draws = Draws::new(&[0.5; 8], 2, 4, 1).unwrap();
        let found = mira(&draws, &[0.5, 0.5], &MiraSettings::default()).unwrap();
        assert_eq!(found.score, 0.25);
        assert_eq!(found.standard_error, 0.0);
    }

    #[test]
    fn too_few_draws_and_truths_of_another_shape_are_refused() {
        let draws = Draws::new(&[0.5, 0.1], 2, 1, 1).unwrap();
        assert!(mira(&draws, &[0.5, 0.5], &MiraSettings::default()).is_err());
        let draws = Draws::new(&[0.5, 0.1, 0.2, 0.3], 2, 2, 1).unwrap();
        assert!(mira(&draws, &[0.5], &MiraSettings::default()).is_err());
        assert!(mira(&draws, &[0.5, f64::NAN], &MiraSettings::default()).is_err());
    }

    #[test]
    fn the_score_does_not_depend_on_threads() {
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| found(1.3, 0.2, 20, 5))
        };
        assert_eq!(with(1), with(3));
    }
}
