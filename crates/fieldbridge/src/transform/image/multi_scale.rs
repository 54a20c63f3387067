//! From large scales to small ones.

use burn_tensor::Tensor;

use super::{ChannelAffine, ChannelMixing, ImageCoupling, ImageSupplier, ImageTransform};
use crate::network::{Registry, Weights};
use crate::random::Stream;
use crate::transform::Transform;

/// Size of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Pixels from top to bottom.
    pub height: usize,
    /// Pixels from left to right.
    pub width: usize,
    /// Numbers of a pixel.
    pub channels: usize,
}

impl Shape {
    /// Numbers of an image.
    pub fn numbers(self) -> usize {
        self.height * self.width * self.channels
    }

    /// With blocks of 2 x 2 pixels as channels of one.
    fn squeezed(self) -> Self {
        Self {
            height: self.height / 2,
            width: self.width / 2,
            channels: 4 * self.channels,
        }
    }

    /// How often blocks of 2 x 2 pixels can be made one.
    pub fn scales(self) -> usize {
        let halvings = |length: usize| length.trailing_zeros() as usize;
        halvings(self.height).min(halvings(self.width))
    }
}

/// A [`Transform`] of images given as rows, `[batch, height * width * channels]`, channels running fastest. At each scale
/// pixels are squeezed, steps follow, and half of the channels is put out; the rest goes on to the next scale.
#[derive(Debug)]
pub struct MultiScale {
    scales: Vec<Scale>,
}

#[derive(Debug)]
struct Scale {
    /// Of its input.
    shape: Shape,
    steps: Vec<Box<dyn ImageTransform>>,
}

impl MultiScale {
    /// `scales` scales of `steps` steps each; rotations are drawn from `stream`.
    ///
    /// # Panics
    /// When the image cannot be halved that often.
    pub fn new(
        registry: &mut Registry,
        shape: Shape,
        scales: usize,
        steps: usize,
        supplier: ImageSupplier,
        stream: &Stream,
    ) -> Self {
        assert!(
            scales <= shape.scales(),
            "the image can be halved {} times",
            shape.scales()
        );
        let mut at = shape;
        let scales = (0..scales).map(|scale| {
            let squeezed = at.squeezed();
            let mut all: Vec<Box<dyn ImageTransform>> = Vec::new();
            for step in 0..steps {
                registry.scope(format!("scale{scale}.step{step}"), |registry| {
                    let stream = stream.child("mixing", (scale * steps + step) as u64);
                    all.push(Box::new(ChannelAffine::new(registry, squeezed.channels)));
                    all.push(Box::new(ChannelMixing::new(registry, squeezed.channels, &stream)));
                    all.push(Box::new(ImageCoupling::new(registry, squeezed.channels, supplier)));
                });
            }
            let made = Scale { shape: at, steps: all };
            at = Shape {
                channels: squeezed.channels / 2,
                ..squeezed
            };
            made
        });
        Self {
            scales: scales.collect(),
        }
    }
}

/// `[batch, H, W, C]` to `[batch, H/2, W/2, 4 C]`.
fn squeeze(images: Tensor<4>) -> Tensor<4> {
    let [batch, height, width, channels] = images.dims();
    images
        .reshape([batch, height / 2, 2, width / 2, 2, channels])
        .permute([0, 1, 3, 2, 4, 5])
        .reshape([batch, height / 2, width / 2, 4 * channels])
}

/// The inverse of [`squeeze`].
fn spread(images: Tensor<4>) -> Tensor<4> {
    let [batch, height, width, channels] = images.dims();
    images
        .reshape([batch, height, width, 2, 2, channels / 4])
        .permute([0, 1, 3, 2, 4, 5])
        .reshape([batch, 2 * height, 2 * width, channels / 4])
}

fn added(total: Option<Tensor<1>>, part: Tensor<1>) -> Option<Tensor<1>> {
    Some(match total {
        Some(total) => total + part,
        None => part,
    })
}

impl Transform for MultiScale {
    fn forward(&self, weights: &Weights, x: Tensor<2>, context: Option<&Tensor<2>>) -> (Tensor<2>, Tensor<1>) {
        let batch = x.dims()[0];
        let mut log_volume = None;
        let mut done = Vec::new();
        let mut rest = x.clone();
        for (index, scale) in self.scales.iter().enumerate() {
            let Shape {
                height,
                width,
                channels,
            } = scale.shape;
            let mut images = squeeze(rest.reshape([batch, height, width, channels]));
            for step in &scale.steps {
                let (next, part) = step.forward(weights, images, context);
                images = next;
                log_volume = added(log_volume, part);
            }
            let all = scale.shape.numbers();
            if index + 1 == self.scales.len() {
                rest = images.reshape([batch, all]);
            } else {
                let half = 2 * channels;
                done.push(images.clone().narrow(3, half, half).reshape([batch, all / 2]));
                rest = images.narrow(3, 0, half).reshape([batch, all / 2]);
            }
        }
        done.push(rest);
        let log_volume = log_volume.unwrap_or_else(|| super::super::zero_rows(&x));
        (Tensor::cat(done, 1), log_volume)
    }

    fn inverse(&self, weights: &Weights, z: Tensor<2>, context: Option<&Tensor<2>>) -> (Tensor<2>, Tensor<1>) {
        let [batch, numbers] = z.dims();
        let mut log_volume = None;
        let last = self.scales.last().map_or(numbers, |scale| scale.shape.numbers());
        let mut rest = z.clone().narrow(1, numbers - last, last);
        let mut end = numbers - last;
        for (index, scale) in self.scales.iter().enumerate().rev() {
            let Shape {
                height,
                width,
                channels,
            } = scale.shape;
            let of_channels = |numbers: Tensor<2>, channels| numbers.reshape([batch, height / 2, width / 2, channels]);
            let mut images = if index + 1 == self.scales.len() {
                of_channels(rest, 4 * channels)
            } else {
                let count = scale.shape.numbers() / 2;
                end -= count;
                let out = of_channels(z.clone().narrow(1, end, count), 2 * channels);
                Tensor::cat(vec![of_channels(rest, 2 * channels), out], 3)
            };
            for step in scale.steps.iter().rev() {
                let (next, part) = step.inverse(weights, images, context);
                images = next;
                log_volume = added(log_volume, part);
            }
            rest = spread(images).reshape([batch, scale.shape.numbers()]);
        }
        (rest, log_volume.unwrap_or_else(|| super::super::zero_rows(&z)))
    }
}
