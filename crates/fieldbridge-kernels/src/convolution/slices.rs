//! Convolution and its gradients on slices.

use pulp::Arch;

use super::axis::Axis;
use super::geometry::Geometry;
use super::instructions::Instructions;
use super::panels::Panels;
use super::taps::SumOverTaps;

/// `output[p, o] = bias[o] + sum over taps t, channels i of weight[t, i, o] input[p stride + t - kernel / 2, i]`.
///
/// Channels are last everywhere; the weights are `[depth, height, width, channels in, channels out]`.
///
/// # Panics
/// When a slice has another length than its sizes say.
pub fn forward(geometry: &Geometry, input: &[f32], weight: &[f32], bias: Option<&[f32]>, output: &mut [f32]) {
    forward_on(Arch::new(), geometry, input, weight, bias, output);
}

/// The gradient of the input from that of the output.
///
/// # Panics
/// When a slice has another length than its sizes say.
pub fn input_gradient(geometry: &Geometry, weight: &[f32], output_gradient: &[f32], input_gradient: &mut [f32]) {
    input_gradient_on(Arch::new(), geometry, weight, output_gradient, input_gradient);
}

/// The gradient of the weights from that of the output.
///
/// # Panics
/// When a slice has another length than its sizes say.
pub fn weight_gradient(geometry: &Geometry, input: &[f32], output_gradient: &[f32], weight_gradient: &mut [f32]) {
    super::weight_gradient::weight_gradient(Arch::new(), geometry, input, output_gradient, weight_gradient);
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

pub(super) fn forward_on(
    instructions: impl Instructions,
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
    let depth = geometry.kernel.iter().product::<usize>() * channels_in;
    let panels = Panels::pack(depth, channels_out, lanes, bias, |row, channels, into| {
        into.copy_from_slice(&weight[row * channels_out..][channels]);
    });
    let sum = SumOverTaps {
        batch: geometry.batch,
        axes: axes.each_ref(),
        source: input,
        source_size: geometry.input,
        source_channels: channels_in,
        target_size: geometry.output(),
        target_channels: channels_out,
        panels: &panels,
        zeros: &vec![0.0; channels_in],
    };
    sum.run(instructions, output);
}

pub(super) fn input_gradient_on(
    instructions: impl Instructions,
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
                // a row of a panel is an output channel of a tap, its columns are input channels
                let depth = taps.len() * channels_out;
                let panels = Panels::pack(depth, channels_in, lanes, None, |row, channels, into| {
                    let first = taps[row / channels_out] * channels_in + channels.start;
                    let from = weight[first * channels_out..]
                        .iter()
                        .skip(row % channels_out)
                        .step_by(channels_out);
                    into.iter_mut().zip(from).for_each(|(into, from)| *into = *from);
                });
                let sum = SumOverTaps {
                    batch: geometry.batch,
                    axes: [depths, heights, widths],
                    source: output_gradient,
                    source_size: geometry.output(),
                    source_channels: channels_out,
                    target_size: geometry.input,
                    target_channels: channels_in,
                    panels: &panels,
                    zeros: &vec![0.0; channels_out],
                };
                sum.run(instructions, input_gradient);
            }
        }
    }
}
