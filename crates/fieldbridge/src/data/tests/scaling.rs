//! The scaling, its inverse and its Jacobian.

use super::super::Part;
use super::{Catalogue, numbers, table};

const ROWS: usize = 500;

/// Three dependent columns, two of them bounded.
fn columns() -> Vec<(&'static str, Vec<f64>)> {
    let (a, b, c) = (numbers("a", ROWS), numbers("b", ROWS), numbers("c", ROWS));
    let mixed = |at: usize| 0.6 * a[at] - 0.8 * b[at];
    vec![
        ("a", a.iter().map(|a| 100.0 + 20.0 * a).collect()),
        ("b", (0..ROWS).map(|at| (0.5 * mixed(at) + 0.2 * c[at]).exp()).collect()),
        (
            "c",
            (0..ROWS).map(|at| 1.0 / (1.0 + (mixed(at) + c[at]).exp())).collect(),
        ),
        ("g", numbers("g", ROWS)),
    ]
}

fn catalogue(scale: &str) -> Catalogue {
    let recipe = format!(
        "
        [data]
        [target]
        columns = ['a', 'b', 'c']
        bounds = {{ b = {{ low = 0.0, softness = 0.3 }}, c = {{ low = 0.0, high = 1.0 }} }}
        scale = '{scale}'
        [context.photometry]
        columns = ['g']
    "
    );
    Catalogue::new("galaxies.parquet", &columns(), &recipe)
}

#[test]
fn training_rows_have_mean_zero_and_unit_variance_and_whitened_ones_no_covariance() {
    for scale in ["standard", "whiten"] {
        let dataset = catalogue(scale).prepare().unwrap();
        let rows = dataset.gather(&dataset.places(Part::Train)).unwrap();
        for i in 0..3 {
            let mean: f64 = (0..rows.count)
                .map(|row| f64::from(rows.data[row * 3 + i]))
                .sum::<f64>()
                / rows.count as f64;
            assert!(mean.abs() < 1e-5, "{scale}: mean {mean}");
            for j in 0..3 {
                let product: f64 = (0..rows.count)
                    .map(|row| f64::from(rows.data[row * 3 + i]) * f64::from(rows.data[row * 3 + j]))
                    .sum::<f64>()
                    / rows.count as f64;
                if i == j {
                    assert!((product - 1.0).abs() < 1e-5, "{scale}: variance {product}");
                } else if scale == "whiten" {
                    assert!(product.abs() < 1e-5, "covariance {product}");
                } else {
                    assert!(product.abs() > 0.05, "the columns depend on each other: {product}");
                }
            }
        }
    }
}

#[test]
fn a_common_scale_has_one_mean_and_one_deviation_for_all_columns() {
    let dataset = catalogue("common").prepare().unwrap();
    let scaling = &dataset.scaling.target;
    assert!(scaling.mean.iter().all(|&mean| mean == scaling.mean[0]));
    assert!((0..9).all(|at| scaling.factor[at] == if at % 4 == 0 { scaling.factor[0] } else { 0.0 }));
    let rows = dataset.gather(&dataset.places(Part::Train)).unwrap();
    let count = rows.data.len() as f64;
    let mean = rows.data.iter().map(|&y| f64::from(y)).sum::<f64>() / count;
    let square = rows.data.iter().map(|&y| f64::from(y).powi(2)).sum::<f64>() / count;
    assert!(mean.abs() < 1e-5 && (square - 1.0).abs() < 1e-5, "{mean} {square}");
}

