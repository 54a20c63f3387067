//! Dual numbers: a value and its derivatives by `N` parameters, carried along exactly (forward mode).
//!
//! Written here because it is one page: the crates at hand keep derivatives in optional, general vectors of a linear
//! algebra library, which the innermost loop of the spectra would pay for.

use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

use crate::Real;

/// A number and its derivatives by `N` parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dual<const N: usize> {
    /// The number.
    pub value: f64,
    /// Its derivative by each parameter.
    pub slope: [f64; N],
}

impl<const N: usize> Dual<N> {
    /// The parameter number `index` itself: its derivative by itself is one.
    ///
    /// # Panics
    /// When `index` is not below `N`.
    #[must_use]
    pub fn parameter(value: f64, index: usize) -> Self {
        let mut slope = [0.0; N];
        slope[index] = 1.0;
        Self { value, slope }
    }

    /// `self.slope * by + other.slope * other_by` with a new value.
    #[inline]
    fn combine(self, value: f64, by: f64, other: Self, other_by: f64) -> Self {
        let mut slope = self.slope;
        for (slope, other) in slope.iter_mut().zip(other.slope) {
            *slope = *slope * by + other * other_by;
        }
        Self { value, slope }
    }
}

impl<const N: usize> From<f64> for Dual<N> {
    #[inline]
    fn from(value: f64) -> Self {
        Self { value, slope: [0.0; N] }
    }
}

impl<const N: usize> Real for Dual<N> {
    #[inline]
    fn value(self) -> f64 {
        self.value
    }

    #[inline]
    fn chain(self, value: f64, slope: f64) -> Self {
        Self {
            value,
            slope: self.slope.map(|own| own * slope),
        }
    }

    fn is_finite(self) -> bool {
        self.value.is_finite() && self.slope.iter().all(|slope| slope.is_finite())
    }
}

impl<const N: usize> Neg for Dual<N> {
    type Output = Self;
    #[inline]
    fn neg(self) -> Self {
        self.chain(-self.value, -1.0)
    }
}

impl<const N: usize> Add for Dual<N> {
    type Output = Self;
    #[inline]
    fn add(self, other: Self) -> Self {
        self.combine(self.value + other.value, 1.0, other, 1.0)
    }
}

impl<const N: usize> Sub for Dual<N> {
    type Output = Self;
    #[inline]
    fn sub(self, other: Self) -> Self {
        self.combine(self.value - other.value, 1.0, other, -1.0)
    }
}

impl<const N: usize> Mul for Dual<N> {
    type Output = Self;
    #[inline]
    fn mul(self, other: Self) -> Self {
        self.combine(self.value * other.value, other.value, other, self.value)
    }
}

impl<const N: usize> Div for Dual<N> {
    type Output = Self;
    #[inline]
    fn div(self, other: Self) -> Self {
        let inverse = other.value.recip();
        let value = self.value * inverse;
        self.combine(value, inverse, other, -value * inverse)
    }
}

impl<const N: usize> Add<f64> for Dual<N> {
    type Output = Self;
    #[inline]
    fn add(self, other: f64) -> Self {
        Self {
            value: self.value + other,
            ..self
        }
    }
}

impl<const N: usize> Sub<f64> for Dual<N> {
    type Output = Self;
    #[inline]
    fn sub(self, other: f64) -> Self {
        Self {
            value: self.value - other,
            ..self
        }
    }
}

impl<const N: usize> Mul<f64> for Dual<N> {
    type Output = Self;
    #[inline]
    fn mul(self, other: f64) -> Self {
        self.chain(self.value * other, other)
    }
}

impl<const N: usize> Div<f64> for Dual<N> {
    type Output = Self;
    #[inline]
    fn div(self, other: f64) -> Self {
        self.chain(self.value / other, other.recip())
    }
}

impl<const N: usize> AddAssign for Dual<N> {
    #[inline]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl<const N: usize> SubAssign for Dual<N> {
    #[inline]
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A long composition of every operation, for any number.
    fn winding<R: Real>(x: R, y: R) -> R {
        let a = (x * y).exp() / (y + 2.0) - x.ln() * y.sqrt();
        let b = x.powf(1.7).sin() + y.cos() * x.recip() - (x - y).abs().square();
        let c = x.pow(y) + (x * 0.3).sinh() - (y / 3.0).cosh() + (-a).cube() * 0.01;
        a * b - c + (x - 5.0).infinitesimal()
    }

    #[test]
    fn derivatives_are_those_of_central_differences() {
        let (x, y) = (1.3, 0.7);
        let dual = winding(Dual::<2>::parameter(x, 0), Dual::parameter(y, 1));
        // the infinitesimal part is invisible to differences of values
        let step = 1e-5;
        let by_x = (winding(x + step, y) - winding(x - step, y)) / (2.0 * step) + 1.0;
        let by_y = (winding(x, y + step) - winding(x, y - step)) / (2.0 * step);
        assert_eq!(dual.value, winding(x, y));
        assert!((dual.slope[0] - by_x).abs() < 1e-8, "{} {by_x}", dual.slope[0]);
        assert!((dual.slope[1] - by_y).abs() < 1e-8, "{} {by_y}", dual.slope[1]);
    }

    #[test]
    fn a_quotient_undoes_a_product() {
        let (x, y) = (Dual::<3>::parameter(2.5, 0), Dual::parameter(-0.4, 2));
        let back = x * y / y;
        assert!((back.value - 2.5).abs() < 1e-15);
        assert!((back.slope[0] - 1.0).abs() < 1e-15 && back.slope[2].abs() < 1e-14);
    }

    #[test]
    fn a_slope_that_is_not_finite_is_seen() {
        assert!(!Dual::<1>::parameter(0.0, 0).sqrt().is_finite());
        assert!(Dual::<1>::parameter(1.0, 0).sqrt().is_finite());
    }
}
