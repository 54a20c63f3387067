//! The ratio of quadratics within a bin, its slope, its root and its derivatives.

use pulp::Simd;

use super::knots::Bin;
use super::lanes::Lanes;
use crate::elementary::ln;

/// A point of the curve `t(u) = (s u^2 + d_0 u v) / D` within a bin, where `s` is the mean slope, `d_0` and `d_1` those
/// at the ends, `v = 1 - u` and `D = s (u^2 + v^2) + (d_0 + d_1) u v`; all terms are positive, nothing cancels.
pub(super) struct Point<S: Simd> {
    simd: S,
    u: Lanes<S>,
    v: Lanes<S>,
    mean: Lanes<S>,
    left: Lanes<S>,
    right: Lanes<S>,
    /// `1 / D`.
    inverse_denominator: Lanes<S>,
    /// `N = d_1 u^2 + 2 s u v + d_0 v^2`; the slope within the unit square is `s N / D^2`.
    numerator: Lanes<S>,
}

/// Derivatives with respect to what a point is made of.
pub(super) struct Derivatives<S: Simd> {
    pub(super) u: Lanes<S>,
    pub(super) mean: Lanes<S>,
    pub(super) left: Lanes<S>,
    pub(super) right: Lanes<S>,
}

impl<S: Simd> Point<S> {
    #[inline(always)]
    fn new(simd: S, bin: &Bin<S>, mean: Lanes<S>, u: Lanes<S>, v: Lanes<S>) -> Self {
        let (left, right) = (bin.slope_left, bin.slope_right);
        let (uu, uv, vv) = (u * u, u * v, v * v);
        let denominator = mean * (uu + vv) + (left + right) * uv;
        Self {
            simd,
            u,
            v,
            mean,
            left,
            right,
            inverse_denominator: u.all(1.0) / denominator,
            numerator: right * uu + mean * (uv + uv) + left * vv,
        }
    }

    /// The point above `x`.
    #[inline(always)]
    pub(super) fn above(simd: S, bin: &Bin<S>, x: Lanes<S>) -> Self {
        let u = ((x - bin.x) / bin.width).clamp(0.0, 1.0);
        Self::new(simd, bin, bin.height / bin.width, u, u.all(1.0) - u)
    }

    /// The point beside `y`.
    ///
    /// With `t` the height within the bin, `u` solves `a u^2 + b u - s t = 0` where `b = q + 2 s t`, `a = s - b` and
    /// `q = d_0 (1-t) - d_1 t`; its discriminant is `q^2 + 4 s^2 t (1-t)`. One of `u` and `1-u` is found from a sum of
    /// positive terms, according to the sign of `q`.
    #[inline(always)]
    pub(super) fn beside(simd: S, bin: &Bin<S>, y: Lanes<S>) -> Self {
        let one = y.all(1.0);
        let mean = bin.height / bin.width;
        let t = ((y - bin.y) / bin.height).clamp(0.0, 1.0);
        let rest = one - t;
        let q = bin.slope_left * rest - bin.slope_right * t;
        let twice = mean + mean;
        let root = (q * q + twice * t * (twice * rest)).sqrt();
        let rising = q.at_least(y.all(0.0));
        let near = twice * t.or_else(rising, rest);
        let part = near / (near + q.abs() + root);
        let other = one - part;
        Self::new(
            simd,
            bin,
            mean,
            part.or_else(rising, other),
            other.or_else(rising, part),
        )
    }

    #[inline(always)]
    pub(super) fn x(&self, bin: &Bin<S>) -> Lanes<S> {
        self.u.mul_add(bin.width, bin.x)
    }

    #[inline(always)]
    pub(super) fn y(&self, bin: &Bin<S>) -> Lanes<S> {
        self.height().mul_add(bin.height, bin.y)
    }

    /// `t(u)`.
    #[inline(always)]
    pub(super) fn height(&self) -> Lanes<S> {
        (self.mean * self.u + self.left * self.v) * self.u * self.inverse_denominator
    }

    /// `dy/dx`.
    #[inline(always)]
    pub(super) fn slope(&self) -> Lanes<S> {
        let ratio = self.mean * self.inverse_denominator;
        ratio * self.numerator * ratio
    }

    /// `log dy/dx`.
    #[inline(always)]
    pub(super) fn log_slope(&self) -> Lanes<S> {
        Lanes::new(self.simd, ln(self.simd, self.slope().vector))
    }

    #[inline(always)]
    pub(super) fn mean(&self) -> Lanes<S> {
        self.mean
    }

    #[inline(always)]
    pub(super) fn u(&self) -> Lanes<S> {
        self.u
    }

    /// Of `t`.
    #[inline(always)]
    pub(super) fn height_derivatives(&self) -> Derivatives<S> {
        let (u, v, inverse) = (self.u, self.v, self.inverse_denominator);
        let (uv, part) = (u * v, u * v * inverse);
        Derivatives {
            u: self.mean * inverse * (self.numerator * inverse),
            mean: (self.right * inverse * u * u - self.left * inverse * v * v) * part,
            left: (self.mean * v * v + self.right * uv) * inverse * part,
            right: self.mean.all(0.0) - (self.mean * u * u + self.left * uv) * inverse * part,
        }
    }

    /// Of `log dy/dx`.
    #[inline(always)]
    pub(super) fn log_slope_derivatives(&self) -> Derivatives<S> {
        let (u, v, inverse) = (self.u, self.v, self.inverse_denominator);
        let two = u.all(2.0);
        let uv = u * v;
        let ends = uv * inverse * two;
        let inverse_numerator = u.all(1.0) / self.numerator;
        let curvature = self.left + self.right - two * self.mean;
        let bend = self.right * u + self.mean * (v - u) - self.left * v;
        Derivatives {
            u: two * (bend * inverse_numerator - curvature * (v - u) * inverse),
            mean: two * (u.all(1.0) / self.mean + uv * inverse_numerator - (u * u + v * v) * inverse),
            left: v * v * inverse_numerator - ends,
            right: u * u * inverse_numerator - ends,
        }
    }
}
