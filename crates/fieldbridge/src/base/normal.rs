//! The standard normal distribution.

use std::f32::consts::PI;

use burn_tensor::Tensor;

use super::Base;
use crate::random::Stream;

/// `p(z) = (2 pi)^(-D/2) exp(-|z|^2 / 2)`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Normal;

impl Base for Normal {
    fn sample(&self, rows: usize, dimension: usize, stream: &Stream) -> Vec<f32> {
        stream.normals(rows * dimension)
    }

    fn log_density(&self, z: Tensor<2>) -> Tensor<1> {
        let [_, dimension] = z.dims();
        let constant = -0.5 * dimension as f32 * (2.0 * PI).ln();
        (z.square().sum_dim(1) * -0.5 + constant).squeeze_dim(1)
    }
}
