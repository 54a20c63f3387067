//! The plan of transport with an entropic price.

use rayon::prelude::*;

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

/// Factors of lines and columns beyond this, or below its inverse, are taken into the logarithms.
const LARGEST_FACTOR: f64 = 1e80;
/// Lines that one thread sums at least.
const LINES: usize = 32;

/// `max + ln(sum exp)`.
fn log_sum(terms: impl Iterator<Item = f64> + Clone) -> f64 {
    let highest = terms.clone().fold(f64::NEG_INFINITY, f64::max);
    if highest == f64::NEG_INFINITY {
        return highest;
    }
    highest + terms.map(|term| (term - highest).exp()).sum::<f64>().ln()
}

/// `sum_j line_j weight_j`, in an order that vector instructions can follow.
fn product(line: &[f64], weights: &[f64]) -> f64 {
    const LANES: usize = 8;
    let mut sums = [0.0; LANES];
    let (lines, weights_of) = (line.chunks_exact(LANES), weights.chunks_exact(LANES));
    let rest = lines.remainder().iter().zip(weights_of.remainder());
    let rest: f64 = rest.map(|(entry, weight)| entry * weight).sum();
    for (line, weights) in lines.zip(weights_of) {
        for lane in 0..LANES {
            sums[lane] += line[lane] * weights[lane];
        }
    }
    sums.iter().sum::<f64>() + rest
}

/// `P_ij = exp(f_i + g_j + k_ij) / n^2` while its potentials are found.
struct Potentials {
    n: usize,
    /// `k`, and its transpose.
    kernel: [Vec<f64>; 2],
    /// `f` and `g`.
    of: [Vec<f64>; 2],
}

impl Potentials {
    /// `exp(f_i + g_j + k_ij)`, or its transpose.
    fn exponentials(&self, side: usize) -> Vec<f64> {
        let (own, other) = (&self.of[side], &self.of[1 - side]);
        self.kernel[side]
            .par_chunks_exact(self.n.max(1))
            .zip(own)
            .flat_map_iter(|(line, own)| {
                line.iter()
                    .zip(other)
                    .map(move |(entry, other)| (entry + own + other).exp())
            })
            .collect()
    }

    /// One iteration in logarithms, right however far the potentials are off; the error of the lines before it.
    fn in_logarithms(&mut self) -> f64 {
        let log_n = (self.n as f64).ln();
        let update = |kernel: &[f64], other: &[f64]| -> Vec<f64> {
            kernel
                .par_chunks_exact(self.n.max(1))
                .map(|line| log_n - log_sum(line.iter().zip(other).map(|(entry, potential)| entry + potential)))
                .collect()
        };
        let lines = update(&self.kernel[0], &self.of[1]);
        let off = self.of[0].iter().zip(&lines);
        let error = off
            .map(|(old, new)| ((old - new).exp() - 1.0).abs())
            .fold(0.0, f64::max);
        let columns = update(&self.kernel[1], &lines);
        self.of = [lines, columns];
        error
    }

    /// Iterations as products of a matrix with factors of lines and columns, until the error is below `tolerance`, there were
    /// `most`, or factors become so large that logarithms must take them in (Schmitzer 2019, arXiv:1610.06519): the
    /// error, and how many there were.
    fn in_factors(&mut self, tolerance: f64, most: usize) -> (f64, usize) {
        let n = self.n as f64;
        let matrices = [self.exponentials(0), self.exponentials(1)];
        let sums = |side: usize, weights: &[f64]| -> Vec<f64> {
            matrices[side]
                .par_chunks_exact(self.n.max(1))
                .with_min_len(LINES)
                .map(|line| product(line, weights))
                .collect()
        };
        let inverse = |sums: Vec<f64>| -> Option<Vec<f64>> {
            let factors: Vec<f64> = sums.into_iter().map(|sum| n / sum).collect();
            let fits = |factor: &f64| *factor < LARGEST_FACTOR && *factor > 1.0 / LARGEST_FACTOR;
            factors.iter().all(fits).then_some(factors)
        };
        let mut factors = [vec![1.0; self.n], vec![1.0; self.n]];
        let (mut error, mut done) = (f64::INFINITY, 0);
        while done < most && error > tolerance {
            let lines = sums(0, &factors[1]);
            let before = factors[0].iter().zip(&lines);
            let off = before
                .map(|(factor, sum)| (factor * sum / n - 1.0).abs())
                .fold(0.0, f64::max);
            let Some(lines) = inverse(lines) else { break };
            let Some(columns) = inverse(sums(1, &lines)) else { break };
            (factors, error) = ([lines, columns], off);
            done += 1;
        }
        for (potentials, factors) in self.of.iter_mut().zip(&factors) {
            for (potential, factor) in potentials.iter_mut().zip(factors) {
                *potential += factor.ln();
            }
        }
        (error, done)
    }
}

/// The entropic plan of a square cost matrix, `P_ij = exp(f_i + g_j - cost_ij / price) / n^2`, in double precision and with
/// logarithms where needed, so that a small price does not underflow. Each half of an iteration makes one marginal exact; the
/// columns are exact at the end. The result does not depend on the number of threads.
///
/// # Panics
/// When the matrix is not one of `n` lines and columns.
pub fn entropic_plan(cost: &[f64], n: usize, price: f64, tolerance: f64, most: usize) -> Plan {
    assert_eq!(cost.len(), n * n, "a cost matrix for {n} rows holds {} numbers", n * n);
    let kernel: Vec<f64> = cost.iter().map(|cost| -cost / price).collect();
    let turned = (0..n * n).map(|at| kernel[at % n * n + at / n]).collect();
    let mut potentials = Potentials {
        n,
        kernel: [kernel, turned],
        of: [vec![0.0; n], vec![0.0; n]],
    };
    let (mut error, mut iterations) = (f64::INFINITY, 0);
    while iterations < most && error > tolerance {
        error = potentials.in_logarithms();
        iterations += 1;
        if iterations < most && error > tolerance {
            let (found, done) = potentials.in_factors(tolerance, most - iterations);
            iterations += done;
            error = if done > 0 { found } else { error };
        }
    }
    let log_n = (n as f64).ln();
    let [lines, columns] = &potentials.of;
    let log = (0..n * n)
        .map(|at| lines[at / n] + columns[at % n] + potentials.kernel[0][at] - 2.0 * log_n)
        .collect();
    Plan { log, error, iterations }
}
