//! Simultaneous bands and tests for counts of uniform numbers.
//!
//! A histogram or an empirical distribution function is read at several points at once, so pointwise limits
//! are crossed too often by chance. Here each point has its exact binomial tail probability
//! `t_k = P(X_k at least as far out on its side)`, the statistic of a whole curve is `T = min_k t_k`, and the
//! law of `T` for uniform numbers is simulated (fixed seed) by drawing the counts from their multinomial law.
//! Band and p-value come from the same simulated law: a curve leaves its band of level `1 - α` exactly when its
//! p-value is `<= α`. For the empirical distribution function this is the band of Säilynoja, Bürkner and Vehtari
//! (2022, arXiv:2103.10522, simulation variant).

use super::special::{binomial_at_least, binomial_at_most, binomial_probability};
use super::stream::random_stream;
use rand_distr::{Binomial, Distribution};
use rayon::prelude::*;

/// Number of simulated curves; the level 0.05 is then known to ±0.004 and p-values reach down to 1/3001.
const SIMULATIONS: usize = 3000;
/// Fixed seed, so that a band is a function of the number of rows and of the points alone.
const SEED: u64 = 0x5EED_BA2D;

/// How counts at the points are made from uniform numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counting {
    /// Numbers falling in bin `k`.
    Bins,
    /// Numbers not exceeding point `k`.
    Cumulative,
}

/// The simulated law of `T` for one number of rows and one set of points.
#[derive(Debug, Clone)]
pub(super) struct SimultaneousLaw {
    /// Tail probabilities of each count.
    tables: Vec<TailTable>,
    /// Simulated statistics, ascending.
    statistics: Vec<f64>,
}

impl SimultaneousLaw {
    /// Counts in `bins` equal bins.
    pub(super) fn of_bins(rows: usize, bins: usize) -> Self {
        Self::simulate(rows, vec![1.0 / bins as f64; bins], Counting::Bins)
    }

    /// Counts not exceeding each of the `positions`, which increase within [0, 1].
    pub(super) fn of_cumulative(rows: usize, positions: &[f64]) -> Self {
        Self::simulate(rows, positions.to_vec(), Counting::Cumulative)
    }

    fn simulate(rows: usize, probabilities: Vec<f64>, counting: Counting) -> Self {
        let rows = rows as u64;
        let tables: Vec<TailTable> = match counting {
            Counting::Bins => vec![TailTable::new(rows, probabilities[0]); probabilities.len()],
            Counting::Cumulative => probabilities
                .par_iter()
                .map(|probability| TailTable::new(rows, *probability))
                .collect(),
        };
        let mut statistics: Vec<f64> = (0..SIMULATIONS)
            .into_par_iter()
            .map(|simulation| smallest_tail(&simulated_counts(rows, &probabilities, counting, simulation), &tables))
            .collect();
        statistics.sort_by(f64::total_cmp);
        Self { tables, statistics }
    }

    /// `T` of observed counts.
    pub(super) fn statistic(&self, counts: &[u64]) -> f64 {
        smallest_tail(counts, &self.tables)
    }

    /// Probability that uniform numbers give a statistic at most this small.
    ///
    /// A Monte-Carlo p-value `(1 + number of simulations at or below) / (1 + simulations)`, which is valid for any
    /// number of simulations. When no simulation is as extreme, the union bound `2 K T` over the `K` points is
    /// returned if it is smaller still: it is valid as well, and it is what makes very small p-values readable.
    pub(super) fn p_value(&self, statistic: f64) -> f64 {
        let at_or_below = self.statistics.partition_point(|simulated| *simulated <= statistic);
        let simulated = (1.0 + at_or_below as f64) / (1.0 + self.statistics.len() as f64);
        if at_or_below > 0 {
            return simulated;
        }
        simulated.min(2.0 * self.tables.len() as f64 * statistic)
    }

    /// Smallest and largest count allowed at each point; all counts are allowed at once with probability `level`.
    pub(super) fn band(&self, level: f64) -> Vec<(u64, u64)> {
        // The smallest statistic whose p-value exceeds 1 - level.
        let outside = ((1.0 - level) * (1.0 + self.statistics.len() as f64) + 1e-9).floor() as usize;
        let critical = if outside == 0 {
            0.0
        } else {
            self.statistics[(outside - 1).min(self.statistics.len() - 1)]
        };
        self.tables.iter().map(|table| table.allowed(critical)).collect()
    }
}

fn smallest_tail(counts: &[u64], tables: &[TailTable]) -> f64 {
    counts
        .iter()
        .zip(tables)
        .map(|(count, table)| table.tail(*count))
        .fold(1.0, f64::min)
}

/// First whole number not below the expectation.
fn first_at_or_above(expected: f64) -> u64 {
    expected.ceil() as u64
}

