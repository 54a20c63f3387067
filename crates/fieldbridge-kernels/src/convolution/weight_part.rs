//! The innermost part of the gradient of the weights: a few channels, kept in registers over runs of pixels.

use std::ops::Range;

use pulp::Simd;

use super::axis::{Axis, NOTHING};
use super::geometry::Geometry;
use super::taps::Shared;
use super::tile::load;
use crate::pairs::first_alone;
use crate::vectors::Factors;

/// Vectors of output channels of one piece of work.
pub(super) const VECTORS: usize = 2;

/// Neighbouring pixels of a row and the inputs that a tap finds for them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) input: usize,
    pub(super) output: usize,
    pub(super) length: usize,
}

/// The gradient of the weights for input channels from `channel_in` on and output channels from `channel_out` on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'a> {
    pub(super) geometry: &'a Geometry,
    pub(super) axes: &'a [Axis; 3],
    pub(super) runs: &'a [Vec<Run>],
    pub(super) input: &'a [f32],
    pub(super) output_gradient: &'a [f32],
    pub(super) sum: Shared,
    pub(super) channel_in: usize,
    pub(super) channels_in: usize,
    pub(super) channel_out: usize,
    pub(super) channels_out: usize,
}

impl Part<'_> {
    /// Runs of a tap for some rows of the output, as positions in the input and the gradient of the output.
    pub(super) fn find(&self, tap: [usize; 3], rows: Range<usize>, found: &mut Vec<Run>) {
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
    pub(super) fn tap<S: Simd, F: Factors>(&self, simd: S, tap: usize, runs: &[Run]) {
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
