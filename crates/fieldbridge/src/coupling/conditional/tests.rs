//! What the conditional coupling promises: its limits, its weight, and a base that stays independent of the context.

use super::*;
use crate::coupling::Independent;

/// A batch that owns its tables.
struct Tables {
    base: Vec<f32>,
    data: Vec<f32>,
    context: Vec<f32>,
    rows: usize,
}

impl Tables {
    fn batch(&self) -> Batch<'_> {
        Batch {
            base: &self.base,
            data: &self.data,
            context: &self.context,
            rows: self.rows,
        }
    }

    fn pair(&self, coupling: &dyn Coupling) -> Vec<usize> {
        let pairs = coupling.pair(&self.batch(), &Stream::new(0, "pairs", 0));
        let mut sorted = pairs.clone();
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..self.rows), "{coupling:?} gives no permutation");
        pairs
    }
}

/// `c ~ N(0, I)`, and every coordinate of `x1` is `0.9 c + 0.4 N(0, 1)` of one of the features.
fn continuous(seed: u64, rows: usize, dimension: usize, features: usize) -> Tables {
    let stream = Stream::new(seed, "continuous", 0);
    let context = stream.child("context", 0).normals(rows * features);
    let mut data = stream.child("noise", 0).normals(rows * dimension);
    for (index, value) in data.iter_mut().enumerate() {
        let (row, axis) = (index / dimension, index % dimension);
        *value = 0.4 * *value + 0.9 * context[row * features + axis % features];
    }
    Tables {
        base: stream.child("base", 0).normals(rows * dimension),
        data,
        context,
        rows,
    }
}

/// Two classes in turn, `c` = -1 or 1, and `x1 = (2 c, 0) + 0.4 N(0, I)` in the plane.
fn classes(seed: u64, rows: usize) -> Tables {
    let stream = Stream::new(seed, "classes", 0);
    let context: Vec<f32> = (0..rows).map(|row| if row % 2 == 0 { -1.0 } else { 1.0 }).collect();
    let mut data: Vec<f32> = stream
        .child("noise", 0)
        .normals(2 * rows)
        .iter()
        .map(|noise| 0.4 * noise)
        .collect();
    data.chunks_exact_mut(2)
        .zip(&context)
        .for_each(|(point, class)| point[0] += 2.0 * class);
    Tables {
        base: stream.child("base", 0).normals(2 * rows),
        data,
        context,
        rows,
    }
}

/// Over many batches: the correlation of the first base coordinate with the first context feature of its pair, and the
/// mean squared length of the pairs.
fn correlation_and_length(batches: &[Tables], coupling: &dyn Coupling) -> (f64, f64) {
    let (mut joint, mut base, mut context, mut length, mut count) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for tables in batches {
        let (dimension, features) = (tables.data.len() / tables.rows, tables.context.len() / tables.rows);
        for (to, from) in tables.pair(coupling).into_iter().enumerate() {
            let x = f64::from(tables.base[from * dimension]);
            let c = f64::from(tables.context[to * features]);
            joint += x * c;
            base += x * x;
            context += c * c;
            let square =
                |axis| f64::from(tables.base[from * dimension + axis] - tables.data[to * dimension + axis]).powi(2);
            length += (0..dimension).map(square).sum::<f64>();
            count += 1.0;
        }
    }
    (joint / (base * context).sqrt(), length / count)
}

#[test]
fn ratio_zero_is_independent_and_ratio_one_is_plain_optimal_transport() {
    for seed in 0..5 {
        let tables = continuous(seed, 200, 2, 2);
        assert_eq!(tables.pair(&Conditional { ratio: 0.0 }), tables.pair(&Independent));
        assert_eq!(tables.pair(&Conditional { ratio: 1.0 }), tables.pair(&OptimalTransport));
        let between = tables.pair(&Conditional { ratio: 0.1 });
        assert_ne!(between, tables.pair(&Independent));
        assert_ne!(between, tables.pair(&OptimalTransport));
        // numbers outside are the nearer end
        assert_eq!(tables.pair(&Conditional { ratio: -1.0 }), tables.pair(&Independent));
        assert_eq!(tables.pair(&Conditional { ratio: f64::NAN }), tables.pair(&Independent));
        assert_eq!(tables.pair(&Conditional { ratio: 7.0 }), tables.pair(&OptimalTransport));
    }
}

