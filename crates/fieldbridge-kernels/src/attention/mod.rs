//! Scaled dot-product attention of several heads, forward and backward, without ever holding all scores.
//!
//! For each example and head, with queries `q`, keys `k` and values `v` of `width` components,
//!
//! ```text
//! o_i = sum over j of p_ij v_j,    p_ij = exp(q_i . k_j / sqrt(width)) / sum over l of exp(q_i . k_l / sqrt(width))
//! ```
//!
//! Queries are taken in panels and keys in blocks, with a running maximum and a running sum of the softmax (Rabe and
//! Staats 2021, arXiv:2112.05682; Dao et al. 2022, arXiv:2205.14135). The backward pass computes the scores again from
//! the logarithm of each row's sum. Options: queries and keys divided by their root mean square and multiplied with
//! learned weights (Henry et al. 2020, arXiv:2010.04245; Zhang and Sennrich 2019, arXiv:1910.07467), rotary positions
//! (Su et al. 2021, arXiv:2104.09864), and keys that do not exist.
//!
//! Each (example, head) is computed by one thread in one order, so results do not depend on the number of threads.

mod backward;
mod composed;
mod destination;
mod finish;
mod forward;
mod heads;
mod inputs;
mod operation;
mod panel;
mod power;
mod rows;
mod scratch;
mod softmax;
mod tile;
mod transpose;

#[cfg(test)]
mod tests;

use burn_tensor::Tensor;

use crate::operation::apply;
use operation::Attention;

pub use backward::{WeightGradients, backward};
pub use destination::Destination;
pub use forward::forward;
pub use inputs::{Inputs, Normalisation, Rotation, Sizes, Source};

/// Learned weights of the normalisation of queries and keys, see [`Normalisation`].
#[derive(Clone, Debug)]
pub struct LearnedNormalisation {
    /// Weights of queries, `[width]`.
    pub query: Tensor<1>,
    /// Weights of keys, `[width]`.
    pub key: Tensor<1>,
    /// Keeps the root from zero; positive.
    pub epsilon: f32,
}

/// Cosines and sines of the angles of positions, see [`Rotation`]. They are constants: no gradient reaches them.
#[derive(Clone, Debug)]
pub struct Angles {
    /// `[tokens, width / 2]`.
    pub cosine: Tensor<2>,
    /// `[tokens, width / 2]`.
    pub sine: Tensor<2>,
}

/// Options of attention, none by default.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Normalisation of queries and keys.
    pub normalisation: Option<LearnedNormalisation>,
    /// Positions of queries.
    pub query_angles: Option<Angles>,
    /// Positions of keys.
    pub key_angles: Option<Angles>,
    /// Which keys exist, `[batch, keys]` of ones and zeros; a constant. A query of an example without keys gets zeros.
    pub mask: Option<Tensor<2>>,
}

impl Options {
    /// The operation with these options, and its inputs after queries, keys and values.
    fn operation(self, heads: usize, joint: bool) -> (Attention, Vec<crate::operation::AnyTensor>) {
        let operation = Attention {
            heads,
            joint,
            epsilon: self.normalisation.as_ref().map(|normalisation| normalisation.epsilon),
            query_angles: self.query_angles.is_some(),
            key_angles: self.key_angles.is_some(),
            mask: self.mask.is_some(),
        };
        let mut inputs = Vec::new();
        if let Some(normalisation) = self.normalisation {
            inputs.extend([normalisation.query, normalisation.key].map(Tensor::into_dispatch));
        }
        for angles in [self.query_angles, self.key_angles].into_iter().flatten() {
            inputs.extend([angles.cosine, angles.sine].map(Tensor::into_dispatch));
        }
        inputs.extend(self.mask.map(Tensor::into_dispatch));
        (operation, inputs)
    }
}

/// Self-attention of `heads` heads: `[batch, tokens, 3 heads width]`, which is queries, keys and values of all heads
/// one after the other, to `[batch, tokens, heads width]`.
///
/// # Panics
/// When shapes do not fit.
pub fn attention(joint: Tensor<3>, heads: usize, options: Options) -> Tensor<3> {
    let (operation, others) = options.operation(heads, true);
    let inputs = [joint.into_dispatch()].into_iter().chain(others).collect();
    Tensor::from_dispatch(apply(operation, inputs))
}

/// Attention of `heads` heads of some tokens to others: queries `[batch, queries, heads width]`, keys and values
/// `[batch, keys, heads width]`, to `[batch, queries, heads width]`.
///
/// # Panics
/// When shapes do not fit.
pub fn cross_attention(
    query: Tensor<3>,
    key: Tensor<3>,
    value: Tensor<3>,
    heads: usize,
    options: Options,
) -> Tensor<3> {
    let (operation, others) = options.operation(heads, false);
    let inputs = [query, key, value]
        .map(Tensor::into_dispatch)
        .into_iter()
        .chain(others)
        .collect();
    Tensor::from_dispatch(apply(operation, inputs))
}
