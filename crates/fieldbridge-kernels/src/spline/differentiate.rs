//! Gradients of values and log-slopes.

use pulp::{Simd, WithSimd};

use super::evaluate::Place;
use super::knots::{Lengths, Piece};
use super::lanes::Lanes;
use super::transposition::Transposition;
use super::{Boundary, Direction, Spline};

/// Gradients with respect to numbers and parameters, from those of values and log-slopes, on this thread.
pub(super) struct Differentiation<'a> {
    pub(super) spline: Spline,
    pub(super) direction: Direction,
    pub(super) numbers: &'a [f32],
    pub(super) parameters: &'a [f32],
    pub(super) of_values: &'a [f32],
    pub(super) of_log_slopes: &'a [f32],
    pub(super) of_numbers: &'a mut [f32],
    pub(super) of_parameters: &'a mut [f32],
}

impl WithSimd for Differentiation<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            spline,
            direction,
            numbers,
            parameters,
            of_values,
            of_log_slopes,
            of_numbers,
            of_parameters,
        } = self;
        let each = spline.parameters();
        let transposition = Transposition::new(simd);
        let mut vectors = vec![simd.splat_f32s(0.0); Transposition::vectors(each)];
        let given = numbers.chunks(S::F32_LANES).zip(parameters.chunks(S::F32_LANES * each));
        let from = of_values.chunks(S::F32_LANES).zip(of_log_slopes.chunks(S::F32_LANES));
        let to = of_numbers
            .chunks_mut(S::F32_LANES)
            .zip(of_parameters.chunks_mut(S::F32_LANES * each));
        for (((numbers, parameters), (of_value, of_log_slope)), (of_number, of_parameters)) in given.zip(from).zip(to) {
            transposition.gather(simd, parameters, each, &mut vectors);
            let found = gradients(
                simd,
                spline,
                direction,
                load(simd, numbers),
                &mut vectors,
                [load(simd, of_value), load(simd, of_log_slope)],
            );
            simd.partial_store_f32s(of_number, found.vector);
            transposition.scatter(simd, &mut vectors, each, of_parameters);
        }
    }
}

/// Turns `parameters` into their gradients and gives that of the number, from those of its value and log-slope.
///
/// An inverse `x(y)` is differentiated through what defines it: with the curve `F(x) = y` and its log-slope `l(x)`,
/// a change of the parameters `p` moves `x` by `-F_p / F_x`, so that the gradients are those of the curve at `x`, held
/// fixed, with `-(g_x - g_l l_x) / F_x` and `-g_l` in place of the gradients of its value and log-slope.
#[inline(always)]
fn gradients<S: Simd>(
    simd: S,
    spline: Spline,
    direction: Direction,
    number: Lanes<S>,
    parameters: &mut [S::f32s],
    [of_value, of_log_slope]: [Lanes<S>; 2],
) -> Lanes<S> {
    let zero = number.all(0.0);
    let Place {
        mut widths,
        mut heights,
        slopes,
        bin,
        point,
    } = Place::new(simd, spline, direction, number, parameters);
    let (height, log_slope) = (point.height_derivatives(), point.log_slope_derivatives());
    let inverse_width = number.all(1.0) / bin.width;
    let (of_y, of_log) = match direction {
        Direction::Forward => (of_value, of_log_slope),
        Direction::Inverse => {
            let total = of_value - of_log_slope * log_slope.u * inverse_width;
            (zero - total / point.slope(), zero - of_log_slope)
        }
    };
    let of_height = of_y * bin.height;
    let of_u = of_height * height.u + of_log * log_slope.u;
    let of_mean = of_height * height.mean + of_log * log_slope.mean;
    let of_left = of_height * height.left + of_log * log_slope.left;
    let of_right = of_height * height.right + of_log * log_slope.right;
    let of_x = of_u * inverse_width;
    let of_number = match direction {
        Direction::Forward => of_x,
        Direction::Inverse => zero - of_y,
    };
    // the left edge in x moves u against x; width and height move u and the mean slope
    let widths_to = [
        zero - of_x,
        zero - (of_u * point.u() + of_mean * point.mean()) * inverse_width,
    ];
    let heights_to = [of_y, of_y * point.height() + of_mean * inverse_width];
    let (left, right) = bin.slope_derivatives(simd);
    let slopes_to = [of_left * left, of_right * right];

    let outside = spline.outside(number);
    let widths_to = widths_to.map(|gradient| zero.or_else(outside, gradient));
    let heights_to = heights_to.map(|gradient| zero.or_else(outside, gradient));
    let slopes_to = slopes_to.map(|gradient| zero.or_else(outside, gradient));
    lengths(simd, spline, bin.index, bin.across, &mut widths, widths_to);
    lengths(simd, spline, bin.index, bin.up, &mut heights, heights_to);
    ends(spline, bin.index, slopes, slopes_to);
    of_value.or_else(outside, of_number)
}

#[inline(always)]
fn load<S: Simd>(simd: S, numbers: &[f32]) -> Lanes<S> {
    Lanes::new(simd, simd.partial_load_f32s(numbers))
}

/// Exponentials become gradients of their logits, from those of the left edge of a bin and of its length.
///
/// The edge is the sum of the lengths before it; for shares `p_j` of a length `L` and gradients `g_j` of the lengths,
/// logit `j` has the gradient `L p_j (g_j - sum_i p_i g_i)`.
#[inline(always)]
fn lengths<S: Simd>(
    simd: S,
    spline: Spline,
    index: Lanes<S>,
    piece: Piece<S>,
    lengths: &mut Lengths<'_, S>,
    [of_edge, of_length]: [Lanes<S>; 2],
) {
    let zero = index.all(0.0);
    let mean = (of_edge * piece.before + of_length * piece.own) * lengths.share;
    let scale = lengths.share * index.all(spline.spread());
    let before = (of_edge - mean) * scale;
    let own = (of_length - mean) * scale;
    let after = (zero - mean) * scale;
    for (bin, exponential) in lengths.exponentials.iter_mut().enumerate() {
        let at = index.all(bin as f32);
        let factor = before.or_else(index.above(at), own.or_else(index.equals(at), after));
        *exponential = (Lanes::new(simd, *exponential) * factor).vector;
    }
}

/// Logits of slopes become their gradients, from those of the logits at the two ends of a bin.
#[inline(always)]
fn ends<S: Simd>(spline: Spline, index: Lanes<S>, slopes: &mut [S::f32s], [of_left, of_right]: [Lanes<S>; 2]) {
    let zero = index.all(0.0);
    let bins = spline.bins;
    // the bins that knot `k` is to the left and to the right of
    let (first, count) = match spline.boundary {
        Boundary::Linear => (1, bins - 1),
        Boundary::Circular => (0, bins),
    };
    for (knot, slope) in (first..).zip(&mut slopes[..count]) {
        let follows = index.equals(index.all((knot % bins) as f32));
        let leads = index.equals(index.all(((knot + bins - 1) % bins) as f32));
        let gradient = of_left.or_else(follows, zero) + of_right.or_else(leads, zero);
        *slope = gradient.vector;
    }
}