#[test]
fn at_the_weight_chosen_the_share_of_candidates_is_the_ratio() {
    for (seed, ratio) in [0.001, 0.01, 0.05, 0.2].into_iter().enumerate() {
        let tables = continuous(seed as u64, 150, 3, 3);
        let n = tables.rows;
        let share = |weight: f64| {
            let square = |a: &[f32], i: usize, b: &[f32], j: usize| -> f64 {
                (0..3)
                    .map(|axis| (f64::from(a[3 * i + axis]) - f64::from(b[3 * j + axis])).powi(2))
                    .sum()
            };
            let candidate = |i: usize, j: usize| {
                let swapped = square(&tables.base, i, &tables.data, j);
                let cost = swapped + weight * square(&tables.context, i, &tables.context, j);
                i != j && cost <= square(&tables.base, j, &tables.data, j)
            };
            let count = (0..n * n).filter(|pair| candidate(pair / n, pair % n)).count();
            count as f64 / (n * (n - 1)) as f64
        };
        let weight = Conditional { ratio }.weight(&tables.batch());
        let step = 1.0 / (n * (n - 1)) as f64;
        // one pair more or less, the one exactly at equality
        assert!(
            (share(weight) - ratio).abs() < 2.0 * step,
            "{} candidates at ratio {ratio}",
            share(weight)
        );
        assert!(share(1.1 * weight) < ratio && share(0.9 * weight) > ratio);
    }
}

#[test]
fn the_pairs_have_the_least_cost_at_the_weight_chosen() {
    let tables = continuous(3, 60, 2, 2);
    let coupling = Conditional { ratio: 0.05 };
    let weight = coupling.weight(&tables.batch());
    assert!(weight > 0.0 && weight.is_finite());
    let mut cost = squared_distances(&tables.base, &tables.data, 60);
    let contexts = squared_distances(&tables.context, &tables.context, 60);
    cost.iter_mut()
        .zip(contexts)
        .for_each(|(cost, context)| *cost += weight * context);
    let found: f64 = tables
        .pair(&coupling)
        .into_iter()
        .enumerate()
        .map(|(to, from)| cost[to * 60 + from])
        .sum();
    let least = assign(&cost, 60).cost;
    assert!((found - least).abs() < 1e-9 * least, "{found} against {least}");
}

#[test]
fn classes_are_never_mixed_and_each_is_joined_optimally() {
    let tables = classes(1, 300);
    let pairs = tables.pair(&Conditional::default());
    assert_eq!(Conditional::default().weight(&tables.batch()), f64::INFINITY);
    assert!(pairs.iter().enumerate().all(|(to, from)| to % 2 == from % 2));
    let mixed = tables
        .pair(&OptimalTransport)
        .iter()
        .enumerate()
        .filter(|&(to, from)| to % 2 != from % 2)
        .count();
    assert!(mixed > 75, "plain optimal transport mixes {mixed} of 300");
    // a large finite weight on the whole batch finds pairs of the same cost
    let cost = squared_distances(&tables.base, &tables.data, 300);
    let contexts = squared_distances(&tables.context, &tables.context, 300);
    let weighted: Vec<f64> = cost
        .iter()
        .zip(contexts)
        .map(|(cost, context)| cost + 1e6 * context)
        .collect();
    let found: f64 = pairs
        .iter()
        .enumerate()
        .map(|(to, from)| weighted[to * 300 + from])
        .sum();
    assert!((found - assign(&weighted, 300).cost).abs() < 1e-6);
}

#[test]
fn zeros_of_either_sign_are_one_context() {
    let mut tables = classes(2, 60);
    tables.context = (0..60)
        .flat_map(|row| [if row % 4 < 2 { 0.0 } else { -0.0 }, (row % 2) as f32])
        .collect();
    let signed = tables.pair(&Conditional { ratio: 0.0 });
    tables.context.iter_mut().for_each(|value| *value = value.abs());
    assert_eq!(signed, tables.pair(&Conditional { ratio: 0.0 }));
    assert!(signed.iter().enumerate().any(|(to, &from)| to != from));
}

