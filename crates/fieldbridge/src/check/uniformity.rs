//! Are ranks uniform? Histogram, empirical distribution function and one test, all with simultaneous bands.

use super::error::{CheckError, require_count, require_within};
use super::simultaneous::SimultaneousLaw;
use serde::{Deserialize, Serialize};

/// Level of the simultaneous bands.
pub const BAND_LEVEL: f64 = 0.95;
/// Largest number of points at which an empirical distribution function is compared with the diagonal.
const LARGEST_NUMBER_OF_POSITIONS: usize = 100;

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

#[cfg(test)]
mod tests {
    use super::super::stream::random_stream;
    use super::*;
    use rand::RngExt;
    use rayon::prelude::*;
    use std::sync::OnceLock;

    fn uniforms(rows: usize, seed: u64) -> Vec<f64> {
        let mut random = random_stream(seed, 0);
        (0..rows).map(|_| random.random()).collect()
    }

    /// Share of seeds for which something holds, in units of one.
    fn share(seeds: u64, holds: impl Fn(u64) -> bool + Sync) -> f64 {
        (0..seeds).into_par_iter().filter(|seed| holds(*seed)).count() as f64 / seeds as f64
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
        for seed in 0..8 {
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
