//! What an activation function is to the loops over slices.

use pulp::Simd;

/// A function of one number and its derivative, on vectors of them.
pub(super) trait Curve: Copy {
    /// `a(z)`.
    fn value<S: Simd>(self, simd: S, z: S::f32s) -> S::f32s;

    /// `a(z)`, the same number as [`Curve::value`] gives, and `a'(z)`.
    fn value_and_slope<S: Simd>(self, simd: S, z: S::f32s) -> (S::f32s, S::f32s);
}