#[test]
fn without_context_or_with_one_for_all_it_is_plain_optimal_transport() {
    let mut tables = classes(4, 120);
    let plain = tables.pair(&OptimalTransport);
    for context in [vec![], vec![0.7; 120]] {
        tables.context = context;
        for ratio in [0.0, 0.05, 1.0] {
            assert_eq!(tables.pair(&Conditional { ratio }), plain);
        }
    }
}

#[test]
fn rows_with_a_broken_context_keep_their_own_base_draw() {
    for ratio in [0.0, 0.05] {
        let mut tables = continuous(5, 80, 2, 2);
        for (row, value) in [
            (3, f32::NAN),
            (40, f32::INFINITY),
            (41, f32::INFINITY),
            (79, f32::NEG_INFINITY),
        ] {
            tables.context[2 * row] = value;
        }
        let pairs = tables.pair(&Conditional { ratio });
        assert!([3, 40, 41, 79].into_iter().all(|row| pairs[row] == row));
    }
    let mut tables = continuous(6, 30, 1, 1);
    tables.context.fill(f32::NAN);
    assert_eq!(tables.pair(&Conditional { ratio: 0.1 }), tables.pair(&Independent));
    tables.data.fill(f32::NAN);
    tables.pair(&Conditional { ratio: 0.1 });
}

#[test]
fn batches_of_no_or_one_row_are_paired() {
    for rows in [0, 1] {
        let tables = continuous(7, rows, 2, 2);
        assert_eq!(tables.pair(&Conditional::default()), (0..rows).collect::<Vec<_>>());
    }
}

#[test]
fn the_same_batch_gives_the_same_pairs_with_any_number_of_threads() {
    let tables = continuous(8, 400, 8, 8);
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| tables.pair(&Conditional { ratio: 0.05 }))
    };
    assert_eq!(with(1), with(2));
}

#[test]
fn plain_optimal_transport_ties_the_base_to_the_context_and_the_conditional_coupling_hardly() {
    let batches: Vec<Tables> = (0..16).map(|seed| continuous(seed, 256, 1, 1)).collect();
    let (independent, far) = correlation_and_length(&batches, &Independent);
    let (plain, _) = correlation_and_length(&batches, &OptimalTransport);
    let (conditional, near) = correlation_and_length(&batches, &Conditional::default());
    // 4096 independent pairs have a correlation of 0 +- 0.016
    assert!(independent.abs() < 0.05, "independent: {independent}");
    assert!(plain > 0.85, "plain: {plain}");
    assert!(
        (conditional - independent).abs() < 0.01,
        "conditional {conditional}, independent {independent}"
    );
    assert!(near < 0.87 * far, "squared length {near}, independent {far}");
}

#[test]
fn twelve_unrelated_features_leave_a_tenth_of_the_bias() {
    let batches: Vec<Tables> = (0..16).map(|seed| continuous(seed, 256, 1, 12)).collect();
    let (plain, _) = correlation_and_length(&batches, &OptimalTransport);
    let (independent, far) = correlation_and_length(&batches, &Independent);
    let (conditional, near) = correlation_and_length(&batches, &Conditional::default());
    let (careful, _) = correlation_and_length(&batches, &Conditional { ratio: 0.001 });
    assert!(plain > 0.85, "plain: {plain}");
    assert!(
        (conditional - independent).abs() < 0.1,
        "conditional {conditional}, independent {independent}"
    );
    assert!(
        (careful - independent).abs() < 0.02,
        "ratio 0.001: {careful}, independent {independent}"
    );
    assert!(near < 0.95 * far, "squared length {near}, independent {far}");
}

#[test]
fn with_classes_the_bias_is_gone_and_the_paths_are_shorter() {
    let batches: Vec<Tables> = (0..16).map(|seed| classes(seed, 256)).collect();
    let (plain, shortest) = correlation_and_length(&batches, &OptimalTransport);
    let (independent, far) = correlation_and_length(&batches, &Independent);
    let (conditional, near) = correlation_and_length(&batches, &Conditional::default());
    assert!(plain > 0.7, "plain: {plain}");
    // every class keeps its own draws, so its mean, and with it the correlation, stays to the last digit but rounding
    assert!(
        (conditional - independent).abs() < 1e-12,
        "conditional {conditional}, independent {independent}"
    );
    assert!(
        shortest < near && near < 0.85 * far,
        "squared lengths {shortest}, {near}, {far}"
    );
}
