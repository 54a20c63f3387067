//! Tiles for processors with AVX-512 and its products of bfloat16: the tiles of single precision, but that a lane of a
//! factor holds two neighbours of the shared index.

use std::arch::x86_64::{__m512, __m512bh, _mm512_dpbf16_ps};
use std::mem::transmute;

use super::avx512::{Avx512, Factors};
use super::instructions::{Instructions, compiled, tiles};

/// Two numbers of bfloat16.
struct Pair;

impl Factors for Pair {
    #[inline(always)]
    unsafe fn multiply_add(a: __m512, b: __m512, sum: __m512) -> __m512 {
        // SAFETY: the caller answers for the processor; both types are 64 bytes, and any bits are numbers.
        unsafe { _mm512_dpbf16_ps(sum, transmute::<__m512, __m512bh>(a), transmute::<__m512, __m512bh>(b)) }
    }
}

compiled!("avx512f,avx512bf16", Avx512<Pair>);

/// The registers are those of single precision; `depth` counts pairs.
pub(super) static AVX512_BF16: Instructions = Instructions {
    width: 16,
    vectors: 2,
    rows: 14,
    depth: 384,
    panels_together: 8,
    tiles: &tiles!(compiled_tile; 1, 2; 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14),
    transpose: compiled_transpose,
    narrow: compiled_narrow,
};
