//! Every implementation of every trait through the same checks.

mod answers;
mod contexts;
mod families;
mod given;
mod nouns;
mod refusals;
mod walks;

use burn_tensor::{Tensor, TensorData};
use fieldbridge::device::cpu;

pub(crate) use given::{DIMENSION, built, dimension, modalities, normals, rows};

pub(crate) fn tensor(values: &[f32], columns: usize) -> Tensor<2> {
    Tensor::from_data(
        TensorData::new(values.to_vec(), [values.len() / columns, columns]),
        &cpu(),
    )
}

pub(crate) fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().as_slice::<f32>().unwrap().to_vec()
}
