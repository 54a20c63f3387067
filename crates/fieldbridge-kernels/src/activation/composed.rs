//! Activation functions as compositions of ordinary tensor operations.

use burn_tensor::{Tensor, activation};

use super::Activation;

impl Activation {
    /// The same function of a tensor, composed of ordinary operations.
    pub fn composed<const D: usize>(self, z: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Identity => z,
            Self::Silu => activation::silu(z),
            Self::Gelu => activation::gelu(z),
            Self::GeluTanh => activation::gelu_approximate(z),
            Self::Tanh => activation::tanh(z),
            Self::Relu => activation::relu(z),
        }
    }
}
