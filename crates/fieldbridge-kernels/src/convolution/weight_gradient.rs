//! The gradient of the weights: for each tap, the sum over pixels of input channels times output gradients.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::ops::Range;

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::axis::{Axis, NOTHING};
use super::geometry::Geometry;
use super::lines::Lines;
use super::taps::{PARALLEL, Shared};
use super::tile::fetch;
use super::weight_part::{Part, Run, VECTORS};
use crate::vectors::{Factors, Instructions};
use crate::workspace::Buffer;

/// Input channels of one piece of work.
const CHANNELS: usize = 32;
/// Output pixels, in whole rows, that are summed before the next part of the gradient: they stay in the fastest memory.
const PIXELS: usize = 128;
/// Output pixels that are worth a sum of their own, so that threads read different volumes.
const BLOCK: usize = 2048;
/// Sums at most.
const BLOCKS: usize = 8;
/// Blocks that keep the threads busy without cutting the gradient as well.
const ENOUGH: usize = 4;

thread_local! {
    static RUNS: RefCell<Vec<Run>> = RefCell::default();
}

/// Overwrites the gradient of the weights.
pub(super) fn weight_gradient<I: Instructions>(
    instructions: I,
    geometry: &Geometry,
    input: &[f32],
    output_gradient: &[f32],
    weight_gradient: &mut [f32],
) {
    geometry.check();
    assert_eq!(input.len(), geometry.input_length());
    assert_eq!(output_gradient.len(), geometry.output_length());
    assert_eq!(weight_gradient.len(), geometry.weight_length());
    weight_gradient.fill(0.0);
    if weight_gradient.is_empty() || output_gradient.is_empty() {
        return;
    }
    let axes = std::array::from_fn(|axis| {
        Axis::forward(
            geometry.input[axis],
            geometry.kernel[axis],
            geometry.stride[axis],
            geometry.padding,
        )
    });
    let runs: Vec<Vec<Run>> = axes[2]
        .sources
        .iter()
        .map(|sources| runs(sources, geometry.stride[2]))
        .collect();
    let width_in = geometry.input[2] * geometry.channels_in;
    let ahead = geometry.stride[2] * geometry.channels_in;
    let input = &Lines::of::<I::Factors>(input, width_in, ahead);
    let width_out = geometry.output()[2] * geometry.channels_out;
    let output_gradient = &Lines::of::<I::Factors>(output_gradient, width_out, geometry.channels_out);
    // each block of volumes has a sum of its own
    let [depth, height, width] = geometry.output();
    let rows = depth * height;
    let blocks = (geometry.batch * rows * width / BLOCK).clamp(1, BLOCKS);
    let volumes = geometry.batch.div_ceil(blocks);
    let blocks = geometry.batch.div_ceil(volumes);
    let length = weight_gradient.len();
    let mut sums = Buffer::zeros((blocks - 1) * length);
    let (first, others) = (Shared::new(weight_gradient), Shared::new(&mut sums));
    let panel = instructions.registers().0 * VECTORS;
    let across = geometry.channels_out.div_ceil(panel);
    let parts = geometry.channels_in.div_ceil(CHANNELS) * across;
    let work = |block: usize, parts: Range<usize>| {
        let sum = match block {
            0 => first,
            _ => others.after((block - 1) * length),
        };
        let part = |part: usize| Part {
            geometry,
            axes: &axes,
            runs: &runs,
            input,
            output_gradient,
            sum,
            channel_in: part / across * CHANNELS,
            channels_in: CHANNELS.min(geometry.channels_in - part / across * CHANNELS),
            channel_out: part % across * panel,
            channels_out: panel.min(geometry.channels_out - part % across * panel),
        };
        let rows = block * volumes * rows..geometry.batch.min((block + 1) * volumes) * rows;
        let parts: Vec<Part<'_>> = parts.map(part).collect();
        RUNS.with_borrow_mut(|found| {
            instructions.run(Work::<I::Factors> {
                factors: PhantomData,
                parts: &parts,
                rows,
                found,
            })
        });
    };
    if geometry.work() < PARALLEL {
        (0..blocks).for_each(|block| work(block, 0..parts));
    } else if blocks >= ENOUGH {
        (0..blocks).into_par_iter().for_each(|block| work(block, 0..parts));
    } else {
        // with few blocks, pieces of the gradient as well
        (0..blocks * parts).into_par_iter().for_each(|index| {
            let part = index % parts;
            work(index / parts, part..part + 1);
        });
    }
    for sum in sums.chunks_exact(length) {
        weight_gradient
            .iter_mut()
            .zip(sum)
            .for_each(|(total, sum)| *total += sum);
    }
}

/// A row's pixels for which a tap finds inputs, as positions in their rows.
fn runs(sources: &[usize], stride: usize) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (output, &input) in sources.iter().enumerate().filter(|(_, input)| **input != NOTHING) {
        match runs.last_mut() {
            Some(run) if run.output + run.length == output && run.input + run.length * stride == input => {
                run.length += 1;
            }
            _ => runs.push(Run {
                input,
                output,
                length: 1,
            }),
        }
    }
    runs
}

/// Parts of the gradient from some rows of outputs, with memory for the runs.
struct Work<'a, F> {
    factors: PhantomData<F>,
    parts: &'a [Part<'a>],
    rows: Range<usize>,
    found: &'a mut Vec<Run>,
}

impl<F: Factors> WithSimd for Work<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { parts, rows, found, .. } = self;
        let Part {
            geometry,
            input,
            output_gradient,
            ..
        } = parts[0];
        let [depth, height, width] = geometry.output();
        let all = geometry.batch * depth * height;
        let step = (PIXELS / width).max(1);
        let pieces = parts.len() * geometry.kernel.iter().product::<usize>();
        for first in rows.clone().step_by(step) {
            let chunk = first..rows.end.min(first + step);
            let next = chunk.end..rows.end.min(chunk.end + step);
            let mut piece = 0;
            for part in parts {
                let mut tap = 0;
                for depth_tap in 0..geometry.kernel[0] {
                    for height_tap in 0..geometry.kernel[1] {
                        for width_tap in 0..geometry.kernel[2] {
                            // the next rows come closer while these are used
                            for values in [input, output_gradient] {
                                let row = values.len() / all;
                                let ahead = next.len() * row;
                                let from = ahead * piece / pieces..ahead * (piece + 1) / pieces;
                                fetch(&values[next.start * row..][from]);
                            }
                            piece += 1;
                            part.find([depth_tap, height_tap, width_tap], chunk.clone(), found);
                            part.tap::<S, F>(simd, tap, found);
                            tap += 1;
                        }
                    }
                }
            }
        }
    }
}
