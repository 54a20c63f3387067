//! Gated linear layers: `a(x W_g) o (x W_v)`.

mod operation;
#[cfg(test)]
mod tests;

use burn_tensor::Tensor;

use crate::activation::Activation;
use crate::linear::{Surroundings, linear};
use crate::operation::apply;
use crate::product::Precision;
use operation::Gate;

/// `a(g) o v` of `[g, v]`: `[rows, 2 width]` to `[rows, width]` (Shazeer 2020, arXiv:2002.05202; with SiLU it is the
/// gate of SwiGLU).
pub fn gate(joint: Tensor<2>, activation: Activation) -> Tensor<2> {
    Tensor::from_dispatch(apply(Gate(activation), vec![joint.into_dispatch()]))
}

/// `(a(x W_g) o (x W_v)) W_o`: the feed-forward layer of a transformer with `[W_g, W_v]`: `[inputs, 2 width]`,
/// `W_o`: `[width, outputs]`. Both products take their factors in `precision`.
pub fn gated_perceptron(
    x: Tensor<2>,
    joint: Tensor<2>,
    out: Tensor<2>,
    activation: Activation,
    precision: Precision,
) -> Tensor<2> {
    let around = || Surroundings {
        precision,
        ..Surroundings::default()
    };
    let hidden = linear(x, joint, around(), Activation::Identity);
    linear(gate(hidden, activation), out, around(), Activation::Identity)
}
