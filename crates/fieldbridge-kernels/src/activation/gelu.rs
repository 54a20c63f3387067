//! The Gaussian error linear unit.

use pulp::Simd;

use super::curve::Curve;
use crate::elementary::{exp, polynomial};

/// `1 / sqrt(2 pi)`.
const DENSITY: f32 = 0.398_942_3;
/// Beyond, what is left of the normal distribution is below all single-precision numbers.
const END: f32 = 14.5;

/// `z P(z)` with slope `P(z) + z p(z)`, where `P` and `p` are the distribution function and density of a normal number.
///
/// The tail is `P(-t) = exp(-t^2 / 2) Q(t)`; the exponential serves the density too, and far below zero no digits are
/// lost as they would be in `1 + erf`.
#[derive(Clone, Copy)]
pub(super) struct Gelu;

/// `P(z)`, `z` held between the ends, and `exp(-z^2 / 2)`.
#[inline(always)]
fn share<S: Simd>(simd: S, z: S::f32s) -> (S::f32s, S::f32s, S::f32s) {
    // Q(t) in 1 / (1 + 0.3 t), minimax in relative error, which is 2^-24
    let coefficients = [
        7.302_23e-6,
        0.119_485_41,
        0.121_936_65,
        0.094_619_67,
        0.142_685_67,
        -0.076_724_11,
        0.228_850_56,
        -0.169_258_39,
        0.038_397_282,
    ];
    let one = simd.splat_f32s(1.0);
    let end = simd.splat_f32s(END);
    let size = simd.abs_f32s(z);
    let size = simd.select_f32s(simd.greater_than_f32s(size, end), end, size);
    let u = simd.div_f32s(one, simd.mul_add_f32s(size, simd.splat_f32s(0.3), one));
    let fall = exp(simd, simd.mul_f32s(simd.mul_f32s(size, size), simd.splat_f32s(-0.5)));
    let tail = simd.mul_f32s(fall, polynomial(simd, u, coefficients));
    let below = simd.less_than_f32s(z, simd.splat_f32s(0.0));
    let share = simd.select_f32s(below, tail, simd.sub_f32s(one, tail));
    let held = simd.or_f32s(size, simd.and_f32s(z, simd.splat_f32s(-0.0)));
    (share, held, fall)
}

impl Curve for Gelu {
    #[inline(always)]
    fn value<S: Simd>(self, simd: S, z: S::f32s) -> S::f32s {
        simd.mul_f32s(z, share(simd, z).0)
    }

    #[inline(always)]
    fn value_and_slope<S: Simd>(self, simd: S, z: S::f32s) -> (S::f32s, S::f32s) {
        let (share, held, fall) = share(simd, z);
        let slope = simd.mul_add_f32s(simd.mul_f32s(held, simd.splat_f32s(DENSITY)), fall, share);
        (simd.mul_f32s(z, share), slope)
    }
}
