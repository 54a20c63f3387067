//! Expected coverage: how often credible regions of level `α` hold the truth, against `α` itself.
//!
//! Calibrated posteriors cover at the nominal rate for every level; too narrow ones cover less, too wide ones more.
//! Regions are given by a number per row that is uniform when calibrated: the smallest level whose region holds the
//! truth. For highest-density regions that is [`highest_density_ranks`](super::rank_statistics::highest_density_ranks)
//! (Hermans et al. 2022, arXiv:2110.06581); for central intervals it is `|2u - 1|` of a PIT value `u`.

use super::error::{CheckError, require_increasing, require_within};
use super::simultaneous::SimultaneousLaw;
use super::uniformity::{BAND_LEVEL, counts_not_exceeding};
use serde::{Deserialize, Serialize};

/// Empirical against nominal coverage; all vectors have one entry per level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    /// Nominal credible levels.
    pub level: Vec<f64>,
    /// Fraction of rows whose region of that level holds the truth.
    pub empirical: Vec<f64>,
    /// Binomial standard error of the fraction, `sqrt(p (1 - p) / (n + 2))` with `p = (k + 1) / (n + 2)` so that
    /// it is not zero when none or all of the rows are covered.
    pub standard_error: Vec<f64>,
    /// Lower edge of the simultaneous 95 % band of calibrated posteriors.
    pub lower: Vec<f64>,
    /// Upper edge of the simultaneous 95 % band of calibrated posteriors.
    pub upper: Vec<f64>,
    /// Whether the whole curve lies inside the band.
    pub inside: bool,
    /// Probability of a curve at least this far out, if calibrated; `<= 0.05` exactly when it leaves the band.
    pub p_value: f64,
    /// Largest `|empirical - level|`.
    pub maximum_deviation: f64,
    /// Number of rows.
    pub rows: usize,
}

/// `count` equally spaced levels strictly inside (0, 1): `1/(count+1), ..., count/(count+1)`.
pub fn equally_spaced_levels(count: usize) -> Vec<f64> {
    (1..=count).map(|index| index as f64 / (count as f64 + 1.0)).collect()
}

/// Coverage from the smallest level that holds each truth, for example highest-density ranks.
///
/// # Errors
/// No rows, no levels, numbers outside [0, 1] or not finite, levels that do not increase.
pub fn coverage(smallest_levels: &[f64], levels: &[f64]) -> Result<Coverage, CheckError> {
    require_within("smallest covering levels", smallest_levels, 0.0, 1.0)?;
    require_within("credible levels", levels, 0.0, 1.0)?;
    require_increasing("credible levels", levels)?;
    let rows = smallest_levels.len();
    let counts = counts_not_exceeding(smallest_levels, levels);
    let law = SimultaneousLaw::of_cumulative(rows, levels);
    let band = law.band(BAND_LEVEL);
    let as_fraction = |count: u64| count as f64 / rows as f64;
    let empirical: Vec<f64> = counts.iter().map(|count| as_fraction(*count)).collect();
    Ok(Coverage {
        standard_error: counts.iter().map(|count| standard_error(*count, rows)).collect(),
        lower: band.iter().map(|limits| as_fraction(limits.0)).collect(),
        upper: band.iter().map(|limits| as_fraction(limits.1)).collect(),
        inside: counts
            .iter()
            .zip(&band)
            .all(|(count, (low, high))| low <= count && count <= high),
        p_value: law.p_value(law.statistic(&counts)),
        maximum_deviation: empirical
            .iter()
            .zip(levels)
            .map(|(found, level)| (found - level).abs())
            .fold(0.0, f64::max),
        level: levels.to_vec(),
        empirical,
        rows,
    })
}

/// Coverage of central intervals, from the PIT values of one parameter.
///
/// # Errors
/// As [`coverage`].
pub fn central_coverage(pit: &[f64], levels: &[f64]) -> Result<Coverage, CheckError> {
    require_within("PIT values", pit, 0.0, 1.0)?;
    coverage(&central_levels(pit), levels)
}

/// The smallest central interval that holds the truth: `|2u - 1|`.
pub(super) fn central_levels(pit: &[f64]) -> Vec<f64> {
    pit.iter().map(|value| (2.0 * value - 1.0).abs()).collect()
}

fn standard_error(count: u64, rows: usize) -> f64 {
    let trials = rows as f64 + 2.0;
    let fraction = (count as f64 + 1.0) / trials;
    (fraction * (1.0 - fraction) / trials).sqrt()
}

#[cfg(test)]
mod tests {
    use super::super::special::{normal_cumulative, normal_quantile};
    use super::super::stream::random_stream;
    use super::*;
    use rand::RngExt;

    /// PIT values of a Gaussian posterior whose width is `ratio` times the right one.
    fn gaussian_pit(rows: usize, ratio: f64, seed: u64) -> Vec<f64> {
        let mut random = random_stream(seed, 0);
        (0..rows)
            .map(|_| normal_cumulative(normal_quantile(random.random()) / ratio))
            .collect()
    }

    #[test]
    fn calibrated_intervals_cover_at_their_level() {
        let found = central_coverage(&gaussian_pit(5000, 1.0, 1), &equally_spaced_levels(19)).unwrap();
        assert!(found.inside && found.p_value > 0.05);
        for index in 0..19 {
            assert!((found.empirical[index] - found.level[index]).abs() < 4.0 * found.standard_error[index]);
        }
    }

    #[test]
    fn narrow_intervals_cover_as_the_normal_law_says() {
        let found = central_coverage(&gaussian_pit(20_000, 0.7, 2), &[0.5, 0.6827, 0.9545]).unwrap();
        for (index, sigmas) in [0.674_489_75, 1.0, 2.0].into_iter().enumerate() {
            let expected = 2.0 * normal_cumulative(0.7 * sigmas) - 1.0;
            assert!((found.empirical[index] - expected).abs() < 4.0 * found.standard_error[index]);
        }
        assert!(!found.inside && found.p_value < 1e-6);
    }

    #[test]
    fn wide_intervals_cover_too_much() {
        let found = central_coverage(&gaussian_pit(5000, 1.4, 3), &[0.5, 0.9]).unwrap();
        assert!(found.empirical[0] > found.upper[0] && found.empirical[1] > found.upper[1]);
    }

    #[test]
    fn band_covers_95_percent_of_calibrated_curves_at_once() {
        let levels = equally_spaced_levels(9);
        let law = SimultaneousLaw::of_cumulative(200, &levels);
        let band = law.band(BAND_LEVEL);
        let inside = (0..1000)
            .filter(|seed| {
                let counts = counts_not_exceeding(&central_levels(&gaussian_pit(200, 1.0, 100 + seed)), &levels);
                counts
                    .iter()
                    .zip(&band)
                    .all(|(count, (low, high))| low <= count && count <= high)
            })
            .count();
        assert!((930..=980).contains(&inside), "{inside} of 1000");
    }

    #[test]
    fn one_row_and_bad_levels_do_not_panic() {
        let one = coverage(&[0.3], &[0.0, 0.5, 1.0]).unwrap();
        assert_eq!(one.empirical, [0.0, 1.0, 1.0]);
        assert!(one.inside && one.standard_error.iter().all(|error| *error > 0.0));
        assert!(matches!(coverage(&[0.3], &[]), Err(CheckError::Empty { .. })));
        assert!(matches!(
            coverage(&[0.3], &[0.5, 0.5]),
            Err(CheckError::NotIncreasing { index: 1, .. })
        ));
        assert!(matches!(
            coverage(&[f64::NAN], &[0.5]),
            Err(CheckError::NonFinite { row: 0, .. })
        ));
    }
}
