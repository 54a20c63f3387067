//! The logistic function.

use pulp::Simd;

use super::exp;

/// `1 / (1 + exp(-x))`.
#[inline(always)]
pub(crate) fn sigmoid<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let one = simd.splat_f32s(1.0);
    // of minus the size of x, so that it cannot overflow and small values keep their digits
    let power = exp(simd, simd.or_f32s(x, simd.splat_f32s(-0.0)));
    let denominator = simd.add_f32s(one, power);
    let below = simd.less_than_f32s(x, simd.splat_f32s(0.0));
    simd.div_f32s(simd.select_f32s(below, power, one), denominator)
}

#[cfg(test)]
mod tests {
    use super::super::sweep::assert_error_below;
    use super::sigmoid;

    #[test]
    fn the_error_stays_below_the_bound_everywhere() {
        assert_error_below!(sigmoid, |x| 1.0 / (1.0 + (-x).exp()), 2.4);
    }
}
