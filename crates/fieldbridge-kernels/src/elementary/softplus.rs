//! The smooth positive part.

use pulp::Simd;

use super::exp;
use super::ln;

/// `ln(1 + exp(x))`: the positive part of `x` and `ln(1 + e)` with `e = exp(-|x|)`.
#[inline(always)]
pub(crate) fn softplus<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let e = exp(simd, simd.or_f32s(x, simd.splat_f32s(-0.0)));
    let zero = simd.splat_f32s(0.0);
    let part = simd.select_f32s(simd.less_than_f32s(x, zero), zero, x);
    simd.add_f32s(part, ln_of_one_and(simd, e))
}

/// `ln(1 + e)` for `e` from 0 to 1: above the root of two, ln 2 and the logarithm of the half.
#[inline(always)]
fn ln_of_one_and<S: Simd>(simd: S, e: S::f32s) -> S::f32s {
    let half = simd.splat_f32s(0.5);
    let above = simd.greater_than_f32s(e, simd.splat_f32s(std::f32::consts::SQRT_2 - 1.0));
    let f = simd.select_f32s(above, simd.mul_add_f32s(e, half, simd.splat_f32s(-0.5)), e);
    let start = simd.select_f32s(above, simd.splat_f32s(std::f32::consts::LN_2), simd.splat_f32s(0.0));
    let near_one = simd.mul_add_f32s(simd.mul_f32s(f, f), ln::bend(simd, f), f);
    simd.add_f32s(start, near_one)
}

#[cfg(test)]
mod tests {
    use super::super::sweep::assert_error_below;
    use super::softplus;

    fn truth(x: f64) -> f64 {
        if x.is_nan() {
            x
        } else {
            x.max(0.0) + (-x.abs()).exp().ln_1p()
        }
    }

    #[test]
    fn the_error_stays_below_the_bound_everywhere() {
        assert_error_below!(softplus, truth, 1.8);
    }
}
