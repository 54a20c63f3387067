//! The uniform distribution on a cube.

use std::f32::consts::LN_2;

use burn_tensor::Tensor;

use super::Base;
use crate::random::Stream;

/// `p(z) = 2^(-D)` on `[-1, 1]^D`, zero outside.
#[derive(Clone, Copy, Debug, Default)]
pub struct Uniform;

impl Base for Uniform {
    fn sample(&self, rows: usize, dimension: usize, stream: &Stream) -> Vec<f32> {
        stream
            .uniforms(rows * dimension)
            .iter()
            .map(|u| 2.0 * u - 1.0)
            .collect()
    }

    fn log_density(&self, z: Tensor<2>) -> Tensor<1> {
        let [_, dimension] = z.dims();
        let outside = z.clone().abs().greater_elem(1.0).float().sum_dim(1).greater_elem(0.0);
        let inside = z.sum_dim(1) * 0.0 - LN_2 * dimension as f32;
        inside.mask_fill(outside, f32::NEG_INFINITY).squeeze_dim(1)
    }
}
