//! Systems of normal equations.

/// Lower triangular `L` with `L L^T` the matrix; the index of the first dependent column when there is none.
pub(super) fn cholesky(matrix: &[f64], dimension: usize) -> Result<Vec<f64>, usize> {
    let mut lower = vec![0.0; dimension * dimension];
    for i in 0..dimension {
        for j in 0..=i {
            let overlap: f64 = (0..j)
                .map(|k| lower[i * dimension + k] * lower[j * dimension + k])
                .sum();
            let rest = matrix[i * dimension + j] - overlap;
            if i == j {
                if rest <= 1e-12 * matrix[i * dimension + i] {
                    return Err(i);
                }
                lower[i * dimension + i] = rest.sqrt();
            } else {
                lower[i * dimension + j] = rest / lower[j * dimension + j];
            }
        }
    }
    Ok(lower)
}

/// The answer to `L L^T x = b`.
pub(super) fn solved(lower: &[f64], width: usize, mut b: Vec<f64>) -> Vec<f64> {
    for i in 0..width {
        let known: f64 = (0..i).map(|j| lower[i * width + j] * b[j]).sum();
        b[i] = (b[i] - known) / lower[i * width + i];
    }
    for i in (0..width).rev() {
        let known: f64 = (i + 1..width).map(|j| lower[j * width + i] * b[j]).sum();
        b[i] = (b[i] - known) / lower[i * width + i];
    }
    b
}
