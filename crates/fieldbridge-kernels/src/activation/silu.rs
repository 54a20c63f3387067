//! The number times its logistic function.

use pulp::Simd;

use super::curve::Curve;
use crate::elementary::sigmoid;

/// `z s` with `s = 1 / (1 + exp(-z))` and slope `s + z s (1 - s)`.
#[derive(Clone, Copy)]
pub(super) struct Silu;

impl Curve for Silu {
    #[inline(always)]
    fn value<S: Simd>(self, simd: S, z: S::f32s) -> S::f32s {
        simd.mul_f32s(z, sigmoid(simd, z))
    }

    #[inline(always)]
    fn value_and_slope<S: Simd>(self, simd: S, z: S::f32s) -> (S::f32s, S::f32s) {
        let share = sigmoid(simd, z);
        let value = simd.mul_f32s(z, share);
        let rest = simd.sub_f32s(simd.splat_f32s(1.0), share);
        (value, simd.mul_add_f32s(value, rest, share))
    }
}
