//! Normalisation over groups of channels.

use burn_tensor::Tensor;
use fieldbridge_kernels::group_norm::{self, group_norm};
use fieldbridge_kernels::normalisation::Kind;

use super::normalised::normalised;
use super::{Activation, Dual, Initial, Modulation, Registry, Slot, Weights};

/// Added to the variance.
const EPSILON: f32 = 1e-5;

/// `a((n w + b) (1 + s) + t)`, with mean and variance of `n` over all places and the channels of a group (Wu and He
/// 2018, arXiv:1803.08494) and `s` and `t` those of a [`Modulation`].
#[derive(Clone, Debug)]
pub struct GroupNorm {
    weight: Slot,
    bias: Slot,
    groups: usize,
    activation: Activation,
}

impl GroupNorm {
    /// # Panics
    /// When the channels cannot be split into groups.
    pub fn new(registry: &mut Registry, name: &str, channels: usize, groups: usize, activation: Activation) -> Self {
        assert!(
            groups > 0 && channels.is_multiple_of(groups),
            "{channels} channels cannot be split into {groups} groups"
        );
        registry.scope(name, |registry| Self {
            weight: registry.parameter("weight", &[channels], Initial::Constant(1.0)),
            bias: registry.parameter("bias", &[channels], Initial::Constant(0.0)),
            groups,
            activation,
        })
    }

    /// `x`: `[batch, depth, height, width, channels]`, and so the output.
    pub fn forward(&self, weights: &Weights, x: Dual<5>, modulation: Option<&Modulation>) -> Dual<5> {
        let (weight, bias): (Tensor<1>, Tensor<1>) = (weights.get(self.weight), weights.get(self.bias));
        if !x.has_tangents() {
            let options = group_norm::Options {
                groups: self.groups,
                epsilon: EPSILON,
                modulation: modulation.map(|Modulation { scale, shift }| group_norm::Modulation {
                    scale: scale.clone(),
                    shift: shift.clone(),
                }),
                activation: self.activation.kernel(),
            };
            return x.linear(|x| group_norm(x, weight.clone(), bias.clone(), options.clone()));
        }
        let [_, depth, height, width, channels] = x.dims();
        let n = x.linear(|x| {
            let rows = x.dims()[0];
            x.reshape([rows, depth * height * width, self.groups, channels / self.groups])
        });
        let n = normalised(n, Kind::Layer, EPSILON).linear(|n| {
            let rows = n.dims()[0];
            n.reshape([rows, depth, height, width, channels])
        });
        let weight = weight.reshape([1, 1, 1, 1, channels]);
        let scaled = n.affine(
            |n| n * weight.clone() + bias.reshape([1, 1, 1, 1, channels]),
            |change| change * weight.clone(),
        );
        let modulated = match modulation {
            Some(modulation) => modulation.apply(scaled),
            None => scaled,
        };
        modulated.activated(self.activation)
    }
}
