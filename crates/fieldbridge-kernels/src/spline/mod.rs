//! Monotone rational-quadratic splines (Gregory and Delbourgo 1982; Durkan et al. 2019, arXiv:1906.04032).
//!
//! A spline passes through `bins + 1` knots on `[-bound, bound]`. Of its parameters, the first `bins` give the widths of
//! the bins and the next `bins` their heights: shares of the interval by softmax, of which a thousandth is left to every
//! bin; the rest give slopes at knots, `softplus(p + shift) + 0.001`, where zero gives one. Within a bin of width `w`,
//! height `h`, mean slope `s = h/w` and end slopes `d_0`, `d_1`, at `u` in `[0, 1]`:
//! `y = y_0 + h (s u^2 + d_0 u (1-u)) / (s + (d_0 + d_1 - 2 s) u (1-u))`.
//!
//! As many splines as the processor has lanes are computed at once, one in each; nothing is kept for the gradients, which
//! find the knots again.

mod composed;
mod curve;
mod differentiate;
mod evaluate;
mod knots;
mod lanes;
mod operation;
mod transposition;

#[cfg(test)]
pub(crate) mod tests;

use pulp::Arch;
use rayon::prelude::*;

use differentiate::Differentiation;
pub use operation::{rational_quadratic_spline, rational_quadratic_spline_inverse};

use evaluate::{Evaluation, EvaluationOfRows};

/// Smallest width and height of a bin, as a share of the interval.
const SMALLEST_BIN: f32 = 1e-3;
/// Smallest slope at a knot.
const SMALLEST_SLOPE: f32 = 1e-3;
/// `softplus(SLOPE_SHIFT) + SMALLEST_SLOPE` is one.
const SLOPE_SHIFT: f32 = 0.539_742_4;
/// Splines of one block; more than one block are computed in parallel.
const BLOCK: usize = 2048;

/// What happens at the ends of the interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Boundary {
    /// Identity outside, slope one at both ends; `3 bins - 1` parameters.
    Linear,
    /// The interval is a circle: equal slopes at both ends, numbers outside are wrapped into it (Rezende et al. 2020,
    /// arXiv:2002.02428); `3 bins` parameters.
    Circular,
}

/// From `x` to `y`, or back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// `y` at a given `x`.
    Forward,
    /// `x` at a given `y`.
    Inverse,
}

/// What all splines of one operation have in common.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spline {
    /// Number of bins, at least one and less than a thousand.
    pub bins: usize,
    /// Half the length of the interval.
    pub bound: f32,
    /// What happens at its ends.
    pub boundary: Boundary,
}

impl Spline {
    /// Parameters of one spline.
    pub fn parameters(self) -> usize {
        match self.boundary {
            Boundary::Linear => 3 * self.bins - 1,
            Boundary::Circular => 3 * self.bins,
        }
    }

    /// Value and log-slope, in the direction, of one spline for each number.
    ///
    /// `parameters` holds [`Spline::parameters`] for every number, one spline after the other.
    ///
    /// # Panics
    /// When lengths do not fit.
    pub fn evaluate(
        self,
        direction: Direction,
        numbers: &[f32],
        parameters: &[f32],
        values: &mut [f32],
        log_slopes: &mut [f32],
    ) {
        let count = numbers.len();
        self.check(numbers, parameters, values, log_slopes);
        let block = |numbers, parameters, values, log_slopes| {
            let evaluation = Evaluation {
                spline: self,
                direction,
                numbers,
                parameters,
                values,
                log_slopes,
            };
            Arch::new().dispatch(evaluation);
        };
        if count <= BLOCK {
            return block(numbers, parameters, values, log_slopes);
        }
        let blocks = numbers
            .par_chunks(BLOCK)
            .zip(parameters.par_chunks(BLOCK * self.parameters()));
        let outputs = values.par_chunks_mut(BLOCK).zip(log_slopes.par_chunks_mut(BLOCK));
        blocks
            .zip(outputs)
            .for_each(|((numbers, parameters), (values, log_slopes))| {
                block(numbers, parameters, values, log_slopes);
            });
    }

    fn check(self, numbers: &[f32], parameters: &[f32], values: &[f32], log_slopes: &[f32]) {
        let count = numbers.len();
        assert_eq!(
            parameters.len(),
            count * self.parameters(),
            "all parameters of every spline"
        );
        assert_eq!(
            (values.len(), log_slopes.len()),
            (count, count),
            "a value and a log-slope for every number"
        );
    }

    /// As [`Spline::evaluate`], on this thread, with parameters the other way round: the first of all splines, the
    /// second of all splines, and so on.
    pub(crate) fn evaluate_rows(
        self,
        direction: Direction,
        numbers: &[f32],
        parameters: &[f32],
        values: &mut [f32],
        log_slopes: &mut [f32],
    ) {
        self.check(numbers, parameters, values, log_slopes);
        let spline = self;
        Arch::new().dispatch(EvaluationOfRows {
            spline,
            direction,
            numbers,
            parameters,
            values,
            log_slopes,
        });
    }

    /// Gradients with respect to numbers and parameters, from those of values and log-slopes.
    ///
    /// # Panics
    /// When lengths do not fit.
    #[allow(clippy::too_many_arguments, reason = "four given arrays, two found")]
    pub fn differentiate(
        self,
        direction: Direction,
        numbers: &[f32],
        parameters: &[f32],
        of_values: &[f32],
        of_log_slopes: &[f32],
        of_numbers: &mut [f32],
        of_parameters: &mut [f32],
    ) {
        let (count, each) = (numbers.len(), self.parameters());
        assert_eq!(parameters.len(), count * each, "all parameters of every spline");
        assert_eq!(
            (of_values.len(), of_log_slopes.len()),
            (count, count),
            "two gradients for every number"
        );
        assert_eq!(
            (of_numbers.len(), of_parameters.len()),
            (count, parameters.len()),
            "the gradients' own lengths"
        );
        let block = |numbers, parameters, of_values, of_log_slopes, of_numbers, of_parameters| {
            Arch::new().dispatch(Differentiation {
                spline: self,
                direction,
                numbers,
                parameters,
                of_values,
                of_log_slopes,
                of_numbers,
                of_parameters,
            });
        };
        if count <= BLOCK {
            return block(numbers, parameters, of_values, of_log_slopes, of_numbers, of_parameters);
        }
        let given = numbers.par_chunks(BLOCK).zip(parameters.par_chunks(BLOCK * each));
        let from = of_values.par_chunks(BLOCK).zip(of_log_slopes.par_chunks(BLOCK));
        let to = of_numbers
            .par_chunks_mut(BLOCK)
            .zip(of_parameters.par_chunks_mut(BLOCK * each));
        given.zip(from).zip(to).for_each(
            |(((numbers, parameters), (values, log_slopes)), (to_numbers, to_parameters))| {
                block(numbers, parameters, values, log_slopes, to_numbers, to_parameters);
            },
        );
    }
}
