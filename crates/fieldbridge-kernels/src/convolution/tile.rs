//! The innermost part: a few pixels times a few vectors of channels, kept in registers over all taps and channels.

use pulp::Simd;

use crate::vectors::Factors;

/// A tile of a sum over taps.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tile {
    /// For each tap, at distance `table_stride`, pointers to the channels of the sources of all pixels.
    pub(super) table: *const *const f32,
    pub(super) table_stride: usize,
    pub(super) taps: usize,
    /// Lanes of channels of the sources.
    pub(super) channels: usize,
    /// The panel of weights, a row for each tap and lane of channels.
    pub(super) panel: *const f32,
    /// What the sums start from.
    pub(super) bias: *const f32,
    /// Pointers to the channels of the targets.
    pub(super) targets: *const *mut f32,
    /// The first channel of the panel.
    pub(super) target_channel: usize,
    /// Pixels to be written; the others of the tile come in vain.
    pub(super) pixels: usize,
    /// Target channels in the last vector.
    pub(super) last: usize,
}

#[inline(always)]
pub(super) unsafe fn load<S: Simd>(from: *const f32) -> S::f32s {
    // SAFETY: the caller answers for a whole vector of numbers.
    unsafe { from.cast::<S::f32s>().read_unaligned() }
}

/// # Safety
/// All pointers lead to as many numbers as the sizes say, with `PIXELS` entries in each row of the table, and `pixels`
/// targets, which nobody else reads or writes.
#[inline(always)]
pub(super) unsafe fn sum_over_taps<S: Simd, F: Factors, const PIXELS: usize, const VECTORS: usize>(
    simd: S,
    tile: Tile,
) {
    // SAFETY: as the caller promises.
    unsafe {
        let mut start = [simd.splat_f32s(0.0); VECTORS];
        for (vector, start) in start.iter_mut().enumerate() {
            *start = load::<S>(tile.bias.add(vector * S::F32_LANES));
        }
        let mut sums = [start; PIXELS];
        let mut panel = tile.panel;
        for tap in 0..tile.taps {
            let sources = *tile.table.add(tap * tile.table_stride).cast::<[*const f32; PIXELS]>();
            for channel in 0..tile.channels {
                let mut weights = [simd.splat_f32s(0.0); VECTORS];
                for (vector, weight) in weights.iter_mut().enumerate() {
                    *weight = load::<S>(panel.add(vector * S::F32_LANES));
                }
                panel = panel.add(VECTORS * S::F32_LANES);
                for pixel in 0..PIXELS {
                    let value = simd.splat_f32s(*sources[pixel].add(channel));
                    for vector in 0..VECTORS {
                        sums[pixel][vector] = F::multiply_add(simd, value, weights[vector], sums[pixel][vector]);
                    }
                }
            }
        }
        for (pixel, sums) in sums.iter().enumerate() {
            if pixel < tile.pixels {
                let target = (*tile.targets.add(pixel)).add(tile.target_channel);
                for (vector, &sum) in sums.iter().enumerate() {
                    let count = if vector + 1 == VECTORS { tile.last } else { S::F32_LANES };
                    let to = std::slice::from_raw_parts_mut(target.add(vector * S::F32_LANES), count);
                    simd.partial_store_f32s(to, sum);
                }
            }
        }
    }
}

/// Asks for numbers that are used soon.
#[inline(always)]
pub(super) fn fetch(values: &[f32]) {
    /// Numbers in a line of the cache.
    const LINE: usize = 16;
    for line in values.chunks(LINE) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: all processors of this kind have the instruction, and the pointer is that of a slice
        unsafe {
            std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T1 }>(line.as_ptr().cast());
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = line;
    }
}
