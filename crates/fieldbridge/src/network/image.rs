//! A small convolutional network with the context in every block.

use burn_tensor::Tensor;
use fieldbridge_kernels::convolution::Padding;

use super::convolution::{Convolution, Space};
use super::{Activation, ConvolutionBlock, ConvolutionShape, Dual, Registry, Weights};

/// `h = c_3(x)`, blocks `h <- b(h, e)` with [`ConvolutionBlock`]s `b` and the context embedding `e`, output
/// `c_3(SiLU(h))`, with 3 x 3 convolutions `c_3` of zero padding. The output starts as zero.
#[derive(Clone, Debug)]
pub struct ImageNetwork {
    first: Convolution,
    blocks: Vec<ConvolutionBlock>,
    last: Convolution,
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
        let space = Space {
            axes: 2,
            padding: Padding::Zero,
        };
        let shape = ConvolutionShape {
            space,
            channels: [width; 2],
            groups: groups(width),
            conditions: context,
            activation: Activation::Silu,
        };
        Self {
            first: Convolution::new(registry, "first", space, [inputs, width], 1),
            blocks: (0..blocks)
                .map(|index| {
                    registry.scope(format!("block{index}"), |registry| {
                        ConvolutionBlock::new(registry, shape)
                    })
                })
                .collect(),
            last: Convolution::zero(registry, "last", space, [width, outputs]),
        }
    }

    /// `images`: `[batch, height, width, inputs]`, output: `[batch, height, width, outputs]`; the context is there when
    /// the network was made for one.
    pub fn forward(&self, weights: &Weights, images: Tensor<4>, context: Option<&Tensor<2>>) -> Tensor<4> {
        let [batch, height, width, inputs] = images.dims();
        let x = Dual::alone(images.reshape([batch, 1, height, width, inputs]));
        let h = self.blocks.iter().fold(self.first.forward(weights, x), |h, block| {
            block.forward(weights, h, context)
        });
        let out = self.last.forward(weights, h.activated(Activation::Silu)).into_value();
        let outputs = out.dims()[4];
        out.reshape([batch, height, width, outputs])
    }
}
