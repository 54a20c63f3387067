//! Attention composed of ordinary tensor operations.

use burn_tensor::Tensor;

use super::operation::{Attention, Parts, Tokens};
use crate::operation::AnyTensor;

/// What [`Attention`] computes.
pub(super) fn composed(attention: &Attention, inputs: Vec<AnyTensor>) -> AnyTensor {
    let Parts {
        tokens,
        weights,
        query_angles,
        key_angles,
        mask,
    } = attention.parts(inputs);
    let [mut query, mut key, value] = heads(tokens, attention.heads);
    let [batch, _, queries, width] = query.dims();
    if let (Some(epsilon), Some([query_weight, key_weight])) = (attention.epsilon, weights) {
        query = normalised(query, Tensor::from_dispatch(query_weight), epsilon);
        key = normalised(key, Tensor::from_dispatch(key_weight), epsilon);
    }
    let turn = |x, angles: Option<[AnyTensor; 2]>| match angles {
        Some(angles) => turned(x, angles.map(Tensor::from_dispatch)),
        None => x,
    };
    let scores = turn(query, query_angles).matmul(turn(key, key_angles).swap_dims(2, 3)) / (width as f32).sqrt();
    let weights = match mask {
        Some(mask) => {
            let mask = Tensor::<2>::from_dispatch(mask).not_equal_elem(0.0).float();
            let keys = mask.dims()[1];
            let exists = mask.reshape([batch, 1, 1, keys]);
            // a score that does not count is so far below the others that it cannot be the largest
            let scores = scores + (exists.clone() - 1.0) * 1e30;
            let powers = (scores.clone() - scores.max_dim(3).detach()).exp() * exists;
            // at least one when there is a key
            powers.clone() / powers.sum_dim(3).clamp_min(0.5)
        }
        None => {
            let powers = (scores.clone() - scores.max_dim(3).detach()).exp();
            powers.clone() / powers.sum_dim(3)
        }
    };
    let output = weights.matmul(value).swap_dims(1, 2);
    output
        .reshape([batch, queries, attention.heads * width])
        .into_dispatch()
}

/// Queries, keys and values, `[batch, heads, tokens, width]`.
fn heads(tokens: Tokens<AnyTensor>, heads: usize) -> [Tensor<4>; 3] {
    match tokens {
        Tokens::Joint(joint) => {
            let joint = Tensor::<3>::from_dispatch(joint);
            let [batch, tokens, row] = joint.dims();
            let width = row / 3 / heads;
            let joint = joint.reshape([batch, tokens, 3, heads, width]);
            [0, 1, 2].map(|part| {
                let part = joint.clone().narrow(2, part, 1);
                part.reshape([batch, tokens, heads, width]).swap_dims(1, 2)
            })
        }
        Tokens::Separate(separate) => separate.map(|part| {
            let part = Tensor::<3>::from_dispatch(part);
            let [batch, tokens, row] = part.dims();
            part.reshape([batch, tokens, heads, row / heads]).swap_dims(1, 2)
        }),
    }
}

fn normalised(x: Tensor<4>, weight: Tensor<1>, epsilon: f32) -> Tensor<4> {
    let width = weight.dims()[0];
    let mean = (x.clone() * x.clone()).mean_dim(3);
    x / (mean + epsilon).sqrt() * weight.reshape([1, 1, 1, width])
}

fn turned(x: Tensor<4>, angles: [Tensor<2>; 2]) -> Tensor<4> {
    let [batch, heads, tokens, width] = x.dims();
    let pairs = x.reshape([batch, heads, tokens, width / 2, 2]);
    let (even, odd) = (pairs.clone().narrow(4, 0, 1), pairs.narrow(4, 1, 1));
    let [cosine, sine] = angles.map(|table| table.reshape([1, 1, tokens, width / 2, 1]));
    let turned = [
        even.clone() * cosine.clone() - odd.clone() * sine.clone(),
        even * sine + odd * cosine,
    ];
    Tensor::cat(turned.to_vec(), 4).reshape([batch, heads, tokens, width])
}
