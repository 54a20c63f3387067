//! Normalisation over the components of each token.

use burn_tensor::Tensor;
use fieldbridge_kernels::normalisation::{Kind, Parts, normalise};

use super::dual::on_last;
use super::normalised::normalised_each;
use super::{Dual, Initial, Modulation, Registry, Slot, Weights};

/// `(n w + b) (1 + s) + t` with `n` the token less its mean, over its deviation (Ba et al. 2016, arXiv:1607.06450), or
/// over its root mean square, then without `b` (Zhang and Sennrich 2019, arXiv:1910.07467); `s` and `t` are those of a
/// [`Modulation`].
#[derive(Clone, Debug)]
pub struct TokenNorm {
    weight: Slot,
    bias: Option<Slot>,
}

impl TokenNorm {
    /// By mean and deviation; starts without scale and shift of its own.
    pub fn layer(registry: &mut Registry, name: &str, width: usize) -> Self {
        registry.scope(name, |registry| Self {
            weight: registry.parameter("weight", &[1, width], Initial::Constant(1.0)),
            bias: Some(registry.parameter("bias", &[1, width], Initial::Constant(0.0))),
        })
    }

    /// By the root mean square; starts without scale of its own.
    pub fn root_mean_square(registry: &mut Registry, name: &str, width: usize) -> Self {
        registry.scope(name, |registry| Self {
            weight: registry.parameter("weight", &[1, width], Initial::Constant(1.0)),
            bias: None,
        })
    }

    fn kind(&self) -> Kind {
        match self.bias {
            Some(_) => Kind::Layer,
            None => Kind::RootMeanSquare,
        }
    }

    /// Added to the variance: rows of small numbers are not blown up.
    fn epsilon(&self) -> f32 {
        match self.bias {
            Some(_) => 1e-5,
            None => 1e-6,
        }
    }

    /// `tokens`: `[batch, tokens, width]`, and so the output.
    pub fn forward(&self, weights: &Weights, tokens: Dual<3>, modulation: Option<&Modulation>) -> Dual<3> {
        let weight: Tensor<2> = weights.get(self.weight);
        let bias = self.bias.map(|slot| weights.get::<2>(slot));
        if !tokens.has_tangents() {
            let parts = Parts {
                weight: Some(weight),
                bias,
                modulation: modulation.map(|Modulation { scale, shift }| (scale.clone(), shift.clone())),
            };
            return tokens.linear(|x| on_last(x, |rows| normalise(rows, parts.clone(), self.kind(), self.epsilon())));
        }
        let [_, _, width] = tokens.dims();
        let n = normalised_each(tokens, self.kind(), self.epsilon());
        let weight = weight.reshape([1, 1, width]);
        let scaled = n.affine(
            |n| match bias {
                Some(bias) => n * weight.clone() + bias.reshape([1, 1, width]),
                None => n * weight.clone(),
            },
            |change| change * weight.clone(),
        );
        match modulation {
            Some(modulation) => modulation.apply(scaled),
            None => scaled,
        }
    }
}
