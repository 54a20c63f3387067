//! The few special functions the checks need, in double precision.
//!
//! Error function, log-gamma, regularised incomplete gamma and beta functions, the normal distribution and its
//! inverse, the binomial tails and Owen's T. Formulas: Abramowitz and Stegun (1964) chapters 6, 7 and 26; the
//! continued fractions are evaluated by the modified Lentz method.

use std::f64::consts::{PI, SQRT_2};

/// Relative change at which a series or continued fraction is taken as converged.
const CONVERGED: f64 = 1e-16;
/// Stands in for an exact zero inside a continued fraction.
const ALMOST_ZERO: f64 = 1e-300;

/// `ln Γ(x)` for `x > 0`, by the Lanczos series with g = 7 and nine terms (relative error about 1e-15).
pub(super) fn log_gamma(x: f64) -> f64 {
    const G: f64 = 7.0;
    const TERMS: [f64; 9] = [
        0.999_999_999_999_809_9,
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_1,
        -176.615_029_162_140_6,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    if x < 0.5 {
        // Reflection keeps the series in the range where it is accurate.
        return (PI / (PI * x).sin()).ln() - log_gamma(1.0 - x);
    }
    let shifted = x - 1.0;
    let mut sum = TERMS[0];
    for (index, term) in TERMS.iter().enumerate().skip(1) {
        sum += term / (shifted + index as f64);
    }
    let base = shifted + G + 0.5;
    0.5 * (2.0 * PI).ln() + (shifted + 0.5) * base.ln() - base + sum.ln()
}

/// Upper regularised incomplete gamma function `Q(a, x) = Γ(a, x) / Γ(a)` for `a > 0`, `x >= 0`.
pub(super) fn upper_gamma(a: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    let front = (a * x.ln() - x - log_gamma(a)).exp();
    if x < a + 1.0 {
        let (mut term, mut sum, mut denominator) = (1.0 / a, 1.0 / a, a);
        for _ in 0..10_000 {
            denominator += 1.0;
            term *= x / denominator;
            sum += term;
            if term.abs() < sum.abs() * CONVERGED {
                break;
            }
        }
        return 1.0 - sum * front;
    }
    let mut b = x + 1.0 - a;
    let mut c = 1.0 / ALMOST_ZERO;
    let mut d = 1.0 / b;
    let mut fraction = d;
    for step in 1..10_000 {
        let numerator = -(step as f64) * (step as f64 - a);
        b += 2.0;
        d = 1.0 / away_from_zero(numerator * d + b);
        c = away_from_zero(b + numerator / c);
        let change = d * c;
        fraction *= change;
        if (change - 1.0).abs() < CONVERGED.max(f64::EPSILON) {
            break;
        }
    }
    front * fraction
}

/// Complementary error function `erfc(x) = 1 - erf(x)`.
pub(super) fn complementary_error_function(x: f64) -> f64 {
    if x >= 0.0 {
        upper_gamma(0.5, x * x)
    } else {
        2.0 - upper_gamma(0.5, x * x)
    }
}

/// Cumulative standard normal `Φ(x)`.
pub(crate) fn normal_cumulative(x: f64) -> f64 {
    0.5 * complementary_error_function(-x / SQRT_2)
}

/// Inverse of [`normal_cumulative`] on the open interval (0, 1); infinite at its ends.
///
/// Rational start of Acklam (2003, relative error 1e-9), then one Halley step, which leaves rounding error only.
pub(crate) fn normal_quantile(probability: f64) -> f64 {
    if probability <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if probability >= 1.0 {
        return f64::INFINITY;
    }
    if probability > 0.5 {
        // 1 - p is exact here, so the upper half keeps the accuracy of the lower tail.
        return -normal_quantile(1.0 - probability);
    }
    let start = acklam_start(probability);
    let error = normal_cumulative(start) - probability;
    let step = error * (2.0 * PI).sqrt() * (0.5 * start * start).exp();
    start - step / (1.0 + 0.5 * start * step)
}

fn acklam_start(probability: f64) -> f64 {
    const A: [f64; 6] = [
        -39.696_830_286_653_76,
        220.946_098_424_520_5,
        -275.928_510_446_968_7,
        138.357_751_867_269,
        -30.664_798_066_147_16,
        2.506_628_277_459_239,
    ];
    const B: [f64; 6] = [
        -54.476_098_798_224_06,
        161.585_836_858_040_9,
        -155.698_979_859_886_6,
        66.801_311_887_719_72,
        -13.280_681_552_885_72,
        1.0,
    ];
    const C: [f64; 6] = [
        -0.007_784_894_002_430_293,
        -0.322_396_458_041_136_5,
        -2.400_758_277_161_838,
        -2.549_732_539_343_734,
        4.374_664_141_464_968,
        2.938_163_982_698_783,
    ];
    const D: [f64; 5] = [
        0.007_784_695_709_041_462,
        0.322_467_129_070_039_8,
        2.445_134_137_142_996,
        3.754_408_661_907_416,
        1.0,
    ];
    if probability < 0.024_25 {
        let q = (-2.0 * probability.ln()).sqrt();
        return polynomial(&C, q) / polynomial(&D, q);
    }
    let q = probability - 0.5;
    polynomial(&A, q * q) * q / polynomial(&B, q * q)
}

/// Horner's rule, highest power first.
fn polynomial(coefficients: &[f64], x: f64) -> f64 {
    coefficients.iter().fold(0.0, |sum, coefficient| sum * x + coefficient)
}

/// Regularised incomplete beta function `I_x(a, b)` for `a, b > 0` and `0 <= x <= 1`.
pub(super) fn regularised_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let front = (log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * x.ln() + b * (-x).ln_1p()).exp();
    // The fraction converges quickly only below the mean of the beta distribution.
    if x < (a + 1.0) / (a + b + 2.0) {
        front * beta_fraction(a, b, x) / a
    } else {
        1.0 - front * beta_fraction(b, a, 1.0 - x) / b
    }
}

fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    let mut c = 1.0;
    let mut d = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    for step in 1..100_000 {
        let m = step as f64;
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / away_from_zero(1.0 + even * d);
        c = away_from_zero(1.0 + even / c);
        fraction *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / away_from_zero(1.0 + odd * d);
        c = away_from_zero(1.0 + odd / c);
        let change = d * c;
        fraction *= change;
        if (change - 1.0).abs() < 1e-15 {
            break;
        }
    }
    fraction
}

fn away_from_zero(value: f64) -> f64 {
    if value.abs() < ALMOST_ZERO { ALMOST_ZERO } else { value }
}

/// `P(X <= count)` for `X ~ Binomial(trials, probability)`.
pub(super) fn binomial_at_most(count: u64, trials: u64, probability: f64) -> f64 {
    if count >= trials {
        return 1.0;
    }
    regularised_beta((trials - count) as f64, count as f64 + 1.0, 1.0 - probability)
}

/// `P(X >= count)` for `X ~ Binomial(trials, probability)`.
pub(super) fn binomial_at_least(count: u64, trials: u64, probability: f64) -> f64 {
    if count == 0 {
        return 1.0;
    }
    if count > trials {
        return 0.0;
    }
    regularised_beta(count as f64, (trials - count) as f64 + 1.0, probability)
}

/// `P(X = count)` for `X ~ Binomial(trials, probability)` with `0 < probability < 1`.
pub(super) fn binomial_probability(count: u64, trials: u64, probability: f64) -> f64 {
    let (k, n) = (count as f64, trials as f64);
    let log_ways = log_gamma(n + 1.0) - log_gamma(k + 1.0) - log_gamma(n - k + 1.0);
    (log_ways + k * probability.ln() + (n - k) * (-probability).ln_1p()).exp()
}

/// Owen's `T(h, a) = (1/2π) ∫_0^a exp(-h²(1+x²)/2) / (1+x²) dx`, for `|a| <= 1`, by Gauss-Legendre panels.
pub(super) fn owen_t(h: f64, a: f64) -> f64 {
    const PANELS: usize = 8;
    let width = a / PANELS as f64;
    let mut sum = 0.0;
    for panel in 0..PANELS {
        let middle = (panel as f64 + 0.5) * width;
        for (node, weight) in GAUSS_LEGENDRE_5 {
            let x = middle + 0.5 * width * node;
            let factor = 1.0 + x * x;
            sum += weight * (-0.5 * h * h * factor).exp() / factor;
        }
    }
    sum * 0.5 * width / (2.0 * PI)
}

