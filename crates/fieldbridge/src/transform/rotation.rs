//! Fixed random rotations, which mix dimensions between coupling layers.

use burn_tensor::Tensor;

use super::{Transform, zero_rows};
use crate::network::{ConstantSlot, Registry, Weights};
use crate::random::Stream;

/// `z = x Q` with an orthogonal `Q`; volume is kept.
#[derive(Clone, Debug)]
pub struct Rotation {
    matrix: ConstantSlot,
}

impl Rotation {
    /// A rotation drawn uniformly (Haar) from a stream.
    pub fn new(registry: &mut Registry, dimension: usize, stream: &Stream) -> Self {
        let matrix = orthogonal(dimension, stream);
        Self {
            matrix: registry.constant(&[dimension, dimension], matrix.iter().map(|&q| q as f32).collect()),
        }
    }
}

/// Rows of an orthogonal matrix: normal vectors made orthonormal one after another (Gram-Schmidt, twice for accuracy).
pub(super) fn orthogonal(dimension: usize, stream: &Stream) -> Vec<f64> {
    let mut rows: Vec<f64> = stream
        .normals(dimension * dimension)
        .iter()
        .map(|&x| f64::from(x))
        .collect();
    for row in 0..dimension {
        let (done, rest) = rows.split_at_mut(row * dimension);
        let current = &mut rest[..dimension];
        for _ in 0..2 {
            for earlier in done.chunks_exact(dimension) {
                let overlap: f64 = earlier.iter().zip(current.iter()).map(|(a, b)| a * b).sum();
                current
                    .iter_mut()
                    .zip(earlier)
                    .for_each(|(value, direction)| *value -= overlap * direction);
            }
        }
        let length = current.iter().map(|value| value * value).sum::<f64>().sqrt();
        current.iter_mut().for_each(|value| *value /= length);
    }
    rows
}

impl Transform for Rotation {
    fn forward(&self, weights: &Weights, x: Tensor<2>, _context: Option<&Tensor<2>>) -> (Tensor<2>, Tensor<1>) {
        let zero = zero_rows(&x);
        (x.matmul(weights.constant(self.matrix)), zero)
    }

    fn inverse(&self, weights: &Weights, z: Tensor<2>, _context: Option<&Tensor<2>>) -> (Tensor<2>, Tensor<1>) {
        let zero = zero_rows(&z);
        (z.matmul(weights.constant::<2>(self.matrix).transpose()), zero)
    }
}
