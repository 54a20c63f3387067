//! From parameters to knots, and the bin a number falls into.

use pulp::Simd;

use super::lanes::Lanes;
use super::{Boundary, Direction, SLOPE_SHIFT, SMALLEST_BIN, SMALLEST_SLOPE, Spline};
use crate::elementary::{exp, sigmoid, softplus};

/// Widths or heights: exponentials of the logits, and what they add up to.
pub(super) struct Lengths<'a, S: Simd> {
    pub(super) exponentials: &'a mut [S::f32s],
    /// One over the sum of the exponentials.
    pub(super) share: Lanes<S>,
    /// Length for each unit of the exponentials.
    scale: Lanes<S>,
}

impl<'a, S: Simd> Lengths<'a, S> {
    /// Turns logits into exponentials, in place.
    #[inline(always)]
    pub(super) fn new(simd: S, spline: Spline, logits: &'a mut [S::f32s]) -> Self {
        let mut largest = Lanes::new(simd, logits[0]);
        for &logit in &logits[1..] {
            largest = largest.max(Lanes::new(simd, logit));
        }
        let mut sum = Lanes::splat(simd, 0.0);
        for logit in logits.iter_mut() {
            *logit = exp(simd, (Lanes::new(simd, *logit) - largest).vector);
            sum = sum + Lanes::new(simd, *logit);
        }
        let share = sum.all(1.0) / sum;
        Self {
            exponentials: logits,
            share,
            scale: share * sum.all(spline.spread()),
        }
    }

    #[inline(always)]
    fn first(&self, simd: S) -> Piece<S> {
        Piece {
            before: Lanes::splat(simd, 0.0),
            own: Lanes::new(simd, self.exponentials[0]),
        }
    }

    /// That of `bin`, which follows on `piece`.
    #[inline(always)]
    fn next(&self, simd: S, piece: Piece<S>, bin: usize) -> Piece<S> {
        Piece {
            before: piece.before + piece.own,
            own: Lanes::new(simd, self.exponentials[bin]),
        }
    }
}

/// One side of a bin, in units of the exponentials.
#[derive(Clone, Copy)]
pub(super) struct Piece<S: Simd> {
    /// Exponentials of the bins before it.
    pub(super) before: Lanes<S>,
    /// Its own.
    pub(super) own: Lanes<S>,
}

impl<S: Simd> Piece<S> {
    #[inline(always)]
    fn or_else(self, mask: S::m32s, other: Self) -> Self {
        Self {
            before: self.before.or_else(mask, other.before),
            own: self.own.or_else(mask, other.own),
        }
    }
}

/// The bin a number falls into.
pub(super) struct Bin<S: Simd> {
    /// Which, from zero.
    pub(super) index: Lanes<S>,
    pub(super) across: Piece<S>,
    pub(super) up: Piece<S>,
    pub(super) x: Lanes<S>,
    pub(super) y: Lanes<S>,
    pub(super) width: Lanes<S>,
    pub(super) height: Lanes<S>,
    /// Logits of the slopes at either end, where these have parameters.
    logit_left: Lanes<S>,
    logit_right: Lanes<S>,
    pub(super) slope_left: Lanes<S>,
    pub(super) slope_right: Lanes<S>,
}

/// The bin whose left edge, in `x`, or in `y` for an inverse, is the last one at or below `number`.
#[inline(always)]
pub(super) fn find<S: Simd>(
    simd: S,
    spline: Spline,
    direction: Direction,
    number: Lanes<S>,
    widths: &Lengths<'_, S>,
    heights: &Lengths<'_, S>,
    slopes: &[S::f32s],
) -> Bin<S> {
    let bins = spline.bins;
    let zero = number.all(0.0);
    let mut index = zero;
    let mut across = widths.first(simd);
    let mut up = heights.first(simd);
    let mut left = spline.logit(simd, slopes, 0);
    let mut right = spline.logit(simd, slopes, 1);
    let (mut next_across, mut next_up) = (across, up);
    for bin in 1..bins {
        next_across = widths.next(simd, next_across, bin);
        next_up = heights.next(simd, next_up, bin);
        let at = number.all(bin as f32);
        let edge = match direction {
            Direction::Forward => spline.edge(at, next_across.before, widths.scale),
            Direction::Inverse => spline.edge(at, next_up.before, heights.scale),
        };
        let reached = number.at_least(edge);
        index = at.or_else(reached, index);
        across = next_across.or_else(reached, across);
        up = next_up.or_else(reached, up);
        left = spline.logit(simd, slopes, bin).or_else(reached, left);
        right = spline.logit(simd, slopes, bin + 1).or_else(reached, right);
    }
    let (mut slope_left, mut slope_right) = (slope(simd, left), slope(simd, right));
    if spline.boundary == Boundary::Linear {
        let one = number.all(1.0);
        slope_left = one.or_else(index.equals(zero), slope_left);
        slope_right = one.or_else(index.equals(number.all((bins - 1) as f32)), slope_right);
    }
    let least = number.all(spline.least());
    Bin {
        index,
        across,
        up,
        x: spline.edge(index, across.before, widths.scale),
        y: spline.edge(index, up.before, heights.scale),
        width: across.own.mul_add(widths.scale, least),
        height: up.own.mul_add(heights.scale, least),
        logit_left: left,
        logit_right: right,
        slope_left,
        slope_right,
    }
}

/// The slope that a logit stands for.
#[inline(always)]
fn slope<S: Simd>(simd: S, logit: Lanes<S>) -> Lanes<S> {
    let shifted = logit + logit.all(SLOPE_SHIFT);
    Lanes::new(simd, softplus(simd, shifted.vector)) + logit.all(SMALLEST_SLOPE)
}

/// Its derivative with respect to the logit.
#[inline(always)]
fn slope_derivative<S: Simd>(simd: S, logit: Lanes<S>) -> Lanes<S> {
    let shifted = logit + logit.all(SLOPE_SHIFT);
    Lanes::new(simd, sigmoid(simd, shifted.vector))
}

impl<S: Simd> Bin<S> {
    /// Derivatives of the slopes at either end with respect to their logits.
    #[inline(always)]
    pub(super) fn slope_derivatives(&self, simd: S) -> (Lanes<S>, Lanes<S>) {
        (
            slope_derivative(simd, self.logit_left),
            slope_derivative(simd, self.logit_right),
        )
    }
}

impl Spline {
    /// Smallest length of a bin.
    pub(super) fn least(self) -> f32 {
        2.0 * self.bound * SMALLEST_BIN
    }

    /// The length that is shared out among the bins.
    pub(super) fn spread(self) -> f32 {
        2.0 * self.bound * (1.0 - SMALLEST_BIN * self.bins as f32)
    }

    /// The left edge of bin `index`, after bins that add up to `before`.
    #[inline(always)]
    fn edge<S: Simd>(self, index: Lanes<S>, before: Lanes<S>, scale: Lanes<S>) -> Lanes<S> {
        let start = index.mul_add(index.all(self.least()), index.all(-self.bound));
        before.mul_add(scale, start)
    }

    /// The logit of the slope at a knot, and anything at linear ends, which have none.
    #[inline(always)]
    fn logit<S: Simd>(self, simd: S, slopes: &[S::f32s], knot: usize) -> Lanes<S> {
        match self.boundary {
            Boundary::Linear if knot == 0 || knot == self.bins => Lanes::splat(simd, 0.0),
            Boundary::Linear => Lanes::new(simd, slopes[knot - 1]),
            Boundary::Circular if knot == self.bins => Lanes::new(simd, slopes[0]),
            Boundary::Circular => Lanes::new(simd, slopes[knot]),
        }
    }
}
