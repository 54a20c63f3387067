//! Bridges on distributions whose densities are known: values, errors, draws, integrals.

mod continuous_flow;
mod diffusion;
mod exact;
mod flows;
mod interpolant;
mod learned;
mod mixture;
mod moons;
mod posterior;
mod trace;
mod training;
mod transport;

use burn_tensor::{Tensor, TensorData};
use fieldbridge::bridge::{Bridge, Rows};
use fieldbridge::device::cpu;
use fieldbridge::network::Weights;
use fieldbridge::random::Stream;
use rayon::prelude::*;

fn tensor(values: &[f32], columns: usize) -> Tensor<2> {
    Tensor::from_data(
        TensorData::new(values.to_vec(), [values.len() / columns, columns]),
        &cpu(),
    )
}

fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    let data = tensor.into_data();
    data.as_slice::<f32>()
        .unwrap()
        .iter()
        .map(|&value| f64::from(value))
        .collect()
}

fn normals(purpose: &str, count: usize) -> Vec<f32> {
    Stream::new(41, purpose, 0).normals(count)
}

/// Rows of points, each given the same context (empty for none).
fn rows(points: &[f32], dimension: usize, context: &[f32]) -> Rows {
    let count = points.len() / dimension;
    Rows {
        count,
        data: points.to_vec(),
        context: context.repeat(count),
        mask: vec![1.0; context.len() * count],
        ..Rows::default()
    }
}

/// Log-densities and their error estimates.
fn log_density(bridge: &dyn Bridge, weights: &Weights, rows: &Rows) -> Vec<(f64, f64)> {
    let starts: Vec<usize> = (0..rows.count).step_by(512).collect();
    let parts: Vec<Vec<(f64, f64)>> = starts
        .par_iter()
        .map(|&start| {
            let part = rows.slice(start, (start + 512).min(rows.count));
            let context = part.context_on(&cpu());
            let stream = Stream::new(42, "trace", start as u64);
            let x = tensor(&part.data, bridge.dimension());
            let density = bridge.log_density(weights, x, context.as_ref(), &stream).unwrap();
            host(density.value).into_iter().zip(host(density.error)).collect()
        })
        .collect();
    parts.concat()
}

/// Centres of `cells` equal cells in each dimension over `[-edge, edge]^D`, and the volume of one.
fn grid(dimension: usize, edge: f64, cells: usize) -> (Vec<f32>, f64) {
    let width = 2.0 * edge / cells as f64;
    let centre = |at: usize| (-edge + (at as f64 + 0.5) * width) as f32;
    let points = match dimension {
        1 => (0..cells).map(centre).collect(),
        _ => (0..cells * cells)
            .flat_map(|at| [centre(at / cells), centre(at % cells)])
            .collect(),
    };
    (points, width.powi(i32::try_from(dimension).unwrap()))
}

/// Integral of the density over the box.
fn integral(bridge: &dyn Bridge, weights: &Weights, edge: f64, cells: usize, context: &[f32]) -> f64 {
    let (points, volume) = grid(bridge.dimension(), edge, cells);
    let densities = log_density(bridge, weights, &rows(&points, bridge.dimension(), context));
    densities.iter().map(|(value, _)| value.exp()).sum::<f64>() * volume
}

/// Mean and the standard error of it.
fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
    (mean, (variance / count).sqrt())
}
