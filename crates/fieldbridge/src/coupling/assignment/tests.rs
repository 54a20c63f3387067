//! Exactness of the solver against two slower ones, and optimal transport where its answer is known.

use super::*;
use crate::coupling::{Batch, Coupling};

fn is_permutation(columns: &[usize], n: usize) -> bool {
    let mut sorted = columns.to_vec();
    sorted.sort_unstable();
    sorted.iter().copied().eq(0..n)
}

fn total(cost: &[f64], n: usize, columns: &[usize]) -> f64 {
    columns
        .iter()
        .enumerate()
        .map(|(row, &column)| cost[row * n + column])
        .sum()
}

/// The least cost of all permutations, by trying each.
fn by_enumeration(cost: &[f64], n: usize) -> f64 {
    fn below(cost: &[f64], n: usize, row: usize, used: u32) -> f64 {
        if row == n {
            return 0.0;
        }
        let open = (0..n).filter(|column| used & (1 << column) == 0);
        let totals = open.map(|column| cost[row * n + column] + below(cost, n, row + 1, used | (1 << column)));
        totals.fold(f64::INFINITY, f64::min)
    }
    below(cost, n, 0, 0)
}

/// The least cost by the Hungarian method in its oldest form (Kuhn 1955, Munkres 1957): reduce rows and columns, match
/// zeros, and when the zeros do not suffice shift the reduction by the least uncovered entry.
fn by_hungarian(cost: &[f64], n: usize, zero: f64) -> f64 {
    let mut reduced: Vec<Vec<f64>> = cost.chunks(n).map(<[f64]>::to_vec).collect();
    for row in &mut reduced {
        let least = row.iter().copied().fold(f64::INFINITY, f64::min);
        row.iter_mut().for_each(|entry| *entry -= least);
    }
    let mut row_of: Vec<Option<usize>> = vec![None; n];
    for start in 0..n {
        loop {
            // every column reachable from `start` along zeros, and from where
            let (mut rows, mut from) = (vec![start], vec![None; n]);
            let mut next = 0;
            let mut end = None;
            while next < rows.len() && end.is_none() {
                let row = rows[next];
                next += 1;
                for column in 0..n {
                    if from[column].is_none() && reduced[row][column] <= zero {
                        from[column] = Some(row);
                        match row_of[column] {
                            Some(owner) => rows.push(owner),
                            None => {
                                end = Some(column);
                                break;
                            }
                        }
                    }
                }
            }
            if let Some(mut column) = end {
                loop {
                    let row = from[column].unwrap();
                    let before = row_of.iter().position(|&owner| owner == Some(row));
                    row_of[column] = Some(row);
                    let Some(before) = before.filter(|&before| before != column) else {
                        break;
                    };
                    row_of[before] = None;
                    column = before;
                }
                break;
            }
            let reached = |row: usize| rows.contains(&row);
            let open = (0..n)
                .filter(|&row| reached(row))
                .flat_map(|row| (0..n).map(move |column| (row, column)));
            let least = open
                .filter(|&(_, column)| from[column].is_none())
                .map(|(row, column)| reduced[row][column]);
            let shift = least.fold(f64::INFINITY, f64::min);
            for (row, line) in reduced.iter_mut().enumerate() {
                for (column, entry) in line.iter_mut().enumerate() {
                    match (rows.contains(&row), from[column].is_some()) {
                        (true, false) => *entry -= shift,
                        (false, true) => *entry += shift,
                        _ => {}
                    }
                }
            }
        }
    }
    row_of
        .iter()
        .enumerate()
        .map(|(column, row)| cost[row.unwrap() * n + column])
        .sum()
}

fn uniforms(seed: u64, purpose: &str, count: usize) -> Vec<f64> {
    Stream::new(seed, purpose, 0)
        .uniforms(count)
        .into_iter()
        .map(f64::from)
        .collect()
}

#[test]
fn small_matrices_cost_what_the_best_of_all_permutations_costs() {
    for seed in 0..300 {
        let n = 1 + seed as usize % 7;
        let random = uniforms(seed, "small", n * n);
        let signed = random.iter().map(|x| 20.0 * x - 10.0).collect();
        let tied: Vec<f64> = random.iter().map(|x| (4.0 * x).floor() - 2.0).collect();
        for cost in [random, signed, tied] {
            let found = assign(&cost, n);
            assert!(is_permutation(&found.columns, n));
            assert_eq!(found.cost, total(&cost, n, &found.columns));
            let least = by_enumeration(&cost, n);
            assert!(
                (found.cost - least).abs() <= 1e-13 * n as f64 * 20.0,
                "seed {seed}: {} over {least}",
                found.cost
            );
        }
    }
}

