//! The trace from all its directions.

use burn_tensor::{Device, Tensor};

use super::Trace;
use crate::random::Stream;

/// `tr J = sum_k e_k . J e_k` over the unit vectors.
#[derive(Clone, Copy, Debug, Default)]
pub struct ExactTrace;

impl Trace for ExactTrace {
    fn tangents(&self, rows: usize, dimension: usize, _stream: &Stream, device: &Device) -> Tensor<3> {
        Tensor::<2>::eye(dimension, device)
            .unsqueeze_dim::<3>(0)
            .expand([rows, dimension, dimension])
    }

    fn estimates(&self, tangents: Tensor<3>, products: Tensor<3>) -> Tensor<2> {
        let [rows, directions, dimension] = products.dims();
        (tangents * products).reshape([rows, directions * dimension]).sum_dim(1)
    }
}
