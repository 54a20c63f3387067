//! Polynomials of vectors.

use pulp::Simd;

/// `c[0] + c[1] x + c[2] x^2 + ...` by Horner's rule with fused products.
#[inline(always)]
pub(crate) fn polynomial<S: Simd, const N: usize>(simd: S, x: S::f32s, coefficients: [f32; N]) -> S::f32s {
    let mut sum = simd.splat_f32s(coefficients[N - 1]);
    for &coefficient in coefficients[..N - 1].iter().rev() {
        sum = simd.mul_add_f32s(sum, x, simd.splat_f32s(coefficient));
    }
    sum
}
