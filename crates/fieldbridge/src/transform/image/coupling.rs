//! Half of the channels shifted and scaled given the other half.

use burn_tensor::Tensor;

use super::ImageTransform;
use crate::network::{ImageNetwork, Registry, Weights};
use crate::transform::{AffineMap, Monotone, total};

/// Size of the convolutional network that supplies shifts and scales.
#[derive(Clone, Copy, Debug)]
pub struct ImageSupplier {
    /// Width of the context embedding, 0 without context.
    pub context: usize,
    /// Channels of the hidden layers.
    pub width: usize,
    /// Residual blocks.
    pub blocks: usize,
}

/// `z = [x_a, (x_b - m) exp(-s)]` with `(m, s)` a convolutional network of the channels `x_a` and the context (Dinh et
/// al. 2017, arXiv:1605.08803). The first half of the channels, rounded down, is kept.
#[derive(Debug)]
pub struct ImageCoupling {
    network: ImageNetwork,
    kept: usize,
    changed: usize,
}

impl ImageCoupling {
    /// For images of `channels` channels.
    ///
    /// # Panics
    /// When there is one channel.
    pub fn new(registry: &mut Registry, channels: usize, supplier: ImageSupplier) -> Self {
        assert!(channels >= 2, "a coupling needs two halves");
        let (kept, changed) = (channels / 2, channels - channels / 2);
        let each = AffineMap.parameters();
        let ImageSupplier { context, width, blocks } = supplier;
        let network = registry.scope("coupling", |registry| {
            ImageNetwork::new(registry, kept, context, width, blocks, changed * each)
        });
        Self { network, kept, changed }
    }

    fn transformed(
        &self,
        weights: &Weights,
        images: Tensor<4>,
        context: Option<&Tensor<2>>,
        map: impl Fn(Tensor<2>, Tensor<3>) -> (Tensor<2>, Tensor<2>),
    ) -> (Tensor<4>, Tensor<1>) {
        let [batch, height, width, _] = images.dims();
        let kept = images.clone().narrow(3, 0, self.kept);
        let numbers = height * width * self.changed;
        let parameters =
            self.network
                .forward(weights, kept.clone(), context)
                .reshape([batch, numbers, AffineMap.parameters()]);
        let changed = images.narrow(3, self.kept, self.changed).reshape([batch, numbers]);
        let (changed, log_slope) = map(changed, parameters);
        let changed = changed.reshape([batch, height, width, self.changed]);
        (Tensor::cat(vec![kept, changed], 3), total(log_slope))
    }
}

impl ImageTransform for ImageCoupling {
    fn forward(&self, weights: &Weights, x: Tensor<4>, context: Option<&Tensor<2>>) -> (Tensor<4>, Tensor<1>) {
        self.transformed(weights, x, context, |x, parameters| AffineMap.forward(x, parameters))
    }

    fn inverse(&self, weights: &Weights, z: Tensor<4>, context: Option<&Tensor<2>>) -> (Tensor<4>, Tensor<1>) {
        self.transformed(weights, z, context, |z, parameters| AffineMap.inverse(z, parameters))
    }
}
