//! Pointwise nonlinearities with their derivatives.

use burn_tensor::{Tensor, activation};
use fieldbridge_kernels::activation::{Activation as Kernel, activate};
use serde::{Deserialize, Serialize};

/// A pointwise nonlinearity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// `z sigmoid(z)` (Elfwing et al. 2017, arXiv:1702.03118).
    #[default]
    Silu,
    /// `z Phi(z)` with the exact normal distribution function (Hendrycks and Gimpel 2016, arXiv:1606.08415).
    Gelu,
    /// Hyperbolic tangent.
    Tanh,
    /// `max(z, 0)`.
    Relu,
}

impl Activation {
    /// The value.
    pub fn apply<const D: usize>(self, z: Tensor<D>) -> Tensor<D> {
        activate(z, self.kernel())
    }

    /// The same function among the kernels.
    pub(super) fn kernel(self) -> Kernel {
        match self {
            Self::Silu => Kernel::Silu,
            Self::Gelu => Kernel::Gelu,
            Self::Tanh => Kernel::Tanh,
            Self::Relu => Kernel::Relu,
        }
    }

    /// The value and the derivative with respect to `z`.
    pub fn apply_with_derivative<const D: usize>(self, z: Tensor<D>) -> (Tensor<D>, Tensor<D>) {
        match self {
            Self::Silu => {
                let gate = activation::sigmoid(z.clone());
                let value = z * gate.clone();
                // s + z s (1 - s) = s + v (1 - s)
                let derivative = gate.clone() + value.clone() * (gate.neg() + 1.0);
                (value, derivative)
            }
            Self::Gelu => {
                let distribution = (z.clone() * std::f32::consts::FRAC_1_SQRT_2).erf() * 0.5 + 0.5;
                let density = (z.clone().square() * -0.5).exp() * (1.0 / (2.0 * std::f32::consts::PI).sqrt());
                let derivative = distribution.clone() + z.clone() * density;
                (z * distribution, derivative)
            }
            Self::Tanh => {
                let value = activation::tanh(z);
                (value.clone(), value.square().neg() + 1.0)
            }
            Self::Relu => {
                let derivative = z.clone().greater_elem(0.0).float();
                (activation::relu(z), derivative)
            }
        }
    }
}
