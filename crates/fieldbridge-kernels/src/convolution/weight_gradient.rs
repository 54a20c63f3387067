//! The gradient of the weights: for each tap, the sum over pixels of input channels times output gradients.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::ops::{Deref, Range};

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::axis::{Axis, NOTHING};
use super::geometry::Geometry;
use super::taps::{PARALLEL, Shared};
use super::tile::{fetch, load};
use crate::pairs::first_alone;
use crate::vectors::{Factors, Instructions};
use crate::workspace::Buffer;

/// Input channels of one piece of work.
const CHANNELS: usize = 32;
/// Vectors of output channels of one piece of work.
const VECTORS: usize = 2;
/// Output pixels, in whole rows, that are summed before the next part of the gradient: they stay in the fastest memory.
const PIXELS: usize = 128;
/// Output pixels that are worth a sum of their own, so that threads read different volumes.
const BLOCK: usize = 2048;
/// Sums at most.
const BLOCKS: usize = 8;
/// Blocks that keep the threads busy without cutting the gradient as well.
const ENOUGH: usize = 4;

/// Neighbouring pixels of a row and the inputs that a tap finds for them.
#[derive(Clone, Copy, Debug)]
struct Run {
    input: usize,
    output: usize,
    length: usize,
}

thread_local! {
    static RUNS: RefCell<Vec<Run>> = RefCell::default();
}

/// The gradient of the weights for input channels from `channel_in` on and output channels from `channel_out` on.
#[derive(Clone, Copy, Debug)]
struct Part<'a> {
    geometry: &'a Geometry,
    axes: &'a [Axis; 3],
    runs: &'a [Vec<Run>],
    input: &'a [f32],
    output_gradient: &'a [f32],
    sum: Shared,
    channel_in: usize,
    channels_in: usize,
    channel_out: usize,
    channels_out: usize,
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

/// Rows of pixels as factors: each number alone, or with the one `ahead` numbers later in its row, so that a sum may go
/// from any pixel to its neighbours.
enum Lines<'a> {
    Single(&'a [f32]),
    Paired(Buffer),
}

impl<'a> Lines<'a> {
    fn of<F: Factors>(pixels: &'a [f32], width: usize, ahead: usize) -> Self {
        if F::TOGETHER == 1 {
            return Self::Single(pixels);
        }
        let mut paired = Buffer::stale(pixels.len());
        let rows = paired.par_chunks_mut(width).zip(pixels.par_chunks(width));
        rows.for_each(|(to, row)| {
            pulp::Arch::new().dispatch(
                #[inline(always)]
                || {
                    let (whole, rest) = to.split_at_mut(row.len().saturating_sub(ahead));
                    for ((to, &first), &second) in whole.iter_mut().zip(row).zip(&row[ahead.min(row.len())..]) {
                        *to = F::lane(first, second);
                    }
                    for (to, &first) in rest.iter_mut().zip(&row[whole.len()..]) {
                        *to = F::lane(first, 0.0);
                    }
                },
            );
        });
        Self::Paired(paired)
    }
}

impl Deref for Lines<'_> {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        match self {
            Self::Single(pixels) => pixels,
            Self::Paired(paired) => paired,
        }
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

