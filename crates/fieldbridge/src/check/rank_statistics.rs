//! Ranks of the truth among posterior draws: uniform when the posterior is calibrated.
//!
//! If the truth `θ` and the `L` draws come from the same posterior, the rank of the truth among them is uniform on
//! `0 ..= L` (Talts et al. 2018, arXiv:1804.06788). A rank `r` becomes a probability-integral-transform (PIT) value
//!
//! `u = (r + V) / (L + 1)`, with `V` uniform on [0, 1),
//!
//! which is exactly uniform for any finite `L`: no bin holds more ranks than another, and a truth that ties with
//! draws is placed at random among them. From many rows follow a histogram, the empirical distribution function
//! and one test of uniformity, all with simultaneous bands.

use super::draws::Draws;
use super::error::{CheckError, require_count, require_finite, require_length, require_within};
use super::simultaneous::SimultaneousLaw;
use super::stream::random_stream;
use rand::RngExt;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Level of the simultaneous bands.
pub const BAND_LEVEL: f64 = 0.95;
/// Largest number of points at which an empirical distribution function is compared with the diagonal.
const LARGEST_NUMBER_OF_POSITIONS: usize = 100;

/// PIT values of one parameter from posterior draws, one per row, randomised within ties and between ranks.
///
/// `truths` has shape `[rows, parameters]`. Row `i` uses its own random stream of `seed`.
///
/// # Errors
/// Truths of another shape or not finite; no such parameter.
pub fn pit_values(draws: &Draws<'_>, truths: &[f64], parameter: usize, seed: u64) -> Result<Vec<f64>, CheckError> {
    draws.require_truths(truths)?;
    draws.require_parameter(parameter)?;
    let pit = (0..draws.rows()).into_par_iter().map(|row| {
        let truth = truths[row * draws.parameters() + parameter];
        let (below, equal) = draws.column(row, parameter).fold((0, 0), |(below, equal), draw| {
            (below + usize::from(draw < truth), equal + usize::from(draw == truth))
        });
        // The parameters of one row must not share their random number.
        let stream = (row * draws.parameters() + parameter) as u64;
        randomised_rank(below, equal, draws.draws(), seed, stream)
    });
    Ok(pit.collect())
}

/// Fraction of draws more probable than the truth, one per row: the smallest credible level whose highest-density
/// region holds the truth. Uniform when calibrated, randomised like [`pit_values`].
///
/// `log_density_of_draws` has shape `[rows, draws]`, `log_density_of_truths` shape `[rows]`, both from the same
/// posterior density in the same units; minus infinity (outside the support) is allowed.
///
/// # Errors
/// Empty arrays, lengths that do not agree, NaN or plus infinity (its row is named).
pub fn highest_density_ranks(
    log_density_of_draws: &[f64],
    log_density_of_truths: &[f64],
    draws_per_row: usize,
    seed: u64,
) -> Result<Vec<f64>, CheckError> {
    let rows = log_density_of_truths.len();
    if rows == 0 {
        return Err(CheckError::Empty {
            what: "log-densities of truths",
        });
    }
    require_count("draws of each row", 1, draws_per_row)?;
    require_length(
        "log-densities of draws",
        rows.saturating_mul(draws_per_row),
        log_density_of_draws.len(),
    )?;
    require_log_densities("log-densities of truths", log_density_of_truths, 1)?;
    require_log_densities("log-densities of draws", log_density_of_draws, draws_per_row)?;
    let ranks = (0..rows).into_par_iter().map(|row| {
        let truth = log_density_of_truths[row];
        let of_row = &log_density_of_draws[row * draws_per_row..(row + 1) * draws_per_row];
        let above = of_row.iter().filter(|value| **value > truth).count();
        let equal = of_row.iter().filter(|value| **value == truth).count();
        randomised_rank(above, equal, draws_per_row, seed, row as u64)
    });
    Ok(ranks.collect())
}

fn require_log_densities(what: &'static str, values: &[f64], width: usize) -> Result<(), CheckError> {
    match values
        .iter()
        .position(|value| value.is_nan() || *value == f64::INFINITY)
    {
        Some(index) => Err(CheckError::NonFinite {
            what,
            row: index / width,
            value: values[index],
        }),
        None => Ok(()),
    }
}

