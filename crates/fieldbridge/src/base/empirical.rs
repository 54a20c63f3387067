//! Points of a data set.

use std::sync::Arc;

use burn_tensor::Tensor;
use rand::Rng;

use super::Base;
use crate::random::Stream;

/// Draws points of a set, each with the same probability, with replacement. Its density is not known.
#[derive(Clone, Debug, PartialEq)]
pub struct Empirical {
    points: Arc<[f32]>,
    dimension: usize,
}

impl Empirical {
    /// The points, flat, row by row, `dimension` numbers each; none when they are no such table, or an empty one, or hold
    /// a number that is not finite.
    pub fn new(points: Vec<f32>, dimension: usize) -> Option<Self> {
        let whole = dimension > 0 && !points.is_empty() && points.len().is_multiple_of(dimension);
        (whole && points.iter().all(|value| value.is_finite())).then(|| Self {
            points: points.into(),
            dimension,
        })
    }

    /// Number of points.
    pub fn count(&self) -> usize {
        self.points.len() / self.dimension
    }
}

impl Base for Empirical {
    fn sample(&self, rows: usize, dimension: usize, stream: &Stream) -> Vec<f32> {
        assert_eq!(dimension, self.dimension, "the points are as long as the data");
        let mut generator = stream.generator();
        (0..rows)
            .flat_map(|_| {
                // 64 bits leave no bias that could be seen
                let chosen = ((u128::from(generator.next_u64()) * self.count() as u128) >> 64) as usize;
                self.points[chosen * dimension..(chosen + 1) * dimension]
                    .iter()
                    .copied()
            })
            .collect()
    }

    fn log_density(&self, z: Tensor<2>) -> Tensor<1> {
        let [rows, _] = z.dims();
        Tensor::full([rows], f32::NAN, &z.device())
    }

    fn has_density(&self) -> bool {
        false
    }
}
