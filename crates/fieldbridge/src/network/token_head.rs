//! From tokens to numbers.

use burn_tensor::Tensor;

use super::modulation::parts;
use super::{Dual, Linear, Modulation, Registry, TokenNorm, Weights};

/// A root-mean-square norm, modulated when there are conditions, and a linear layer that starts as zero.
#[derive(Clone, Debug)]
pub struct TokenHead {
    norm: TokenNorm,
    modulation: Option<Linear>,
    layer: Linear,
}

impl TokenHead {
    /// From tokens of `width` to `outputs` numbers each, modulated by a vector of `conditions` numbers (0 for none).
    pub fn new(registry: &mut Registry, width: usize, outputs: usize, conditions: usize) -> Self {
        registry.scope("head", |registry| Self {
            norm: TokenNorm::root_mean_square(registry, "norm", width),
            modulation: (conditions > 0).then(|| Linear::zero(registry, "modulation", conditions, 2 * width)),
            layer: Linear::zero(registry, "layer", width, outputs),
        })
    }

    /// `tokens`: `[batch, tokens, width]`; output: `[batch, tokens, outputs]`.
    ///
    /// # Panics
    /// When the head is modulated and there are no conditions.
    pub fn forward(&self, weights: &Weights, tokens: Dual<3>, conditions: Option<&Tensor<2>>) -> Dual<3> {
        let modulation = self.modulation.as_ref().map(|layer| {
            let conditions = conditions.expect("the head is modulated by conditions");
            let [scale, shift] = parts(&layer.forward(weights, conditions.clone()));
            Modulation { scale, shift }
        });
        let normed = self.norm.forward(weights, tokens, modulation.as_ref());
        self.layer.carry(weights, normed)
    }
}
