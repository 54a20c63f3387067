//! The convolution as an operation of tensors.

use burn_tensor::module::{conv2d, conv3d};
use burn_tensor::ops::ConvOptions;
use burn_tensor::{Int, Tensor, TensorData};

use super::geometry::{Geometry, Padding};
use super::slices::{bias_gradient, forward, input_gradient, weight_gradient};
use crate::array::{Array, View};
use crate::operation::{AnyTensor, Operation};
use crate::product::Precision;
use crate::workspace::Buffer;

/// A convolution of images (`AXES` is 2) or volumes (3); its inputs are input, weights, and the bias if there is one.
#[derive(Debug)]
pub(super) struct Convolution<const AXES: usize> {
    pub(super) stride: usize,
    pub(super) padding: Padding,
    pub(super) precision: Precision,
}

/// The three lengths from those of an image or a volume; an image has depth one.
fn volume(lengths: &[usize]) -> [usize; 3] {
    match *lengths {
        [height, width] => [1, height, width],
        [depth, height, width] => [depth, height, width],
        _ => panic!("images have two axes and volumes three, found {lengths:?}"),
    }
}

impl<const AXES: usize> Convolution<AXES> {
    fn geometry(&self, input: &[usize], weight: &[usize]) -> Geometry {
        assert!(
            input.len() == AXES + 2 && weight.len() == AXES + 2,
            "a batch or taps and two dimensions of channels"
        );
        assert_eq!(
            input[AXES + 1],
            weight[AXES],
            "the weights take the channels of the input"
        );
        let stride = volume(&[self.stride; AXES]);
        Geometry {
            batch: input[0],
            input: volume(&input[1..=AXES]),
            channels_in: weight[AXES],
            channels_out: weight[AXES + 1],
            kernel: volume(&weight[..AXES]),
            stride: if AXES == 2 { [1, stride[1], stride[2]] } else { stride },
            padding: self.padding,
        }
    }

    /// The input with what the library cannot do done to it, and how the library is to take it.
    ///
    /// It pads with zeros only. And its gradient with respect to the input is wrong on other devices than the processor
    /// for a stride along an axis of one tap (burn 0.22.1: zeros, for the grid `[1, 1, 8]` with taps `[1, 1, 3]` and
    /// strides of two), so places are chosen before.
    fn prepared<const RANK: usize>(&self, x: Tensor<RANK>, kernel: [usize; AXES]) -> (Tensor<RANK>, ConvOptions<AXES>) {
        let mut x = x;
        let (mut strides, mut padding) = ([self.stride; AXES], kernel.map(|size| size / 2));
        for (axis, size) in kernel.into_iter().enumerate() {
            let length = x.dims()[axis + 1] as i64;
            let positions: Vec<i64> = if size == 1 && self.stride > 1 {
                strides[axis] = 1;
                (0..length).step_by(self.stride).collect()
            } else if size > 1 && self.padding == Padding::Periodic {
                padding[axis] = 0;
                let half = size as i64 / 2;
                (-half..length + half)
                    .map(|position| position.rem_euclid(length))
                    .collect()
            } else {
                continue;
            };
            // an axis of one place stays as it is
            if positions != [0] || length != 1 {
                let count = positions.len();
                let positions = Tensor::<1, Int>::from_data(TensorData::new(positions, [count]), &x.device());
                x = x.select(axis + 1, positions);
            }
        }
        (x, ConvOptions::new(strides, padding, [1; AXES], 1))
    }
}

/// What both kinds share.
impl<const AXES: usize> Convolution<AXES> {
    fn forward(&self, inputs: &[View<'_>]) -> Array {
        let geometry = self.geometry(inputs[0].shape, inputs[1].shape);
        let mut output = Buffer::stale(geometry.output_length());
        forward(
            self.precision,
            &geometry,
            inputs[0].data,
            inputs[1].data,
            inputs.get(2).map(|bias| bias.data),
            &mut output,
        );
        let size = geometry.output();
        let mut shape = vec![geometry.batch];
        shape.extend_from_slice(&size[3 - AXES..]);
        shape.push(geometry.channels_out);
        Array::new(output, shape)
    }

    fn backward(&self, inputs: &[View<'_>], gradient: View<'_>, wanted: &[bool]) -> Vec<Option<Array>> {
        let geometry = self.geometry(inputs[0].shape, inputs[1].shape);
        let found = |index: usize| {
            let shape = inputs[index].shape;
            let mut found = Buffer::stale(shape.iter().product());
            match index {
                0 => input_gradient(self.precision, &geometry, inputs[1].data, gradient.data, &mut found),
                1 => weight_gradient(self.precision, &geometry, inputs[0].data, gradient.data, &mut found),
                _ => bias_gradient(&geometry, gradient.data, &mut found),
            }
            Array::new(found, shape)
        };
        wanted
            .iter()
            .enumerate()
            .map(|(index, &wanted)| wanted.then(|| found(index)))
            .collect()
    }
}

/// The operation for a number of axes; the library's convolution has channels before the axes.
macro_rules! operation {
    ($axes:literal, $rank:literal, $convolve:ident, $first:expr, $weights:expr, $last:expr) => {
        impl Operation for Convolution<$axes> {
            fn composed(&self, inputs: Vec<AnyTensor>) -> AnyTensor {
                let mut inputs = inputs.into_iter();
                let mut next = || Tensor::<$rank>::from_dispatch(inputs.next().expect("input and weights"));
                let [x, weight] = [next(), next()].map(|factor| self.precision.composed_factor(factor));
                let bias = inputs.next().map(Tensor::<1>::from_dispatch);
                let dims = weight.dims();
                let (x, options) = self.prepared(x, std::array::from_fn(|axis| dims[axis]));
                let product = $convolve(x.permute($first), weight.permute($weights), None, options);
                let product = self.precision.composed_product(product.permute($last));
                match bias {
                    Some(bias) => (product + bias.unsqueeze()).into_dispatch(),
                    None => product.into_dispatch(),
                }
            }

            fn forward(&self, inputs: &[View<'_>], _keep: bool) -> (Array, Vec<Array>) {
                (Convolution::forward(self, inputs), Vec::new())
            }

            fn backward(
                &self,
                inputs: &[View<'_>],
                _kept: Vec<Array>,
                gradient: View<'_>,
                wanted: &[bool],
            ) -> Vec<Option<Array>> {
                Convolution::backward(self, inputs, gradient, wanted)
            }

            fn reads(&self, index: usize) -> bool {
                index < 2
            }
        }
    };
}

operation!(2, 4, conv2d, [0, 3, 1, 2], [3, 2, 0, 1], [0, 2, 3, 1]);
operation!(3, 5, conv3d, [0, 4, 1, 2, 3], [4, 3, 0, 1, 2], [0, 2, 3, 4, 1]);
