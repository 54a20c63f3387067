//! Networks against finite differences, their symmetries, and what their masks promise.

mod blocks;
mod context;
mod every;
mod masked;
mod parameters;
mod recipe;
mod symmetry;
mod tangents;
mod threads;

use burn_tensor::{Tensor, TensorData};

use super::{Conditions, Parameters, Registry};
use crate::device::cpu;
use crate::random::Stream;

/// A matrix of standard normal draws.
fn normals(purpose: &str, rows: usize, columns: usize) -> Tensor<2> {
    let values = Stream::new(11, purpose, 0).normals(rows * columns);
    Tensor::from_data(TensorData::new(values, [rows, columns]), &cpu())
}

/// Times spread over (0, 1).
fn times(rows: usize) -> Tensor<2> {
    let values: Vec<f32> = (0..rows).map(|row| (row as f32 + 0.5) / rows as f32).collect();
    Tensor::from_data(TensorData::new(values, [rows, 1]), &cpu())
}

fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().as_slice::<f32>().expect("f32").to_vec()
}

/// The start values moved off their zeros, so that no path through the network is closed.
fn perturbed(registry: Registry) -> Parameters {
    let mut parameters = registry.finish(5);
    let noise = Stream::new(6, "perturbation", 0).normals(parameters.count());
    for (value, noise) in parameters.values_mut().iter_mut().zip(noise) {
        *value += 0.2 * noise;
    }
    parameters
}

fn conditions(rows: usize, with_time: bool, context: usize) -> Conditions {
    Conditions {
        t: with_time.then(|| times(rows)),
        context: (context > 0).then(|| normals("context", rows, context)),
    }
}

/// Names of the tensors whose gradient is zero everywhere, for a loss of generic weights on `output`.
fn unreached<const D: usize>(
    parameters: &Parameters,
    output: impl FnOnce(&super::Weights) -> Tensor<D>,
) -> Vec<String> {
    let weights = parameters.on(&cpu()).tracked();
    let output = output(&weights);
    let dims = output.dims();
    let count = dims.iter().product();
    let mix = Tensor::from_data(
        TensorData::new(Stream::new(8, "mix", 0).normals(count), dims),
        weights.device(),
    );
    let mut gradients = (output * mix).sum().backward();
    let flat = weights.gradient(&mut gradients);
    assert_eq!(flat.len(), parameters.count());
    assert!(flat.iter().all(|slope| slope.is_finite()));
    let mut start = 0;
    let mut names = Vec::new();
    for (entry, values) in parameters.entries() {
        if flat[start..start + values.len()].iter().all(|&slope| slope == 0.0) {
            names.push(entry.name.clone());
        }
        start += values.len();
    }
    names
}
