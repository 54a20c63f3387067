//! The exact optimal transport of one batch.

use super::{
    Batch, Coupling,
    distance::{Part, balance, squared_distances},
    jonker_volgenant,
};
use crate::random::Stream;

/// One column for every row of a square cost matrix, at the least total cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    /// `columns[row]`: a permutation of `0..n`.
    pub columns: Vec<usize>,
    /// The sum of the chosen entries; not finite only when every permutation meets a forbidden pair.
    pub cost: f64,
}

/// Solves `min over permutations s of sum_i cost[i * n + s(i)]` exactly, up to f64 rounding.
///
/// `cost`: `[n, n]`, row by row, of any sign. An entry that is not finite (NaN or infinite) forbids its pair: the
/// result has as few forbidden pairs as possible, and the least total cost among those. Costs may tie; which of the
/// best permutations comes back is fixed by the input. Method: Jonker and Volgenant 1987, "A shortest augmenting path
/// algorithm for dense and sparse linear assignment problems", Computing 38; `O(n^3)` at worst, close to `O(n^2)` for
/// unstructured costs; one thread.
///
/// # Panics
/// When `cost` does not hold `n * n` numbers.
pub fn assign(cost: &[f64], n: usize) -> Assignment {
    assert_eq!(cost.len(), n * n, "a cost matrix for {n} rows holds {} numbers", n * n);
    let columns = match tame(cost, n) {
        None => jonker_volgenant::solve(cost, n),
        Some(tamed) => jonker_volgenant::solve(&tamed, n),
    };
    let total = columns
        .iter()
        .enumerate()
        .map(|(row, &column)| cost[row * n + column])
        .sum();
    Assignment { columns, cost: total }
}

/// A copy with forbidden pairs priced and huge costs scaled, when `cost` has any; the best permutations stay the best.
fn tame(cost: &[f64], n: usize) -> Option<Vec<f64>> {
    /// Sums of this many costs and prices stay far from overflow.
    const HUGE: f64 = 1e200;
    if cost.iter().all(|entry| entry.abs() < HUGE) {
        return None;
    }
    let scale = if cost.iter().any(|entry| entry.is_finite() && entry.abs() >= HUGE) {
        2f64.powi(-600)
    } else {
        1.0
    };
    let allowed = || cost.iter().filter(|entry| entry.is_finite()).map(|entry| entry * scale);
    let least = allowed().fold(f64::INFINITY, f64::min);
    let most = allowed().fold(f64::NEG_INFINITY, f64::max);
    // one forbidden pair outweighs whatever n allowed pairs could save
    let price = if least <= most {
        most + (n as f64 + 1.0) * (most - least).max(most.abs()).max(1e-200)
    } else {
        0.0
    };
    Some(
        cost.iter()
            .map(|entry| if entry.is_finite() { entry * scale } else { price })
            .collect(),
    )
}

/// Joins the rows by exact optimal transport: `argmin over permutations s of sum_j |x0_s(j) - x1_j|^2`.
///
/// For bridges without context (Pooladian et al. 2023, arXiv:2304.14772; Tong et al. 2023, arXiv:2302.00482). The
/// context of the batch is ignored, which biases a conditional bridge; use [`Conditional`](super::Conditional) there.
/// A data row or base draw with a coordinate that is not finite is joined to what the others leave over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OptimalTransport;

impl Coupling for OptimalTransport {
    fn pair(&self, batch: &Batch<'_>, _stream: &Stream) -> Vec<usize> {
        batch.expect_consistent();
        if batch.rows < 2 || batch.data.is_empty() {
            return (0..batch.rows).collect();
        }
        let Batch { base, data, rows, .. } = *batch;
        if base.len() == rows && base.iter().chain(data).all(|value| value.is_finite()) {
            return monotone(base, data);
        }
        let mut cost = squared_distances(base, data, rows);
        balance(
            &mut cost,
            &[Part {
                from: base,
                to: data,
                weight: 1.0,
            }],
            rows,
        );
        assign(&cost, rows).columns
    }
}

/// Optimal transport on the line joins equal ranks, for every convex cost.
fn monotone(base: &[f32], data: &[f32]) -> Vec<usize> {
    let ranked = |values: &[f32]| {
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
        order
    };
    let mut pairs = vec![0; data.len()];
    for (from, to) in ranked(base).into_iter().zip(ranked(data)) {
        pairs[to] = from;
    }
    pairs
}

#[cfg(test)]
mod tests;
