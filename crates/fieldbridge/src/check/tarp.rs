//! TARP: tests of accuracy with random points (Lemos, Coogan et al. 2023, arXiv:2302.03026).
//!
//! For each row `j` a reference point `r_j` is drawn, and `f_j` is the fraction of posterior draws closer to `r_j` than
//! the truth is. With calibrated posteriors `f_j` is uniform for any reference, so the expected coverage
//! probability `ECP(α)` = share of rows with `f_j < α` equals `α`. Distances are Euclidean after each parameter is
//! scaled to [0, 1] by the smallest and largest truth.
//!
//! References that do not depend on the data test calibration on average only: a posterior that ignores the data and
//! returns the prior passes. Hand in references made from each observation to test more.

use super::bootstrap::bootstrap_standard_errors;
use super::draws::Draws;
use super::error::{CheckError, require_count, require_finite, require_length};
use super::rank_statistics::randomised_rank;
use super::scaled::ScaledTruths;
use super::stream::random_stream;
use super::uniformity::uniformity;
use rand::RngExt;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// How a TARP check is made; [`TarpSettings::default`] follows the paper.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TarpSettings<'a> {
    /// Reference points, shape `[rows, parameters]`, in the units of the parameters; uniform within the range of
    /// the truths if not given.
    pub references: Option<&'a [f64]>,
    /// Number of credibility levels; a tenth of the rows (at least two) if not given.
    pub levels: Option<usize>,
    /// Bootstrap resamples of the rows behind the standard errors.
    pub resamples: usize,
    /// Seed of references, tie-breaking and bootstrap.
    pub seed: u64,
}

impl Default for TarpSettings<'_> {
    fn default() -> Self {
        Self {
            references: None,
            levels: None,
            resamples: 100,
            seed: 0,
        }
    }
}

/// Expected coverage against credibility; the first three vectors have one entry per level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tarp {
    /// Credibility levels `α`, equally spaced, the last one 1.
    pub credibility: Vec<f64>,
    /// `ECP(α)`: share of rows with `f < α` (all rows at `α = 1`).
    pub expected_coverage: Vec<f64>,
    /// Bootstrap standard error of the expected coverage.
    pub standard_error: Vec<f64>,
    /// Largest `|ECP(α) - α|`.
    pub maximum_deviation: f64,
    /// p-value of uniform `f`, by [`uniformity`] of the randomised ranks `(closer + V) / (draws + 1)`.
    pub p_value: f64,
    /// `f` of each row.
    pub fraction: Vec<f64>,
}

/// Runs TARP on draws and truths (shape `[rows, parameters]`).
///
/// # Errors
/// Truths or references of another shape or not finite, fewer than two levels or resamples.
pub fn tarp(draws: &Draws<'_>, truths: &[f64], settings: &TarpSettings<'_>) -> Result<Tarp, CheckError> {
    draws.require_truths(truths)?;
    let counting = TarpRows::new(truths, draws.parameters(), settings)?;
    let counted: Vec<Closer> = (0..draws.rows())
        .into_par_iter()
        .map(|row| counting.count(row, draws.row(row)))
        .collect();
    counting.finish(&counted, draws.draws())
}

/// How many draws of a row are closer to its reference than the truth, and how many exactly as close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closer {
    closer: usize,
    equal: usize,
}

/// TARP row by row, for draws that are too many to be held at once.
#[derive(Debug, Clone)]
pub struct TarpRows<'a> {
    truths: ScaledTruths<'a>,
    settings: TarpSettings<'a>,
}

