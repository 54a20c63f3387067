//! Self-attention of several heads.

use burn_tensor::{Tensor, activation};
use fieldbridge_kernels::attention::{Angles, LearnedNormalisation, Options, attention};
use fieldbridge_kernels::normalisation::Kind;

use super::normalised::normalised;
use super::{Dual, Initial, Linear, Registry, Slot, Weights};

/// Keeps the root mean square of a query or key from zero.
const EPSILON: f32 = 1e-6;

/// `o_i = sum_j p_ij v_j` with `p_ij` proportional to `exp(q_i . k_j / sqrt(width) + b_ij)` for every head, and a linear
/// layer of all heads (Vaswani et al. 2017, arXiv:1706.03762).
///
/// Queries and keys can be divided by their root mean square and multiplied with learned weights (Henry et al. 2020,
/// arXiv:2010.04245) and turned by angles of their positions (Su et al. 2021, arXiv:2104.09864). Of features `f_ij` of
/// every pair of tokens, `b_ij` is a linear function and `sum_j p_ij f_ij` stands beside `o_i`.
#[derive(Clone, Debug)]
pub struct SelfAttention {
    query_key_value: Linear,
    query_key_norm: Option<(Slot, Slot)>,
    pair_bias: Option<Linear>,
    output: Linear,
    heads: usize,
}

/// Where tokens are, for attention.
#[derive(Clone, Copy, Debug, Default)]
pub struct Places<'a> {
    /// Angles by which queries and keys are turned.
    pub angles: Option<&'a Angles>,
    /// Features of every pair, `[batch, tokens, tokens, features]`.
    pub pairs: Option<&'a Dual<4>>,
}

impl SelfAttention {
    /// Tokens of length `width`, split among `heads`, told `pairs` features of each pair of them.
    ///
    /// # Panics
    /// When the width is not a multiple of the number of heads.
    pub fn new(registry: &mut Registry, width: usize, heads: usize, query_key_norm: bool, pairs: usize) -> Self {
        assert!(
            heads > 0 && width.is_multiple_of(heads),
            "{width} components cannot be split among {heads} heads"
        );
        let weight =
            |registry: &mut Registry, name: &str| registry.parameter(name, &[width / heads], Initial::Constant(1.0));
        Self {
            query_key_value: Linear::new(registry, "query_key_value", width, 3 * width),
            query_key_norm: query_key_norm.then(|| (weight(registry, "query_norm"), weight(registry, "key_norm"))),
            pair_bias: (pairs > 0).then(|| Linear::without_bias(registry, "pair_bias", pairs, heads)),
            output: Linear::new(registry, "attention_output", width + heads * pairs, width),
            heads,
        }
    }

    /// What is added to `residual` when there is one; `tokens`: `[batch, tokens, width]`, and so the output.
    pub fn forward(
        &self,
        weights: &Weights,
        tokens: Dual<3>,
        places: Places<'_>,
        residual: Option<Dual<3>>,
    ) -> Dual<3> {
        let joint = self.query_key_value.carry(weights, tokens);
        let mixed = if joint.has_tangents() || self.pair_bias.is_some() {
            self.composed(weights, joint, places)
        } else {
            let options = Options {
                normalisation: self.query_key_norm.map(|(query, key)| LearnedNormalisation {
                    query: weights.get(query),
                    key: weights.get(key),
                    epsilon: EPSILON,
                }),
                query_angles: places.angles.cloned(),
                key_angles: places.angles.cloned(),
                mask: None,
            };
            joint.linear(|joint| attention(joint, self.heads, options.clone()))
        };
        match residual {
            Some(residual) => self.output.carry_adding(weights, mixed, residual),
            None => self.output.carry(weights, mixed),
        }
    }

