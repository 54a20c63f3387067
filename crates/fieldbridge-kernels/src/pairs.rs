//! Pairs of bfloat16 numbers in the bits of a number of single precision, and the instructions that multiply them.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{__m512, __m512bh, _mm512_dpbf16_ps};
#[cfg(not(target_arch = "x86_64"))]
use std::convert::Infallible;
#[cfg(target_arch = "x86_64")]
use std::mem::transmute_copy;
use std::sync::LazyLock;

#[cfg(target_arch = "x86_64")]
use pulp::x86::V4;
use pulp::{Simd, WithSimd};

use crate::vectors::{Factors, Instructions};

/// The nearest number of bfloat16, of two as near the one with an even significand; what is not a number stays so.
#[inline(always)]
pub(crate) fn to_bf16(value: f32) -> f32 {
    const UPPER: u32 = 0xFFFF_0000;
    const QUIET: u32 = 0x0040_0000;
    let bits = value.to_bits();
    let rounded = bits.wrapping_add(0x7FFF + ((bits >> 16) & 1)) & UPPER;
    f32::from_bits(if value.is_nan() {
        (bits | QUIET) & UPPER
    } else {
        rounded
    })
}

/// Two numbers rounded to bfloat16: the first in the lower half of the bits, the second in the upper.
#[inline(always)]
pub(crate) fn pair(first: f32, second: f32) -> f32 {
    f32::from_bits(to_bf16(first).to_bits() >> 16 | to_bf16(second).to_bits())
}

/// A pair with zero for its second number.
#[inline(always)]
pub(crate) fn first_alone(pair: f32) -> f32 {
    f32::from_bits(pair.to_bits() & 0xFFFF)
}

/// The instructions of AVX-512 with its products of bfloat16 (Intel 2020, "bfloat16 hardware numerics definition").
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pairs(
    #[cfg(target_arch = "x86_64")] V4,
    #[cfg(not(target_arch = "x86_64"))] Infallible,
);

impl Pairs {
    /// Where they are worth it: on AMD's processors they do twice the work of single precision (204 against 112 GFLOP/s
    /// on a core of Zen 4), on an Intel Xeon half (96 against 192). Decided by the maker and not by a stopwatch, because
    /// the choice changes the last bits of results.
    pub(crate) fn available() -> Option<Self> {
        static FAST: LazyLock<bool> = LazyLock::new(made_by_amd);
        Self::detected().filter(|_| *FAST)
    }

    /// Where this processor has them.
    pub(crate) fn detected() -> Option<Self> {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx512bf16") {
            return V4::try_new().map(Self);
        }
        None
    }
}

#[cfg(target_arch = "x86_64")]
fn made_by_amd() -> bool {
    let maker = std::arch::x86_64::__cpuid(0);
    [maker.ebx, maker.edx, maker.ecx].map(u32::to_le_bytes).as_flattened() == b"AuthenticAMD"
}

#[cfg(not(target_arch = "x86_64"))]
fn made_by_amd() -> bool {
    false
}

impl Instructions for Pairs {
    type Factors = Self;

    fn run<W: WithSimd>(self, work: W) -> W::Output {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the processor has the features of V4, and the products of bfloat16, as `available` saw
        unsafe {
            run(self.0, work)
        }
        #[cfg(not(target_arch = "x86_64"))]
        match self.0 {}
    }
}

/// Work compiled for all features of V4 and the products.
///
/// # Safety
/// The processor has them.
#[cfg(target_arch = "x86_64")]
#[target_feature(
    enable = "sse,sse2,fxsr,sse3,ssse3,sse4.1,sse4.2,popcnt,avx,avx2,bmi1,bmi2,fma,lzcnt,avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512bf16"
)]
unsafe fn run<W: WithSimd>(simd: V4, work: W) -> W::Output {
    work.with_simd(simd)
}

impl Factors for Pairs {
    const TOGETHER: usize = 2;

    #[inline(always)]
    fn lane(first: f32, second: f32) -> f32 {
        pair(first, second)
    }

    #[inline(always)]
    fn multiply_add<S: Simd>(_simd: S, a: S::f32s, b: S::f32s, sum: S::f32s) -> S::f32s {
        #[cfg(target_arch = "x86_64")]
        {
            assert!(size_of::<S::f32s>() == size_of::<__m512>(), "pairs run on V4 alone");
            // SAFETY: the sizes are the same and any bits are numbers; only `run` computes with pairs, where the processor
            // has the instruction
            unsafe {
                let [a, b] = [a, b].map(|factor| transmute_copy::<S::f32s, __m512bh>(&factor));
                let sum = _mm512_dpbf16_ps(transmute_copy::<S::f32s, __m512>(&sum), a, b);
                transmute_copy::<__m512, S::f32s>(&sum)
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        {
            let _ = (a, b, sum);
            unreachable!("no such instructions here")
        }
    }
}
