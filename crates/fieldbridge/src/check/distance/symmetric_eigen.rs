//! Eigenvalues and eigenvectors of a symmetric matrix, in double precision.

use crate::check::error::CheckError;

/// Most sweeps over all pairs; convergence is quadratic, ten are ample.
const MOST_SWEEPS: usize = 60;

/// `M = sum_k values_k v_k v_k^T`.
#[derive(Clone, Debug)]
pub(super) struct SymmetricEigen {
    /// In no order.
    pub(super) values: Vec<f64>,
    /// `[d, d]`: one orthonormal eigenvector a line, in the order of the values.
    pub(super) vectors: Vec<f64>,
}

/// The decomposition of a symmetric matrix `[size, size]` by rotations that put its off-diagonal entries to zero one after
/// another (Jacobi 1846; Golub and Van Loan, Matrix Computations, section 8.5). `O(d^3)` a sweep, accurate also for small
/// eigenvalues of positive matrices (Demmel and Veselic 1992).
pub(super) fn symmetric_eigen(matrix: &[f64], size: usize) -> Result<SymmetricEigen, CheckError> {
    let mut m = matrix.to_vec();
    let mut vectors = vec![0.0; size * size];
    vectors.iter_mut().step_by(size + 1).for_each(|entry| *entry = 1.0);
    for _ in 0..MOST_SWEEPS {
        let mut rotated = false;
        for p in 0..size {
            for q in p + 1..size {
                let off = m[p * size + q];
                let (first, second) = (m[p * size + p], m[q * size + q]);
                // too small to change either
                if off.abs() <= 0.5 * f64::EPSILON * (first.abs() * second.abs()).sqrt() || off == 0.0 {
                    continue;
                }
                rotated = true;
                let half = (second - first) / (2.0 * off);
                let tangent = if half.is_finite() {
                    half.signum() / (half.abs() + half.hypot(1.0))
                } else {
                    0.0
                };
                let cosine = 1.0 / tangent.hypot(1.0);
                let sine = tangent * cosine;
                for k in 0..size {
                    let (a, b) = (m[k * size + p], m[k * size + q]);
                    m[k * size + p] = cosine * a - sine * b;
                    m[k * size + q] = sine * a + cosine * b;
                }
                rotate_lines(&mut m, size, p, q, cosine, sine);
                // exactly, whatever the rounding
                (m[p * size + q], m[q * size + p]) = (0.0, 0.0);
                rotate_lines(&mut vectors, size, p, q, cosine, sine);
            }
        }
        if !rotated {
            return Ok(SymmetricEigen {
                values: m.iter().step_by(size + 1).copied().collect(),
                vectors,
            });
        }
    }
    Err(CheckError::NotConverged {
        what: "the eigenvalues of a covariance",
        steps: MOST_SWEEPS,
        hint: "scale the columns to comparable size",
    })
}

fn rotate_lines(matrix: &mut [f64], size: usize, p: usize, q: usize, cosine: f64, sine: f64) {
    let (before, after) = matrix.split_at_mut(q * size);
    let first = &mut before[p * size..(p + 1) * size];
    for (a, b) in first.iter_mut().zip(&mut after[..size]) {
        (*a, *b) = (cosine * *a - sine * *b, sine * *a + cosine * *b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    fn decomposed(matrix: &[f64], size: usize) -> SymmetricEigen {
        let eigen = symmetric_eigen(matrix, size).unwrap();
        let scale = matrix.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
        for i in 0..size {
            for j in 0..size {
                let sum = |term: &dyn Fn(usize) -> f64| (0..size).map(term).sum::<f64>();
                let vector = |k: usize, i: usize| eigen.vectors[k * size + i];
                let back = sum(&|k| eigen.values[k] * vector(k, i) * vector(k, j));
                assert!((back - matrix[i * size + j]).abs() <= 1e-13 * scale, "{i} {j}: {back}");
                let dot = sum(&|k| vector(i, k) * vector(j, k));
                assert!((dot - f64::from(u8::from(i == j))).abs() < 1e-13);
            }
        }
        eigen
    }

    #[test]
    fn eigenvalues_of_the_discrete_laplacian_are_its_closed_form() {
        let size = 24;
        let mut matrix = vec![0.0; size * size];
        for i in 0..size {
            matrix[i * size + i] = 2.0;
            if i > 0 {
                (matrix[i * size + i - 1], matrix[(i - 1) * size + i]) = (-1.0, -1.0);
            }
        }
        let mut values = decomposed(&matrix, size).values;
        values.sort_by(f64::total_cmp);
        for (k, value) in values.iter().enumerate() {
            let angle = std::f64::consts::PI * (k + 1) as f64 / (2.0 * (size + 1) as f64);
            // rounding: the size times the largest eigenvalue
            let allowed = size as f64 * 4.0 * f64::EPSILON;
            assert!((value - 4.0 * angle.sin().powi(2)).abs() < allowed, "{k}: {value}");
        }
    }

    #[test]
    fn random_matrices_are_put_together_again() {
        for size in [1, 2, 5, 30] {
            let drawn = Stream::new(1, "matrix", size as u64).normals(size * size);
            let entry = |i: usize, j: usize| f64::from(drawn[i.min(j) * size + i.max(j)]);
            let matrix: Vec<f64> = (0..size * size).map(|at| entry(at / size, at % size)).collect();
            decomposed(&matrix, size);
        }
    }

    #[test]
    fn small_eigenvalues_keep_their_digits() {
        // D K D with K well conditioned: columns in units that differ by 1e8
        let d = [1.0, 1e-4, 1e-8];
        let k = [[1.0, 0.3, 0.1], [0.3, 1.0, -0.2], [0.1, -0.2, 1.0]];
        let matrix: Vec<f64> = (0..9).map(|at| d[at / 3] * k[at / 3][at % 3] * d[at % 3]).collect();
        let mut values = symmetric_eigen(&matrix, 3).unwrap().values;
        values.sort_by(f64::total_cmp);
        // the product of all is the determinant, exact to rounding
        let determinant: f64 = 1e-24 * (1.0 - 0.04 - 0.3 * (0.3 + 0.02) + 0.1 * (-0.06 - 0.1));
        assert!((values.iter().product::<f64>() / determinant - 1.0).abs() < 1e-13);
        assert!(values.iter().all(|value| *value > 0.0));
    }

    #[test]
    fn zeros_and_equal_values_are_fine() {
        decomposed(&[0.0; 16], 4);
        let eigen = decomposed(&[1.0, 1.0, 1.0, 1.0], 2);
        assert!((eigen.values.iter().sum::<f64>() - 2.0).abs() < 1e-15);
        assert!(eigen.values.iter().any(|value| value.abs() < 1e-16));
    }
}
