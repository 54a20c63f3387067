//! A small convolutional network with the context in every block.

use burn_tensor::{Tensor, activation};
use fieldbridge_kernels::convolution::{Padding, convolution_2d};

use super::{ConvolutionBlock, Initial, Linear, Registry, Slot, Weights};

/// `h = c_3(x)`, blocks `h <- b(h + e W)` with [`ConvolutionBlock`]s `b` and the context embedding `e`, output
/// `c_3(SiLU(h))`, with 3 x 3 convolutions `c_3` of zero padding. The output starts as zero.
#[derive(Clone, Debug)]
pub struct ImageNetwork {
    first: (Slot, Slot),
    blocks: Vec<(Option<Linear>, ConvolutionBlock)>,
    last: (Slot, Slot),
}

/// Groups of channels that are normalised together, at most eight and of at least four channels where there are that
/// many: on an image of one pixel a group of one channel would be normalised to nothing.
fn groups(width: usize) -> usize {
    let most = (width / 4).clamp(1, 8);
    (1..=most)
        .rev()
        .find(|&groups| width.is_multiple_of(groups))
        .unwrap_or(1)
}

impl ImageNetwork {
    /// From `inputs` to `outputs` channels through `blocks` blocks of `width` channels; `context` is the width of the
    /// context embedding, 0 without.
    pub fn new(
        registry: &mut Registry,
        inputs: usize,
        context: usize,
        width: usize,
        blocks: usize,
        outputs: usize,
    ) -> Self {
        let convolution = |registry: &mut Registry, name: &str, from: usize, to: usize, initial| {
            registry.scope(name, |registry| {
                (
                    registry.parameter("weight", &[3, 3, from, to], initial),
                    registry.parameter("bias", &[to], Initial::Constant(0.0)),
                )
            })
        };
        let bound = 1.0 / (9.0 * inputs as f32).sqrt();
        Self {
            first: convolution(registry, "first", inputs, width, Initial::Uniform(bound)),
            blocks: (0..blocks)
                .map(|index| {
                    registry.scope(format!("block{index}"), |registry| {
                        let condition =
                            (context > 0).then(|| Linear::without_bias(registry, "condition", context, width));
                        (condition, ConvolutionBlock::new(registry, width, groups(width)))
                    })
                })
                .collect(),
            last: convolution(registry, "last", width, outputs, Initial::Constant(0.0)),
        }
    }

    /// `images`: `[batch, height, width, inputs]`, output: `[batch, height, width, outputs]`.
    pub fn forward(&self, weights: &Weights, images: Tensor<4>, context: Option<&Tensor<2>>) -> Tensor<4> {
        let convolved = |images: Tensor<4>, (weight, bias): (Slot, Slot)| {
            convolution_2d(images, weights.get(weight), Some(weights.get(bias)), 1, Padding::Zero)
        };
        let mut h = convolved(images, self.first);
        for (condition, block) in &self.blocks {
            if let (Some(layer), Some(context)) = (condition, context) {
                let added = layer.forward(weights, context.clone());
                let [batch, width] = added.dims();
                h = h + added.reshape([batch, 1, 1, width]);
            }
            h = block.forward(weights, h);
        }
        convolved(activation::silu(h), self.last)
    }
}
