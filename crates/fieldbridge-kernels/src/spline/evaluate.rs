//! Values and log-slopes.

use pulp::{Simd, WithSimd};

use super::Spline;
use super::curve::Point;
use super::knots::{Bin, Lengths, find};
use super::lanes::Lanes;
use super::transposition::Transposition;
use super::{Boundary, Direction};

/// Values and log-slopes of one spline for each number, on this thread.
pub(super) struct Evaluation<'a> {
    pub(super) spline: Spline,
    pub(super) direction: Direction,
    pub(super) numbers: &'a [f32],
    pub(super) parameters: &'a [f32],
    pub(super) values: &'a mut [f32],
    pub(super) log_slopes: &'a mut [f32],
}

impl WithSimd for Evaluation<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            spline,
            direction,
            numbers,
            parameters,
            values,
            log_slopes,
        } = self;
        let each = spline.parameters();
        let transposition = Transposition::new(simd);
        let mut vectors = vec![simd.splat_f32s(0.0); Transposition::vectors(each)];
        let blocks = numbers.chunks(S::F32_LANES).zip(parameters.chunks(S::F32_LANES * each));
        let outputs = values.chunks_mut(S::F32_LANES).zip(log_slopes.chunks_mut(S::F32_LANES));
        for ((numbers, parameters), (values, log_slopes)) in blocks.zip(outputs) {
            transposition.gather(simd, parameters, each, &mut vectors);
            let number = Lanes::new(simd, simd.partial_load_f32s(numbers));
            let (value, log_slope) = value(simd, spline, direction, number, &mut vectors);
            simd.partial_store_f32s(values, value.vector);
            simd.partial_store_f32s(log_slopes, log_slope.vector);
        }
    }
}

/// As [`Evaluation`], where each parameter of all splines is a row of its own, as long as there are numbers.
pub(super) struct EvaluationOfRows<'a> {
    pub(super) spline: Spline,
    pub(super) direction: Direction,
    pub(super) numbers: &'a [f32],
    pub(super) parameters: &'a [f32],
    pub(super) values: &'a mut [f32],
    pub(super) log_slopes: &'a mut [f32],
}

impl WithSimd for EvaluationOfRows<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            spline,
            direction,
            numbers,
            parameters,
            values,
            log_slopes,
        } = self;
        let count = numbers.len();
        let mut vectors = vec![simd.splat_f32s(0.0); spline.parameters()];
        for first in (0..count).step_by(S::F32_LANES) {
            let block = first..count.min(first + S::F32_LANES);
            for (vector, row) in vectors.iter_mut().zip(parameters.chunks_exact(count)) {
                *vector = simd.partial_load_f32s(&row[block.clone()]);
            }
            let number = Lanes::new(simd, simd.partial_load_f32s(&numbers[block.clone()]));
            let (value, log_slope) = value(simd, spline, direction, number, &mut vectors);
            simd.partial_store_f32s(&mut values[block.clone()], value.vector);
            simd.partial_store_f32s(&mut log_slopes[block], log_slope.vector);
        }
    }
}

/// Value and log-slope; `parameters` are used up.
#[inline(always)]
fn value<S: Simd>(
    simd: S,
    spline: Spline,
    direction: Direction,
    number: Lanes<S>,
    parameters: &mut [S::f32s],
) -> (Lanes<S>, Lanes<S>) {
    let zero = number.all(0.0);
    let place = Place::new(simd, spline, direction, number, parameters);
    let (value, log_slope) = match direction {
        Direction::Forward => (place.point.y(&place.bin), place.point.log_slope()),
        Direction::Inverse => (place.point.x(&place.bin), zero - place.point.log_slope()),
    };
    let outside = spline.outside(number);
    (number.or_else(outside, value), zero.or_else(outside, log_slope))
}

/// Where on their splines numbers are.
pub(super) struct Place<'a, S: Simd> {
    pub(super) widths: Lengths<'a, S>,
    pub(super) heights: Lengths<'a, S>,
    /// The logits of the slopes.
    pub(super) slopes: &'a mut [S::f32s],
    pub(super) bin: Bin<S>,
    pub(super) point: Point<S>,
}

impl<'a, S: Simd> Place<'a, S> {
    /// `parameters` hold exponentials afterwards.
    #[inline(always)]
    pub(super) fn new(
        simd: S,
        spline: Spline,
        direction: Direction,
        number: Lanes<S>,
        parameters: &'a mut [S::f32s],
    ) -> Self {
        let (widths, rest) = parameters.split_at_mut(spline.bins);
        let (heights, slopes) = rest.split_at_mut(spline.bins);
        let widths = Lengths::new(simd, spline, widths);
        let heights = Lengths::new(simd, spline, heights);
        let number = spline.enter(number);
        let bin = find(simd, spline, direction, number, &widths, &heights, slopes);
        let point = match direction {
            Direction::Forward => Point::above(simd, &bin, number),
            Direction::Inverse => Point::beside(simd, &bin, number),
        };
        Self {
            widths,
            heights,
            slopes,
            bin,
            point,
        }
    }
}

impl Spline {
    /// Numbers moved into the interval.
    #[inline(always)]
    fn enter<S: Simd>(self, number: Lanes<S>) -> Lanes<S> {
        match self.boundary {
            Boundary::Linear => number.clamp(-self.bound, self.bound),
            Boundary::Circular => {
                let period = number.all(2.0 * self.bound);
                let turns = ((number + number.all(self.bound)) / period).floor();
                number - turns * period
            }
        }
    }

    /// Where the spline is the identity.
    #[inline(always)]
    pub(super) fn outside<S: Simd>(self, number: Lanes<S>) -> S::m32s {
        match self.boundary {
            Boundary::Linear => number.abs().above(number.all(self.bound)),
            Boundary::Circular => number.above(number.all(f32::INFINITY)),
        }
    }
}
