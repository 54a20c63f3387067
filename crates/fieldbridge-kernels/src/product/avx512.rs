//! Tiles for processors with AVX-512.

use std::arch::x86_64::{
    __m512, __mmask16, _MM_HINT_T0, _mm_loadu_ps, _mm_prefetch, _mm512_castps128_ps512, _mm512_fmadd_ps,
    _mm512_insertf32x4, _mm512_loadu_ps, _mm512_mask_storeu_ps, _mm512_maskz_loadu_ps, _mm512_reduce_add_ps,
    _mm512_set1_ps, _mm512_setzero_ps, _mm512_shuffle_ps, _mm512_storeu_ps, _mm512_unpackhi_ps, _mm512_unpacklo_ps,
};
use std::marker::PhantomData;

use super::instructions::{Instructions, compiled, tiles};
use super::tile::Lanes;

/// Sixteen numbers in a register, 32 registers; `Taken` says what is multiplied.
pub(super) struct Avx512<Taken>(PhantomData<Taken>);

/// What lanes hold as factors; sums are numbers of single precision.
pub(super) trait Factors {
    /// `a b + sum` in each lane.
    ///
    /// # Safety
    /// The processor has the instruction.
    unsafe fn multiply_add(a: __m512, b: __m512, sum: __m512) -> __m512;
}

/// A number of single precision.
struct Single;

impl Factors for Single {
    #[inline(always)]
    unsafe fn multiply_add(a: __m512, b: __m512, sum: __m512) -> __m512 {
        // SAFETY: the caller answers for the processor.
        unsafe { _mm512_fmadd_ps(a, b, sum) }
    }
}

/// A mask of the first `count <= 16` lanes.
#[inline(always)]
fn first(count: usize) -> __mmask16 {
    ((1_u32 << count) - 1) as __mmask16
}

impl<Taken: Factors> Lanes for Avx512<Taken> {
    const WIDTH: usize = 16;
    type Vector = __m512;

    #[inline(always)]
    unsafe fn zero() -> __m512 {
        // SAFETY: the caller answers for the processor; so below.
        unsafe { _mm512_setzero_ps() }
    }
    #[inline(always)]
    unsafe fn broadcast(from: *const f32) -> __m512 {
        // SAFETY: the caller answers for the memory; so below.
        unsafe { _mm512_set1_ps(from.read()) }
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> __m512 {
        // SAFETY: as above.
        unsafe { _mm512_loadu_ps(from) }
    }
    #[inline(always)]
    unsafe fn load_first(from: *const f32, count: usize) -> __m512 {
        // SAFETY: as above; masked lanes are not touched.
        unsafe { _mm512_maskz_loadu_ps(first(count), from) }
    }
    #[inline(always)]
    unsafe fn store(to: *mut f32, vector: __m512) {
        // SAFETY: as above.
        unsafe { _mm512_storeu_ps(to, vector) }
    }
    #[inline(always)]
    unsafe fn store_first(to: *mut f32, vector: __m512, count: usize) {
        // SAFETY: as above; masked lanes are not touched.
        unsafe { _mm512_mask_storeu_ps(to, first(count), vector) }
    }
    #[inline(always)]
    fn prefetch(to: *mut f32) {
        // SAFETY: a hint, which may be given for any address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(to.cast()) }
    }
    #[inline(always)]
    unsafe fn multiply_add(a: __m512, b: __m512, sum: __m512) -> __m512 {
        // SAFETY: as above.
        unsafe { Taken::multiply_add(a, b, sum) }
    }
    #[inline(always)]
    unsafe fn sum(vector: __m512) -> f32 {
        // SAFETY: as above.
        unsafe { _mm512_reduce_add_ps(vector) }
    }
    #[inline(always)]
    unsafe fn load_transposed(from: *const f32, stride: usize) -> [__m512; 4] {
        // SAFETY: as above.
        unsafe {
            let rows: [__m512; 4] = std::array::from_fn(|row| quarters(from.add(row * stride), stride));
            let low = [
                _mm512_unpacklo_ps(rows[0], rows[1]),
                _mm512_unpacklo_ps(rows[2], rows[3]),
            ];
            let high = [
                _mm512_unpackhi_ps(rows[0], rows[1]),
                _mm512_unpackhi_ps(rows[2], rows[3]),
            ];
            [
                _mm512_shuffle_ps::<0b01_00_01_00>(low[0], low[1]),
                _mm512_shuffle_ps::<0b11_10_11_10>(low[0], low[1]),
                _mm512_shuffle_ps::<0b01_00_01_00>(high[0], high[1]),
                _mm512_shuffle_ps::<0b11_10_11_10>(high[0], high[1]),
            ]
        }
    }
}

/// Rows four apart, four numbers of each.
///
/// # Safety
/// They can be read.
#[inline(always)]
unsafe fn quarters(from: *const f32, stride: usize) -> __m512 {
    // SAFETY: the caller answers for the memory and the processor.
    unsafe {
        let quarter = |row: usize| _mm_loadu_ps(from.add(4 * row * stride));
        let vector = _mm512_castps128_ps512(quarter(0));
        let vector = _mm512_insertf32x4::<1>(vector, quarter(1));
        let vector = _mm512_insertf32x4::<2>(vector, quarter(2));
        _mm512_insertf32x4::<3>(vector, quarter(3))
    }
}

compiled!("avx512f", Avx512<Single>);

/// Two vectors and 14 rows: 28 sums, two vectors of B and one number of A fill 31 of 32 registers.
pub(super) static AVX512: Instructions = Instructions {
    width: 16,
    vectors: 2,
    rows: 14,
    depth: 384,
    panels_together: 8,
    tiles: &tiles!(compiled_tile; 1, 2; 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14),
    transpose: compiled_transpose,
    narrow: compiled_narrow,
};
