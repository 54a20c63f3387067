//! Blocks of a transformer.

use burn_tensor::Tensor;
use fieldbridge_kernels::attention::{Options, attention};

use super::{Activation, LayerNorm, Linear, Registry, Weights};

/// `x <- x + attention(norm(x)) W_o`, then `x <- x + a(norm(x) W_1) W_2`, with the norm before each part (Vaswani et al.
/// 2017, arXiv:1706.03762; Xiong et al. 2020, arXiv:2002.04745).
#[derive(Clone, Debug)]
pub struct TransformerBlock {
    attention_norm: LayerNorm,
    query_key_value: Linear,
    attention_output: Linear,
    perceptron_norm: LayerNorm,
    inner: Linear,
    outer: Linear,
    heads: usize,
    activation: Activation,
}

impl TransformerBlock {
    /// Tokens of length `width`, split among `heads`, and a perceptron with one hidden layer.
    ///
    /// # Panics
    /// When the width is not a multiple of the number of heads.
    pub fn new(registry: &mut Registry, width: usize, heads: usize, hidden: usize) -> Self {
        assert!(
            heads > 0 && width.is_multiple_of(heads),
            "{width} components cannot be split among {heads} heads"
        );
        Self {
            attention_norm: LayerNorm::new(registry, "attention_norm", width),
            query_key_value: Linear::new(registry, "query_key_value", width, 3 * width),
            attention_output: Linear::new(registry, "attention_output", width, width),
            perceptron_norm: LayerNorm::new(registry, "perceptron_norm", width),
            inner: Linear::new(registry, "inner", width, hidden),
            outer: Linear::new(registry, "outer", hidden, width),
            heads,
            activation: Activation::Gelu,
        }
    }

    /// `tokens`: `[batch, tokens, width]`, and so the output.
    pub fn forward(&self, weights: &Weights, tokens: Tensor<3>) -> Tensor<3> {
        let [batch, count, width] = tokens.dims();
        let x = tokens.reshape([batch * count, width]);
        let joint = self
            .query_key_value
            .forward(weights, self.attention_norm.forward(weights, x.clone()));
        let mixed = attention(joint.reshape([batch, count, 3 * width]), self.heads, Options::default());
        let mixed = mixed.reshape([batch * count, width]);
        let x = self.attention_output.forward_adding(weights, mixed, Some(x));
        let hidden = self.perceptron_norm.forward(weights, x.clone());
        let hidden = self.inner.activated(weights, hidden, None, self.activation);
        let x = self.outer.forward_adding(weights, weights.drop_out(hidden), Some(x));
        x.reshape([batch, count, width])
    }
}