impl<'a> TarpRows<'a> {
    /// For truths of shape `[rows, parameters]`.
    ///
    /// # Errors
    /// Truths or references of another shape or not finite.
    pub fn new(truths: &'a [f64], parameters: usize, settings: &TarpSettings<'a>) -> Result<Self, CheckError> {
        let scaled = ScaledTruths::new(truths, parameters)?;
        if let Some(references) = settings.references {
            require_length("TARP references", truths.len(), references.len())?;
            require_finite("TARP references", references, parameters)?;
        }
        Ok(Self {
            truths: scaled,
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

    /// Counts the finite draws, of shape `[draws, parameters]`, of one row.
    pub fn count(&self, row: usize, draws: &[f64]) -> Closer {
        let (parameters, settings, ranges) = (self.truths.parameters, &self.settings, &self.truths.ranges);
        let scaled = |point: &[f64]| -> Vec<f64> {
            point
                .iter()
                .zip(ranges)
                .map(|(value, (low, width))| (value - low) / width)
                .collect()
        };
        let reference = match settings.references {
            Some(references) => scaled(&references[row * parameters..(row + 1) * parameters]),
            None => {
                let mut random = random_stream(settings.seed, 2 * row as u64);
                (0..parameters).map(|_| random.random()).collect()
            }
        };
        let distance = |point: &[f64]| -> f64 {
            point
                .iter()
                .zip(ranges)
                .zip(&reference)
                .map(|((value, (low, width)), centre)| ((value - low) / width - centre).powi(2))
                .sum()
        };
        let of_truth = distance(self.truths.row(row));
        let none = Closer { closer: 0, equal: 0 };
        draws
            .chunks_exact(parameters)
            .map(distance)
            .fold(none, |found, of_draw| Closer {
                closer: found.closer + usize::from(of_draw < of_truth),
                equal: found.equal + usize::from(of_draw == of_truth),
            })
    }

    /// The curve of all rows from the counts of each, with `draws` draws a row.
    ///
    /// # Errors
    /// Fewer than two levels or resamples.
    pub fn finish(&self, counted: &[Closer], draws: usize) -> Result<Tarp, CheckError> {
        let (settings, rows) = (&self.settings, counted.len());
        let levels = settings.levels.unwrap_or((rows / 10).max(2));
        require_count("TARP levels", 2, levels)?;
        let fraction: Vec<f64> = counted.iter().map(|found| found.closer as f64 / draws as f64).collect();
        let ranks: Vec<f64> = counted
            .iter()
            .enumerate()
            // Streams of the references are even, those of the ranks odd.
            .map(|(row, found)| randomised_rank(found.closer, found.equal, draws, settings.seed, 2 * row as u64 + 1))
            .collect();
        let credibility: Vec<f64> = (1..=levels).map(|index| index as f64 / levels as f64).collect();
        let bins: Vec<usize> = fraction
            .iter()
            .map(|value| ((value * levels as f64) as usize).min(levels - 1))
            .collect();
        let all_rows: Vec<usize> = (0..rows).collect();
        let expected_coverage = cumulative_share(&bins, &all_rows, levels);
        let standard_error = bootstrap_standard_errors(rows, settings.resamples, settings.seed, |indices| {
            cumulative_share(&bins, indices, levels)
        })?;
        Ok(Tarp {
            maximum_deviation: expected_coverage
                .iter()
                .zip(&credibility)
                .map(|(ecp, alpha)| (ecp - alpha).abs())
                .fold(0.0, f64::max),
            p_value: uniformity(&ranks)?,
            credibility,
            expected_coverage,
            standard_error,
            fraction,
        })
    }
}

fn cumulative_share(bins: &[usize], rows: &[usize], levels: usize) -> Vec<f64> {
    let mut counts = vec![0_usize; levels];
    rows.iter().for_each(|row| counts[bins[*row]] += 1);
    let mut total = 0;
    counts
        .iter()
        .map(|count| {
            total += count;
            total as f64 / rows.len() as f64
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::special::normal_quantile;
    use super::*;

    /// Two-dimensional Gaussian posteriors of different widths whose draws are `ratio` times as wide as they ought.
    fn gaussian_case(rows: usize, count: usize, ratio: f64, seed: u64) -> (Vec<f64>, Vec<f64>) {
        let mut random = random_stream(seed, 0);
        let (mut draws, mut truths) = (Vec::new(), Vec::new());
        for _ in 0..rows {
            let centre: [f64; 2] = [random.random_range(-5.0..5.0), random.random_range(-50.0..50.0)];
            let sigma = [random.random_range(0.1..0.5), random.random_range(1.0..5.0)];
            for axis in 0..2 {
                truths.push(centre[axis] + sigma[axis] * normal_quantile(random.random()));
            }
            for _ in 0..count {
                for axis in 0..2 {
                    draws.push(centre[axis] + ratio * sigma[axis] * normal_quantile(random.random()));
                }
            }
        }
        (draws, truths)
    }

    fn run(rows: usize, ratio: f64, seed: u64) -> Tarp {
        let (draws, truths) = gaussian_case(rows, 100, ratio, seed);
        let settings = TarpSettings {
            seed,
            ..TarpSettings::default()
        };
        tarp(&Draws::new(&draws, rows, 100, 2).unwrap(), &truths, &settings).unwrap()
    }

    #[test]
    fn an_exact_gaussian_posterior_lies_on_the_diagonal() {
        let found = run(1000, 1.0, 1);
        assert!(found.p_value > 0.01, "p = {}", found.p_value);
        assert!(found.maximum_deviation < 0.06, "{}", found.maximum_deviation);
        assert_eq!(found.credibility.len(), 100);
        assert_eq!(*found.expected_coverage.last().unwrap(), 1.0);
        // At α = 1/2 the bootstrap must return the binomial error.
        assert!((found.standard_error[49] / (0.25_f64 / 1000.0).sqrt() - 1.0).abs() < 0.3);
    }

    #[test]
    fn exact_posteriors_are_rejected_at_the_nominal_rate() {
        let rejected = (0..100).filter(|seed| run(60, 1.0, 1000 + seed).p_value <= 0.1).count();
        // Mean 10, standard deviation 3.
        assert!((2..=20).contains(&rejected), "{rejected} of 100");
    }

    #[test]
    fn too_narrow_and_too_wide_posteriors_bend_opposite_ways() {
        let (narrow, wide) = (run(800, 0.6, 3), run(800, 1.6, 3));
        assert!(narrow.p_value < 0.01 && wide.p_value < 0.01);
        let at = |found: &Tarp, alpha: f64| found.expected_coverage[(alpha * 80.0) as usize - 1] - alpha;
        assert!(at(&narrow, 0.1) > 0.03 && at(&narrow, 0.9) < -0.03);
        assert!(at(&wide, 0.1) < -0.03 && at(&wide, 0.9) > 0.03);
    }

    #[test]
    fn fraction_counts_draws_closer_to_the_given_reference() {
        let draws = Draws::new(&[0.1, 0.4, 0.9, 0.0, 0.0, 0.0], 2, 3, 1).unwrap();
        let settings = TarpSettings {
            references: Some(&[0.0, 0.0]),
            ..TarpSettings::default()
        };
        let found = tarp(&draws, &[0.5, 1.0], &settings).unwrap();
        assert_eq!(found.fraction, [2.0 / 3.0, 1.0]);
    }

    #[test]
    fn a_parameter_without_spread_does_not_hide_the_others() {
        let values = [0.1, 7.0, 0.4, 7.0, 0.9, 7.0, 0.0, 7.0, 0.0, 7.0, 0.0, 7.0];
        let draws = Draws::new(&values, 2, 3, 2).unwrap();
        let settings = TarpSettings {
            references: Some(&[0.0, 7.0, 0.0, 7.0]),
            ..TarpSettings::default()
        };
        let found = tarp(&draws, &[0.5, 7.0, 1.0, 7.0], &settings).unwrap();
        assert_eq!(found.fraction, [2.0 / 3.0, 1.0]);
    }

    #[test]
    fn constant_draws_single_rows_and_bad_shapes_do_not_panic() {
        let one = Draws::new(&[1.0, 1.0], 1, 2, 1).unwrap();
        assert!(tarp(&one, &[1.0], &TarpSettings::default()).unwrap().p_value > 0.05);
        assert!(matches!(
            tarp(&one, &[1.0, 2.0], &TarpSettings::default()),
            Err(CheckError::LengthMismatch { .. })
        ));
        assert!(matches!(
            tarp(&one, &[f64::NAN], &TarpSettings::default()),
            Err(CheckError::NonFinite { .. })
        ));
        let bad = TarpSettings {
            references: Some(&[f64::NAN]),
            ..TarpSettings::default()
        };
        assert!(matches!(tarp(&one, &[1.0], &bad), Err(CheckError::NonFinite { .. })));
    }
}
