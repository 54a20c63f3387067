//! Time as a vector of oscillations.

use std::f32::consts::PI;

use burn_tensor::Tensor;

use super::{ConstantSlot, Registry, Weights};

/// `[t - 1/2, sin(w_j t), cos(w_j t)]` with frequencies `w_j` geometric between `pi/2` and `32 pi`
/// (random Fourier features made regular: Tancik et al. 2020, arXiv:2006.10739).
#[derive(Clone, Debug)]
pub struct FourierTime {
    frequencies: ConstantSlot,
    count: usize,
}

impl FourierTime {
    /// `count` frequencies.
    pub fn new(registry: &mut Registry, count: usize) -> Self {
        let step = if count > 1 {
            64f32.ln() / (count - 1) as f32
        } else {
            0.0
        };
        let values = (0..count).map(|j| 0.5 * PI * (step * j as f32).exp()).collect();
        Self {
            frequencies: registry.constant(&[1, count], values),
            count,
        }
    }

    /// Length of the embedding.
    pub fn width(&self) -> usize {
        2 * self.count + 1
    }

    /// `t`: `[batch, 1]`; output: `[batch, width]`.
    pub fn forward(&self, weights: &Weights, t: Tensor<2>) -> Tensor<2> {
        let phase = t.clone().matmul(weights.constant(self.frequencies));
        Tensor::cat(vec![t - 0.5, phase.clone().sin(), phase.cos()], 1)
    }
}
