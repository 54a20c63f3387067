//! Normalisation over groups of channels, with modulation and an activation, forward and backward.
//!
//! Means and variances are those of small blocks, each read twice while it is in the fastest memory, put together in
//! double precision; the output and each of the two steps of the gradient are one sweep more.

mod layout;
mod operation;
mod slices;
mod statistics;
mod sweeps;
#[cfg(test)]
mod tests;

use burn_tensor::Tensor;

use crate::activation::{Activation, activate};
use crate::operation::apply;
use operation::GroupNorm;

pub use layout::Layout;
pub use slices::{Gradients, Parameters, backward, forward};

/// Factor less one and addend of each channel of each sample: `[batch, channels]` each.
#[derive(Clone, Debug)]
pub struct Modulation {
    /// `s`.
    pub scale: Tensor<2>,
    /// `t`.
    pub shift: Tensor<2>,
}

/// What comes with the normalisation.
#[derive(Clone, Debug)]
pub struct Options {
    /// Groups of neighbouring channels, as many channels in each.
    pub groups: usize,
    /// Keeps the variance from zero.
    pub epsilon: f32,
    /// `s` and `t`.
    pub modulation: Option<Modulation>,
    /// `a`; the identity and SiLU are part of the sweep, others are a sweep of their own.
    pub activation: Activation,
}

/// `y = a((n w + b) (1 + s) + t)` with `n = (x - mean) / sqrt(variance + epsilon)`, mean and variance over all pixels
/// and the channels of a group of one sample (Wu & He 2018, arXiv:1803.08494).
///
/// `x`: `[batch, .., channels]`, channels last; `w` and `b`: `[channels]`.
///
/// # Panics
/// When shapes do not fit or groups have different sizes.
pub fn group_norm<const RANK: usize>(
    x: Tensor<RANK>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    options: Options,
) -> Tensor<RANK> {
    let Options {
        groups,
        epsilon,
        modulation,
        activation,
    } = options;
    let silu = activation == Activation::Silu;
    let mut inputs = vec![x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch()];
    if let Some(Modulation { scale, shift }) = modulation {
        inputs.extend([scale.into_dispatch(), shift.into_dispatch()]);
    }
    let y = Tensor::from_dispatch(apply(GroupNorm::<RANK> { groups, epsilon, silu }, inputs));
    match activation {
        Activation::Identity | Activation::Silu => y,
        other => activate(y, other),
    }
}
