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
