//! Convolution and its gradients on slices.

use pulp::Arch;

use super::axis::Axis;
use super::geometry::Geometry;
use super::panels::Panels;
use super::taps::SumOverTaps;
use crate::pairs::Pairs;
use crate::product::{Matrix, PairedRows, Precision};
use crate::vectors::{Factors, Instructions};

/// The body with factors in a precision: pairs where the processor has products of them, else rounded numbers.
macro_rules! with_factors {
    ($precision:expr, |$instructions:ident, $($factor:ident),+| $body:expr) => {
        match (Pairs::available(), $precision) {
            (Some($instructions), Precision::Bf16) => $body,
            (_, precision) => {
                $(
                    let $factor = precision.factor($factor);
                    let $factor = &$factor[..];
                )+
                let $instructions = Arch::new();
                $body
            }
        }
    };
}

/// `output[p, o] = bias[o] + sum over taps t, channels i of weight[t, i, o] input[p stride + t - kernel / 2, i]`.
///
/// Channels are last everywhere; the weights are `[depth, height, width, channels in, channels out]`. Input and weights
/// are taken in `precision`.
///
/// # Panics
/// When a slice has another length than its sizes say.
pub fn forward(
    precision: Precision,
    geometry: &Geometry,
    input: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
    output: &mut [f32],
) {
    with_factors!(precision, |instructions, input, weight| forward_on(
        instructions,
        geometry,
        input,
        weight,
        bias,
        output
    ));
}

/// The gradient of the input from that of the output and the weights, both taken in `precision`.
///
/// # Panics
/// When a slice has another length than its sizes say.
pub fn input_gradient(
    precision: Precision,
    geometry: &Geometry,
    weight: &[f32],
    output_gradient: &[f32],
    input_gradient: &mut [f32],
) {
    with_factors!(precision, |instructions, weight, output_gradient| input_gradient_on(
        instructions,
        geometry,
        weight,
        output_gradient,
        input_gradient
    ));
}

/// The gradient of the weights from that of the output and the input, both taken in `precision`.
///
/// # Panics
/// When a slice has another length than its sizes say.
pub fn weight_gradient(
    precision: Precision,
    geometry: &Geometry,
    input: &[f32],
    output_gradient: &[f32],
    weight_gradient: &mut [f32],
) {
    with_factors!(precision, |instructions, input, output_gradient| {
        super::weight_gradient::weight_gradient(instructions, geometry, input, output_gradient, weight_gradient)
    });
}

/// The gradient of the bias: the sum of the gradient of the output over all pixels.
///
/// # Panics
/// When a slice has another length than its sizes say.
pub fn bias_gradient(geometry: &Geometry, output_gradient: &[f32], bias_gradient: &mut [f32]) {
    /// Pixels summed in single precision.
    const BLOCK: usize = 64;
    let channels = geometry.channels_out;
    assert_eq!(output_gradient.len(), geometry.output_length());
    assert_eq!(bias_gradient.len(), channels);
    if channels == 0 {
        return;
    }
    let mut totals = vec![0.0_f64; channels];
    for block in output_gradient.chunks(BLOCK * channels) {
        bias_gradient.fill(0.0);
        for pixel in block.chunks_exact(channels) {
            bias_gradient
                .iter_mut()
                .zip(pixel)
                .for_each(|(sum, value)| *sum += value);
        }
        totals
            .iter_mut()
            .zip(bias_gradient.iter())
            .for_each(|(total, &sum)| *total += f64::from(sum));
    }
    bias_gradient
        .iter_mut()
        .zip(&totals)
        .for_each(|(sum, &total)| *sum = total as f32);
}

/// Pixels whose channels are neighbours, as factors.
enum Pixels<'a> {
    Single(&'a [f32]),
    Paired(PairedRows),
}

impl<'a> Pixels<'a> {
    fn of<F: Factors>(pixels: &'a [f32], channels: usize) -> Self {
        if F::TOGETHER == 1 {
            return Self::Single(pixels);
        }
        let count = pixels.len().checked_div(channels).unwrap_or(0);
        Self::Paired(PairedRows::of(Matrix::new(pixels, count, channels).transposed()))
    }

    fn lanes(&self) -> &[f32] {
        match self {
            Self::Single(pixels) => pixels,
            Self::Paired(paired) => paired.matrix().data,
        }
    }
}

pub(super) fn forward_on<I: Instructions>(
    instructions: I,
    geometry: &Geometry,
    input: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
    output: &mut [f32],
) {
    geometry.check();
    assert_eq!(weight.len(), geometry.weight_length());
    let Geometry {
        channels_in,
        channels_out,
        ..
    } = *geometry;
    let axes: [Axis; 3] = std::array::from_fn(|axis| {
        Axis::forward(
            geometry.input[axis],
            geometry.kernel[axis],
            geometry.stride[axis],
            geometry.padding,
        )
    });
    let (lanes, _) = instructions.registers();
    let taps = geometry.kernel.iter().product();
    let panels = Panels::pack::<I::Factors>(
        [taps, channels_in, channels_out],
        lanes,
        bias,
        |tap, source, channel| weight[(tap * channels_in + source) * channels_out + channel],
    );
    let pixels = Pixels::of::<I::Factors>(input, channels_in);
    let source_channels = channels_in.div_ceil(I::Factors::TOGETHER);
    let sum = SumOverTaps {
        batch: geometry.batch,
        axes: axes.each_ref(),
        source: pixels.lanes(),
        source_size: geometry.input,
        source_channels,
        target_size: geometry.output(),
        target_channels: channels_out,
        panels: &panels,
        zeros: &vec![0.0; source_channels],
    };
    sum.run(instructions, output);
}

pub(super) fn input_gradient_on<I: Instructions>(
    instructions: I,
    geometry: &Geometry,
    weight: &[f32],
    output_gradient: &[f32],
    input_gradient: &mut [f32],
) {
    geometry.check();
    assert_eq!(weight.len(), geometry.weight_length());
    let Geometry {
        channels_in,
        channels_out,
        kernel,
        ..
    } = *geometry;
    let axes: [Vec<Axis>; 3] = std::array::from_fn(|axis| {
        Axis::backward(
            geometry.input[axis],
            kernel[axis],
            geometry.stride[axis],
            geometry.padding,
        )
    });
    let (lanes, _) = instructions.registers();
    let pixels = Pixels::of::<I::Factors>(output_gradient, channels_out);
    let source_channels = channels_out.div_ceil(I::Factors::TOGETHER);
    for depths in &axes[0] {
        for heights in &axes[1] {
            for widths in &axes[2] {
                let mut taps = Vec::new();
                for depth in &depths.taps {
                    for height in &heights.taps {
                        taps.extend(
                            widths
                                .taps
                                .iter()
                                .map(|width| (depth * kernel[1] + height) * kernel[2] + width),
                        );
                    }
                }
                // sources are output channels, targets input channels
                let sizes = [taps.len(), channels_out, channels_in];
                let panels = Panels::pack::<I::Factors>(sizes, lanes, None, |tap, source, channel| {
                    weight[(taps[tap] * channels_in + channel) * channels_out + source]
                });
                let sum = SumOverTaps {
                    batch: geometry.batch,
                    axes: [depths, heights, widths],
                    source: pixels.lanes(),
                    source_size: geometry.output(),
                    source_channels,
                    target_size: geometry.input,
                    target_channels: channels_in,
                    panels: &panels,
                    zeros: &vec![0.0; source_channels],
                };
                sum.run(instructions, input_gradient);
            }
        }
    }
}
