//! Optimal transport of normal distributions, whose cost and map are known.

use fieldbridge::coupling::{Batch, Coupling, OptimalTransport, Sinkhorn};
use fieldbridge::random::Stream;

use super::normals;

const ROWS: usize = 2000;

/// Standard normal points, and others spread by `s` around `m`, apart in each of two dimensions.
fn clouds(m: [f64; 2], s: [f64; 2]) -> (Vec<f32>, Vec<f32>) {
    let base = normals("transport base", 2 * ROWS);
    let data = normals("transport data", 2 * ROWS)
        .iter()
        .enumerate()
        .map(|(at, &z)| (m[at % 2] + s[at % 2] * f64::from(z)) as f32)
        .collect();
    (base, data)
}

fn mean_cost(base: &[f32], data: &[f32], pairs: &[usize]) -> f64 {
    let each = pairs.iter().enumerate().map(|(to, &from)| {
        let along = |d: usize| f64::from(base[2 * from + d] - data[2 * to + d]).powi(2);
        along(0) + along(1)
    });
    each.sum::<f64>() / pairs.len() as f64
}

#[test]
fn the_assignment_costs_what_normal_distributions_cost() {
    // W2^2 = |m|^2 + sum (s - 1)^2 for axes that are shared
    let (m, s) = ([1.5, -2.0], [0.5, 1.5]);
    let expected = m[0] * m[0] + m[1] * m[1] + (s[0] - 1.0_f64).powi(2) + (s[1] - 1.0_f64).powi(2);
    let (base, data) = clouds(m, s);
    let batch = Batch {
        base: &base,
        data: &data,
        context: &[],
        rows: ROWS,
    };
    let stream = Stream::new(1, "pairs", 0);
    let exact = mean_cost(&base, &data, &OptimalTransport.pair(&batch, &stream));
    // the mean of either cloud scatters by |m| / sqrt(n) along m; a matching of n points in a plane costs up to log n / n more
    let scatter = 2.0 * 2.5 * (2.0 * 2.0 / ROWS as f64).sqrt();
    assert!((exact - expected).abs() < 3.0 * scatter, "{exact} against {expected}");
    let independent = expected + 2.0 * (s[0] + s[1]);
    let plain = mean_cost(&base, &data, &(0..ROWS).collect::<Vec<_>>());
    assert!(
        (plain - independent).abs() < 6.0 * scatter,
        "{plain} against {independent}"
    );
}

#[test]
fn the_entropic_plan_costs_what_normal_distributions_cost() {
    // on each axis the plan of N(0, 1) and N(m, s^2) at price e = 2 d^2 has covariance
    // (sqrt(4 s^2 + e^2 / 4) - e / 2) / 2 (Janati et al. 2020, arXiv:2006.02572, their sigma^2 being e / 2)
    let (m, s) = ([1.0, 0.0], [0.5, 1.5]);
    let (base, data) = clouds(m, s);
    let batch = Batch {
        base: &base,
        data: &data,
        context: &[],
        rows: ROWS,
    };
    for deviation in [0.3, 1.0] {
        let price = 2.0 * deviation * deviation;
        let covariance = |s: f64| 0.5 * ((4.0 * s * s + 0.25 * price * price).sqrt() - 0.5 * price);
        let expected: f64 = (0..2)
            .map(|d| m[d] * m[d] + 1.0 + s[d] * s[d] - 2.0 * covariance(s[d]))
            .sum();
        let sinkhorn = Sinkhorn {
            deviation,
            ..Sinkhorn::default()
        };
        let found = mean_cost(&base, &data, &sinkhorn.pair(&batch, &Stream::new(1, "pairs", 0)));
        let scatter = 4.0 / (ROWS as f64).sqrt();
        assert!(
            (found - expected).abs() < 3.0 * scatter,
            "{deviation}: {found} against {expected}"
        );
    }
}