/// `(r + V) / (L + 1)` with the rank drawn uniformly among its ties.
pub(super) fn randomised_rank(beyond: usize, equal: usize, draws: usize, seed: u64, stream: u64) -> f64 {
    let uniform: f64 = random_stream(seed, stream).random();
    (beyond as f64 + uniform * (equal as f64 + 1.0)) / (draws as f64 + 1.0)
}

/// Histogram of PIT values with the band that holds all bins at once for uniform values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RankHistogram {
    /// Number of PIT values in each equal bin of [0, 1].
    pub counts: Vec<u64>,
    /// Expected count of each bin.
    pub expected: f64,
    /// Smallest count inside the simultaneous band, per bin.
    pub lower: Vec<u64>,
    /// Largest count inside the simultaneous band, per bin.
    pub upper: Vec<u64>,
    /// Whether every bin lies inside the band.
    pub inside: bool,
    /// Probability of a histogram at least this uneven if the values are uniform.
    pub p_value: f64,
}

impl RankHistogram {
    /// Histogram of `pit` in `bins` equal bins; the band of level [`BAND_LEVEL`] is simulated from the multinomial
    /// law with a fixed seed.
    ///
    /// # Errors
    /// No values, values outside [0, 1] or not finite, fewer than two bins.
    pub fn new(pit: &[f64], bins: usize) -> Result<Self, CheckError> {
        require_within("PIT values", pit, 0.0, 1.0)?;
        require_count("bins of the rank histogram", 2, bins)?;
        let mut counts = vec![0_u64; bins];
        for value in pit {
            counts[((value * bins as f64) as usize).min(bins - 1)] += 1;
        }
        let law = SimultaneousLaw::of_bins(pit.len(), bins);
        let (lower, upper): (Vec<u64>, Vec<u64>) = law.band(BAND_LEVEL).into_iter().unzip();
        let inside = counts
            .iter()
            .zip(lower.iter().zip(&upper))
            .all(|(count, (low, high))| low <= count && count <= high);
        let p_value = law.p_value(law.statistic(&counts));
        Ok(Self {
            counts,
            expected: pit.len() as f64 / bins as f64,
            lower,
            upper,
            inside,
            p_value,
        })
    }
}

/// Empirical distribution function of PIT values minus the diagonal, with its simultaneous band.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EcdfDifference {
    /// Where the function is read, strictly inside (0, 1).
    pub position: Vec<f64>,
    /// `F(position) - position`.
    pub difference: Vec<f64>,
    /// Lower edge of the band for the difference.
    pub lower: Vec<f64>,
    /// Upper edge of the band for the difference.
    pub upper: Vec<f64>,
    /// Whether the whole curve lies inside the band.
    pub inside: bool,
    /// p-value of [`uniformity`].
    pub p_value: f64,
}

/// Empirical distribution function minus diagonal, at up to 100 equally spaced positions, with the band of Säilynoja,
/// Bürkner and Vehtari (2022, arXiv:2103.10522) of level [`BAND_LEVEL`].
///
/// # Errors
/// No values, values outside [0, 1] or not finite.
pub fn ecdf_difference(pit: &[f64]) -> Result<EcdfDifference, CheckError> {
    require_within("PIT values", pit, 0.0, 1.0)?;
    let position = ecdf_positions(pit.len());
    let law = SimultaneousLaw::of_cumulative(pit.len(), &position);
    let counts = counts_not_exceeding(pit, &position);
    let rows = pit.len() as f64;
    let band = law.band(BAND_LEVEL);
    let inside = counts
        .iter()
        .zip(&band)
        .all(|(count, (low, high))| low <= count && count <= high);
    let minus_diagonal = |count: u64, index: usize| count as f64 / rows - position[index];
    Ok(EcdfDifference {
        difference: counts
            .iter()
            .enumerate()
            .map(|(index, count)| minus_diagonal(*count, index))
            .collect(),
        lower: band
            .iter()
            .enumerate()
            .map(|(index, limits)| minus_diagonal(limits.0, index))
            .collect(),
        upper: band
            .iter()
            .enumerate()
            .map(|(index, limits)| minus_diagonal(limits.1, index))
            .collect(),
        inside,
        p_value: law.p_value(law.statistic(&counts)),
        position,
    })
}

