//! The error function.

use pulp::Simd;

use super::exp;
use super::polynomial::polynomial;

/// Where the two forms meet.
const MIDDLE: f32 = 0.94;
/// From here on the nearest number is one.
const ONE_FROM: f32 = 3.95;

/// `erf(x) = 2 / sqrt(pi)` times the integral of `exp(-t^2)` from 0 to `x`: near zero an odd polynomial, further out one
/// less the exponential of a polynomial.
#[inline(always)]
pub(crate) fn erf<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    // erf(x) / x - 1 in the square of x, minimax in the relative error, which is 2^-30
    let near = [
        0.128_379_23,
        -0.376_126_32,
        0.112_836_64,
        -0.026_857_706,
        0.005_196_952_3,
        -0.000_809_770_37,
        8.185_093e-5,
    ];
    // the logarithm of 1 - erf(x) with its sign turned, minimax in the relative error of erf
    let far = [
        -0.000_182_459_36,
        1.129_552,
        0.633_272_4,
        0.108_361_54,
        -0.025_171_803,
        0.004_190_853_3,
        -0.000_438_529_42,
        2.144_552_1e-5,
    ];
    let end = simd.splat_f32s(ONE_FROM);
    let size = simd.abs_f32s(x);
    let size = simd.select_f32s(simd.greater_than_f32s(size, end), end, size);
    let near = simd.mul_add_f32s(polynomial(simd, simd.mul_f32s(size, size), near), size, size);
    let rest = exp(simd, simd.neg_f32s(polynomial(simd, size, far)));
    let far = simd.sub_f32s(simd.splat_f32s(1.0), rest);
    let value = simd.select_f32s(simd.greater_than_f32s(size, simd.splat_f32s(MIDDLE)), far, near);
    simd.or_f32s(value, simd.and_f32s(x, simd.splat_f32s(-0.0)))
}

#[cfg(test)]
mod tests {
    use super::super::sweep::assert_error_below;
    use super::erf;
    use crate::elementary::sweep::erf_of_double;

    #[test]
    fn the_error_stays_below_the_bound_everywhere() {
        assert_error_below!(erf, erf_of_double, 1.8);
    }
}
