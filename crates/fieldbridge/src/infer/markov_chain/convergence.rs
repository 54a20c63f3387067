//! Whether chains agree, and how many independent draws they are worth (Vehtari, Gelman, Simpson, Carpenter and Bürkner 2021,
//! arXiv:1903.08008).

use crate::check::special::normal_quantile;

/// What is said of one number of several chains.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Convergence {
    /// Potential scale reduction `R`, of ranks and of ranks of distances from the median, whichever is larger. Chains that
    /// agree are below 1.01.
    pub r_hat: f64,
    /// Effective number of independent draws for the bulk of the distribution.
    pub bulk: f64,
    /// Effective number for its 5 % and 95 % quantiles, whichever is smaller.
    pub tail: f64,
    /// Mean of all draws.
    pub mean: f64,
    /// Standard deviation of all draws.
    pub deviation: f64,
    /// Standard error of the mean: the deviation over the root of the effective number for the mean.
    pub error: f64,
}

impl Convergence {
    /// Of chains of equal length, `[chain][draw]`; none with fewer than four draws in a chain or values that are not finite.
    #[must_use]
    pub fn of(chains: &[Vec<f64>]) -> Option<Self> {
        let length = chains.first()?.len();
        let good = |chain: &Vec<f64>| chain.len() == length && chain.iter().all(|value| value.is_finite());
        if length < 4 || !chains.iter().all(good) {
            return None;
        }
        let all: Vec<f64> = chains.concat();
        let (mean, variance) = moments(&all);
        let halves = split(chains);
        let constant = all.iter().all(|&value| value == all[0]);
        if constant {
            let count = all.len() as f64;
            return Some(Self {
                r_hat: 1.0,
                bulk: count,
                tail: count,
                mean,
                deviation: 0.0,
                error: 0.0,
            });
        }
        let ranked = normal_ranks(&halves);
        let middle = quantile(&all, 0.5);
        let folded: Vec<Vec<f64>> = halves
            .iter()
            .map(|chain| chain.iter().map(|value| (value - middle).abs()).collect())
            .collect();
        let tail = [0.05, 0.95].map(|share| {
            let limit = quantile(&all, share);
            let below: Vec<Vec<f64>> = halves
                .iter()
                .map(|chain| chain.iter().map(|&value| f64::from(value <= limit)).collect())
                .collect();
            effective(&below)
        });
        Some(Self {
            r_hat: scale_reduction(&ranked).max(scale_reduction(&normal_ranks(&folded))),
            bulk: effective(&ranked),
            tail: tail[0].min(tail[1]),
            mean,
            deviation: variance.sqrt(),
            error: (variance / effective(&halves)).sqrt(),
        })
    }
}

/// Mean and unbiased variance.
fn moments(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    (mean, squares / (count - 1.0).max(1.0))
}

/// The two halves of each chain, without its middle draw when it has one.
fn split(chains: &[Vec<f64>]) -> Vec<Vec<f64>> {
    chains
        .iter()
        .flat_map(|chain| {
            let half = chain.len() / 2;
            [chain[..half].to_vec(), chain[chain.len() - half..].to_vec()]
        })
        .collect()
}

/// The value with this share of all values below it, on straight lines between them.
fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = share * (sorted.len() - 1) as f64;
    let below = place as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (place - below as f64) * (sorted[above] - sorted[below])
}

/// Normal scores of the ranks of all values, `Phi^-1((rank - 3/8) / (count + 1/4))`; equal values share their mean rank.
fn normal_ranks(chains: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let all = chains.concat();
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.sort_by(|&a, &b| all[a].total_cmp(&all[b]));
    let mut scores = vec![0.0; all.len()];
    let mut from = 0;
    while from < order.len() {
        let mut to = from + 1;
        while to < order.len() && all[order[to]] == all[order[from]] {
            to += 1;
        }
        let rank = 0.5 * (from + 1 + to) as f64;
        let score = normal_quantile((rank - 0.375) / (all.len() as f64 + 0.25));
        for &index in &order[from..to] {
            scores[index] = score;
        }
        from = to;
    }
    let mut scores = scores.into_iter();
    chains
        .iter()
        .map(|chain| scores.by_ref().take(chain.len()).collect())
        .collect()
}

/// `sqrt(((n - 1) W + B) / (n W))` with `W` the mean variance within and `B / n` the variance of the means.
fn scale_reduction(chains: &[Vec<f64>]) -> f64 {
    let length = chains[0].len() as f64;
    let (means, variances): (Vec<f64>, Vec<f64>) = chains.iter().map(|chain| moments(chain)).unzip();
    let within = variances.iter().sum::<f64>() / variances.len() as f64;
    let between = moments(&means).1;
    ((length - 1.0) / length + between / within).sqrt()
}

