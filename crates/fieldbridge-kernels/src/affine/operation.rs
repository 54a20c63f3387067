//! The map forward and backward on slices.

use burn_tensor::Tensor;

use crate::array::{Array, View};
use crate::elementary::slice;
use crate::operation::{AnyTensor, Operation};
use crate::spline::Direction;
use crate::workspace::Buffer;

/// Values, then log-slopes, `[2, rows, D]`.
#[derive(Debug)]
pub(super) struct Affine {
    pub(super) limit: f32,
    pub(super) direction: Direction,
}

impl Affine {
    /// `c` of every number.
    fn log_scales(&self, parameters: &[f32]) -> Buffer {
        let mut c = Buffer::stale(parameters.len() / 2);
        let pairs = parameters.chunks_exact(2);
        if self.limit.is_finite() {
            c.iter_mut().zip(pairs).for_each(|(c, pair)| *c = pair[1] / self.limit);
            slice::tanh(&mut c);
            c.iter_mut().for_each(|c| *c *= self.limit);
        } else {
            c.iter_mut().zip(pairs).for_each(|(c, pair)| *c = pair[1]);
        }
        c
    }

    /// `dc/ds` where `c` is known.
    fn slope(&self, c: f32) -> f32 {
        let share = c / self.limit;
        1.0 - share * share
    }
}

impl Operation for Affine {
    fn composed(&self, inputs: Vec<AnyTensor>) -> AnyTensor {
        let mut inputs = inputs.into_iter();
        let numbers = Tensor::<2>::from_dispatch(inputs.next().expect("numbers"));
        let parameters = Tensor::<3>::from_dispatch(inputs.next().expect("parameters"));
        let part = |place: usize| parameters.clone().narrow(2, place, 1).squeeze_dim::<2>(2);
        let (m, s) = (part(0), part(1));
        let c = match self.limit.is_finite() {
            true => (s / self.limit).tanh() * self.limit,
            false => s,
        };
        let (value, log_slope) = match self.direction {
            Direction::Forward => (numbers * c.clone().exp() + m, c),
            Direction::Inverse => ((numbers - m) * c.clone().neg().exp(), c.neg()),
        };
        Tensor::stack::<3>(vec![value, log_slope], 0).into_dispatch()
    }

    fn forward(&self, inputs: &[View<'_>], keep: bool) -> (Array, Vec<Array>) {
        let (numbers, parameters) = (inputs[0], inputs[1]);
        let count = numbers.data.len();
        let mut log_slopes = self.log_scales(parameters.data);
        if self.direction == Direction::Inverse {
            log_slopes.iter_mut().for_each(|c| *c = -*c);
        }
        let mut factors = log_slopes.clone();
        slice::exp(&mut factors);
        let mut both = Buffer::stale(2 * count);
        let (values, logs) = both.split_at_mut(count);
        logs.copy_from_slice(&log_slopes);
        let pairs = parameters.data.chunks_exact(2);
        let terms = numbers.data.iter().zip(pairs).zip(factors.iter());
        for (value, ((&number, pair), &factor)) in values.iter_mut().zip(terms) {
            *value = match self.direction {
                Direction::Forward => number * factor + pair[0],
                Direction::Inverse => (number - pair[0]) * factor,
            };
        }
        let shape = [2, numbers.shape[0], numbers.shape[1]];
        let kept = match keep {
            true => vec![Array::new(log_slopes, [count]), Array::new(factors, [count])],
            false => Vec::new(),
        };
        (Array::new(both, shape), kept)
    }

    fn backward(
        &self,
        inputs: &[View<'_>],
        kept: Vec<Array>,
        gradient: View<'_>,
        _wanted: &[bool],
    ) -> Vec<Option<Array>> {
        let (numbers, parameters) = (inputs[0], inputs[1]);
        let (of_values, of_logs) = gradient.data.split_at(numbers.data.len());
        let (log_slopes, factors) = (&kept[0].data, &kept[1].data);
        let mut of_numbers = Buffer::stale(numbers.data.len());
        let mut of_parameters = Buffer::stale(parameters.data.len());
        let pairs = parameters.data.chunks_exact(2).zip(of_parameters.chunks_exact_mut(2));
        for (at, (pair, of_pair)) in pairs.enumerate() {
            let (through, number) = (of_values[at] * factors[at], numbers.data[at]);
            of_numbers[at] = through;
            // with respect to the log-slope, which is c forward and -c back
            let (of_shift, of_log, sign) = match self.direction {
                Direction::Forward => (of_values[at], through * number + of_logs[at], 1.0),
                Direction::Inverse => (-through, through * (number - pair[0]) + of_logs[at], -1.0),
            };
            of_pair[0] = of_shift;
            of_pair[1] = sign * of_log * self.slope(log_slopes[at]);
        }
        vec![
            Some(Array::new(of_numbers, numbers.shape)),
            Some(Array::new(of_parameters, parameters.shape)),
        ]
    }
}
