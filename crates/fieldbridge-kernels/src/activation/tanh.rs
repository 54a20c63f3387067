//! The hyperbolic tangent.

use pulp::Simd;

use super::curve::Curve;
use crate::elementary::tanh;

/// `tanh(z)` with slope `1 - tanh(z)^2`.
#[derive(Clone, Copy)]
pub(super) struct Tanh;

impl Curve for Tanh {
    #[inline(always)]
    fn value<S: Simd>(self, simd: S, z: S::f32s) -> S::f32s {
        tanh(simd, z)
    }

    #[inline(always)]
    fn value_and_slope<S: Simd>(self, simd: S, z: S::f32s) -> (S::f32s, S::f32s) {
        let value = tanh(simd, z);
        (value, simd.negate_mul_add_f32s(value, value, simd.splat_f32s(1.0)))
    }
}