/// Nodes and weights of the five-point Gauss-Legendre rule on [-1, 1]; exact for polynomials up to degree nine.
pub(super) const GAUSS_LEGENDRE_5: [(f64, f64); 5] = [
    (-0.906_179_845_938_664, 0.236_926_885_056_189_08),
    (-0.538_469_310_105_683_1, 0.478_628_670_499_366_47),
    (0.0, 0.568_888_888_888_888_9),
    (0.538_469_310_105_683_1, 0.478_628_670_499_366_47),
    (0.906_179_845_938_664, 0.236_926_885_056_189_08),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_close(found: f64, expected: f64, relative: f64) {
        assert!(
            (found - expected).abs() <= relative * expected.abs(),
            "found {found}, expected {expected}"
        );
    }

    #[test]
    fn log_gamma_meets_factorials_and_the_square_root_of_pi() {
        assert_close(log_gamma(0.5), 0.572_364_942_924_700_1, 1e-14);
        assert_close(log_gamma(0.1), 2.252_712_651_734_206, 1e-13);
        assert_close(log_gamma(11.0), 3_628_800_f64.ln(), 1e-14);
        assert_close(log_gamma(101.0), 363.739_375_555_563_5, 1e-14);
        assert_close(log_gamma(1e6), 12_815_504.569_147_88, 1e-13);
        assert!(log_gamma(1.0).abs() < 1e-14);
    }

    #[test]
    fn error_function_meets_its_tables() {
        assert_close(1.0 - complementary_error_function(0.5), 0.520_499_877_813_046_5, 1e-13);
        assert_close(complementary_error_function(1.0), 0.157_299_207_050_285_13, 1e-13);
        assert_close(complementary_error_function(3.0), 2.209_049_699_858_544e-5, 1e-12);
        assert_close(complementary_error_function(5.0), 1.537_459_794_428_035e-12, 1e-12);
        assert_close(complementary_error_function(-1.0), 1.842_700_792_949_715, 1e-13);
    }

    #[test]
    fn incomplete_gamma_is_the_chi_square_tail() {
        // Chi-square with two degrees of freedom is exponential; 95 % points of tables for one and ten.
        assert_close(upper_gamma(1.0, 2.5), (-2.5_f64).exp(), 1e-14);
        assert_close(upper_gamma(0.5, 3.841_458_820_694_124 / 2.0), 0.05, 1e-12);
        assert_close(upper_gamma(5.0, 18.307_038_053_275_146 / 2.0), 0.05, 1e-12);
    }

    #[test]
    fn normal_quantile_meets_its_tables_and_inverts() {
        assert_close(normal_quantile(0.975), 1.959_963_984_540_054, 1e-14);
        assert_close(normal_quantile(0.005), -2.575_829_303_548_901, 1e-14);
        assert_close(normal_quantile(1e-10), -6.361_340_902_404_056, 1e-12);
        assert_eq!(normal_quantile(0.5).abs(), 0.0);
        for step in 1..200 {
            let probability = f64::from(step) / 200.0;
            assert_close(normal_cumulative(normal_quantile(probability)), probability, 1e-13);
        }
        assert_eq!(normal_quantile(0.0), f64::NEG_INFINITY);
        assert_eq!(normal_quantile(1.0), f64::INFINITY);
    }

    #[test]
    fn incomplete_beta_meets_closed_forms() {
        assert_close(regularised_beta(1.0, 3.0, 0.2), 1.0 - 0.8_f64.powi(3), 1e-14);
        assert_close(regularised_beta(0.5, 0.5, 0.3), 2.0 / PI * 0.3_f64.sqrt().asin(), 1e-13);
        assert_close(regularised_beta(2.0, 2.0, 0.7), 0.7 * 0.7 * (3.0 - 1.4), 1e-14);
    }

    #[test]
    fn binomial_probability_meets_hand_counts() {
        assert_close(binomial_probability(2, 4, 0.5), 6.0 / 16.0, 1e-13);
        assert_close(binomial_probability(0, 3, 0.2), 0.512, 1e-13);
        assert_close(binomial_probability(3, 3, 0.2), 0.008, 1e-13);
    }

    #[test]
    fn binomial_tails_equal_the_sum_of_their_terms() {
        for (trials, probability) in [(1_u64, 0.3_f64), (7, 0.05), (40, 0.5), (200, 0.93)] {
            let mut cumulative = 0.0;
            for count in 0..=trials {
                let before = cumulative;
                cumulative += binomial_probability(count, trials, probability);
                assert!((binomial_at_most(count, trials, probability) - cumulative).abs() < 1e-11);
                assert!((binomial_at_least(count, trials, probability) - (1.0 - before)).abs() < 1e-11);
            }
        }
    }

    #[test]
    fn owen_t_meets_its_closed_forms() {
        assert_close(owen_t(0.0, 0.6), 0.6_f64.atan() / (2.0 * PI), 1e-13);
        let cumulative = normal_cumulative(0.8);
        assert_close(owen_t(0.8, 1.0), 0.5 * cumulative * (1.0 - cumulative), 1e-12);
    }
}
