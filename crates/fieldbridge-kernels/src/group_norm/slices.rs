//! Normalisation over groups of channels on slices.

use pulp::Arch;
use rayon::prelude::*;

use super::layout::Layout;
use super::statistics::statistics;
use super::sweeps::{Apply, Centre, Through};
use crate::vectors::Instructions;

/// What follows the normalisation.
#[derive(Clone, Copy, Debug)]
pub struct Parameters<'a> {
    /// `w`: a factor for each channel.
    pub weight: &'a [f32],
    /// `b`: an addend for each channel.
    pub bias: &'a [f32],
    /// `s` and `t`: `[batch, channels]` each.
    pub modulation: Option<[&'a [f32]; 2]>,
    /// Whether SiLU comes last.
    pub silu: bool,
}

/// Gradients of all inputs.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradients {
    /// Of `w`.
    pub weight: Vec<f32>,
    /// Of `b`.
    pub bias: Vec<f32>,
    /// Of `s` and `t`, if there are any.
    pub modulation: Option<[Vec<f32>; 2]>,
}

impl Parameters<'_> {
    /// Factor and addend of a channel after the normalisation, with the modulation's factor.
    fn affine(&self, layout: &Layout, sample: usize, channel: usize) -> [f32; 3] {
        let (weight, bias) = (self.weight[channel], self.bias[channel]);
        match self.modulation {
            Some([scale, shift]) => {
                let at = sample * layout.channels + channel;
                let factor = 1.0 + scale[at];
                [weight * factor, bias * factor + shift[at], factor]
            }
            None => [weight, bias, 1.0],
        }
    }

    fn check(&self, layout: &Layout) {
        layout.check();
        assert!(self.weight.len() == layout.channels && self.bias.len() == layout.channels);
        for part in self.modulation.iter().flatten() {
            assert_eq!(part.len(), layout.batch * layout.channels);
        }
    }
}

/// `y = a((n w + b) (1 + s) + t)` with `n = (x - mean) / sqrt(variance + epsilon)` over the pixels and the channels of
/// a group of a sample (Wu & He 2018, arXiv:1803.08494) and `a` the identity or SiLU.
///
/// Returns mean and reciprocal deviation of all groups for [`backward`].
///
/// # Panics
/// When a slice has another length than its sizes say.
pub fn forward(layout: &Layout, epsilon: f32, x: &[f32], parameters: Parameters<'_>, y: &mut [f32]) -> Vec<[f32; 2]> {
    forward_on(Arch::new(), layout, epsilon, x, parameters, y)
}

/// The gradient of `x` into `x_gradient`, and those of the parameters, from that of `y`.
///
/// `statistics` is what [`forward`] returned.
///
/// # Panics
/// When a slice has another length than its sizes say.
pub fn backward(
    layout: &Layout,
    x: &[f32],
    parameters: Parameters<'_>,
    statistics: &[[f32; 2]],
    y_gradient: &[f32],
    x_gradient: &mut [f32],
) -> Gradients {
    backward_on(Arch::new(), layout, x, parameters, statistics, y_gradient, x_gradient)
}

pub(super) fn forward_on(
    instructions: impl Instructions,
    layout: &Layout,
    epsilon: f32,
    x: &[f32],
    parameters: Parameters<'_>,
    y: &mut [f32],
) -> Vec<[f32; 2]> {
    parameters.check(layout);
    assert!(x.len() == layout.length() && y.len() == layout.length());
    if x.is_empty() {
        return vec![[0.0, 0.0]; layout.batch * layout.groups];
    }
    let work = |(sample, (x, y)): (usize, (&[f32], &mut [f32]))| {
        let groups = statistics(instructions, layout, x, epsilon);
        let of = |channel: usize| groups[layout.group(channel)];
        let affine = |channel: usize| parameters.affine(layout, sample, channel);
        let mean = layout.spread(|channel| of(channel)[0]);
        let factor = layout.spread(|channel| of(channel)[1] * affine(channel)[0]);
        let addend = layout.spread(|channel| affine(channel)[1]);
        let (mean, factor, addend) = (&mean, &factor, &addend);
        let length = layout.block();
        let blocks = x
            .par_chunks(length)
            .zip(y.par_chunks_mut(length))
            .with_min_len(layout.blocks_together());
        blocks.for_each(|(x, y)| {
            instructions.run(Apply {
                x,
                y,
                mean,
                factor,
                addend,
                silu: parameters.silu,
            });
        });
        groups
    };
    let sample = layout.sample();
    let samples = x
        .par_chunks(sample)
        .zip(y.par_chunks_mut(sample))
        .with_min_len(layout.samples_together());
    let found: Vec<Vec<[f32; 2]>> = samples.enumerate().map(work).collect();
    found.concat()
}

