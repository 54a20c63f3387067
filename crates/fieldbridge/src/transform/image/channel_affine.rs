//! Shift and scale of channels.

use burn_tensor::Tensor;

use super::{ImageTransform, of_all_pixels};
use crate::network::{Initial, Registry, Slot, Weights};

/// Log-scales are bounded smoothly at `±LIMIT`.
const LIMIT: f64 = 4.0;

/// `z = x exp(s) + b` with one `s` and `b` for each channel, which start at zero ("actnorm" of Glow, without its first
/// step set by data: rows are already scaled to order one).
#[derive(Clone, Debug)]
pub struct ChannelAffine {
    log_scale: Slot,
    shift: Slot,
}

impl ChannelAffine {
    /// For images of `channels` channels.
    pub fn new(registry: &mut Registry, channels: usize) -> Self {
        registry.scope("affine", |registry| Self {
            log_scale: registry.parameter("log_scale", &[1, 1, 1, channels], Initial::Constant(0.0)),
            shift: registry.parameter("shift", &[1, 1, 1, channels], Initial::Constant(0.0)),
        })
    }

    fn log_scale(&self, weights: &Weights) -> Tensor<4> {
        burn_tensor::activation::tanh(weights.get::<4>(self.log_scale) * (1.0 / LIMIT)) * LIMIT
    }
}

impl ImageTransform for ChannelAffine {
    fn forward(&self, weights: &Weights, x: Tensor<4>, _context: Option<&Tensor<2>>) -> (Tensor<4>, Tensor<1>) {
        let log_scale = self.log_scale(weights);
        let log_volume = of_all_pixels(log_scale.clone().sum(), x.dims());
        (x * log_scale.exp() + weights.get(self.shift), log_volume)
    }

    fn inverse(&self, weights: &Weights, z: Tensor<4>, _context: Option<&Tensor<2>>) -> (Tensor<4>, Tensor<1>) {
        let log_scale = self.log_scale(weights).neg();
        let log_volume = of_all_pixels(log_scale.clone().sum(), z.dims());
        ((z - weights.get(self.shift)) * log_scale.exp(), log_volume)
    }
}
