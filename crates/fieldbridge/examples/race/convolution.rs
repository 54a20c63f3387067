//! W3: four residual blocks of 3x3 convolutions with group normalization on 16 images of 32 x 32 with 64 channels.

use std::path::Path;

use burn_tensor::Tensor;
use fieldbridge::bridge::Rows;
use fieldbridge::network::{Activation, ConvolutionBlock, ConvolutionShape, Dual, Precision, Registry, Space, Weights};
use fieldbridge::train::Objective;
use fieldbridge_kernels::convolution::Padding;

use super::Workload;
use super::training::regression;

const CHANNELS: usize = 64;
const SIDE: usize = 32;

/// Mean over pixels and channels of the squared error.
struct Regression(Vec<ConvolutionBlock>);

impl Objective for Regression {
    fn losses(&self, weights: &Weights, rows: &Rows) -> Tensor<1> {
        let device = weights.device();
        let images = rows
            .tensor(&rows.data, device)
            .reshape([rows.count, 1, SIDE, SIDE, CHANNELS]);
        let blocks = self.0.iter();
        let found = blocks.fold(Dual::alone(images), |x, block| block.forward(weights, x, None));
        let found = found.into_value().reshape([rows.count, SIDE * SIDE * CHANNELS]);
        (found - rows.tensor(&rows.base, device))
            .square()
            .mean_dim(1)
            .squeeze_dim(1)
    }
}

pub(crate) fn training(folder: &Path, precision: Precision) -> Result<Box<dyn Workload>, String> {
    let mut registry = Registry::new();
    let shape = ConvolutionShape {
        space: Space {
            axes: 2,
            padding: Padding::Zero,
        },
        channels: [CHANNELS; 2],
        groups: 8,
        conditions: 0,
        activation: Activation::Silu,
    };
    let blocks = (0..4)
        .map(|index| {
            registry.scope(format!("block{index}"), |registry| {
                ConvolutionBlock::new(registry, shape)
            })
        })
        .collect();
    regression(Regression(blocks), &registry.finish(0), folder, 8, precision)
}
