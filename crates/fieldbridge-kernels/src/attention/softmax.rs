//! The softmax of scores that come block by block.

use pulp::Simd;

use super::power::power_of_two;
use super::tile::PANEL;

/// The running softmax of a panel of queries.
pub(super) struct Softmax {
    /// The largest score so far; the smallest number, not minus infinity, to begin with, since a score of minus
    /// infinity shall have weight zero.
    pub(super) maximum: [f32; PANEL],
    /// The sum of `2^(score - maximum)`.
    pub(super) sum: [f32; PANEL],
    /// By how much what was summed before shrinks because of the new maximum.
    pub(super) shrink: [f32; PANEL],
}

impl Softmax {
    /// That of no keys.
    pub(super) fn new() -> Self {
        Self {
            maximum: [f32::MIN; PANEL],
            sum: [0.0; PANEL],
            shrink: [1.0; PANEL],
        }
    }

    /// Replaces scores, `[keys][PANEL]`, by `2^(score - maximum)` and adds them to the sums.
    #[inline(always)]
    pub(super) fn add<S: Simd>(&mut self, simd: S, scores: &mut [f32], queries: usize) {
        let lanes = PANEL / S::F32_LANES;
        let scores = S::as_mut_simd_f32s(scores).0;
        let maximum = S::as_mut_simd_f32s(&mut self.maximum).0;
        let sum = S::as_mut_simd_f32s(&mut self.sum).0;
        let shrink = S::as_mut_simd_f32s(&mut self.shrink).0;
        for lane in 0..queries.div_ceil(S::F32_LANES) {
            // four at a time, since a maximum takes longer than the load of the next score
            let mut largest = [maximum[lane]; 4];
            let mut fours = scores.chunks_exact(4 * lanes);
            for rows in &mut fours {
                for (row, largest) in largest.iter_mut().enumerate() {
                    *largest = simd.max_f32s(rows[row * lanes + lane], *largest);
                }
            }
            for row in fours.remainder().chunks_exact(lanes) {
                largest[0] = simd.max_f32s(row[lane], largest[0]);
            }
            let new = simd.max_f32s(
                simd.max_f32s(largest[0], largest[1]),
                simd.max_f32s(largest[2], largest[3]),
            );
            shrink[lane] = power_of_two(simd, simd.sub_f32s(maximum[lane], new));
            let mut total = simd.mul_f32s(sum[lane], shrink[lane]);
            for row in scores.chunks_exact_mut(lanes) {
                row[lane] = power_of_two(simd, simd.sub_f32s(row[lane], new));
                total = simd.add_f32s(total, row[lane]);
            }
            maximum[lane] = new;
            sum[lane] = total;
        }
    }
}
