//! Arithmetic on vectors of numbers, written with operators.

use std::ops::{Add, Div, Mul, Sub};

use pulp::Simd;

/// One number for each of the splines that are computed at once.
#[derive(Clone, Copy)]
pub(super) struct Lanes<S: Simd> {
    simd: S,
    pub(super) vector: S::f32s,
}

macro_rules! operator {
    ($name:ident, $method:ident, $instruction:ident) => {
        impl<S: Simd> $name for Lanes<S> {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Self::new(self.simd, self.simd.$instruction(self.vector, other.vector))
            }
        }
    };
}

operator!(Add, add, add_f32s);
operator!(Sub, sub, sub_f32s);
operator!(Mul, mul, mul_f32s);
operator!(Div, div, div_f32s);

impl<S: Simd> Lanes<S> {
    #[inline(always)]
    pub(super) fn new(simd: S, vector: S::f32s) -> Self {
        Self { simd, vector }
    }

    #[inline(always)]
    pub(super) fn splat(simd: S, number: f32) -> Self {
        Self::new(simd, simd.splat_f32s(number))
    }

    /// The same number in every lane.
    #[inline(always)]
    pub(super) fn all(self, number: f32) -> Self {
        Self::splat(self.simd, number)
    }

    /// `self * factor + term`, rounded once.
    #[inline(always)]
    pub(super) fn mul_add(self, factor: Self, term: Self) -> Self {
        Self::new(
            self.simd,
            self.simd.mul_add_f32s(self.vector, factor.vector, term.vector),
        )
    }

    #[inline(always)]
    pub(super) fn max(self, other: Self) -> Self {
        Self::new(self.simd, self.simd.max_f32s(self.vector, other.vector))
    }

    #[inline(always)]
    pub(super) fn abs(self) -> Self {
        Self::new(self.simd, self.simd.abs_f32s(self.vector))
    }

    #[inline(always)]
    pub(super) fn sqrt(self) -> Self {
        Self::new(self.simd, self.simd.sqrt_f32s(self.vector))
    }

    #[inline(always)]
    pub(super) fn at_least(self, other: Self) -> S::m32s {
        self.simd.greater_than_or_equal_f32s(self.vector, other.vector)
    }

    #[inline(always)]
    pub(super) fn above(self, other: Self) -> S::m32s {
        self.simd.greater_than_f32s(self.vector, other.vector)
    }

    #[inline(always)]
    pub(super) fn equals(self, other: Self) -> S::m32s {
        self.simd.equal_f32s(self.vector, other.vector)
    }

    /// `self` where the mask is set, `other` elsewhere.
    #[inline(always)]
    pub(super) fn or_else(self, mask: S::m32s, other: Self) -> Self {
        Self::new(self.simd, self.simd.select_f32s(mask, self.vector, other.vector))
    }

    /// The nearest number in `[low, high]`; unlike least and greatest values, which differ between processors, this
    /// passes on what is not a number.
    #[inline(always)]
    pub(super) fn clamp(self, low: f32, high: f32) -> Self {
        let (low, high) = (self.all(low), self.all(high));
        let raised = low.or_else(low.above(self), self);
        high.or_else(self.above(high), raised)
    }

    /// The largest integer at or below.
    #[inline(always)]
    pub(super) fn floor(self) -> Self {
        let simd = self.simd;
        // from here on all floats are integers
        let large = self.all(8_388_608.0);
        let size = self.abs();
        let sign = simd.and_f32s(self.vector, simd.splat_f32s(-0.0));
        let rounded = Self::new(simd, simd.or_f32s(((size + large) - large).vector, sign));
        let below = (rounded - self.all(1.0)).or_else(rounded.above(self), rounded);
        below.or_else(large.above(size), self)
    }
}
