//! Bridges crossed in one jump: invertible maps with a known Jacobian.
//!
//! A [`Transform`] carries data `x` to base `z` ([`Transform::forward`]) and back ([`Transform::inverse`]), and gives
//! `log |det dz/dx|` with either. A [`Monotone`] map acts on one number with parameters that something else supplies:
//! [`Autoregressive`] supplies them from the numbers before, [`Coupling`] from the other half, both from the context.

mod affine;
mod autoregressive;
mod bounded;
mod box_muller;
mod coupling;
pub mod image;
mod permutation;
mod residual;
mod reversed;
mod rotation;
mod spline;

use burn_tensor::Tensor;
use fieldbridge_kernels::autoregressive::Map;

use crate::network::Weights;

pub use affine::{Affine, AffineMap};
pub use autoregressive::{Autoregressive, Supplier};
pub use bounded::{Bijection, Bounded};
pub use box_muller::BoxMuller;
pub use coupling::Coupling;
pub use permutation::Permutation;
pub use residual::Residual;
pub use reversed::Reversed;
pub use rotation::Rotation;
pub use spline::{Boundary, RationalQuadraticSpline};

/// An invertible map of `[batch, D]`, possibly dependent on a context embedding `[batch, width]`.
pub trait Transform: Send + Sync + std::fmt::Debug {
    /// Data to base: `z` and `log |det dz/dx|`, `[batch, D]` and `[batch]`.
    fn forward(&self, weights: &Weights, x: Tensor<2>, context: Option<&Tensor<2>>) -> (Tensor<2>, Tensor<1>);

    /// Base to data: `x` and `log |det dx/dz|`, `[batch, D]` and `[batch]`.
    fn inverse(&self, weights: &Weights, z: Tensor<2>, context: Option<&Tensor<2>>) -> (Tensor<2>, Tensor<1>);
}

/// An increasing map of one number, with `parameters()` parameters for each.
pub trait Monotone: Send + Sync + std::fmt::Debug {
    /// Parameters of one map; all zero gives the identity.
    fn parameters(&self) -> usize;

    /// `y` and `log dy/dx`; `x`: `[batch, D]`, `parameters`: `[batch, D, parameters()]`.
    fn forward(&self, x: Tensor<2>, parameters: Tensor<3>) -> (Tensor<2>, Tensor<2>);

    /// `x` and `log dx/dy`.
    fn inverse(&self, y: Tensor<2>, parameters: Tensor<3>) -> (Tensor<2>, Tensor<2>);

    /// The same map among the kernels, if it is there: networks and maps are then evaluated together on the processor.
    fn map(&self) -> Option<Map> {
        None
    }
}

/// Sum over dimensions, `[batch, D]` to `[batch]`.
fn total(x: Tensor<2>) -> Tensor<1> {
    x.sum_dim(1).squeeze_dim(1)
}

/// Zero for every row of `x`.
fn zero_rows(x: &Tensor<2>) -> Tensor<1> {
    Tensor::zeros([x.dims()[0]], &x.device())
}

#[cfg(test)]
mod tests;
