//! Invertible 1 x 1 convolutions.

use burn_tensor::{Tensor, TensorData};

use super::{ImageTransform, of_all_pixels};
use crate::network::{ConstantSlot, Initial, Registry, Slot, Weights};
use crate::random::Stream;
use crate::transform::rotation::orthogonal;

/// Log-scales are bounded smoothly at `±LIMIT`.
const LIMIT: f64 = 4.0;

/// `z = x W` at every pixel with `W = Q (1 + L) diag(exp s) (1 + U)`: a fixed random rotation `Q`, a strictly lower `L`
/// and a strictly upper `U` (the invertible 1 x 1 convolution of Glow, Kingma and Dhariwal 2018, arXiv:1807.03039, whose
/// permutation `P` and fixed signs `Q` takes the place of). `log |det W| = sum s`, and the inverse takes sums of powers
/// of `L` and `U`, which vanish from the number of channels on. It starts as the rotation.
#[derive(Clone, Debug)]
pub struct ChannelMixing {
    rotation: ConstantSlot,
    lower: Slot,
    upper: Slot,
    log_scale: Slot,
    channels: usize,
}

impl ChannelMixing {
    /// For images of `channels` channels, with a rotation drawn from a stream.
    pub fn new(registry: &mut Registry, channels: usize, stream: &Stream) -> Self {
        let square = [channels, channels];
        let rotation = orthogonal(channels, stream).iter().map(|&q| q as f32).collect();
        registry.scope("mixing", |registry| Self {
            rotation: registry.constant(&square, rotation),
            lower: registry.parameter("lower", &square, Initial::Constant(0.0)),
            upper: registry.parameter("upper", &square, Initial::Constant(0.0)),
            log_scale: registry.parameter("log_scale", &[1, channels], Initial::Constant(0.0)),
            channels,
        })
    }

    /// The entries of a square matrix below its diagonal, the others zero.
    fn below_diagonal(&self, weights: &Weights, slot: Slot) -> Tensor<2> {
        let count = self.channels;
        let mask = (0..count * count).map(|at| f32::from(u8::from(at % count < at / count)));
        let mask = TensorData::new(mask.collect::<Vec<f32>>(), [count, count]);
        weights.get::<2>(slot) * Tensor::from_data(mask, weights.device())
    }

    fn parts(&self, weights: &Weights) -> (Tensor<2>, Tensor<2>, Tensor<2>) {
        let log_scale = burn_tensor::activation::tanh(weights.get::<2>(self.log_scale) * (1.0 / LIMIT)) * LIMIT;
        (
            self.below_diagonal(weights, self.lower),
            // stored below the diagonal too
            self.below_diagonal(weights, self.upper).transpose(),
            log_scale,
        )
    }

    /// `(1 + N)^-1 = (1 - N) (1 + N^2) (1 + N^4) ...` of a strictly triangular `N`.
    fn inverse_of(&self, triangle: Tensor<2>) -> Tensor<2> {
        let one = Tensor::eye(self.channels, &triangle.device());
        let mut inverse = one.clone() - triangle.clone();
        let mut power = triangle;
        let mut reached = 2;
        while reached < self.channels {
            power = power.clone().matmul(power);
            inverse = inverse.matmul(one.clone() + power.clone());
            reached *= 2;
        }
        inverse
    }

    fn mixed(images: Tensor<4>, matrix: Tensor<2>) -> Tensor<4> {
        let [batch, height, width, channels] = images.dims();
        images
            .reshape([batch * height * width, channels])
            .matmul(matrix)
            .reshape([batch, height, width, channels])
    }
}

impl ImageTransform for ChannelMixing {
    fn forward(&self, weights: &Weights, x: Tensor<4>, _context: Option<&Tensor<2>>) -> (Tensor<4>, Tensor<1>) {
        let (lower, upper, log_scale) = self.parts(weights);
        let one = Tensor::eye(self.channels, &x.device());
        let left = weights.constant::<2>(self.rotation).matmul(one.clone() + lower);
        let matrix = (left * log_scale.clone().exp()).matmul(one + upper);
        let log_volume = of_all_pixels(log_scale.sum(), x.dims());
        (Self::mixed(x, matrix), log_volume)
    }

    fn inverse(&self, weights: &Weights, z: Tensor<4>, _context: Option<&Tensor<2>>) -> (Tensor<4>, Tensor<1>) {
        let (lower, upper, log_scale) = self.parts(weights);
        let log_scale = log_scale.neg();
        let left = self.inverse_of(upper) * log_scale.clone().exp();
        let right = self
            .inverse_of(lower)
            .matmul(weights.constant::<2>(self.rotation).transpose());
        let log_volume = of_all_pixels(log_scale.sum(), z.dims());
        (Self::mixed(z, left.matmul(right)), log_volume)
    }
}
