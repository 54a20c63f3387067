//! Convolution of images and volumes, channels last.
//!
//! No padded or unfolded copy of the input is made: tables of pointers say where each tap finds its channels (the
//! indirect convolution of Dukhan 2019, arXiv:1907.02129), and tiles of pixels times channels stay in registers over
//! all taps. The gradient of the input is the same sum over other tables.

mod axis;
mod geometry;
mod lines;
mod operation;
mod panels;
mod slices;
mod taps;
#[cfg(test)]
mod tests;
mod tile;
mod weight_gradient;
mod weight_part;

use burn_tensor::Tensor;

use crate::operation::apply;
use crate::product::Precision;
use operation::Convolution;

pub use geometry::{Geometry, Padding};
pub use slices::{bias_gradient, forward, input_gradient, weight_gradient};

/// Convolution of images.
///
/// `y[n, p, o] = b[o] + sum over taps t, channels i of W[t, i, o] x[n, p stride + t - kernel / 2, i]`, with
/// `x`: `[batch, height, width, channels in]`, `W`: `[kernel height, kernel width, channels in, channels out]`, both
/// sizes of the kernel odd, `b`: `[channels out]`; the output has `size / stride`, rounded up, pixels along each axis.
/// The sums take `x`, `W` and, backward, the gradient of `y` in `precision`.
///
/// # Panics
/// When shapes do not fit.
pub fn convolution_2d(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    stride: usize,
    padding: Padding,
    precision: Precision,
) -> Tensor<4> {
    let bias = bias.map(Tensor::into_dispatch);
    let inputs = [x.into_dispatch(), weight.into_dispatch()]
        .into_iter()
        .chain(bias)
        .collect();
    let operation = Convolution::<2> {
        stride,
        padding,
        precision,
    };
    Tensor::from_dispatch(apply(operation, inputs))
}

/// Convolution of volumes: [`convolution_2d`] with a depth before the height.
///
/// # Panics
/// When shapes do not fit.
pub fn convolution_3d(
    x: Tensor<5>,
    weight: Tensor<5>,
    bias: Option<Tensor<1>>,
    stride: usize,
    padding: Padding,
    precision: Precision,
) -> Tensor<5> {
    let bias = bias.map(Tensor::into_dispatch);
    let inputs = [x.into_dispatch(), weight.into_dispatch()]
        .into_iter()
        .chain(bias)
        .collect();
    let operation = Convolution::<3> {
        stride,
        padding,
        precision,
    };
    Tensor::from_dispatch(apply(operation, inputs))
}
