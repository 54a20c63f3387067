//! Entropic plans against what they tend to, and against a closed form.

use super::*;
use crate::coupling::{Plan, assign};

fn clouds(rows: usize, dimension: usize) -> (Vec<f32>, Vec<f32>) {
    let base = Stream::new(5, "base", 0).normals(rows * dimension);
    let data = Stream::new(5, "data", 0).normals(rows * dimension);
    (base, data.iter().map(|x| 0.5 * x + 1.0).collect())
}

fn cost_of(plan: &Plan, cost: &[f64]) -> f64 {
    plan.log.iter().zip(cost).map(|(log, cost)| log.exp() * cost).sum()
}

#[test]
fn both_marginals_are_uniform() {
    let n = 40;
    let (base, data) = clouds(n, 2);
    let cost = squared_distances(&base, &data, n);
    let plan = entropic_plan(&cost, n, 0.1, 1e-9, 100_000);
    assert!(plan.error < 1e-9, "{}", plan.error);
    for one in 0..n {
        let line: f64 = (0..n).map(|other| plan.log[one * n + other].exp()).sum();
        let column: f64 = (0..n).map(|other| plan.log[other * n + one].exp()).sum();
        assert!((line * n as f64 - 1.0).abs() < 1e-8 && (column * n as f64 - 1.0).abs() < 1e-8);
    }
}

#[test]
fn the_cost_falls_to_that_of_the_assignment_with_the_price() {
    let n = 30;
    let (base, data) = clouds(n, 2);
    let cost = squared_distances(&base, &data, n);
    let exact = assign(&cost, n).cost / n as f64;
    let mut before = f64::INFINITY;
    for price in [10.0, 1.0, 0.1, 0.01] {
        let above = cost_of(&entropic_plan(&cost, n, price, 1e-7, 200_000), &cost) - exact;
        assert!(above > -1e-6 && above < before, "price {price}: {above} above {exact}");
        // the entropy of a plan is at most log n above that of a permutation
        assert!(above <= price * (n as f64).ln() + 1e-6, "price {price}: {above}");
        before = above;
    }
    assert!(before < 1e-2 * exact, "{before} above {exact}");
}

#[test]
fn a_high_price_gives_the_independent_plan() {
    let n = 20;
    let (base, data) = clouds(n, 1);
    let cost = squared_distances(&base, &data, n);
    let plan = entropic_plan(&cost, n, 1e7, 1e-9, 1000);
    for log in plan.log {
        assert!((log.exp() * (n * n) as f64 - 1.0).abs() < 1e-4);
    }
}

/// Potentials of thousands at once, and clusters between which every exponential is zero; the iteration crawls there (2e-6 after 300,000).
#[test]
fn far_clusters_and_a_low_price_do_not_underflow() {
    let n = 24;
    let (base, mut data) = clouds(n, 2);
    for row in 0..n / 3 {
        data[2 * row] += 60.0;
    }
    let cost = squared_distances(&base, &data, n);
    let plan = entropic_plan(&cost, n, 0.3, 1e-5, 300_000);
    assert!(plan.error < 1e-5, "{} after {}", plan.error, plan.iterations);
    let exact = assign(&cost, n).cost / n as f64;
    let above = cost_of(&plan, &cost) - exact;
    assert!(above > -1e-2 && above <= 0.3 * (n as f64).ln(), "{above}");
    for one in 0..n {
        let line: f64 = (0..n).map(|other| plan.log[one * n + other].exp()).sum();
        let column: f64 = (0..n).map(|other| plan.log[other * n + one].exp()).sum();
        assert!((line * n as f64 - 1.0).abs() < 1e-4 && (column * n as f64 - 1.0).abs() < 1e-4);
    }
}

#[test]
fn two_by_two_is_a_formula() {
    // P_11 / P_12 = exp((c_12 + c_21 - c_11 - c_22) / (2 price)) for uniform marginals
    let (cost, price) = ([0.3, 1.1, 0.9, 0.2], 0.4);
    let plan = entropic_plan(&cost, 2, price, 1e-12, 10_000);
    let expected = (cost[1] + cost[2] - cost[0] - cost[3]) / (2.0 * price);
    assert!((plan.log[0] - plan.log[1] - expected).abs() < 1e-9);
}

#[test]
fn pairs_follow_the_plan_and_the_stream_alone() {
    let n = 6;
    let (base, data) = clouds(n, 2);
    let batch = Batch {
        base: &base,
        data: &data,
        context: &[],
        rows: n,
    };
    let sinkhorn = Sinkhorn {
        deviation: 0.6,
        ..Sinkhorn::default()
    };
    let pairs = |index| sinkhorn.pair(&batch, &Stream::new(6, "pairs", index));
    assert_eq!(pairs(0), pairs(0));
    let cost = squared_distances(&base, &data, n);
    let plan = entropic_plan(&cost, n, 2.0 * 0.36, 1e-9, 10_000);
    let mut counts = vec![0.0; n * n];
    let draws = 20_000;
    for index in 0..draws {
        for (line, column) in pairs(index).into_iter().enumerate() {
            counts[line * n + column] += 1.0;
        }
    }
    for (count, log) in counts.iter().zip(&plan.log) {
        let share = log.exp() * n as f64;
        let error = (share * (1.0 - share) / draws as f64).sqrt();
        // the coupling stops its iteration earlier, at a thousandth
        assert!((count / draws as f64 - share).abs() < 5.0 * error + 3e-3);
    }
}

#[test]
fn a_row_that_is_no_number_keeps_its_own() {
    let (mut base, data) = clouds(8, 2);
    base[5] = f32::NAN;
    let batch = Batch {
        base: &base,
        data: &data,
        context: &[],
        rows: 8,
    };
    let pairs = Sinkhorn::default().pair(&batch, &Stream::new(7, "pairs", 0));
    assert_eq!(pairs[2], 2);
    assert!(pairs.iter().enumerate().all(|(line, &column)| line == 2 || column != 2));
}
