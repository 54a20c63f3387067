//! Symmetric matrices of a few bins, packed: (0,0), (0,1), ..., (1,1), ...

use super::dense::{inverse, multiply};

/// Why a covariance has an inverse.
pub(super) const POSITIVE: &str = "the covariance of a signal and a noise in every bin is positive";

/// Packs matrices `[matrix, bin, bin]`.
pub(super) fn packed(matrices: &[f64], bins: usize) -> Vec<f64> {
    let upper = |matrix: &[f64]| -> Vec<f64> {
        (0..bins)
            .flat_map(|first| (first..bins).map(move |second| first * bins + second))
            .map(|at| matrix[at])
            .collect()
    };
    matrices.chunks_exact(bins * bins).flat_map(upper).collect()
}

/// A packed matrix as `[bin, bin]`.
pub(super) fn unpacked(packed: &[f64], bins: usize) -> Vec<f64> {
    let mut matrix = vec![0.0; bins * bins];
    let places = (0..bins).flat_map(|first| (first..bins).map(move |second| (first, second)));
    for ((first, second), value) in places.zip(packed) {
        matrix[first * bins + second] = *value;
        matrix[second * bins + first] = *value;
    }
    matrix
}

/// `L` with `L L^T` the matrix `[bin, bin]`; pivots below zero, from rounding, count as zero.
pub(super) fn root(matrix: &[f64], bins: usize) -> Vec<f64> {
    let mut lower = vec![0.0; bins * bins];
    for i in 0..bins {
        for j in 0..=i {
            let overlap: f64 = (0..j).map(|k| lower[i * bins + k] * lower[j * bins + k]).sum();
            let rest = matrix[i * bins + j] - overlap;
            lower[i * bins + j] = match (i == j, lower[j * bins + j]) {
                (true, _) => rest.max(0.0).sqrt(),
                (false, 0.0) => 0.0,
                (false, pivot) => rest / pivot,
            };
        }
    }
    lower
}

/// `ln det S` and `S^-1` of `S = P + N`, with off-diagonal elements of the inverse twice; none when `S` is not positive.
pub(super) fn determinant_and_inverse(power: &[f64], noise: &[f64]) -> Option<(f64, Vec<f64>)> {
    let bins = noise.len();
    let (inverse, log_determinant) = inverse_of_sum(power, noise)?;
    let mut twice = packed(&inverse, bins);
    let places = (0..bins).flat_map(|first| (first..bins).map(move |second| first == second));
    for (value, diagonal) in twice.iter_mut().zip(places) {
        if !diagonal {
            *value *= 2.0;
        }
    }
    Some((log_determinant, twice))
}

/// `S^-1`, `[bin, bin]`, and `ln det S` of `S = P + N`.
pub(super) fn inverse_of_sum(power: &[f64], noise: &[f64]) -> Option<(Vec<f64>, f64)> {
    let bins = noise.len();
    let mut matrix = unpacked(power, bins);
    for (bin, noise) in noise.iter().enumerate() {
        matrix[bin * bins + bin] += noise;
    }
    inverse(&matrix, bins)
}

/// Wiener's filter `W = P S^-1` and the covariance `P - W P`, each `[bin, bin]`.
pub(super) fn wiener(power: &[f64], noise: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let bins = noise.len();
    let matrix = unpacked(power, bins);
    let (inverse, _) = inverse_of_sum(power, noise).expect(POSITIVE);
    let filter = multiply(&matrix, &inverse, bins);
    let explained = multiply(&filter, &matrix, bins);
    let left = matrix.iter().zip(&explained).map(|(all, known)| all - known).collect();
    (filter, left)
}
