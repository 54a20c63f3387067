//! A transform walked the other way.

use burn_tensor::Tensor;

use super::Transform;
use crate::network::Weights;

/// Forward is the inverse of another transform, and inverse its forward. An autoregressive one reversed is the inverse
/// autoregressive flow (Kingma et al. 2016, arXiv:1606.04934): a draw takes one pass of the network; the density goes
/// from level to level, each unit once, but its gradient takes one pass for each dimension.
#[derive(Debug)]
pub struct Reversed(pub Box<dyn Transform>);

impl Transform for Reversed {
    fn forward(&self, weights: &Weights, x: Tensor<2>, context: Option<&Tensor<2>>) -> (Tensor<2>, Tensor<1>) {
        self.0.inverse(weights, x, context)
    }

    fn inverse(&self, weights: &Weights, z: Tensor<2>, context: Option<&Tensor<2>>) -> (Tensor<2>, Tensor<1>) {
        self.0.forward(weights, z, context)
    }
}
