//! The approximation of the Gaussian error linear unit by a hyperbolic tangent.

use pulp::Simd;

use super::curve::Curve;
use crate::elementary::sigmoid;

/// `2 sqrt(2 / pi)`.
const SCALE: f32 = 1.595_769;
/// Of the cube.
const CUBE: f32 = 0.044_715;
/// Beyond, the tangent is one and its slope zero; numbers are held here before their cube can overflow.
const END: f32 = 30.0;

/// `z s(u)` with the logistic function `s` of `u = 2 sqrt(2 / pi) (z + 0.044715 z^3)`, as `(1 + tanh(u / 2)) / 2 = s(u)`;
/// slope `s + z s (1 - s) u'`.
#[derive(Clone, Copy)]
pub(super) struct GeluTanh;

/// `z` held between the ends, its square, and `s(u)`.
#[inline(always)]
fn share<S: Simd>(simd: S, z: S::f32s) -> (S::f32s, S::f32s, S::f32s) {
    let (low, high) = (simd.splat_f32s(-END), simd.splat_f32s(END));
    let held = simd.select_f32s(simd.less_than_f32s(z, low), low, z);
    let held = simd.select_f32s(simd.greater_than_f32s(held, high), high, held);
    let square = simd.mul_f32s(held, held);
    let factor = simd.mul_add_f32s(square, simd.splat_f32s(SCALE * CUBE), simd.splat_f32s(SCALE));
    (held, square, sigmoid(simd, simd.mul_f32s(held, factor)))
}

impl Curve for GeluTanh {
    #[inline(always)]
    fn value<S: Simd>(self, simd: S, z: S::f32s) -> S::f32s {
        simd.mul_f32s(z, share(simd, z).2)
    }

    #[inline(always)]
    fn value_and_slope<S: Simd>(self, simd: S, z: S::f32s) -> (S::f32s, S::f32s) {
        let (held, square, share) = share(simd, z);
        let rise = simd.mul_add_f32s(square, simd.splat_f32s(3.0 * SCALE * CUBE), simd.splat_f32s(SCALE));
        let rest = simd.negate_mul_add_f32s(share, share, share);
        let slope = simd.mul_add_f32s(simd.mul_f32s(held, rise), rest, share);
        (simd.mul_f32s(z, share), slope)
    }
}
