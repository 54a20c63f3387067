//! The exponential.

use pulp::Simd;

use super::polynomial::polynomial;

/// Half-way between `2^23` and `2^24`: adding it rounds a small number to the nearest integer, which then stands in
/// the low bits.
const ROUND: f32 = 12_582_912.0;
/// The leading bits of ln 2, so few that integers up to 2^9 times it are exact.
const LN_2_HIGH: f32 = 0.693_359_4;
/// ln 2 less [`LN_2_HIGH`].
const LN_2_LOW: f32 = -2.121_944_4e-4;
/// Below, the exponential rounds to zero.
const LOWEST: f32 = -104.0;
/// Above, it is infinite.
const HIGHEST: f32 = 89.0;

/// `exp(x)`: `2^n exp(r)` with integer `n` and `|r| <= ln(2) / 2`, `exp(r)` by a polynomial.
#[inline(always)]
pub(crate) fn exp<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let (n, r) = split(simd, x);
    let power = simd.add_f32s(
        simd.mul_add_f32s(simd.mul_f32s(r, r), bend(simd, r), r),
        simd.splat_f32s(1.0),
    );
    scale(simd, power, n)
}

/// `(exp(r) - 1 - r) / r^2` for `|r| <= ln(2) / 2`; minimax in the relative error of the exponential, which is 2^-28.
#[inline(always)]
pub(super) fn bend<S: Simd>(simd: S, r: S::f32s) -> S::f32s {
    polynomial(
        simd,
        r,
        [0.499_999_94, 0.166_665_21, 0.041_668_39, 0.008_368_745, 0.001_381_454],
    )
}

/// Integer `n`, as a number whose bits hold it after those of [`ROUND`], and `r` with `x = n ln 2 + r`; `x` is first
/// held where neither its exponential nor `n` leaves the range.
#[inline(always)]
pub(super) fn split<S: Simd>(simd: S, x: S::f32s) -> (S::f32s, S::f32s) {
    // comparisons with NaN are false, which lets it pass
    let (lowest, highest) = (simd.splat_f32s(LOWEST), simd.splat_f32s(HIGHEST));
    let x = simd.select_f32s(simd.less_than_f32s(x, lowest), lowest, x);
    let x = simd.select_f32s(simd.greater_than_f32s(x, highest), highest, x);
    let round = simd.splat_f32s(ROUND);
    let shifted = simd.mul_add_f32s(x, simd.splat_f32s(std::f32::consts::LOG2_E), round);
    let n = simd.sub_f32s(shifted, round);
    let r = simd.negate_mul_add_f32s(n, simd.splat_f32s(LN_2_HIGH), x);
    (shifted, simd.negate_mul_add_f32s(n, simd.splat_f32s(LN_2_LOW), r))
}

/// `x 2^n` in two steps of half the exponent: results below the normal range are rounded once and those above it become
/// infinite.
#[inline(always)]
fn scale<S: Simd>(simd: S, x: S::f32s, n: S::f32s) -> S::f32s {
    // 256 more than n, to halve a positive number
    let n = simd.sub_u32s(simd.transmute_u32s_f32s(n), simd.splat_u32s(ROUND.to_bits() - 256));
    let half = simd.wrapping_dyn_shr_u32s(n, simd.splat_u32s(1));
    let power = |n| {
        let biased = simd.sub_u32s(n, simd.splat_u32s(1));
        simd.transmute_f32s_u32s(simd.wrapping_dyn_shl_u32s(biased, simd.splat_u32s(23)))
    };
    simd.mul_f32s(simd.mul_f32s(x, power(half)), power(simd.sub_u32s(n, half)))
}

/// `2^n` for `n` from [`split`] between -126 and 127.
#[inline(always)]
pub(super) fn power_of_two<S: Simd>(simd: S, n: S::f32s) -> S::f32s {
    let biased = simd.sub_u32s(simd.transmute_u32s_f32s(n), simd.splat_u32s(ROUND.to_bits() - 127));
    simd.transmute_f32s_u32s(simd.wrapping_dyn_shl_u32s(biased, simd.splat_u32s(23)))
}

#[cfg(test)]
mod tests {
    use super::super::sweep::assert_error_below;
    use super::exp;

    #[test]
    fn the_error_stays_below_the_bound_everywhere() {
        assert_error_below!(exp, f64::exp, 1.01);
    }
}
