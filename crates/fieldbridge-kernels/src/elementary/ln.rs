//! The natural logarithm.

use pulp::Simd;

use super::polynomial::polynomial;

/// The leading bits of ln 2, so few that all exponents times it are exact.
const LN_2_HIGH: f32 = 0.693_359_4;
/// ln 2 less [`LN_2_HIGH`].
const LN_2_LOW: f32 = -2.121_944_4e-4;
/// Root of one half: numbers are split so that what is left of them lies between it and its double.
const ROOT: u32 = std::f32::consts::FRAC_1_SQRT_2.to_bits();
/// Bits after the exponent.
const FRACTION: u32 = (1 << 23) - 1;

/// `ln(x)`: `e ln 2 + ln(1 + f)` of `x = 2^e (1 + f)`; minus infinity at zero, NaN below.
#[inline(always)]
pub(crate) fn ln<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let subnormal = simd.less_than_f32s(x, simd.splat_f32s(f32::MIN_POSITIVE));
    let normal = simd.select_f32s(subnormal, simd.mul_f32s(x, simd.splat_f32s(8_388_608.0)), x);
    let bias = simd.select_f32s(subnormal, simd.splat_f32s(150.0), simd.splat_f32s(127.0));
    let moved = simd.add_u32s(
        simd.transmute_u32s_f32s(normal),
        simd.splat_u32s(1.0_f32.to_bits() - ROOT),
    );
    // an integer below 2^23 as the last bits of a float that has unit steps
    let exponent = simd.or_u32s(
        simd.wrapping_dyn_shr_u32s(moved, simd.splat_u32s(23)),
        simd.splat_u32s(8_388_608.0_f32.to_bits()),
    );
    let exponent = simd.sub_f32s(simd.transmute_f32s_u32s(exponent), simd.splat_f32s(8_388_608.0));
    let exponent = simd.sub_f32s(exponent, bias);
    let fraction = simd.add_u32s(simd.and_u32s(moved, simd.splat_u32s(FRACTION)), simd.splat_u32s(ROOT));
    let f = simd.sub_f32s(simd.transmute_f32s_u32s(fraction), simd.splat_f32s(1.0));

    let square = simd.mul_f32s(f, f);
    let low = simd.mul_f32s(exponent, simd.splat_f32s(LN_2_LOW));
    let near_one = simd.add_f32s(f, simd.mul_add_f32s(square, bend(simd, f), low));
    let value = simd.mul_add_f32s(exponent, simd.splat_f32s(LN_2_HIGH), near_one);

    // what the split cannot see: infinity, zero, below zero, and NaN, for which all comparisons are false
    let value = simd.select_f32s(simd.less_than_f32s(x, simd.splat_f32s(f32::INFINITY)), value, x);
    let zero = simd.splat_f32s(0.0);
    let (pole, outside) = (simd.splat_f32s(f32::NEG_INFINITY), simd.splat_f32s(f32::NAN));
    let edge = simd.select_f32s(simd.equal_f32s(x, zero), pole, outside);
    simd.select_f32s(simd.greater_than_f32s(x, zero), value, edge)
}

/// `(ln(1 + f) - f) / f^2` for `1 + f` between the roots of one half and of two; minimax in the relative error of the
/// logarithm, which is 2^-27.
#[inline(always)]
pub(super) fn bend<S: Simd>(simd: S, f: S::f32s) -> S::f32s {
    let coefficients = [
        -0.5,
        0.333_333_3,
        -0.250_008_2,
        0.200_012_27,
        -0.166_233_57,
        0.142_017_57,
        -0.131_601_83,
        0.127_615_76,
        -0.076_344_97,
    ];
    polynomial(simd, f, coefficients)
}

#[cfg(test)]
mod tests {
    use super::super::sweep::assert_error_below;
    use super::ln;

    #[test]
    fn the_error_stays_below_the_bound_everywhere() {
        assert_error_below!(ln, f64::ln, 0.9);
    }
}
