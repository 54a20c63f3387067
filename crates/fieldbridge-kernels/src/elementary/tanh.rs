//! The hyperbolic tangent.

use pulp::Simd;

use super::exp::{bend, power_of_two, split};
use super::polynomial::polynomial;

/// Where the two forms meet.
const MIDDLE: f32 = 0.6;
/// From here on the nearest number is one.
const ONE_FROM: f32 = 9.02;

/// `tanh(x)`: near zero an odd polynomial, further out `e / (e + 2)` with `e = exp(2 |x|) - 1` and the sign of `x`.
#[inline(always)]
pub(crate) fn tanh<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let end = simd.splat_f32s(ONE_FROM);
    let size = simd.abs_f32s(x);
    let size = simd.select_f32s(simd.greater_than_f32s(size, end), end, size);

    // (tanh(x) / x - 1) / x^2 in the square of x, minimax in the relative error of the tangent, which is 2^-28
    let series = [-0.333_333, 0.133_319_24, -0.053_783_83, 0.020_795_971, -0.005_895_158_3];
    let square = simd.mul_f32s(size, size);
    let near = simd.mul_f32s(square, polynomial(simd, square, series));
    let near = simd.mul_add_f32s(near, size, size);

    let (n, r) = split(simd, simd.add_f32s(size, size));
    let less_one = simd.mul_add_f32s(simd.mul_f32s(r, r), bend(simd, r), r);
    let power = power_of_two(simd, n);
    let e = simd.mul_add_f32s(power, less_one, simd.sub_f32s(power, simd.splat_f32s(1.0)));
    let far = simd.div_f32s(e, simd.add_f32s(e, simd.splat_f32s(2.0)));

    let value = simd.select_f32s(simd.greater_than_f32s(size, simd.splat_f32s(MIDDLE)), far, near);
    simd.or_f32s(value, simd.and_f32s(x, simd.splat_f32s(-0.0)))
}

#[cfg(test)]
mod tests {
    use super::super::sweep::assert_error_below;
    use super::tanh;

    #[test]
    fn the_error_stays_below_the_bound_everywhere() {
        assert_error_below!(tanh, f64::tanh, 1.6);
    }
}