    /// Attention of ordinary tensor operations, with its derivative: a change of the scores moves `p_ij` by
    /// `p_ij (ds_ij - sum_l p_il ds_il)`.
    fn composed(&self, weights: &Weights, joint: Dual<3>, places: Places<'_>) -> Dual<3> {
        let [_, count, row] = joint.dims();
        let (heads, width) = (self.heads, row / 3 / self.heads);
        // `[batch, heads, tokens, width]`
        let part = |at: usize| {
            joint.clone().linear(|joint| {
                let batch = joint.dims()[0];
                let part = joint.narrow(2, at * heads * width, heads * width);
                part.reshape([batch, count, heads, width]).swap_dims(1, 2)
            })
        };
        let [mut query, mut key, value] = [part(0), part(1), part(2)];
        if let Some((query_weight, key_weight)) = self.query_key_norm {
            query = head_normalised(query, weights.get(query_weight));
            key = head_normalised(key, weights.get(key_weight));
        }
        if let Some(angles) = places.angles {
            query = query.linear(|x| turned(x, angles));
            key = key.linear(|x| turned(x, angles));
        }
        let mut scores = query
            .times(key, |query, key| query.matmul(key.swap_dims(2, 3)))
            .linear(|scores| scores / (width as f32).sqrt());
        if let (Some(layer), Some(pairs)) = (&self.pair_bias, places.pairs) {
            let bias = layer.carry(weights, pairs.clone());
            scores = scores.with(bias, |scores, bias| scores + bias.permute([0, 3, 1, 2]));
        }
        let shares = softmax(scores);
        let mixed = shares
            .clone()
            .times(value, Tensor::matmul)
            .linear(|mixed| joined(mixed.swap_dims(1, 2)));
        match places.pairs.filter(|_| self.pair_bias.is_some()) {
            Some(pairs) => {
                let features = shares
                    .linear(|shares| shares.swap_dims(1, 2))
                    .times(pairs.clone(), Tensor::matmul)
                    .linear(joined);
                mixed.with(features, |mixed, features| Tensor::cat(vec![mixed, features], 2))
            }
            None => mixed,
        }
    }
}

/// `[batch, tokens, heads, width]` to `[batch, tokens, heads width]`.
fn joined(x: Tensor<4>) -> Tensor<3> {
    let [batch, tokens, heads, width] = x.dims();
    x.reshape([batch, tokens, heads * width])
}

fn softmax(scores: Dual<4>) -> Dual<4> {
    scores.curved(|scores| {
        let shares = activation::softmax(scores, 3);
        let value = shares.clone();
        (value, move |change: Tensor<4>, repeat: super::dual::Repeat| {
            let moved = change * repeat.rows(shares.clone());
            moved.clone() - repeat.rows(shares) * moved.sum_dim(3)
        })
    })
}

/// Queries or keys, `[batch, heads, tokens, width]`, over their root mean square, times `weight`: `[width]`.
fn head_normalised(x: Dual<4>, weight: Tensor<1>) -> Dual<4> {
    let [_, heads, tokens, width] = x.dims();
    let n = x.linear(|x| {
        let batch = x.dims()[0];
        x.reshape([batch, 1, heads * tokens, width])
    });
    normalised(n, Kind::RootMeanSquare, EPSILON).linear(|n| {
        let batch = n.dims()[0];
        n.reshape([batch, heads, tokens, width]) * weight.clone().reshape([1, 1, 1, width])
    })
}

/// Neighbouring components turned by the angles of their token; `x`: `[batch, heads, tokens, width]`.
fn turned(x: Tensor<4>, angles: &Angles) -> Tensor<4> {
    let [batch, heads, tokens, width] = x.dims();
    let pairs = x.reshape([batch, heads, tokens, width / 2, 2]);
    let (even, odd) = (pairs.clone().narrow(4, 0, 1), pairs.narrow(4, 1, 1));
    let [cosine, sine] =
        [&angles.cosine, &angles.sine].map(|table| table.clone().reshape([1, 1, tokens, width / 2, 1]));
    let first = even.clone() * cosine.clone() - odd.clone() * sine.clone();
    let second = even * sine + odd * cosine;
    Tensor::cat(vec![first, second], 4).reshape([batch, heads, tokens, width])
}
