//! How large a miscalibration is: the Gaussian error that explains the mean and variance of the ranks.
//!
//! Suppose truths scatter around the posterior mean as `(θ - mean) / σ_posterior = b + a x` with `x` standard normal.
//! Then a PIT value is `u = Φ(b + a x)`, and with `h = b / sqrt(1 + a²)` and `ρ = a² / (1 + a²)`
//!
//! `E[u] = Φ(h)`, `E[u²] = Φ(h) - 2 T(h, sqrt((1 - ρ) / (1 + ρ)))` with Owen's `T`.
//!
//! Both are inverted exactly. The width ratio is `1/a` (0.9 means posteriors 10 % too narrow), the bias `-b` (posterior
//! minus truth in posterior standard deviations). Because `u` is bounded, a few wild rows cannot spoil the answer.

use super::special::{normal_quantile, owen_t};

/// Width ratio and bias that explain the mean and variance of exact PIT values; `None` when no Gaussian does
/// (a variance of zero, or as large as if all values were 0 or 1).
pub(super) fn matched_gaussian(mean: f64, variance: f64) -> Option<(f64, f64)> {
    if !(0.0 < mean && mean < 1.0 && 0.0 < variance && variance < mean * (1.0 - mean)) {
        return None;
    }
    let h = normal_quantile(mean);
    // The variance grows with ρ from zero to mean (1 - mean).
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    for _ in 0..60 {
        let correlation = 0.5 * (low + high);
        let second_moment = mean - 2.0 * owen_t(h, ((1.0 - correlation) / (1.0 + correlation)).sqrt());
        if second_moment - mean * mean < variance {
            low = correlation;
        } else {
            high = correlation;
        }
    }
    let correlation = 0.5 * (low + high);
    let spread_squared = correlation / (1.0 - correlation);
    let (ratio, bias) = (1.0 / spread_squared.sqrt(), -h * (1.0 + spread_squared).sqrt());
    (ratio.is_finite() && bias.is_finite()).then_some((ratio, bias))
}

/// Mean and variance of exact PIT values from those of the randomised ranks `(r + V) / (L + 1)` of `L` draws.
///
/// Given the exact value `q`, `r` is binomial, so the ranks have mean `(L m + 1/2) / (L + 1)` and variance
/// `(L² v + L (m (1 - m) - v) + 1/12) / (L + 1)²`. `None` for one draw, whose ranks do not know the width.
pub(super) fn without_finite_draws(mean: f64, variance: f64, draws: Option<usize>) -> Option<(f64, f64)> {
    let Some(draws) = draws else {
        return Some((mean, variance));
    };
    if draws < 2 {
        return None;
    }
    let count = draws as f64;
    let exact_mean = (mean * (count + 1.0) - 0.5) / count;
    let scatter = count * exact_mean * (1.0 - exact_mean) + 1.0 / 12.0;
    Some((
        exact_mean,
        (variance * (count + 1.0).powi(2) - scatter) / (count * count - count),
    ))
}

#[cfg(test)]
mod tests {
    use super::super::special::normal_cumulative;
    use super::*;

    /// Mean and variance of `Φ(b + a x)` by the trapezoid rule.
    fn moments(ratio: f64, bias: f64) -> (f64, f64) {
        let (mut first, mut second) = (0.0, 0.0);
        for step in -4000..=4000 {
            let x = f64::from(step) / 400.0;
            let weight = (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt() / 400.0;
            let value = normal_cumulative(-bias + x / ratio);
            first += weight * value;
            second += weight * value * value;
        }
        (first, second - first * first)
    }

    #[test]
    fn width_and_bias_are_recovered_from_the_moments() {
        for (ratio, bias) in [(1.0, 0.0), (0.7, 0.0), (1.5, 0.0), (1.0, 0.5), (0.8, -1.2), (3.0, 0.2)] {
            let (mean, variance) = moments(ratio, bias);
            let (found_ratio, found_bias) = matched_gaussian(mean, variance).unwrap();
            assert!(
                (found_ratio - ratio).abs() < 1e-7 && (found_bias - bias).abs() < 1e-7,
                "{ratio} {bias}"
            );
        }
    }

    #[test]
    fn impossible_moments_have_no_gaussian() {
        assert_eq!(matched_gaussian(0.5, 0.0), None);
        assert_eq!(matched_gaussian(0.5, 0.25), None);
        assert_eq!(matched_gaussian(0.0, 0.1), None);
        assert_eq!(matched_gaussian(0.5, f64::NAN), None);
    }

    #[test]
    fn the_effect_of_few_draws_is_removed_exactly() {
        // Ranks of three draws when exact PIT values are 0.2 or 0.6 with equal odds.
        let (mut first, mut second) = (0.0, 0.0);
        for q in [0.2_f64, 0.6] {
            for (rank, ways) in [(0, 1.0), (1, 3.0), (2, 3.0), (3, 1.0)] {
                let probability = 0.5 * ways * q.powi(rank) * (1.0 - q).powi(3 - rank);
                let low = f64::from(rank) / 4.0;
                first += probability * (low + 0.125);
                second += probability * ((low + 0.25).powi(3) - low.powi(3)) / 0.75;
            }
        }
        let (mean, variance) = without_finite_draws(first, second - first * first, Some(3)).unwrap();
        assert!(
            (mean - 0.4).abs() < 1e-14 && (variance - 0.04).abs() < 1e-14,
            "{mean} {variance}"
        );
        assert_eq!(without_finite_draws(0.5, 0.1, Some(1)), None);
    }
}