pub(super) fn backward_on(
    instructions: impl Instructions,
    layout: &Layout,
    x: &[f32],
    parameters: Parameters<'_>,
    statistics: &[[f32; 2]],
    y_gradient: &[f32],
    x_gradient: &mut [f32],
) -> Gradients {
    parameters.check(layout);
    let length = layout.length();
    assert!(x.len() == length && y_gradient.len() == length && x_gradient.len() == length);
    assert_eq!(statistics.len(), layout.batch * layout.groups);
    let Layout {
        batch,
        channels,
        groups,
        ..
    } = *layout;
    // for each sample, for each channel, the sums of the gradient after the affine part, alone and times `n`
    let sums: Vec<Vec<[f64; 2]>> = if length == 0 {
        vec![vec![[0.0; 2]; channels]; batch]
    } else {
        let size = layout.sample();
        let gradients = y_gradient.par_chunks(size).zip(x_gradient.par_chunks_mut(size));
        let samples = x.par_chunks(size).zip(statistics.par_chunks(groups)).zip(gradients);
        let samples = samples.with_min_len(layout.samples_together()).enumerate();
        let work = |(sample, ((x, statistics), (y_gradient, x_gradient)))| {
            let sample = Sample {
                layout,
                parameters,
                sample,
                x,
                statistics,
            };
            sample.backward(instructions, y_gradient, x_gradient)
        };
        samples.map(work).collect()
    };
    let mut found = Gradients {
        weight: vec![0.0; channels],
        bias: vec![0.0; channels],
        modulation: parameters
            .modulation
            .map(|_| [vec![0.0; batch * channels], vec![0.0; batch * channels]]),
    };
    for channel in 0..channels {
        let (mut weight, mut bias) = (0.0, 0.0);
        for (sample, sums) in sums.iter().enumerate() {
            let [plain, with_n] = sums[channel];
            let [_, _, factor] = parameters.affine(layout, sample, channel).map(f64::from);
            weight += factor * with_n;
            bias += factor * plain;
            if let Some([scale, shift]) = &mut found.modulation {
                let [w, b] = [parameters.weight[channel], parameters.bias[channel]].map(f64::from);
                scale[sample * channels + channel] = (w * with_n + b * plain) as f32;
                shift[sample * channels + channel] = plain as f32;
            }
        }
        (found.weight[channel], found.bias[channel]) = (weight as f32, bias as f32);
    }
    found
}

/// One sample on the way back.
struct Sample<'a> {
    layout: &'a Layout,
    parameters: Parameters<'a>,
    sample: usize,
    x: &'a [f32],
    statistics: &'a [[f32; 2]],
}

impl Sample<'_> {
    /// Overwrites the gradient of `x`; returns the channels' sums of the gradient after the affine part, alone and
    /// times `n`.
    fn backward(&self, instructions: impl Instructions, y_gradient: &[f32], x_gradient: &mut [f32]) -> Vec<[f64; 2]> {
        let Self {
            layout,
            parameters,
            sample,
            x,
            statistics,
        } = *self;
        let of = |channel: usize| statistics[layout.group(channel)];
        let affine = |channel: usize| parameters.affine(layout, sample, channel);
        let mean = &layout.spread(|channel| of(channel)[0]);
        let deviation = &layout.spread(|channel| of(channel)[1]);
        let factor = &layout.spread(|channel| affine(channel)[0]);
        let addend = &layout.spread(|channel| affine(channel)[1]);
        let length = layout.block();
        let gradients = y_gradient.par_chunks(length).zip(x_gradient.par_chunks_mut(length));
        let blocks = x
            .par_chunks(length)
            .zip(gradients)
            .with_min_len(layout.blocks_together());
        let through = |(x, (y_gradient, z_gradient))| {
            let mut sums = vec![0.0; 2 * layout.columns()];
            let (silu, sums_here) = (parameters.silu, &mut sums);
            let work = Through {
                x,
                y_gradient,
                z_gradient,
                mean,
                deviation,
                factor,
                addend,
                silu,
                sums: sums_here,
            };
            instructions.run(work);
            sums
        };
        let blocks: Vec<Vec<f32>> = blocks.map(through).collect();
        let mut sums = vec![[0.0_f64; 2]; layout.channels];
        for block in &blocks {
            let (plain, with_n) = block.split_at(layout.columns());
            let columns = plain
                .chunks_exact(layout.channels)
                .zip(with_n.chunks_exact(layout.channels));
            for (plain, with_n) in columns {
                for (sums, (&plain, &with_n)) in sums.iter_mut().zip(plain.iter().zip(with_n)) {
                    sums[0] += f64::from(plain);
                    sums[1] += f64::from(with_n);
                }
            }
        }
        // means over each group of the gradient of n, alone and times n
        let mut means = vec![[0.0_f64; 2]; layout.groups];
        for (channel, sums) in sums.iter().enumerate() {
            let share = f64::from(affine(channel)[0]) / layout.members() as f64;
            let means = &mut means[layout.group(channel)];
            means.iter_mut().zip(sums).for_each(|(mean, sum)| *mean += share * sum);
        }
        let mean_of = |channel: usize, index: usize| means[layout.group(channel)][index];
        let deviation_of = |channel: usize| f64::from(of(channel)[1]);
        let direct = &layout.spread(|channel| affine(channel)[0] * of(channel)[1]);
        let along = &layout.spread(|channel| (-deviation_of(channel).powi(2) * mean_of(channel, 1)) as f32);
        let constant = &layout.spread(|channel| (-deviation_of(channel) * mean_of(channel, 0)) as f32);
        let blocks = x.par_chunks(length).zip(x_gradient.par_chunks_mut(length));
        blocks.with_min_len(layout.blocks_together()).for_each(|(x, gradient)| {
            instructions.run(Centre {
                x,
                gradient,
                mean,
                direct,
                along,
                constant,
            });
        });
        sums
    }
}
