//! Optimal transport with an entropic price.

use rayon::prelude::*;

use super::{Batch, Coupling, distance::squared_distances};
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

/// `log P` of an entropic plan, and how well its rows sum.
#[derive(Clone, Debug)]
pub struct Plan {
    /// `log P_ij` at `[i * n + j]` for cost line `i` and column `j`.
    pub log: Vec<f64>,
    /// Largest error of a line sum of `n P`.
    pub error: f64,
    /// Iterations done.
    pub iterations: usize,
}

/// `max + ln(sum exp)`.
fn log_sum(terms: impl Iterator<Item = f64> + Clone) -> f64 {
    let highest = terms.clone().fold(f64::NEG_INFINITY, f64::max);
    if highest == f64::NEG_INFINITY {
        return highest;
    }
    highest + terms.map(|term| (term - highest).exp()).sum::<f64>().ln()
}

/// The entropic plan of a square cost matrix, `P_ij = exp(f_i + g_j - cost_ij / price) / n^2`, in double precision and
/// logarithms, so that a small price does not underflow. Each half of an iteration makes one marginal exact; the columns
/// are exact at the end. The result does not depend on the number of threads.
pub fn entropic_plan(cost: &[f64], n: usize, price: f64, tolerance: f64, most: usize) -> Plan {
    assert_eq!(cost.len(), n * n, "a cost matrix for {n} rows holds {} numbers", n * n);
    let kernel: Vec<f64> = cost.iter().map(|cost| -cost / price).collect();
    let mut turned = vec![0.0; n * n];
    for line in 0..n {
        for column in 0..n {
            turned[column * n + line] = kernel[line * n + column];
        }
    }
    let log_n = (n as f64).ln();
    // the potential of each line of a kernel from the other side's
    let update = |kernel: &[f64], other: &[f64]| -> Vec<f64> {
        kernel
            .par_chunks_exact(n.max(1))
            .map(|line| log_n - log_sum(line.iter().zip(other).map(|(entry, potential)| entry + potential)))
            .collect()
    };
    let (mut lines, mut columns) = (vec![0.0; n], vec![0.0; n]);
    let (mut error, mut iterations) = (f64::INFINITY, 0);
    while iterations < most && error > tolerance {
        let next = update(&kernel, &columns);
        // the sum of a line of n P before it is made exact
        error = lines
            .iter()
            .zip(&next)
            .map(|(old, new): (&f64, &f64)| ((old - new).exp() - 1.0).abs())
            .fold(0.0, f64::max);
        lines = next;
        columns = update(&turned, &lines);
        iterations += 1;
    }
    let log = (0..n * n)
        .map(|at| lines[at / n] + columns[at % n] + kernel[at] - 2.0 * log_n)
        .collect();
    Plan { log, error, iterations }
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
