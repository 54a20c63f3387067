//! Transforms against numerical Jacobians and their own inverses.

mod at_once;
mod bounded;
mod box_muller;
mod image;
mod monotone;
mod stacked;

use burn_tensor::{Tensor, TensorData};

use crate::device::cpu;
use crate::random::Stream;

fn matrix(values: &[f32], columns: usize) -> Tensor<2> {
    Tensor::from_data(
        TensorData::new(values.to_vec(), [values.len() / columns, columns]),
        &cpu(),
    )
}

fn normals(purpose: &str, count: usize) -> Vec<f32> {
    Stream::new(21, purpose, 0).normals(count)
}

fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().as_slice::<f32>().expect("f32").to_vec()
}

fn assert_near(found: &[f32], expected: &[f32], tolerance: f32, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (place, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!(
            (found - expected).abs() <= tolerance * (1.0 + expected.abs()),
            "{what}: number {place} is {found}, expected {expected}"
        );
    }
}
