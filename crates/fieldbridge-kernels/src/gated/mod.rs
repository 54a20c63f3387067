//! Gated linear layers: `a(x W_g) o (x W_v)`.

mod operation;
#[cfg(test)]
mod tests;

use burn_tensor::Tensor;

use crate::activation::Activation;
use crate::operation::apply;
use operation::Gate;

/// `a(g) o v` of `[g, v]`: `[rows, 2 width]` to `[rows, width]` (Shazeer 2020, arXiv:2002.05202; with SiLU it is the
/// gate of SwiGLU).
pub fn gate(joint: Tensor<2>, activation: Activation) -> Tensor<2> {
    Tensor::from_dispatch(apply(Gate(activation), vec![joint.into_dispatch()]))
}

/// `(a(x W_g) o (x W_v)) W_o`: the feed-forward layer of a transformer with `[W_g, W_v]`: `[inputs, 2 width]`,
/// `W_o`: `[width, outputs]`.
pub fn gated_perceptron(x: Tensor<2>, joint: Tensor<2>, out: Tensor<2>, activation: Activation) -> Tensor<2> {
    use crate::linear::{Surroundings, linear};
    let hidden = linear(x, joint, Surroundings::default(), Activation::Identity);
    linear(
        gate(hidden, activation),
        out,
        Surroundings::default(),
        Activation::Identity,
    )
}
