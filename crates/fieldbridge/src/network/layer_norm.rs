//! Normalisation over the features of each row.

use burn_tensor::Tensor;
use fieldbridge_kernels::normalisation::{Parts, layer_norm};

use super::{Initial, Registry, Slot, Weights};

/// Added to the variance.
const EPSILON: f32 = 1e-5;

/// `(x - mean) / sqrt(variance + 1e-5) * w + b` over the last dimension (Ba et al. 2016, arXiv:1607.06450).
#[derive(Clone, Debug)]
pub struct LayerNorm {
    weight: Slot,
    bias: Slot,
}

impl LayerNorm {
    /// Starts without scale and shift of its own.
    pub fn new(registry: &mut Registry, name: &str, width: usize) -> Self {
        registry.scope(name, |registry| Self {
            weight: registry.parameter("weight", &[1, width], Initial::Constant(1.0)),
            bias: registry.parameter("bias", &[1, width], Initial::Constant(0.0)),
        })
    }

    /// `x`: `[rows, width]`.
    pub fn forward(&self, weights: &Weights, x: Tensor<2>) -> Tensor<2> {
        let parts = Parts {
            weight: Some(weights.get(self.weight)),
            bias: Some(weights.get(self.bias)),
            modulation: None,
        };
        layer_norm(x, parts, EPSILON)
    }
}
