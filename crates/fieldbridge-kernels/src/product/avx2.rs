//! Tiles for processors with AVX2 and fused multiply-add.

use std::arch::x86_64::{
    __m256, __m256i, _MM_HINT_T0, _mm_loadu_ps, _mm_prefetch, _mm256_broadcast_ss, _mm256_castps128_ps256,
    _mm256_cmpgt_epi32, _mm256_fmadd_ps, _mm256_insertf128_ps, _mm256_loadu_ps, _mm256_maskload_ps,
    _mm256_maskstore_ps, _mm256_set1_epi32, _mm256_setr_epi32, _mm256_setzero_ps, _mm256_shuffle_ps, _mm256_storeu_ps,
    _mm256_unpackhi_ps, _mm256_unpacklo_ps,
};

use super::instructions::{Instructions, compiled, tiles};
use super::tile::Lanes;

/// Eight numbers in a register, 16 registers.
struct Avx2;

/// A mask of the first `count <= 8` lanes.
///
/// # Safety
/// The processor has AVX2.
#[inline(always)]
unsafe fn first(count: usize) -> __m256i {
    // SAFETY: the caller answers for the processor.
    unsafe {
        _mm256_cmpgt_epi32(
            _mm256_set1_epi32(count as i32),
            _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7),
        )
    }
}

/// Rows four apart, four numbers of each.
///
/// # Safety
/// They can be read.
#[inline(always)]
unsafe fn halves(from: *const f32, stride: usize) -> __m256 {
    // SAFETY: the caller answers for the memory and the processor.
    unsafe {
        _mm256_insertf128_ps::<1>(
            _mm256_castps128_ps256(_mm_loadu_ps(from)),
            _mm_loadu_ps(from.add(4 * stride)),
        )
    }
}

impl Lanes for Avx2 {
    const WIDTH: usize = 8;
    type Vector = __m256;

    #[inline(always)]
    unsafe fn zero() -> __m256 {
        // SAFETY: the caller answers for the processor; so below.
        unsafe { _mm256_setzero_ps() }
    }
    #[inline(always)]
    unsafe fn broadcast(from: *const f32) -> __m256 {
        // SAFETY: the caller answers for the memory; so below.
        unsafe { _mm256_broadcast_ss(&*from) }
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> __m256 {
        // SAFETY: as above.
        unsafe { _mm256_loadu_ps(from) }
    }
    #[inline(always)]
    unsafe fn load_first(from: *const f32, count: usize) -> __m256 {
        // SAFETY: as above; masked lanes are not touched.
        unsafe { _mm256_maskload_ps(from, first(count)) }
    }
    #[inline(always)]
    unsafe fn store(to: *mut f32, vector: __m256) {
        // SAFETY: as above.
        unsafe { _mm256_storeu_ps(to, vector) }
    }
    #[inline(always)]
    unsafe fn store_first(to: *mut f32, vector: __m256, count: usize) {
        // SAFETY: as above; masked lanes are not touched.
        unsafe { _mm256_maskstore_ps(to, first(count), vector) }
    }
    #[inline(always)]
    fn prefetch(to: *mut f32) {
        // SAFETY: a hint, which may be given for any address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(to.cast()) }
    }
    #[inline(always)]
    unsafe fn multiply_add(a: __m256, b: __m256, sum: __m256) -> __m256 {
        // SAFETY: as above.
        unsafe { _mm256_fmadd_ps(a, b, sum) }
    }
    #[inline(always)]
    unsafe fn sum(vector: __m256) -> f32 {
        let mut lanes = [0.0_f32; 8];
        // SAFETY: as above.
        unsafe { _mm256_storeu_ps(lanes.as_mut_ptr(), vector) };
        let fours: [f32; 4] = std::array::from_fn(|lane| lanes[lane] + lanes[lane + 4]);
        (fours[0] + fours[2]) + (fours[1] + fours[3])
    }
    #[inline(always)]
    unsafe fn load_transposed(from: *const f32, stride: usize) -> [__m256; 4] {
        // SAFETY: as above.
        unsafe {
            let rows: [__m256; 4] = std::array::from_fn(|row| halves(from.add(row * stride), stride));
            let low = [
                _mm256_unpacklo_ps(rows[0], rows[1]),
                _mm256_unpacklo_ps(rows[2], rows[3]),
            ];
            let high = [
                _mm256_unpackhi_ps(rows[0], rows[1]),
                _mm256_unpackhi_ps(rows[2], rows[3]),
            ];
            [
                _mm256_shuffle_ps::<0b01_00_01_00>(low[0], low[1]),
                _mm256_shuffle_ps::<0b11_10_11_10>(low[0], low[1]),
                _mm256_shuffle_ps::<0b01_00_01_00>(high[0], high[1]),
                _mm256_shuffle_ps::<0b11_10_11_10>(high[0], high[1]),
            ]
        }
    }
}

compiled!("avx2,fma", Avx2);

/// Two vectors and six rows: twelve sums, two vectors of B and one number of A fill 15 of 16 registers.
pub(super) static AVX2: Instructions = Instructions {
    width: 8,
    vectors: 2,
    rows: 6,
    depth: 256,
    panels_together: 1,
    tiles: &tiles!(compiled_tile; 1, 2; 1, 2, 3, 4, 5, 6),
    transpose: compiled_transpose,
    narrow: compiled_narrow,
};
