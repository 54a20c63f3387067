//! What the ranks of one parameter, or of the joint posterior, say: moments, coverage, size of the error, sensitivity.

use super::bootstrap::bootstrap_standard_errors;
use super::coverage::central_levels;
use super::error::CheckError;
use super::gaussian_match::{matched_gaussian, without_finite_draws};
use super::point::Estimate;
use super::special::normal_quantile;
use super::verdict::{LEAST_ROWS, REJECTION_LEVEL, REQUIRED_WIDTH_SENSITIVITY, Verdict, name_departure};
use serde::{Deserialize, Serialize};

/// Resamples behind the standard errors of sizes.
const RESAMPLES: usize = 100;

/// What the ranks of a set mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RankKind {
    /// PIT values of one parameter (position of the truth, left to right).
    Parameter,
    /// Highest-density ranks (fraction of the posterior more probable than the truth).
    HighestDensity,
}

/// Ranks to judge, one per row, uniform on [0, 1] if calibrated.
#[derive(Debug, Clone, Copy)]
pub struct RankSet<'a> {
    /// Name of the parameter, or of the joint posterior.
    pub name: &'a str,
    /// Ranks.
    pub ranks: &'a [f64],
    /// Draws per row behind the ranks; `None` if they come from an exact distribution function.
    pub draws: Option<usize>,
    /// What the ranks mean.
    pub kind: RankKind,
}

/// What was found in one set of ranks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RankFinding {
    /// Name of the set.
    pub name: String,
    /// What the ranks mean.
    pub kind: RankKind,
    /// Verdict on this set alone, at the adjusted level.
    pub verdict: Verdict,
    /// Number of rows.
    pub rows: usize,
    /// p-value of uniform ranks.
    pub p_value: f64,
    /// The same, adjusted for the number of sets (Holm).
    pub adjusted_p_value: f64,
    /// `(mean - 1/2) / sqrt(1/12n)`.
    pub mean_effect: f64,
    /// `(variance - 1/12) / sqrt(1/180n)`; zero for a single row.
    pub variance_effect: f64,
    /// Fraction of truths inside the central (or highest-density) 68 % region.
    pub covered_by_68: f64,
    /// Fraction of truths inside the central (or highest-density) 95 % region.
    pub covered_by_95: f64,
    /// Width of the posteriors over the right width, for parameters, where a Gaussian error explains the ranks.
    pub width_ratio: Option<Estimate>,
    /// Posterior minus truth in posterior standard deviations, likewise.
    pub bias: Option<Estimate>,
    /// Smallest relative width error found with about 80 % probability; `None` if no width error can be seen.
    pub detectable_width_error: Option<f64>,
}

/// Describes one set whose p-value is known, raw and adjusted for the number of `sets`.
pub(super) fn find(
    set: &RankSet<'_>,
    p_value: f64,
    adjusted_p_value: f64,
    sets: usize,
) -> Result<RankFinding, CheckError> {
    let rows = set.ranks.len();
    let (mean, variance) = mean_and_variance(set.ranks.iter().copied(), rows);
    let mean_effect = (mean - 0.5) * (12.0 * rows as f64).sqrt();
    let variance_effect = if rows > 1 {
        (variance - 1.0 / 12.0) * (180.0 * rows as f64).sqrt()
    } else {
        0.0
    };
    let (width_ratio, bias) = sizes(set, mean, variance)?;
    let detectable_width_error = detectable_width_error(rows, set.draws, sets);
    let smallest_levels = match set.kind {
        RankKind::Parameter => central_levels(set.ranks),
        RankKind::HighestDensity => set.ranks.to_vec(),
    };
    let verdict = if adjusted_p_value <= REJECTION_LEVEL {
        name_departure(set.kind, mean_effect, variance_effect, &smallest_levels)
    } else if rows >= LEAST_ROWS && detectable_width_error.is_some_and(|error| error <= REQUIRED_WIDTH_SENSITIVITY) {
        Verdict::Calibrated
    } else {
        Verdict::Inconclusive
    };
    Ok(RankFinding {
        name: set.name.to_owned(),
        kind: set.kind,
        verdict,
        rows,
        p_value,
        adjusted_p_value,
        mean_effect,
        variance_effect,
        covered_by_68: covered(&smallest_levels, 0.68),
        covered_by_95: covered(&smallest_levels, 0.95),
        width_ratio,
        bias,
        detectable_width_error,
    })
}

