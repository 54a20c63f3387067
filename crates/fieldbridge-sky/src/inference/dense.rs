//! Small dense matrices, `[row, column]`.

use crate::field::triangle;

/// Lower triangular `L` with `L L^T` the matrix; none when it is not positive.
pub(super) fn lower_root(matrix: &[f64], n: usize) -> Option<Vec<f64>> {
    let mut root = vec![0.0; n * n];
    triangle(matrix, n, &mut root, 0.0).then_some(root)
}

/// Inverse and `ln det` of a positive symmetric matrix.
pub(super) fn inverse(matrix: &[f64], n: usize) -> Option<(Vec<f64>, f64)> {
    let root = lower_root(matrix, n)?;
    let mut inverse = vec![0.0; n * n];
    for column in 0..n {
        let mut x = vec![0.0; n];
        x[column] = 1.0;
        for i in 0..n {
            let known: f64 = (0..i).map(|k| root[i * n + k] * x[k]).sum();
            x[i] = (x[i] - known) / root[i * n + i];
        }
        for i in (0..n).rev() {
            let known: f64 = (i + 1..n).map(|k| root[k * n + i] * x[k]).sum();
            x[i] = (x[i] - known) / root[i * n + i];
        }
        for (i, value) in x.into_iter().enumerate() {
            inverse[i * n + column] = value;
        }
    }
    let logarithm = (0..n).map(|i| 2.0 * root[i * n + i].ln()).sum();
    Some((inverse, logarithm))
}

/// The product of two.
pub(super) fn multiply(one: &[f64], other: &[f64], n: usize) -> Vec<f64> {
    (0..n * n)
        .map(|index| (0..n).map(|k| one[index / n * n + k] * other[k * n + index % n]).sum())
        .collect()
}
