//! Blocks of a transformer.

use burn_tensor::Tensor;
use fieldbridge_kernels::gated::gate;
use fieldbridge_kernels::normalisation::gated_residual;

use super::attention::{Places, SelfAttention};
use super::dual::on_last;
use super::modulation::parts;
use super::{Activation, Dual, Linear, Modulation, Registry, TokenNorm, Weights};

/// What a [`TransformerBlock`] is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct TransformerShape {
    /// Components of a token.
    pub width: usize,
    /// Heads of the attention.
    pub heads: usize,
    /// Units of the perceptron.
    pub hidden: usize,
    /// Whether the perceptron is gated: `(a(x W_g) o (x W_v)) W_2` (Shazeer 2020, arXiv:2002.05202).
    pub gated: bool,
    /// Nonlinearity of the perceptron.
    pub activation: Activation,
    /// Whether norms are by the root mean square, queries and keys included.
    pub root_mean_square: bool,
    /// Length of the vector that modulates; 0 for none.
    pub conditions: usize,
    /// Features of each pair of tokens; 0 for none.
    pub pairs: usize,
}

/// `x <- x + g_1 attention(norm(x))`, then `x <- x + g_2 perceptron(norm(x))`, with the norm before each part (Vaswani et
/// al. 2017, arXiv:1706.03762; Xiong et al. 2020, arXiv:2002.04745).
///
/// With conditions, both norms are modulated and both parts gated by a linear function of the condition vector that
/// starts as zero, so that the block starts as the identity (Peebles and Xie 2022, arXiv:2212.09748); without, the gates
/// are one.
#[derive(Clone, Debug)]
pub struct TransformerBlock {
    attention_norm: TokenNorm,
    attention: SelfAttention,
    perceptron_norm: TokenNorm,
    inner: Linear,
    outer: Linear,
    modulation: Option<Linear>,
    gated: bool,
    activation: Activation,
}

impl TransformerBlock {
    /// # Panics
    /// When the width is not a multiple of the number of heads.
    pub fn new(registry: &mut Registry, shape: &TransformerShape) -> Self {
        let TransformerShape { width, hidden, .. } = *shape;
        let norm = |registry: &mut Registry, name: &str| match shape.root_mean_square {
            true => TokenNorm::root_mean_square(registry, name, width),
            false => TokenNorm::layer(registry, name, width),
        };
        let inner = if shape.gated { 2 * hidden } else { hidden };
        Self {
            attention_norm: norm(registry, "attention_norm"),
            attention: SelfAttention::new(registry, width, shape.heads, shape.root_mean_square, shape.pairs),
            perceptron_norm: norm(registry, "perceptron_norm"),
            inner: Linear::new(registry, "inner", width, inner),
            outer: Linear::new(registry, "outer", hidden, width),
            modulation: (shape.conditions > 0)
                .then(|| Linear::zero(registry, "modulation", shape.conditions, 6 * width)),
            gated: shape.gated,
            activation: shape.activation,
        }
    }

    /// `tokens`: `[batch, tokens, width]`, and so the output; `conditions`: `[batch, conditions]`.
    ///
    /// # Panics
    /// When the block is modulated and there are no conditions.
    pub fn forward(
        &self,
        weights: &Weights,
        tokens: Dual<3>,
        places: Places<'_>,
        conditions: Option<&Tensor<2>>,
    ) -> Dual<3> {
        let Some(layer) = &self.modulation else {
            let x = self.attention_norm.forward(weights, tokens.clone(), None);
            let x = self.attention.forward(weights, x, places, Some(tokens));
            let hidden = self.hidden(weights, self.perceptron_norm.forward(weights, x.clone(), None));
            return self.outer.carry_adding(weights, hidden, x);
        };
        let conditions = conditions.expect("the block is modulated by conditions");
        let joint = layer.forward(weights, conditions.clone());
        let [
            scale,
            shift,
            attention_gate,
            perceptron_scale,
            perceptron_shift,
            perceptron_gate,
        ] = parts(&joint);
        let modulation = Modulation { scale, shift };
        let x = self.attention_norm.forward(weights, tokens.clone(), Some(&modulation));
        let x = self.attention.forward(weights, x, places, None);
        let tokens = gated_sum(tokens, x, &attention_gate);
        let modulation = Modulation {
            scale: perceptron_scale,
            shift: perceptron_shift,
        };
        let x = self.perceptron_norm.forward(weights, tokens.clone(), Some(&modulation));
        let x = self.outer.carry(weights, self.hidden(weights, x));
        gated_sum(tokens, x, &perceptron_gate)
    }

    /// Hidden units of the perceptron; some are left out in training, but not beside directions.
    fn hidden(&self, weights: &Weights, x: Dual<3>) -> Dual<3> {
        let activation = self.activation;
        let hidden = if !self.gated {
            self.inner.carry_activated(weights, x, activation)
        } else {
            let joint = self.inner.carry(weights, x);
            if joint.has_tangents() {
                let width = joint.dims()[2] / 2;
                let half = |at: usize| joint.clone().linear(|joint| joint.narrow(2, at * width, width));
                half(0).activated(activation).times(half(1), |gate, value| gate * value)
            } else {
                joint.linear(|joint| on_last(joint, |rows| gate(rows, activation.kernel())))
            }
        };
        hidden.dropped_out(weights)
    }
}

/// `x + g y`; `g`: `[batch, width]`.
fn gated_sum(x: Dual<3>, y: Dual<3>, gate: &Tensor<2>) -> Dual<3> {
    // the changes of a row stand where its tokens do
    x.with(y, |x, y| {
        let [batch, tokens, width] = x.dims();
        let rows = [batch * tokens, width];
        gated_residual(x.reshape(rows), y.reshape(rows), gate.clone()).reshape([batch, tokens, width])
    })
}