/// p-value of "these values are uniform on [0, 1]".
///
/// The one test used by every verdict: the statistic is the smallest exact binomial tail probability of the empirical
/// distribution function over up to 100 equally spaced positions, its law simulated with a fixed seed, so
/// `p <= 0.05` exactly when the curve of [`ecdf_difference`] leaves its 95 % band. It assumes independent rows.
///
/// # Errors
/// No values, values outside [0, 1] or not finite.
pub fn uniformity(pit: &[f64]) -> Result<f64, CheckError> {
    require_within("PIT values", pit, 0.0, 1.0)?;
    Ok(UniformityLaw::new(pit.len()).p_value(pit))
}

/// The law behind [`uniformity`], kept when several samples of one size are tested.
pub(super) struct UniformityLaw {
    position: Vec<f64>,
    law: SimultaneousLaw,
}

impl UniformityLaw {
    pub(super) fn new(rows: usize) -> Self {
        let position = ecdf_positions(rows);
        let law = SimultaneousLaw::of_cumulative(rows, &position);
        Self { position, law }
    }

    pub(super) fn p_value(&self, pit: &[f64]) -> f64 {
        self.law
            .p_value(self.law.statistic(&counts_not_exceeding(pit, &self.position)))
    }
}

fn ecdf_positions(rows: usize) -> Vec<f64> {
    let intervals = rows.clamp(2, LARGEST_NUMBER_OF_POSITIONS);
    (1..intervals).map(|index| index as f64 / intervals as f64).collect()
}

/// How many values do not exceed each position.
pub(super) fn counts_not_exceeding(values: &[f64], positions: &[f64]) -> Vec<u64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    positions
        .iter()
        .map(|position| sorted.partition_point(|value| value <= position) as u64)
        .collect()
}

