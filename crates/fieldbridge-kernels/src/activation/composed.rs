//! Activation functions as compositions of ordinary tensor operations.

use std::f32::consts::FRAC_1_SQRT_2;

use burn_tensor::{Tensor, activation};

use super::Activation;

impl Activation {
    /// The same function of a tensor, composed of ordinary operations.
    pub fn composed<const D: usize>(self, z: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Identity => z,
            Self::Silu => activation::silu(z),
            // not the library's, whose gradient is that of the approximation on devices without their own
            Self::Gelu => z.clone() * ((z * FRAC_1_SQRT_2).erf() + 1.0) * 0.5,
            Self::GeluTanh => activation::gelu_approximate(z),
            Self::Tanh => activation::tanh(z),
            Self::Relu => activation::relu(z),
        }
    }
}
