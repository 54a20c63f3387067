//! Distances between samples: one suite over all of them, closed forms of normal laws, and other programs' values.

mod closed_forms;
mod conformance;
mod peers;

use fieldbridge::check::distance::Points;
use fieldbridge::random::Stream;

/// Independent standard normals, `[rows, dimension]` flat.
fn normals(purpose: &str, rows: usize, dimension: usize) -> Vec<f64> {
    let drawn = Stream::new(71, purpose, dimension as u64).normals(rows * dimension);
    drawn.into_iter().map(f64::from).collect()
}

fn points(values: &[f64], dimension: usize) -> Points {
    Points::new("points", values, dimension).unwrap()
}

/// Every point moved by the same vector.
fn moved(values: &[f64], by: &[f64]) -> Vec<f64> {
    values.iter().zip(by.iter().cycle()).map(|(x, m)| x + m).collect()
}

fn stream() -> Stream {
    Stream::new(3, "test", 0)
}

fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let square: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (square / (count - 1.0)).sqrt())
}