#[test]
fn larger_matrices_cost_what_the_hungarian_method_finds() {
    for seed in 0..60 {
        let n = 8 + (seed as usize * 7) % 53;
        let random = uniforms(seed, "larger", n * n);
        let tied: Vec<f64> = random.iter().map(|x| (10.0 * x).floor()).collect();
        let integer: Vec<f64> = random.iter().map(|x| (1000.0 * x).floor() - 500.0).collect();
        let stream = Stream::new(seed, "points", 0);
        let points = |purpose, shift: f32| -> Vec<f32> {
            stream
                .child(purpose, 0)
                .normals(2 * n)
                .into_iter()
                .map(|x| x + shift)
                .collect()
        };
        let geometric = squared_distances(&points("from", 0.0), &points("to", 2.0), n);
        for (cost, exact) in [(&tied, true), (&integer, true), (&random, false), (&geometric, false)] {
            let found = assign(cost, n);
            assert!(is_permutation(&found.columns, n));
            let least = by_hungarian(cost, n, if exact { 0.0 } else { 1e-12 });
            let slack = if exact { 0.0 } else { 1e-9 };
            assert!(
                (found.cost - least).abs() <= slack,
                "seed {seed}, n {n}: {} against {least}",
                found.cost
            );
        }
    }
}

#[test]
fn nothing_one_row_and_equal_costs_are_assigned() {
    assert_eq!(
        assign(&[], 0),
        Assignment {
            columns: vec![],
            cost: 0.0
        }
    );
    assert_eq!(
        assign(&[-3.0], 1),
        Assignment {
            columns: vec![0],
            cost: -3.0
        }
    );
    let equal = assign(&vec![0.5; 200 * 200], 200);
    assert!(is_permutation(&equal.columns, 200));
    assert_eq!(equal.cost, 100.0);
}

#[test]
fn forbidden_pairs_are_met_as_rarely_as_possible() {
    const NO: f64 = f64::NAN;
    // the cheap diagonal is forbidden in one place
    assert_eq!(
        assign(&[NO, 5.0, 7.0, 0.0], 2),
        Assignment {
            columns: vec![1, 0],
            cost: 12.0
        }
    );
    assert_eq!(assign(&[f64::INFINITY, 5.0, 7.0, f64::NEG_INFINITY], 2).columns, [1, 0]);
    // column 2 is forbidden to all: the other two rows are still joined at the least cost
    let found = assign(&[1.0, 9.0, NO, 9.0, 1.0, NO, 2.0, 2.0, NO], 3);
    assert_eq!(found.columns, [0, 1, 2]);
    assert!(found.cost.is_nan());
    for nowhere in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert!(is_permutation(&assign(&[nowhere; 25], 5).columns, 5));
    }
    // random: as many allowed pairs as a search over all permutations finds, at the same cost
    for seed in 0..100 {
        let n = 2 + seed as usize % 5;
        let (random, allowed) = (uniforms(seed, "cost", n * n), uniforms(seed, "allowed", n * n));
        let cost: Vec<f64> = random
            .iter()
            .zip(&allowed)
            .map(|(&x, &a)| if a < 0.5 { x } else { NO })
            .collect();
        let priced: Vec<f64> = cost.iter().map(|x| if x.is_nan() { 1000.0 } else { *x }).collect();
        let found = total(&priced, n, &assign(&cost, n).columns);
        assert!((found - by_enumeration(&priced, n)).abs() < 1e-9, "seed {seed}");
    }
}

#[test]
fn huge_costs_do_not_overflow() {
    let (most, least) = (f64::MAX, -f64::MAX);
    assert_eq!(assign(&[most, least, least, most], 2).columns, [1, 0]);
    assert_eq!(assign(&[least, most, most, least], 2).columns, [0, 1]);
    assert_eq!(
        assign(&[most, 1e307, f64::NAN, 1e307, most, most, most, most, least], 3).columns,
        [1, 0, 2]
    );
}

fn mean_cost(batch: &Batch<'_>, pairs: &[usize]) -> f64 {
    let dimension = batch.data.len() / batch.rows;
    let of = |table: &[f32], row: usize, axis: usize| f64::from(table[row * dimension + axis]);
    let square = |(to, from): (usize, &usize)| -> f64 {
        (0..dimension)
            .map(|axis| (of(batch.base, *from, axis) - of(batch.data, to, axis)).powi(2))
            .sum()
    };
    pairs.iter().enumerate().map(square).sum::<f64>() / batch.rows as f64
}

/// Two normal clouds in `dimension` dimensions, the second scaled, then shifted along every axis.
fn clouds(seed: u64, rows: usize, dimension: usize, shift: f32, scale: f32) -> (Vec<f32>, Vec<f32>) {
    let stream = Stream::new(seed, "clouds", rows as u64);
    let data = stream.child("data", 0).normals(rows * dimension);
    (
        stream.child("base", 0).normals(rows * dimension),
        data.into_iter().map(|x| x * scale + shift).collect(),
    )
}

