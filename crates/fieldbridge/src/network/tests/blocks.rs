//! Parts of networks against loops in double precision.

mod attention;
mod convolution;
mod filter;
mod pairs;
mod patches;

use std::collections::HashMap;

use burn_tensor::{Tensor, TensorData};

use super::super::Parameters;
use super::{host, normals, perturbed};
use crate::device::cpu;

/// Values of every tensor by its name.
fn by_name(parameters: &Parameters) -> HashMap<String, Vec<f64>> {
    let each = parameters.entries();
    each.map(|(entry, values)| {
        (
            entry.name.clone(),
            values.iter().map(|&value| f64::from(value)).collect(),
        )
    })
    .collect()
}

fn tensor<const D: usize>(values: &[f32], dims: [usize; D]) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values.to_vec(), dims), &cpu())
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| f64::from(value)).collect()
}

/// Single against double precision, for numbers of order one from sums of tens of terms.
fn assert_close(found: &[f32], expected: &[f64], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (f64::from(*found) - expected).abs() < 2e-5 * (1.0 + expected.abs()),
            "{what}: {found} {expected}"
        );
    }
}

/// Rows `[row, input]` times a matrix `[input, output]`, and a bias.
fn affine(x: &[f64], matrix: &[f64], bias: &[f64]) -> Vec<f64> {
    let outputs = bias.len();
    x.chunks_exact(matrix.len() / outputs)
        .flat_map(|row| {
            (0..outputs).map(move |o| {
                bias[o]
                    + row
                        .iter()
                        .enumerate()
                        .map(|(i, x)| x * matrix[i * outputs + o])
                        .sum::<f64>()
            })
        })
        .collect()
}
