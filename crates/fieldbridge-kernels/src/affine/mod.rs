//! Shift and scale of each number by parameters of its own.

mod operation;
#[cfg(test)]
mod tests;

use burn_tensor::Tensor;

use crate::halves::halves;
use crate::operation::apply;
use crate::spline::Direction;
use operation::Affine;

/// `y = x exp(c) + m` and `log dy/dx = c`, or for [`Direction::Inverse`] `x = (y - m) exp(-c)` and `-c`, where
/// `c = l tanh(s / l)` holds log-scales within `±l`; an infinite limit `l` leaves `c = s`.
///
/// Numbers: `[rows, D]`; parameters `(m, s)`: `[rows, D, 2]`.
pub fn shift_and_scale(
    numbers: Tensor<2>,
    parameters: Tensor<3>,
    limit: f32,
    direction: Direction,
) -> (Tensor<2>, Tensor<2>) {
    let [rows, dimension] = numbers.dims();
    assert_eq!(
        parameters.dims(),
        [rows, dimension, 2],
        "both parameters of every number"
    );
    let inputs = vec![numbers.into_dispatch(), parameters.into_dispatch()];
    let both = Tensor::<3>::from_dispatch(apply(Affine { limit, direction }, inputs));
    halves(both)
}
