//! Convolutions of lines, images and volumes.

use fieldbridge_kernels::convolution::{Padding, convolution_3d};

use super::{Dual, Initial, Registry, Slot, Weights};

/// Axes of a grid and what lies beyond its edges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// 1 for lines, 2 for images, 3 for volumes.
    pub axes: usize,
    /// What lies beyond the edges.
    pub padding: Padding,
}

/// A convolution with three taps along every axis, of `[batch, depth, height, width, channels]`; lines have depth and
/// height one, images depth one.
#[derive(Clone, Debug)]
pub struct Convolution {
    weight: Slot,
    bias: Slot,
    kernel: [usize; 3],
    channels: [usize; 2],
    stride: usize,
    padding: Padding,
}

impl Convolution {
    /// From `inputs` channels to `outputs`, at every `stride`-th place of each axis; weights uniform on
    /// `±1/sqrt(taps inputs)`.
    pub fn new(
        registry: &mut Registry,
        name: &str,
        space: Space,
        [inputs, outputs]: [usize; 2],
        stride: usize,
    ) -> Self {
        let taps = 3_usize.pow(space.axes as u32);
        let bound = 1.0 / ((taps * inputs).max(1) as f32).sqrt();
        Self::starting(
            registry,
            name,
            space,
            [inputs, outputs],
            stride,
            Initial::Uniform(bound),
        )
    }

    /// One that starts as zero, so that what it adds to grows from nothing.
    pub fn zero(registry: &mut Registry, name: &str, space: Space, channels: [usize; 2]) -> Self {
        Self::starting(registry, name, space, channels, 1, Initial::Constant(0.0))
    }

    fn starting(
        registry: &mut Registry,
        name: &str,
        space: Space,
        channels: [usize; 2],
        stride: usize,
        initial: Initial,
    ) -> Self {
        let mut shape = vec![3; space.axes];
        shape.extend(channels);
        let mut kernel = [1; 3];
        kernel[3 - space.axes..].fill(3);
        registry.scope(name, |registry| Self {
            weight: registry.parameter("weight", &shape, initial),
            bias: registry.parameter("bias", &[channels[1]], Initial::Constant(0.0)),
            kernel,
            channels,
            stride,
            padding: space.padding,
        })
    }

    /// `x`: `[batch, depth, height, width, inputs]`; output: as many places as there are strides in each axis, rounded
    /// up.
    pub fn forward(&self, weights: &Weights, x: Dual<5>) -> Dual<5> {
        let ([depth, height, width], [inputs, outputs]) = (self.kernel, self.channels);
        let weight = weights
            .flat(self.weight)
            .reshape([depth, height, width, inputs, outputs]);
        let precision = weights.precision().kernel();
        let convolve = |x, bias| convolution_3d(x, weight.clone(), bias, self.stride, self.padding, precision);
        x.affine(
            |x| convolve(x, Some(weights.get(self.bias))),
            |change| convolve(change, None),
        )
    }
}