/// Refuses a set of PIT values that is empty, not finite or outside [0, 1]; used where the name of the set differs.
pub(super) fn require_pit(what: &'static str, pit: &[f64]) -> Result<(), CheckError> {
    require_finite(what, pit, 1)?;
    require_within(what, pit, 0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uniforms(rows: usize, seed: u64) -> Vec<f64> {
        let mut random = random_stream(seed, 0);
        (0..rows).map(|_| random.random()).collect()
    }

    /// Share of seeds for which something holds, in units of one.
    fn share(seeds: u64, holds: impl Fn(u64) -> bool + Sync) -> f64 {
        (0..seeds).into_par_iter().filter(|seed| holds(*seed)).count() as f64 / seeds as f64
    }

    #[test]
    fn ranks_of_exact_draws_are_uniform_even_with_three_draws() {
        let rows = 4000;
        let values = uniforms(rows * 3, 5);
        let truths = uniforms(rows, 6);
        let pit = pit_values(&Draws::new(&values, rows, 3, 1).unwrap(), &truths, 0, 1).unwrap();
        assert!(uniformity(&pit).unwrap() > 0.01);
        assert!(RankHistogram::new(&pit, 20).unwrap().p_value > 0.01);
    }

    #[test]
    fn ties_are_broken_uniformly() {
        // Truth and draws all equal: nothing is known about the rank, so it must be uniform.
        let rows = 2000;
        let draws = vec![1.0; rows * 5];
        let pit = pit_values(&Draws::new(&draws, rows, 5, 1).unwrap(), &vec![1.0; rows], 0, 2).unwrap();
        assert!(uniformity(&pit).unwrap() > 0.01);
        // Truth above all draws but never tied: the last sixth.
        let pit = pit_values(&Draws::new(&draws, rows, 5, 1).unwrap(), &vec![2.0; rows], 0, 2).unwrap();
        assert!(pit.iter().all(|value| (5.0 / 6.0..1.0).contains(value)));
    }

    #[test]
    fn each_parameter_has_its_own_random_numbers() {
        let draws = Draws::new(&[1.0, 1.0], 1, 1, 2).unwrap();
        let first = pit_values(&draws, &[1.0, 1.0], 0, 4).unwrap();
        assert_ne!(first, pit_values(&draws, &[1.0, 1.0], 1, 4).unwrap());
        assert_eq!(first, pit_values(&draws, &[1.0, 1.0], 0, 4).unwrap());
        assert!(matches!(
            pit_values(&draws, &[1.0, 1.0], 2, 4),
            Err(CheckError::TooFew { .. })
        ));
    }

    #[test]
    fn highest_density_rank_counts_draws_more_probable_than_the_truth() {
        let ranks = highest_density_ranks(&[-1.0, -2.0, -3.0, f64::NEG_INFINITY], &[-2.5], 4, 0).unwrap();
        assert!(
            (0.4..0.6).contains(&ranks[0]),
            "two of four draws are above: {}",
            ranks[0]
        );
        assert!(matches!(
            highest_density_ranks(&[0.0, 0.0, f64::NAN, 0.0], &[0.0, 0.0], 2, 0),
            Err(CheckError::NonFinite { row: 1, .. })
        ));
    }

    #[test]
    fn ecdf_band_covers_95_percent_of_uniform_samples_at_once() {
        for rows in [30, 500] {
            let inside = share(1000, |seed| ecdf_difference_of(rows, seed).0);
            // Three binomial standard errors of 1000 seeds, plus the 0.4 % to which the simulated level is known.
            assert!((inside - 0.95).abs() < 0.025, "{rows} rows: {inside}");
        }
    }

    /// Inside the band, from a law simulated once per size.
    fn ecdf_difference_of(rows: usize, seed: u64) -> (bool, f64) {
        use std::sync::OnceLock;
        static LAWS: [OnceLock<UniformityLaw>; 2] = [OnceLock::new(), OnceLock::new()];
        let law = LAWS[usize::from(rows > 30)].get_or_init(|| UniformityLaw::new(rows));
        let pit = uniforms(rows, seed);
        let counts = counts_not_exceeding(&pit, &law.position);
        let inside = counts
            .iter()
            .zip(law.law.band(BAND_LEVEL))
            .all(|(count, (low, high))| (low..=high).contains(count));
        (inside, law.p_value(&pit))
    }

    #[test]
    fn histogram_band_covers_95_percent_of_uniform_samples_at_once() {
        let law = SimultaneousLaw::of_bins(1000, 20);
        let band = law.band(BAND_LEVEL);
        let inside = share(1000, |seed| {
            let mut counts = [0_u64; 20];
            uniforms(1000, 50_000 + seed)
                .iter()
                .for_each(|value| counts[(value * 20.0) as usize] += 1);
            counts
                .iter()
                .zip(&band)
                .all(|(count, (low, high))| low <= count && count <= high)
        });
        assert!((0.93..0.98).contains(&inside), "{inside}");
    }

    #[test]
    fn p_values_of_uniform_samples_are_at_the_nominal_rate() {
        for level in [0.01, 0.05, 0.5] {
            let rejected = share(1000, |seed| ecdf_difference_of(500, 9000 + seed).1 <= level);
            let error = 3.5 * (level * (1.0 - level) / 1000.0_f64).sqrt();
            assert!(
                (rejected - level).abs() < error + 0.1 * level,
                "level {level}: rejected {rejected}"
            );
        }
    }

    #[test]
    fn curve_leaves_its_band_exactly_when_p_is_below_five_percent() {
        for seed in 0..20 {
            let pit: Vec<f64> = uniforms(300, seed).iter().map(|value| value.powf(1.1)).collect();
            let curve = ecdf_difference(&pit).unwrap();
            assert_eq!(curve.inside, curve.p_value > 0.05);
            assert_eq!(curve.p_value, uniformity(&pit).unwrap());
        }
    }

    #[test]
    fn a_skewed_sample_is_rejected_and_leaves_the_band() {
        let pit: Vec<f64> = uniforms(1000, 8).iter().map(|value| value * value).collect();
        let histogram = RankHistogram::new(&pit, 10).unwrap();
        assert!(!histogram.inside && histogram.p_value < 1e-6);
        assert_eq!(histogram.counts.iter().sum::<u64>(), 1000);
        assert!(uniformity(&pit).unwrap() < 1e-6);
    }

    #[test]
    fn bad_or_tiny_samples_give_errors_or_harmless_answers() {
        assert!(matches!(uniformity(&[]), Err(CheckError::Empty { .. })));
        assert!(matches!(
            uniformity(&[0.2, f64::NAN]),
            Err(CheckError::NonFinite { row: 1, .. })
        ));
        assert!(matches!(
            ecdf_difference(&[1.2]),
            Err(CheckError::OutOfRange { row: 0, .. })
        ));
        assert!(matches!(RankHistogram::new(&[0.2], 1), Err(CheckError::TooFew { .. })));
        assert!(uniformity(&[0.5]).unwrap() > 0.5);
        let edge = RankHistogram::new(&[0.0, 1.0], 4).unwrap();
        assert_eq!(edge.counts, [1, 0, 0, 1]);
    }
}