#[test]
fn on_the_line_optimal_transport_is_sorting() {
    for (seed, rows) in (0..20).map(|seed| (seed, 150)).chain([(20, 701)]) {
        let (base, data) = clouds(seed, rows, 1, 1.0, 0.5);
        let batch = Batch {
            base: &base,
            data: &data,
            context: &[],
            rows,
        };
        let (mut low, mut high) = (base.clone(), data.clone());
        low.sort_by(f32::total_cmp);
        high.sort_by(f32::total_cmp);
        for pairs in [
            OptimalTransport.pair(&batch, &Stream::new(0, "pairs", 0)),
            assign(&squared_distances(&base, &data, rows), rows).columns,
        ] {
            for (to, from) in pairs.into_iter().enumerate() {
                let rank = high.iter().position(|&value| value == data[to]).unwrap();
                assert_eq!(base[from], low[rank], "seed {seed}, data row {to}");
            }
        }
    }
}

#[test]
fn moving_and_scaling_a_cloud_does_not_hide_the_optimum() {
    for (seed, (shift, scale)) in [(0.0, 1.0), (5.0, 1.0), (-3.0, 0.05), (0.5, 20.0)]
        .into_iter()
        .enumerate()
    {
        let rows = 90;
        let (base, data) = clouds(seed as u64, rows, 3, shift, scale);
        let batch = Batch {
            base: &base,
            data: &data,
            context: &[],
            rows,
        };
        let balanced = mean_cost(&batch, &OptimalTransport.pair(&batch, &Stream::new(0, "pairs", 0)));
        let direct = by_hungarian(&squared_distances(&base, &data, rows), rows, 1e-12) / rows as f64;
        assert!(
            (balanced - direct).abs() < 1e-9 * direct.max(1.0),
            "shift {shift}, scale {scale}: {balanced}, {direct}"
        );
    }
}

#[test]
fn the_cost_between_two_normals_approaches_its_closed_form() {
    // W2^2 between N(0, I) and N(m, s^2 I) in D dimensions: |m|^2 + D (1 - s)^2
    let excess = |rows: usize, dimension: usize, shift: f32, scale: f32| {
        let batches = 4096 / rows as u64;
        let mean = (0..batches).map(|seed| {
            let (base, data) = clouds(seed, rows, dimension, shift, scale);
            let batch = Batch {
                base: &base,
                data: &data,
                context: &[],
                rows,
            };
            mean_cost(&batch, &OptimalTransport.pair(&batch, &Stream::new(0, "pairs", 0)))
        });
        let truth = dimension as f64 * (f64::from(shift).powi(2) + (1.0 - f64::from(scale)).powi(2));
        // four standard deviations of the shift between the sample means, the leading noise of 4096 pairs
        let noise =
            4.0 * 2.0 * f64::from(shift) * ((1.0 + f64::from(scale).powi(2)) * dimension as f64 / 4096.0).sqrt();
        (mean.sum::<f64>() / batches as f64 - truth, noise)
    };
    let (line, noise) = excess(4096, 1, 2.0, 0.5);
    assert!(line.abs() < noise + 0.01, "{line} within {noise}");
    // in the plane the excess of n points falls like log(n) / n
    let (few, noise) = excess(16, 2, 1.0, 1.0);
    let (many, _) = excess(512, 2, 1.0, 1.0);
    assert!(many.abs() < noise + 0.05, "{many} within {noise}");
    assert!(many < 0.5 * few, "{many} of 512 points, {few} of 16");
}

#[test]
fn equal_points_and_missing_numbers_still_give_permutations() {
    let stream = Stream::new(0, "pairs", 0);
    for (dimension, rows) in [(0, 5), (1, 0), (1, 1), (2, 1), (1, 40), (3, 40)] {
        let equal = vec![1.5; rows * dimension];
        let mut broken = equal.clone();
        if let Some(value) = broken.last_mut() {
            *value = f32::NAN;
        }
        if let Some(value) = broken.first_mut() {
            *value = f32::INFINITY;
        }
        for (base, data) in [
            (&equal, &equal),
            (&broken, &equal),
            (&equal, &broken),
            (&broken, &broken),
        ] {
            let batch = Batch {
                base,
                data,
                context: &[],
                rows,
            };
            assert!(is_permutation(&OptimalTransport.pair(&batch, &stream), rows));
        }
    }
}

#[test]
fn the_pairs_do_not_depend_on_threads() {
    let (base, data) = clouds(1, 300, 40, 0.0, 1.0);
    let batch = Batch {
        base: &base,
        data: &data,
        context: &[],
        rows: 300,
    };
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| OptimalTransport.pair(&batch, &Stream::new(0, "pairs", 0)))
    };
    assert_eq!(with(1), with(2));
}
