//! Masked autoregressive networks, evaluated and inverted at the cost of one pass.
//!
//! In `z_i = f(x_i; p_i)` the parameters `p_i` of a monotone map come from a network whose masks let them see only some
//! of the other dimensions (Germain et al. 2015, arXiv:1502.03509; Papamakarios et al. 2017, arXiv:1705.07057). The
//! usual inverse runs the whole network once for every dimension. Here dimensions and hidden units are sorted by what
//! they see, which is read off the masks: a dimension of level `t` needs dimensions of lower levels only, and a unit of
//! level `t` is known once the dimensions before level `t` are. The inverse then goes from level to level and evaluates
//! every unit once; blocks of weights that a mask leaves out are not stored.
//!
//! Rows are taken in batches that stay in the cache, each number of a batch in a row of its own, so that the units of
//! one level are one block of memory and splines one lane each.

mod levels;
mod network;
mod pass;
mod prepared;

#[cfg(test)]
mod tests;

use rayon::prelude::*;

pub use network::{Form, Layer, Map, Network, NotAutoregressive};
pub use prepared::Prepared;

use crate::spline::Direction;
use pass::Pass;

/// Rows computed together.
const BATCH: usize = 64;
/// Rows of one task; more than one are computed in parallel.
const TASK: usize = 4 * BATCH;

impl Prepared {
    /// `z` and `sum_i log dz_i/dx_i` of each row of `x`, `[rows, D]`, with context `[rows, width]`; or for
    /// [`Direction::Inverse`] `x` and `sum_i log dx_i/dz_i` of each row of `z`.
    ///
    /// # Panics
    /// When lengths do not fit.
    pub fn transform(&self, direction: Direction, numbers: &[f32], context: &[f32], map: Map) -> (Vec<f32>, Vec<f32>) {
        assert_eq!(
            map.parameters(),
            self.parameters,
            "as many outputs for each dimension as the map has parameters"
        );
        let (dimension, width) = (self.dimension, self.context);
        let rows = numbers.len() / dimension;
        assert_eq!(numbers.len(), rows * dimension, "rows of all dimensions");
        assert_eq!(context.len(), rows * width, "a context for every row");
        let (mut values, mut log_slopes) = (vec![0.0; numbers.len()], vec![0.0; rows]);
        let task = |(index, (values, log_slopes)): (usize, (&mut [f32], &mut [f32]))| {
            let rows = index * TASK..index * TASK + log_slopes.len();
            let mut pass = Pass::new(self, direction, map);
            let numbers = &numbers[rows.start * dimension..rows.end * dimension];
            let context = &context[rows.start * width..rows.end * width];
            for (batch, log_slopes) in log_slopes.chunks_mut(BATCH).enumerate() {
                let rows = batch * BATCH..batch * BATCH + log_slopes.len();
                let of = |each: usize| rows.start * each..rows.end * each;
                pass.run(
                    &numbers[of(dimension)],
                    &context[of(width)],
                    &mut values[of(dimension)],
                    log_slopes,
                );
            }
        };
        if rows <= TASK {
            task((0, (&mut values, &mut log_slopes)));
        } else {
            let tasks = values
                .par_chunks_mut(TASK * dimension)
                .zip(log_slopes.par_chunks_mut(TASK));
            tasks.enumerate().for_each(task);
        }
        (values, log_slopes)
    }
}
