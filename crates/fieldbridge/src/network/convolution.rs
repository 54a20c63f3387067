//! Residual blocks of convolutions.

use burn_tensor::Tensor;
use fieldbridge_kernels::activation::Activation;
use fieldbridge_kernels::convolution::{Padding, convolution_2d};
use fieldbridge_kernels::group_norm::{Options, group_norm};

use super::{Initial, Registry, Slot, Weights};

/// Added to the variance.
const EPSILON: f32 = 1e-5;

/// `x + c(a(n(c(a(n(x))))))` with 3 x 3 convolutions `c`, group normalisation `n` (Wu and He 2018, arXiv:1803.08494) and
/// SiLU `a` (pre-activation residual blocks, He et al. 2016, arXiv:1603.05027). Images are `[batch, height, width,
/// channels]`.
#[derive(Clone, Debug)]
pub struct ConvolutionBlock {
    first_norm: GroupNorm,
    first: Convolution,
    second_norm: GroupNorm,
    second: Convolution,
}

#[derive(Clone, Debug)]
struct Convolution {
    weight: Slot,
    bias: Slot,
}

impl Convolution {
    fn new(registry: &mut Registry, name: &str, channels: usize) -> Self {
        let bound = 1.0 / (9.0 * channels.max(1) as f32).sqrt();
        registry.scope(name, |registry| Self {
            weight: registry.parameter("weight", &[3, 3, channels, channels], Initial::Uniform(bound)),
            bias: registry.parameter("bias", &[channels], Initial::Constant(0.0)),
        })
    }

    fn forward(&self, weights: &Weights, images: Tensor<4>) -> Tensor<4> {
        let bias = Some(weights.get(self.bias));
        let precision = weights.precision().kernel();
        convolution_2d(images, weights.get(self.weight), bias, 1, Padding::Zero, precision)
    }
}

#[derive(Clone, Debug)]
struct GroupNorm {
    weight: Slot,
    bias: Slot,
    groups: usize,
}

impl GroupNorm {
    fn new(registry: &mut Registry, name: &str, channels: usize, groups: usize) -> Self {
        registry.scope(name, |registry| Self {
            weight: registry.parameter("weight", &[channels], Initial::Constant(1.0)),
            bias: registry.parameter("bias", &[channels], Initial::Constant(0.0)),
            groups,
        })
    }

    /// Normalised, then SiLU.
    fn forward(&self, weights: &Weights, images: Tensor<4>) -> Tensor<4> {
        let options = Options {
            groups: self.groups,
            epsilon: EPSILON,
            modulation: None,
            activation: Activation::Silu,
        };
        group_norm(images, weights.get(self.weight), weights.get(self.bias), options)
    }
}

impl ConvolutionBlock {
    /// # Panics
    /// When the channels cannot be split into groups.
    pub fn new(registry: &mut Registry, channels: usize, groups: usize) -> Self {
        assert!(
            groups > 0 && channels.is_multiple_of(groups),
            "{channels} channels cannot be split into {groups} groups"
        );
        Self {
            first_norm: GroupNorm::new(registry, "first_norm", channels, groups),
            first: Convolution::new(registry, "first", channels),
            second_norm: GroupNorm::new(registry, "second_norm", channels, groups),
            second: Convolution::new(registry, "second", channels),
        }
    }

    /// `images`: `[batch, height, width, channels]`, and so the output.
    pub fn forward(&self, weights: &Weights, images: Tensor<4>) -> Tensor<4> {
        let h = self
            .first
            .forward(weights, self.first_norm.forward(weights, images.clone()));
        images + self.second.forward(weights, self.second_norm.forward(weights, h))
    }
}