/// First count in `low .. high` that satisfies a monotone condition, or `high`.
fn bisect(mut low: u64, mut high: u64, holds: impl Fn(u64) -> bool) -> u64 {
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

/// Binomial probability of a count at least as far out on its own side of the expectation.
fn tail(count: u64, rows: u64, probability: f64) -> f64 {
    if probability <= 0.0 {
        return if count == 0 { 1.0 } else { 0.0 };
    }
    if probability >= 1.0 {
        return if count == rows { 1.0 } else { 0.0 };
    }
    if count < first_at_or_above(rows as f64 * probability) {
        binomial_at_most(count, rows, probability)
    } else {
        binomial_at_least(count, rows, probability)
    }
}

/// [`tail`] for the counts that occur in practice, summed once; the others are computed when met.
#[derive(Debug, Clone)]
struct TailTable {
    rows: u64,
    probability: f64,
    first: u64,
    tails: Vec<f64>,
}

impl TailTable {
    fn new(rows: u64, probability: f64) -> Self {
        /// Half width of the table in standard deviations of the count.
        const REACH: f64 = 6.0;
        let expected = rows as f64 * probability;
        let reach = REACH * (expected * (1.0 - probability)).max(0.0).sqrt() + 2.0;
        let first = (expected - reach).max(0.0) as u64;
        let last = ((expected + reach) as u64).min(rows);
        if !(0.0 < probability && probability < 1.0) {
            return Self {
                rows,
                probability,
                first,
                tails: Vec::new(),
            };
        }
        let turn = first_at_or_above(expected).clamp(first, last + 1);
        let mut tails = vec![0.0; (last - first + 1) as usize];
        // Both tails are summed from their far end inwards, so that only positive terms of growing size are added.
        let mut below = binomial_at_most(first, rows, probability);
        for count in first..turn {
            if count > first {
                below += binomial_probability(count, rows, probability);
            }
            tails[(count - first) as usize] = below;
        }
        let mut above = binomial_at_least(last, rows, probability);
        for count in (turn..=last).rev() {
            if count < last {
                above += binomial_probability(count, rows, probability);
            }
            tails[(count - first) as usize] = above;
        }
        Self {
            rows,
            probability,
            first,
            tails,
        }
    }

    fn tail(&self, count: u64) -> f64 {
        let index = count
            .checked_sub(self.first)
            .and_then(|offset| self.tails.get(offset as usize));
        index
            .copied()
            .unwrap_or_else(|| tail(count, self.rows, self.probability))
    }

    /// Smallest and largest count whose tail is not below a critical one.
    fn allowed(&self, critical: f64) -> (u64, u64) {
        let middle = first_at_or_above(self.rows as f64 * self.probability).min(self.rows + 1);
        let lower = bisect(0, middle, |count| self.tail(count) >= critical);
        let beyond = bisect(middle, self.rows + 1, |count| self.tail(count) < critical);
        (lower, beyond.saturating_sub(1).max(lower))
    }
}

/// Counts of `rows` uniform numbers, drawn as successive conditional binomials (exact, independent of `rows` in cost).
fn simulated_counts(rows: u64, probabilities: &[f64], counting: Counting, simulation: usize) -> Vec<u64> {
    let mut random = random_stream(SEED, simulation as u64);
    let (mut used_rows, mut used_probability) = (0_u64, 0.0_f64);
    probabilities
        .iter()
        .map(|probability| {
            let increment = match counting {
                Counting::Bins => *probability,
                Counting::Cumulative => probability - used_probability,
            };
            let conditional = (increment / (1.0 - used_probability)).clamp(0.0, 1.0);
            let conditional = if conditional.is_nan() { 0.0 } else { conditional };
            let count = Binomial::new(rows - used_rows, conditional)
                .expect("a probability clamped to [0, 1] is valid")
                .sample(&mut random);
            used_rows += count;
            used_probability += increment;
            match counting {
                Counting::Bins => count,
                Counting::Cumulative => used_rows,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaving_the_band_and_a_small_p_value_are_the_same_event() {
        for rows in [1, 5, 60, 900] {
            let law = SimultaneousLaw::of_bins(rows, 10);
            let band = law.band(0.95);
            for simulation in 0..400 {
                let counts = simulated_counts(rows as u64, &[0.1; 10], Counting::Bins, 1_000_000 + simulation);
                let inside = counts
                    .iter()
                    .zip(&band)
                    .all(|(count, (low, high))| low <= count && count <= high);
                assert_eq!(
                    inside,
                    law.p_value(law.statistic(&counts)) > 0.05,
                    "rows {rows}, counts {counts:?}"
                );
            }
        }
    }

    #[test]
    fn tabulated_tails_equal_the_exact_ones() {
        for (rows, probability) in [(1, 0.4), (12, 0.5), (300, 0.01), (5000, 0.93)] {
            let table = TailTable::new(rows, probability);
            for count in 0..=rows {
                let exact = tail(count, rows, probability);
                assert!(
                    (table.tail(count) - exact).abs() <= 1e-9 * exact,
                    "{count} of {rows} at {probability}"
                );
            }
        }
    }

    #[test]
    fn the_law_does_not_depend_on_the_number_of_threads() {
        let with_threads = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| SimultaneousLaw::of_bins(77, 5).statistics)
        };
        assert_eq!(with_threads(1), with_threads(2));
    }

    #[test]
    fn impossible_counts_have_a_tiny_p_value() {
        let law = SimultaneousLaw::of_bins(5000, 10);
        let mut counts = vec![500_u64; 10];
        counts[0] = 900;
        counts[9] = 100;
        assert!(law.p_value(law.statistic(&counts)) < 1e-30);
        assert!(law.p_value(law.statistic(&[500; 10])) > 0.99);
    }

    #[test]
    fn points_with_a_certain_count_never_reject() {
        let law = SimultaneousLaw::of_cumulative(20, &[0.0, 0.5, 1.0]);
        assert_eq!(law.band(0.95)[0], (0, 0));
        assert_eq!(law.band(0.95)[2], (20, 20));
        assert!(law.p_value(law.statistic(&[0, 10, 20])) > 0.9);
    }
}
