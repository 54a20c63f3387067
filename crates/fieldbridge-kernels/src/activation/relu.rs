//! The positive part.

use pulp::Simd;

use super::curve::Curve;

/// `max(z, 0)`; the slope at zero is zero.
#[derive(Clone, Copy)]
pub(super) struct Relu;

impl Curve for Relu {
    #[inline(always)]
    fn value<S: Simd>(self, simd: S, z: S::f32s) -> S::f32s {
        // false for NaN, which stays
        simd.select_f32s(simd.less_than_f32s(z, simd.splat_f32s(0.0)), simd.splat_f32s(0.0), z)
    }

    #[inline(always)]
    fn value_and_slope<S: Simd>(self, simd: S, z: S::f32s) -> (S::f32s, S::f32s) {
        let (zero, one) = (simd.splat_f32s(0.0), simd.splat_f32s(1.0));
        let slope = simd.select_f32s(simd.less_than_or_equal_f32s(z, zero), zero, z);
        (
            self.value(simd, z),
            simd.select_f32s(simd.greater_than_f32s(z, zero), one, slope),
        )
    }
}
