//! Squared Euclidean distances between all points of two sets.

use rayon::prelude::*;

use super::Points;

/// Applies `take` to every line `|from_i - to_j|^2`, `j = 0, 1, ...`; results in the order of `from`.
///
/// Every line is summed in the order of the coordinates, so no result depends on the number of threads.
pub(super) fn lines<T: Send>(from: &Points, to: &Points, take: impl Fn(usize, &[f64]) -> T + Sync) -> Vec<T> {
    let columns = to.columns();
    (0..from.rows())
        .into_par_iter()
        .map_init(
            || vec![0.0; to.rows()],
            |line, row| {
                fill(line, from.row(row), &columns);
                take(row, line)
            },
        )
        .collect()
}

/// The whole matrix, `[from, to]`.
pub(super) fn squared_distances(from: &Points, to: &Points) -> Vec<f64> {
    let columns = to.columns();
    let mut matrix = vec![0.0; from.rows() * to.rows()];
    matrix
        .par_chunks_mut(to.rows())
        .enumerate()
        .for_each(|(row, line)| fill(line, from.row(row), &columns));
    matrix
}

fn fill(line: &mut [f64], point: &[f64], columns: &[f64]) {
    line.fill(0.0);
    for (column, value) in columns.chunks_exact(line.len()).zip(point) {
        for (sum, other) in line.iter_mut().zip(column) {
            *sum += (other - value) * (other - value);
        }
    }
}