impl Part<'_> {
    /// Runs of a tap for some rows of the output, as positions in the input and the gradient of the output.
    fn find(&self, tap: [usize; 3], rows: Range<usize>, found: &mut Vec<Run>) {
        let [depth, height, width] = self.geometry.output();
        found.clear();
        for row in rows {
            let input_depth = self.axes[0].sources[tap[0]][row / height % depth];
            let input_height = self.axes[1].sources[tap[1]][row % height];
            if input_depth == NOTHING || input_height == NOTHING {
                continue;
            }
            let volume = row / height / depth;
            let size = self.geometry.input;
            let line = ((volume * size[0] + input_depth) * size[1] + input_height) * size[2];
            found.extend(self.runs[tap[2]].iter().map(|run| Run {
                input: (line + run.input) * self.geometry.channels_in,
                output: (row * width + run.output) * self.geometry.channels_out,
                length: run.length,
            }));
        }
    }

    /// Adds what one tap finds in the runs.
    #[inline(always)]
    fn tap<S: Simd, F: Factors>(&self, simd: S, tap: usize, runs: &[Run]) {
        let mut done = 0;
        while done < self.channels_in {
            let rest = self.channels_in - done;
            let channel_in = self.channel_in + done;
            // 24 sums where there are 32 registers, 12 where there are 16
            done += match (S::REGISTER_COUNT, rest) {
                (32.., 12..) => self.width::<S, F, 12>(simd, tap, channel_in, runs),
                (32.., 8..) => self.width::<S, F, 8>(simd, tap, channel_in, runs),
                (_, 6..) => self.width::<S, F, 6>(simd, tap, channel_in, runs),
                (_, 4..) => self.width::<S, F, 4>(simd, tap, channel_in, runs),
                (_, 2..) => self.width::<S, F, 2>(simd, tap, channel_in, runs),
                _ => self.width::<S, F, 1>(simd, tap, channel_in, runs),
            };
        }
    }

    #[inline(always)]
    fn width<S: Simd, F: Factors, const ROWS: usize>(
        &self,
        simd: S,
        tap: usize,
        channel_in: usize,
        runs: &[Run],
    ) -> usize {
        if self.channels_out <= S::F32_LANES {
            self.tile::<S, F, ROWS, 1>(simd, tap, channel_in, runs);
        } else {
            self.tile::<S, F, ROWS, VECTORS>(simd, tap, channel_in, runs);
        }
        ROWS
    }

    /// Adds to the gradient of `ROWS` input channels and the part's output channels.
    #[inline(always)]
    fn tile<S: Simd, F: Factors, const ROWS: usize, const WIDE: usize>(
        &self,
        simd: S,
        tap: usize,
        channel_in: usize,
        runs: &[Run],
    ) {
        let Geometry {
            channels_in,
            channels_out,
            stride,
            ..
        } = self.geometry;
        let last = self.channels_out - (WIDE - 1) * S::F32_LANES;
        let step = stride[2] * channels_in;
        let corner = (tap * channels_in + channel_in) * channels_out + self.channel_out;
        // SAFETY: runs lie inside the input and the gradient of the output, and so do the part's channels of each of
        // their pixels; the part's weights are nobody else's
        unsafe {
            let gradient = self.sum.pointer().add(corner);
            let mut sums = [[simd.splat_f32s(0.0); WIDE]; ROWS];
            for (row, sums) in sums.iter_mut().enumerate() {
                for (vector, sum) in sums.iter_mut().enumerate() {
                    let from = gradient.add(row * channels_out + vector * S::F32_LANES);
                    let count = if vector + 1 == WIDE { last } else { S::F32_LANES };
                    *sum = simd.partial_load_f32s(std::slice::from_raw_parts(from, count));
                }
            }
            for run in runs {
                let mut input = self.input.as_ptr().add(run.input + channel_in);
                let mut output = self.output_gradient.as_ptr().add(run.output + self.channel_out);
                let mut left = run.length;
                while left > 0 {
                    let alone = left < F::TOGETHER;
                    let mut values = [simd.splat_f32s(0.0); WIDE];
                    for (vector, value) in values.iter_mut().enumerate() {
                        let from = output.add(vector * S::F32_LANES);
                        *value = if vector + 1 == WIDE && last < S::F32_LANES {
                            simd.partial_load_f32s(std::slice::from_raw_parts(from, last))
                        } else {
                            load::<S>(from)
                        };
                        if alone {
                            let first = simd.and_u32s(simd.transmute_u32s_f32s(*value), simd.splat_u32s(0xFFFF));
                            *value = simd.transmute_f32s_u32s(first);
                        }
                    }
                    for (row, sums) in sums.iter_mut().enumerate() {
                        let factor = *input.add(row);
                        let factor = simd.splat_f32s(if alone { first_alone(factor) } else { factor });
                        for (sum, &value) in sums.iter_mut().zip(&values) {
                            *sum = F::multiply_add(simd, factor, value, *sum);
                        }
                    }
                    input = input.wrapping_add(F::TOGETHER * step);
                    output = output.wrapping_add(F::TOGETHER * *channels_out);
                    left = left.saturating_sub(F::TOGETHER);
                }
            }
            for (row, sums) in sums.iter().enumerate() {
                for (vector, &sum) in sums.iter().enumerate() {
                    let to = gradient.add(row * channels_out + vector * S::F32_LANES);
                    let count = if vector + 1 == WIDE { last } else { S::F32_LANES };
                    simd.partial_store_f32s(std::slice::from_raw_parts_mut(to, count), sum);
                }
            }
        }
    }
}
