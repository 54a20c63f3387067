//! Time as a vector of oscillations.

use std::f32::consts::PI;

use burn_tensor::{Device, Tensor, TensorData};
use fieldbridge_kernels::elementary::sine_and_cosine;

use super::{ConstantSlot, Registry, Weights};
use crate::angle::principal_angle;

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
        if !t.is_autodiff() && t.device() == Device::flex() {
            return self.on_processor(&t, weights);
        }
        let phase = t.clone().matmul(weights.constant(self.frequencies));
        let phase = principal_angle(phase);
        Tensor::cat(vec![t - 0.5, phase.clone().sin(), phase.cos()], 1)
    }

    /// The same in one pass, when only numbers are asked for.
    fn on_processor(&self, t: &Tensor<2>, weights: &Weights) -> Tensor<2> {
        let host = t.to_data();
        let times = host.as_slice::<f32>().expect("times are f32");
        let frequencies = weights.constant::<2>(self.frequencies).into_data();
        let frequencies = frequencies.as_slice::<f32>().expect("frequencies are f32");
        let mut features = Vec::with_capacity(times.len() * self.width());
        let mut phases = vec![0.0; self.count];
        let (mut sines, mut cosines) = (phases.clone(), phases.clone());
        for time in times {
            for (phase, frequency) in phases.iter_mut().zip(frequencies) {
                *phase = time * frequency;
            }
            sine_and_cosine(&phases, &mut sines, &mut cosines);
            features.push(time - 0.5);
            features.extend_from_slice(&sines);
            features.extend_from_slice(&cosines);
        }
        Tensor::from_data(TensorData::new(features, [times.len(), self.width()]), &t.device())
    }
}
