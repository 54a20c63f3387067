//! A real number, alone or with its derivatives.

use std::fmt::Debug;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

/// A number the forward model can be computed with: `f64`, or [`Dual`](crate::Dual), which carries exact derivatives.
///
/// Every function of one variable is given by its value and its slope through [`Real::chain`].
pub trait Real:
    Copy
    + Debug
    + Send
    + Sync
    + 'static
    + From<f64>
    + Neg<Output = Self>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Add<f64, Output = Self>
    + Sub<f64, Output = Self>
    + Mul<f64, Output = Self>
    + Div<f64, Output = Self>
    + AddAssign
    + SubAssign
{
    /// The number without its derivatives.
    fn value(self) -> f64;

    /// `f(self)` for a function with this `value` and this `slope` at `self.value()`.
    fn chain(self, value: f64, slope: f64) -> Self;

    /// Whether the value and all derivatives are finite.
    fn is_finite(self) -> bool;

    /// The number minus its value: only the derivatives are left.
    fn infinitesimal(self) -> Self {
        self - self.value()
    }

    /// Natural exponential.
    fn exp(self) -> Self {
        let value = self.value().exp();
        self.chain(value, value)
    }

    /// Natural logarithm.
    fn ln(self) -> Self {
        self.chain(self.value().ln(), self.value().recip())
    }

    /// Square root.
    fn sqrt(self) -> Self {
        let value = self.value().sqrt();
        self.chain(value, 0.5 / value)
    }

    /// `self` to a constant power.
    fn powf(self, exponent: f64) -> Self {
        let value = self.value().powf(exponent);
        self.chain(value, exponent * value / self.value())
    }

    /// `self` to a power that has derivatives too.
    fn pow(self, exponent: Self) -> Self {
        (exponent * self.ln()).exp()
    }

    /// `1 / self`.
    fn recip(self) -> Self {
        let value = self.value().recip();
        self.chain(value, -value * value)
    }

    /// Sine.
    fn sin(self) -> Self {
        self.chain(self.value().sin(), self.value().cos())
    }

    /// Cosine.
    fn cos(self) -> Self {
        self.chain(self.value().cos(), -self.value().sin())
    }

    /// Hyperbolic sine.
    fn sinh(self) -> Self {
        self.chain(self.value().sinh(), self.value().cosh())
    }

    /// Hyperbolic cosine.
    fn cosh(self) -> Self {
        self.chain(self.value().cosh(), self.value().sinh())
    }

    /// Absolute value.
    fn abs(self) -> Self {
        if self.value() < 0.0 { -self } else { self }
    }

    /// `self * self`.
    fn square(self) -> Self {
        self * self
    }

    /// `self * self * self`.
    fn cube(self) -> Self {
        self * self * self
    }
}

impl Real for f64 {
    fn value(self) -> f64 {
        self
    }

    fn chain(self, value: f64, _slope: f64) -> Self {
        value
    }

    fn is_finite(self) -> bool {
        f64::is_finite(self)
    }
}

/// `coefficients[0] + coefficients[1] x + ...` (Horner's rule).
pub(crate) fn polynomial<R: Real>(coefficients: &[f64], x: R) -> R {
    coefficients
        .iter()
        .rev()
        .fold(R::from(0.0), |sum, &coefficient| sum * x + coefficient)
}