/// Effective number of independent draws by Geyer's initial monotone sequence of the autocorrelations of all chains together.
fn effective(chains: &[Vec<f64>]) -> f64 {
    let (count, length) = (chains.len(), chains[0].len());
    let centred: Vec<Vec<f64>> = chains
        .iter()
        .map(|chain| {
            let mean = moments(chain).0;
            chain.iter().map(|value| value - mean).collect()
        })
        .collect();
    let autocovariance = |lag: usize| {
        let of = |chain: &Vec<f64>| chain[lag..].iter().zip(chain).map(|(a, b)| a * b).sum::<f64>();
        centred.iter().map(of).sum::<f64>() / (length * count) as f64
    };
    let samples = (count * length) as f64;
    let within = autocovariance(0) * length as f64 / (length as f64 - 1.0);
    let mut total = autocovariance(0);
    if count > 1 {
        let means: Vec<f64> = chains.iter().map(|chain| moments(chain).0).collect();
        total += moments(&means).1;
    }
    if total <= 0.0 {
        return samples;
    }
    let correlation = |lag: usize| 1.0 - (within - autocovariance(lag)) / total;
    let mut sequence = vec![1.0, correlation(1)];
    let mut left = None;
    let mut lag = 1;
    while lag + 3 < length {
        let (even, odd) = (correlation(lag + 1), correlation(lag + 2));
        if even + odd < 0.0 {
            left = Some(f64::max(even, 0.0));
            break;
        }
        sequence.extend([even, odd]);
        lag += 2;
    }
    // chains too short for their correlations to end: the last pair is that left over
    let left = left.unwrap_or_else(|| {
        let last = sequence.split_off((sequence.len() - 2).max(2));
        last.first().copied().unwrap_or_default()
    });
    // pairs may not grow
    for pair in 1..sequence.len() / 2 {
        let before = sequence[2 * pair - 2] + sequence[2 * pair - 1];
        if sequence[2 * pair] + sequence[2 * pair + 1] > before {
            sequence[2 * pair] = 0.5 * before;
            sequence[2 * pair + 1] = 0.5 * before;
        }
    }
    // the last even correlation improves chains that swing about their mean
    let time = -1.0 + 2.0 * sequence.iter().sum::<f64>() + left;
    samples / time.max(samples.log10().recip())
}

#[cfg(test)]
mod tests {
    use rand_distr::{Distribution, StandardNormal};

    use super::*;
    use crate::random::Stream;

    /// Chains with correlation `r` from one draw to the next.
    fn autoregressive(chains: u64, length: usize, r: f64) -> Vec<Vec<f64>> {
        (0..chains)
            .map(|chain| {
                let mut random = Stream::new(11, "autoregressive", chain).generator();
                let mut value: f64 = StandardNormal.sample(&mut random);
                (0..length)
                    .map(|_| {
                        let step: f64 = StandardNormal.sample(&mut random);
                        value = r * value + (1.0 - r * r).sqrt() * step;
                        value
                    })
                    .collect()
            })
            .collect()
    }

    #[test]
    fn of_autoregressive_chains_the_effective_number_is_known() {
        for r in [-0.4, 0.0, 0.5, 0.9] {
            let chains = autoregressive(8, 20_000, r);
            let found = Convergence::of(&chains).unwrap();
            // n (1 - r) / (1 + r)
            let exact = 160_000.0 * (1.0 - r) / (1.0 + r);
            assert!((found.bulk / exact - 1.0).abs() < 0.06, "{r}: {} {exact}", found.bulk);
            assert!(found.r_hat < 1.002, "{r}: {}", found.r_hat);
            assert!((found.deviation - 1.0).abs() < 0.02 && found.mean.abs() < 4.0 * found.error);
            assert!((found.error * exact.sqrt() - 1.0).abs() < 0.05);
        }
    }

    #[test]
    fn numbers_are_those_of_arviz() {
        let chains = include_str!("../../../tests/fixtures/markov_chain/chains.csv");
        let known = include_str!("../../../tests/fixtures/markov_chain/convergence.csv");
        let mut seen = 0;
        for line in known.lines().skip(1) {
            let mut words = line.split(',');
            let case = words.next().unwrap();
            let numbers: Vec<f64> = words.map(|word| word.parse().unwrap()).collect();
            let of_case: Vec<Vec<f64>> = chains
                .lines()
                .filter_map(|line| line.strip_prefix(case)?.strip_prefix(','))
                .map(|line| line.split(',').map(|word| word.parse().unwrap()).collect())
                .collect();
            let found = Convergence::of(&of_case).unwrap();
            for (found, known) in [found.r_hat, found.bulk, found.tail, found.error].iter().zip(numbers) {
                assert!((found / known - 1.0).abs() < 1e-6, "{case}: {found} {known}");
            }
            seen += 1;
        }
        assert_eq!(seen, 6);
    }

    #[test]
    fn chains_that_disagree_in_place_or_in_width_are_seen() {
        let mut moved = autoregressive(4, 1000, 0.3);
        assert!(Convergence::of(&moved).unwrap().r_hat < 1.01);
        moved[2].iter_mut().for_each(|value| *value += 0.7);
        let found = Convergence::of(&moved).unwrap();
        assert!(found.r_hat > 1.04 && found.bulk < 200.0, "{found:?}");
        let mut wide = autoregressive(4, 1000, 0.3);
        wide[1].iter_mut().for_each(|value| *value *= 3.0);
        assert!(Convergence::of(&wide).unwrap().r_hat > 1.04);
        // a chain that drifts disagrees with itself
        let drifting: Vec<f64> = (0..1000).map(|draw| f64::from(draw) * 1e-3).collect();
        assert!(Convergence::of(&[drifting]).unwrap().r_hat > 1.5);
    }

    #[test]
    fn what_cannot_be_said_is_not_said() {
        assert_eq!(Convergence::of(&[]), None);
        assert_eq!(Convergence::of(&[vec![1.0, 2.0]]), None);
        assert_eq!(Convergence::of(&[vec![1.0; 10], vec![f64::NAN; 10]]), None);
        let constant = Convergence::of(&[vec![2.0; 10], vec![2.0; 10]]).unwrap();
        assert_eq!((constant.r_hat, constant.mean, constant.deviation), (1.0, 2.0, 0.0));
    }
}
