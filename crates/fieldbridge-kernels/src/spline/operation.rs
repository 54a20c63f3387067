//! Splines of tensors.

use burn_tensor::Tensor;

use super::{Direction, Spline};
use crate::array::{Array, View};
use crate::halves::halves;
use crate::operation::{AnyTensor, Operation, apply};
use crate::workspace::Buffer;

/// `y` and `log dy/dx`, each `[rows, D]`, at `x`: `[rows, D]`, with parameters `[rows, D, P]`, one spline for each
/// number; [`Spline::parameters`] is `P`.
pub fn rational_quadratic_spline(x: Tensor<2>, parameters: Tensor<3>, spline: Spline) -> (Tensor<2>, Tensor<2>) {
    evaluate(x, parameters, spline, Direction::Forward)
}

/// `x` and `log dx/dy` at `y`, where `y` is [`rational_quadratic_spline`] at `x`.
pub fn rational_quadratic_spline_inverse(
    y: Tensor<2>,
    parameters: Tensor<3>,
    spline: Spline,
) -> (Tensor<2>, Tensor<2>) {
    evaluate(y, parameters, spline, Direction::Inverse)
}

fn evaluate(numbers: Tensor<2>, parameters: Tensor<3>, spline: Spline, direction: Direction) -> (Tensor<2>, Tensor<2>) {
    let [rows, dimension] = numbers.dims();
    assert_eq!(
        parameters.dims(),
        [rows, dimension, spline.parameters()],
        "all parameters of every number"
    );
    let inputs = vec![numbers.into_dispatch(), parameters.into_dispatch()];
    let both = Tensor::<3>::from_dispatch(apply(Evaluate { spline, direction }, inputs));
    halves(both)
}

/// Values, then log-slopes, `[2, rows, D]`.
#[derive(Debug)]
struct Evaluate {
    spline: Spline,
    direction: Direction,
}

impl Operation for Evaluate {
    fn composed(&self, inputs: Vec<AnyTensor>) -> AnyTensor {
        let mut inputs = inputs.into_iter();
        let mut next = || inputs.next().expect("numbers and parameters");
        let (numbers, parameters) = (Tensor::from_dispatch(next()), Tensor::from_dispatch(next()));
        let (values, log_slopes) = self.spline.composed(self.direction, numbers, parameters);
        Tensor::stack::<3>(vec![values, log_slopes], 0).into_dispatch()
    }

    fn forward(&self, inputs: &[View<'_>], _keep: bool) -> (Array, Vec<Array>) {
        let (numbers, parameters) = (inputs[0], inputs[1]);
        let count = numbers.data.len();
        let mut both = Buffer::stale(2 * count);
        let (values, log_slopes) = both.split_at_mut(count);
        self.spline
            .evaluate(self.direction, numbers.data, parameters.data, values, log_slopes);
        let shape = [2, numbers.shape[0], numbers.shape[1]];
        (Array::new(both, shape), Vec::new())
    }

    fn backward(
        &self,
        inputs: &[View<'_>],
        _kept: Vec<Array>,
        gradient: View<'_>,
        wanted: &[bool],
    ) -> Vec<Option<Array>> {
        let (numbers, parameters) = (inputs[0], inputs[1]);
        let (of_values, of_log_slopes) = gradient.data.split_at(numbers.data.len());
        let mut of_numbers = Buffer::stale(numbers.data.len());
        let mut of_parameters = Buffer::stale(parameters.data.len());
        self.spline.differentiate(
            self.direction,
            numbers.data,
            parameters.data,
            of_values,
            of_log_slopes,
            &mut of_numbers,
            &mut of_parameters,
        );
        let found = [
            Array::new(of_numbers, numbers.shape),
            Array::new(of_parameters, parameters.shape),
        ];
        found
            .into_iter()
            .zip(wanted)
            .map(|(array, &wanted)| wanted.then_some(array))
            .collect()
    }
}
