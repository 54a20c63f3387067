//! Shift and scale.

use burn_tensor::Tensor;
use fieldbridge_kernels::affine::shift_and_scale;
use fieldbridge_kernels::autoregressive::Map;
use fieldbridge_kernels::spline::Direction;

use super::{Monotone, Transform, total};
use crate::network::{Initial, Registry, Slot, Weights};

/// Log-scales are bounded smoothly at `±LIMIT`, so that no step of training can overflow the exponential.
const LIMIT: f32 = 6.0;

/// `y = x exp(s) + m` with parameters `(m, s)` given from outside: the masked autoregressive flow of Papamakarios et al.
/// (2017, arXiv:1705.07057) with other names for its parameters, `(-m exp(-s), -s)`, which are learned sooner.
#[derive(Clone, Copy, Debug, Default)]
pub struct AffineMap;

impl AffineMap {
    fn evaluate(numbers: Tensor<2>, parameters: Tensor<3>, direction: Direction) -> (Tensor<2>, Tensor<2>) {
        let [batch, dimension] = numbers.dims();
        // all rows may share one row of parameters
        let parameters = parameters.expand([batch, dimension, 2]);
        shift_and_scale(numbers, parameters, LIMIT, direction)
    }
}

impl Monotone for AffineMap {
    fn parameters(&self) -> usize {
        2
    }

    fn forward(&self, x: Tensor<2>, parameters: Tensor<3>) -> (Tensor<2>, Tensor<2>) {
        Self::evaluate(x, parameters, Direction::Forward)
    }

    fn inverse(&self, y: Tensor<2>, parameters: Tensor<3>) -> (Tensor<2>, Tensor<2>) {
        Self::evaluate(y, parameters, Direction::Inverse)
    }

    fn map(&self) -> Option<Map> {
        Some(Map::Affine { limit: LIMIT })
    }
}

/// `z = (x - m) exp(-s)`, the same shift and scale for every row, learned, one pair for each dimension.
#[derive(Clone, Debug)]
pub struct Affine {
    parameters: Slot,
}

impl Affine {
    /// Starts as the identity on `dimension` numbers.
    pub fn new(registry: &mut Registry, dimension: usize) -> Self {
        Self {
            parameters: registry.parameter("affine", &[1, dimension, 2], Initial::Constant(0.0)),
        }
    }
}

impl Transform for Affine {
    fn forward(&self, weights: &Weights, x: Tensor<2>, _context: Option<&Tensor<2>>) -> (Tensor<2>, Tensor<1>) {
        let (z, log_slope) = AffineMap.inverse(x, weights.get(self.parameters));
        (z, total(log_slope))
    }

    fn inverse(&self, weights: &Weights, z: Tensor<2>, _context: Option<&Tensor<2>>) -> (Tensor<2>, Tensor<1>) {
        let (x, log_slope) = AffineMap.forward(z, weights.get(self.parameters));
        (x, total(log_slope))
    }
}
