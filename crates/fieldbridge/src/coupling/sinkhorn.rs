//! Optimal transport with an entropic price.

use rayon::prelude::*;

use super::{Batch, Coupling, distance::squared_distances, entropic_plan};
use crate::random::Stream;

/// Draws pairs from the entropic plan between the base draws and the data rows of a batch,
///
/// `P = argmin sum_ij P_ij |x0_i - x1_j|^2 + 2 s^2 sum_ij P_ij (log P_ij - 1)`, rows and columns of `P` summing to `1/n`
///
/// (Cuturi 2013, arXiv:1306.0895; in flow matching Tong et al. 2023, arXiv:2302.00482): the Schrodinger bridge between
/// the two sets for a Brownian motion of variance `s^2`. `s -> 0` is the assignment, `s -> infinity` the independent
/// coupling. Every data row draws its base row from its column of `P`, so a base row may be joined to several data rows or
/// to none; the plan itself has both marginals. Rows with a coordinate that is not finite keep their own base draw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sinkhorn {
    /// `s`, in units of the scaled data.
    pub deviation: f64,
    /// Largest error of a row sum of `n P` at which the iteration stops.
    pub tolerance: f64,
    /// Most iterations.
    pub iterations: usize,
}

impl Default for Sinkhorn {
    fn default() -> Self {
        Self {
            deviation: 0.5,
            tolerance: 1e-3,
            iterations: 1000,
        }
    }
}

impl Coupling for Sinkhorn {
    fn pair(&self, batch: &Batch<'_>, stream: &Stream) -> Vec<usize> {
        batch.expect_consistent();
        let Batch { base, data, rows, .. } = *batch;
        if rows < 2 || data.is_empty() {
            return (0..rows).collect();
        }
        // lines are data rows, columns base rows
        let mut cost = squared_distances(base, data, rows);
        let broken = |table: &[f32], row: usize| {
            let width = table.len() / rows;
            table[row * width..(row + 1) * width]
                .iter()
                .any(|value| !value.is_finite())
        };
        let alone: Vec<bool> = (0..rows).map(|row| broken(base, row) || broken(data, row)).collect();
        for line in 0..rows {
            for column in 0..rows {
                if alone[line] || alone[column] {
                    cost[line * rows + column] = if line == column { 0.0 } else { f64::INFINITY };
                }
            }
        }
        let price = 2.0 * self.deviation * self.deviation;
        let plan = entropic_plan(&cost, rows, price, self.tolerance, self.iterations);
        let uniforms = stream.child("plan", 0).uniforms(rows);
        plan.log
            .par_chunks_exact(rows)
            .zip(&uniforms)
            .map(|(line, &uniform)| {
                let total: f64 = line.iter().map(|log| log.exp()).sum();
                let mut left = f64::from(uniform) * total;
                let place = line.iter().position(|log| {
                    left -= log.exp();
                    left < 0.0
                });
                place.unwrap_or_else(|| (0..rows).max_by(|&a, &b| line[a].total_cmp(&line[b])).unwrap_or(0))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
