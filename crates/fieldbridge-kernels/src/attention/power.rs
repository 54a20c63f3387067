//! Powers of two, of whole vectors.

use pulp::Simd;

/// `2^x` within two units in the last place; zero below the normal numbers, `NaN` for `NaN`. Meant for `x <= 127`.
///
/// Softmax to base two saves the change of base that `e^x` needs for every score: queries are scaled by `log2(e)` once.
/// `x = n + f` with `n` whole and `|f| <= 1/2`; `2^f` is the polynomial of degree five with the smallest largest
/// relative error, `9.1e-8`, among those that are one at zero; `2^n` is made of its bits.
#[inline(always)]
pub(super) fn power_of_two<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    // adding 1.5 * 2^23 rounds to a whole number and leaves it in the low bits; 127 more is the bias of the exponent
    let shift = simd.splat_f32s(12_582_912.0 + 127.0);
    let shifted = simd.add_f32s(x, shift);
    let rest = simd.sub_f32s(x, simd.sub_f32s(shifted, shift));
    let mut sum = simd.splat_f32s(0.001_326_472_9);
    #[allow(
        clippy::approx_constant,
        reason = "a coefficient near ln 2, which the best polynomial does not have"
    )]
    let coefficients = [0.009_671_513, 0.055_507_336, 0.240_222_42, 0.693_147, 1.0];
    for coefficient in coefficients {
        sum = simd.mul_add_e_f32s(sum, rest, simd.splat_f32s(coefficient));
    }
    let bits = simd.wrapping_dyn_shl_u32s(simd.transmute_u32s_f32s(shifted), simd.splat_u32s(23));
    let power = simd.mul_f32s(sum, simd.transmute_f32s_u32s(bits));
    let vanishes = simd.less_than_f32s(x, simd.splat_f32s(-126.0));
    simd.select_f32s(vanishes, simd.splat_f32s(0.0), power)
}
