//! Determinants that tests compare volumes with.

/// `ln |det|` by elimination with pivoting.
pub(crate) fn log_determinant(mut m: Vec<f64>, n: usize) -> f64 {
    let mut log = 0.0;
    for column in 0..n {
        let pivot = (column..n)
            .max_by(|&a, &b| m[a * n + column].abs().total_cmp(&m[b * n + column].abs()))
            .unwrap();
        for k in 0..n {
            m.swap(pivot * n + k, column * n + k);
        }
        log += m[column * n + column].abs().ln();
        for row in column + 1..n {
            let factor = m[row * n + column] / m[column * n + column];
            for k in column..n {
                m[row * n + k] -= factor * m[column * n + k];
            }
        }
    }
    log
}
