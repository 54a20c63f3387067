//! The trace from random directions.

use burn_tensor::{Device, Tensor, TensorData};

use super::Trace;
use crate::random::Stream;

/// `tr J = E[e . J e]` over random signs `e` (Hutchinson 1990; for flows Grathwohl et al. 2019, arXiv:1810.01367).
/// The directions stay the same during one walk, so each probe gives an unbiased estimate of the whole integral.
#[derive(Clone, Copy, Debug)]
pub struct Hutchinson {
    /// Number of random directions.
    pub probes: usize,
}

impl Trace for Hutchinson {
    fn tangents(&self, rows: usize, dimension: usize, stream: &Stream, device: &Device) -> Tensor<3> {
        let signs: Vec<f32> = stream
            .uniforms(rows * self.probes * dimension)
            .into_iter()
            .map(|uniform| if uniform < 0.5 { -1.0 } else { 1.0 })
            .collect();
        Tensor::from_data(TensorData::new(signs, [rows, self.probes, dimension]), device)
    }

    fn estimates(&self, tangents: Tensor<3>, products: Tensor<3>) -> Tensor<2> {
        (tangents * products).sum_dim(2).squeeze_dim(2)
    }
}
