//! Residual blocks of convolutions.

use burn_tensor::Tensor;

use super::convolution::{Convolution, Space};
use super::group_norm::GroupNorm;
use super::modulation::parts;
use super::{Activation, Dual, Linear, Modulation, Registry, Weights};

/// `x + c(a(n(c(a(n(x))))))` with convolutions `c`, group normalisation `n` (Wu and He 2018, arXiv:1803.08494) and a nonlinearity
/// `a` (pre-activation residual blocks, He et al. 2016, arXiv:1603.05027), of `[batch, depth, height, width, channels]`.
///
/// With conditions, the second norm is modulated by a linear function of the condition vector that starts as zero
/// (Dhariwal and Nichol 2021, arXiv:2105.05233). When the number of channels changes, `x` goes through a linear layer at
/// every place.
#[derive(Clone, Debug)]
pub struct ConvolutionBlock {
    first_norm: GroupNorm,
    first: Convolution,
    second_norm: GroupNorm,
    second: Convolution,
    modulation: Option<Linear>,
    shortcut: Option<Linear>,
}

/// Sizes of a [`ConvolutionBlock`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvolutionShape {
    /// Axes and edges.
    pub space: Space,
    /// Channels of input and output.
    pub channels: [usize; 2],
    /// Groups of neighbouring channels that are normalised together.
    pub groups: usize,
    /// Length of the vector that modulates; 0 for none.
    pub conditions: usize,
    /// Nonlinearity.
    pub activation: Activation,
}

impl ConvolutionBlock {
    /// # Panics
    /// When the channels cannot be split into groups.
    pub fn new(registry: &mut Registry, shape: ConvolutionShape) -> Self {
        let ConvolutionShape {
            space,
            channels,
            groups,
            conditions,
            activation,
        } = shape;
        let [inputs, outputs] = channels;
        Self {
            first_norm: GroupNorm::new(registry, "first_norm", inputs, groups, activation),
            first: Convolution::new(registry, "first", space, channels, 1),
            second_norm: GroupNorm::new(registry, "second_norm", outputs, groups, activation),
            second: Convolution::zero(registry, "second", space, [outputs; 2]),
            modulation: (conditions > 0).then(|| Linear::zero(registry, "modulation", conditions, 2 * outputs)),
            shortcut: (inputs != outputs).then(|| Linear::without_bias(registry, "shortcut", inputs, outputs)),
        }
    }

    /// `x`: `[batch, depth, height, width, inputs]`, the output the same with its channels; `conditions`:
    /// `[batch, conditions]`.
    ///
    /// # Panics
    /// When the block is modulated and there are no conditions.
    pub fn forward(&self, weights: &Weights, x: Dual<5>, conditions: Option<&Tensor<2>>) -> Dual<5> {
        let modulation = self.modulation.as_ref().map(|layer| {
            let conditions = conditions.expect("the block is modulated by conditions");
            let [scale, shift] = parts(&layer.forward(weights, conditions.clone()));
            Modulation { scale, shift }
        });
        let h = self.first_norm.forward(weights, x.clone(), None);
        let h = self.first.forward(weights, h);
        let h = self.second_norm.forward(weights, h, modulation.as_ref());
        let h = self.second.forward(weights, h.dropped_out(weights));
        let x = match &self.shortcut {
            Some(layer) => layer.carry(weights, x),
            None => x,
        };
        x.with(h, |x, h| x + h)
    }
}