#[test]
fn rows_return_from_the_scaled_space() {
    for scale in ["standard", "common", "whiten"] {
        let scaling = catalogue(scale).prepare().unwrap().scaling.target;
        let columns = columns();
        for row in 0..ROWS {
            let x: Vec<f64> = columns[..3].iter().map(|(_, values)| values[row]).collect();
            let (scaled, _) = scaling.encode(&x);
            let scaled: Vec<f32> = scaled.iter().map(|&value| value as f32).collect();
            for (back, x) in scaling.decode(&scaled).iter().zip(&x) {
                assert!(
                    (back - x).abs() < 1e-5 * (1.0 + x.abs()),
                    "{scale}: {x} came back as {back}"
                );
            }
        }
        for far in [[50.0, -50.0, 50.0], [-300.0, 300.0, -300.0], [0.0, 0.0, 1e4]] {
            let x = scaling.decode(&far.map(|y| y as f32));
            assert!(
                scaling
                    .bijections
                    .iter()
                    .zip(&x)
                    .all(|(bijection, &x)| bijection.contains(x)),
                "{x:?}"
            );
        }
    }
}

#[test]
fn the_log_volume_is_that_of_finite_differences() {
    for scale in ["standard", "common", "whiten"] {
        let scaling = catalogue(scale).prepare().unwrap().scaling.target;
        let columns = columns();
        for row in 0..20 {
            let x: Vec<f64> = columns[..3].iter().map(|(_, values)| values[row]).collect();
            let derivative = |input: usize| -> Vec<f64> {
                let step = 1e-6 * x[input];
                let at = |sign: f64| {
                    let mut moved = x.clone();
                    moved[input] += sign * step;
                    scaling.encode(&moved).0
                };
                at(1.0)
                    .iter()
                    .zip(at(-1.0))
                    .map(|(up, down)| (up - down) / (2.0 * step))
                    .collect()
            };
            let j: Vec<Vec<f64>> = (0..3).map(derivative).collect();
            let determinant = j[0][0] * (j[1][1] * j[2][2] - j[1][2] * j[2][1])
                - j[0][1] * (j[1][0] * j[2][2] - j[1][2] * j[2][0])
                + j[0][2] * (j[1][0] * j[2][1] - j[1][1] * j[2][0]);
            let exact = scaling.encode(&x).1;
            assert!(
                (exact - determinant.abs().ln()).abs() < 1e-5,
                "{scale}: {exact} {}",
                determinant.abs().ln()
            );
        }
    }
}

#[test]
fn encoding_a_table_skips_with_reasons_and_flags_what_was_never_seen() {
    let dataset = catalogue("standard").prepare().unwrap();
    let far = 1e3;
    let table = table(&[
        ("a", vec![100.0, f64::NAN, 90.0, 110.0, 100.0]),
        ("b", vec![1.0, 1.0, -1.0, 1.0, 1.0]),
        ("c", vec![0.5, 0.5, 0.5, 0.5, 0.5]),
        ("g", vec![0.0, 0.1, 0.2, f64::NAN, far]),
    ]);
    let encoded = dataset.scaling.encode(&table, 1000, true).unwrap();
    assert_eq!(encoded.source_rows, [1000, 1004]);
    let skipped: Vec<usize> = encoded.skipped.iter().map(|(row, _)| *row).collect();
    assert_eq!(skipped, [1001, 1002, 1003]);
    for ((_, reason), words) in
        encoded
            .skipped
            .iter()
            .zip(["`a` is not a number", "`b` = -1 is outside", "nothing of the context"])
    {
        assert!(reason.contains(words), "{reason}");
    }
    assert_eq!(encoded.outside, [Vec::<String>::new(), vec!["g".to_owned()]]);
    // moved to the edge of what was seen
    let scaling = &dataset.scaling.context[0];
    let edge = (scaling.range[0][1] - scaling.mean[0]) / scaling.deviation[0];
    assert!((f64::from(encoded.rows.context[1]) - edge).abs() < 1e-6);
    let without = dataset.scaling.encode(&table, 0, false).unwrap();
    assert_eq!(without.source_rows, [0, 1, 2, 4]);
    assert!(without.log_volume.is_empty() && without.rows.data.is_empty());
    let chosen = encoded.choose(&[1]);
    assert_eq!((chosen.source_rows, chosen.target), (vec![1004], vec![100.0, 1.0, 0.5]));
}