/// Width ratio and bias with bootstrap errors, for the PIT values of a parameter.
fn sizes(set: &RankSet<'_>, mean: f64, variance: f64) -> Result<(Option<Estimate>, Option<Estimate>), CheckError> {
    let size = |mean, variance| {
        without_finite_draws(mean, variance, set.draws).and_then(|(mean, variance)| matched_gaussian(mean, variance))
    };
    let rows = set.ranks.len();
    let (RankKind::Parameter, Some((ratio, bias))) = (set.kind, size(mean, variance)) else {
        return Ok((None, None));
    };
    let errors = bootstrap_standard_errors(rows, RESAMPLES, 0, |indices| {
        let (mean, variance) = mean_and_variance(indices.iter().map(|index| set.ranks[*index]), rows);
        let (ratio, bias) = size(mean, variance).unwrap_or((f64::NAN, f64::NAN));
        vec![ratio, bias]
    })?;
    let estimate = |value, standard_error| Some(Estimate { value, standard_error });
    Ok((estimate(ratio, errors[0]), estimate(bias, errors[1])))
}

fn mean_and_variance(values: impl Iterator<Item = f64> + Clone, rows: usize) -> (f64, f64) {
    let mean = values.clone().sum::<f64>() / rows as f64;
    let squares: f64 = values.map(|value| (value - mean).powi(2)).sum();
    (mean, squares / rows.saturating_sub(1).max(1) as f64)
}

/// Fraction of rows whose region of this level holds the truth.
pub(super) fn covered(smallest_levels: &[f64], level: f64) -> f64 {
    smallest_levels.iter().filter(|value| **value <= level).count() as f64 / smallest_levels.len() as f64
}

/// Relative width error that the uniformity test finds with about 80 % probability.
///
/// Near calibration the width ratio is known from the variance of `n` PIT values to `sqrt(1/180n) / 0.0919`, because
/// that variance is `arcsin(1 / (1 + ratio²)) / 2π`. The test on the whole distribution needs an error 1.4 times larger
/// than a test of that variance alone would (measured on Gaussian posteriors, mean of too narrow and too wide).
/// Ranks among `L` draws dilute the variance by `(L² - L) / (L + 1)²`.
pub(super) fn detectable_width_error(rows: usize, draws: Option<usize>, sets: usize) -> Option<f64> {
    Some(sensitivity(draws, sets)? / (rows as f64).sqrt())
}

/// Detectable width error times the root of the number of rows.
fn sensitivity(draws: Option<usize>, sets: usize) -> Option<f64> {
    const COST_OF_TESTING_EVERYTHING: f64 = 1.4;
    const SLOPE_OF_VARIANCE: f64 = 0.091_888_149_236_965_34;
    let dilution = match draws {
        None => 1.0,
        Some(draws) if draws < 2 => return None,
        Some(draws) => (draws as f64) * (draws as f64 - 1.0) / (draws as f64 + 1.0).powi(2),
    };
    let standard_errors = -normal_quantile(0.5 * REJECTION_LEVEL / sets as f64) + normal_quantile(0.8);
    Some(COST_OF_TESTING_EVERYTHING * standard_errors / (180.0_f64.sqrt() * SLOPE_OF_VARIANCE * dilution))
}

#[cfg(test)]
mod tests {
    use super::super::special::normal_cumulative;
    use super::super::stream::random_stream;
    use super::super::uniformity::UniformityLaw;
    use super::*;
    use rand::RngExt;
    use rayon::prelude::*;

    #[test]
    fn the_stated_sensitivity_is_the_measured_one() {
        for rows in [400, 3000] {
            let law = UniformityLaw::new(rows);
            let error = detectable_width_error(rows, None, 1).unwrap();
            let found = |ratio: f64| {
                let rejects = |seed: &u64| {
                    let mut random = random_stream(*seed, 3);
                    let pit: Vec<f64> = (0..rows)
                        .map(|_| normal_cumulative(normal_quantile(random.random()) / ratio))
                        .collect();
                    law.p_value(&pit) <= REJECTION_LEVEL
                };
                (0..150_u64).into_par_iter().filter(rejects).count() as f64 / 150.0
            };
            let power = 0.5 * (found(1.0 - error) + found(1.0 + error));
            assert!(
                (0.7..0.93).contains(&power),
                "{rows} rows: {error} found with probability {power}"
            );
        }
    }

    #[test]
    fn sensitivity_grows_with_rows_and_draws_and_falls_with_sets() {
        let base = detectable_width_error(400, Some(50), 1).unwrap();
        assert!((detectable_width_error(1600, Some(50), 1).unwrap() - 0.5 * base).abs() < 1e-12);
        assert!(detectable_width_error(400, None, 1).unwrap() < base);
        assert!(detectable_width_error(400, Some(50), 6).unwrap() > base);
        assert_eq!(detectable_width_error(400, Some(1), 1), None);
    }
}
