//! Tiles for every other processor: arrays of four numbers, which the compiler puts into whatever vectors there are.

use super::instructions::{Instructions, tiles};
use super::narrow::narrow;
use super::packing::transpose;
use super::tile::{Lanes, tile};

/// Four numbers.
struct Portable;

impl Lanes for Portable {
    const WIDTH: usize = 4;
    type Vector = [f32; 4];

    #[inline(always)]
    unsafe fn zero() -> [f32; 4] {
        [0.0; 4]
    }
    #[inline(always)]
    unsafe fn broadcast(from: *const f32) -> [f32; 4] {
        // SAFETY: the caller answers for the memory; so below.
        [unsafe { from.read() }; 4]
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> [f32; 4] {
        // SAFETY: as above.
        unsafe { from.cast::<[f32; 4]>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn load_first(from: *const f32, count: usize) -> [f32; 4] {
        std::array::from_fn(|lane| {
            if lane < count {
                // SAFETY: as above; only the first lanes are touched.
                unsafe { from.add(lane).read() }
            } else {
                0.0
            }
        })
    }
    #[inline(always)]
    unsafe fn store(to: *mut f32, vector: [f32; 4]) {
        // SAFETY: as above.
        unsafe { to.cast::<[f32; 4]>().write_unaligned(vector) }
    }
    #[inline(always)]
    unsafe fn store_first(to: *mut f32, vector: [f32; 4], count: usize) {
        for (lane, &number) in vector[..count].iter().enumerate() {
            // SAFETY: as above; only the first lanes are touched.
            unsafe { to.add(lane).write(number) }
        }
    }
    #[inline(always)]
    fn prefetch(_: *mut f32) {}
    #[inline(always)]
    unsafe fn multiply_add(a: [f32; 4], b: [f32; 4], sum: [f32; 4]) -> [f32; 4] {
        // where the instruction is not certain to be there, a fused multiply-add is a slow call of a function
        if cfg!(target_arch = "aarch64") {
            std::array::from_fn(|lane| a[lane].mul_add(b[lane], sum[lane]))
        } else {
            std::array::from_fn(|lane| a[lane] * b[lane] + sum[lane])
        }
    }
    #[inline(always)]
    unsafe fn sum(vector: [f32; 4]) -> f32 {
        (vector[0] + vector[2]) + (vector[1] + vector[3])
    }
    #[inline(always)]
    unsafe fn load_transposed(from: *const f32, stride: usize) -> [[f32; 4]; 4] {
        // SAFETY: as above.
        let rows: [[f32; 4]; 4] = std::array::from_fn(|row| unsafe { Self::load(from.add(row * stride)) });
        std::array::from_fn(|column| std::array::from_fn(|row| rows[row][column]))
    }
}

/// Two vectors and six rows: twelve sums, as many as fit into the 16 registers of the older processors.
pub(super) static PORTABLE: Instructions = Instructions {
    width: 4,
    vectors: 2,
    rows: 6,
    depth: 256,
    panels_together: 1,
    tiles: &tiles!(portable_tile; 1, 2; 1, 2, 3, 4, 5, 6),
    transpose: transpose::<Portable>,
    narrow: narrow::<Portable>,
};

/// The generic tile.
///
/// # Safety
/// As for [`tile`].
unsafe fn portable_tile<const ROWS: usize, const VECTORS: usize, const NEIGHBOURS: bool>(
    operands: &super::tile::Operands,
) {
    // SAFETY: the caller answers for it.
    unsafe { tile::<Portable, ROWS, VECTORS, NEIGHBOURS>(operands) }
}
