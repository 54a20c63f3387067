//! A simplest model to compare a log density with: one Gaussian.

/// Mean log density of rows under the Gaussian with their own mean and covariance, nats per row:
/// `-(D (1 + ln 2π) + ln |Σ|) / 2`; columns are `[column][row]`.
///
/// None without rows, with values that are not finite, or when the columns depend on each other.
pub(super) fn gaussian_log_density(columns: &[&[f64]]) -> Option<f64> {
    let (dimension, rows) = (columns.len(), columns.first()?.len());
    if rows <= dimension || columns.iter().any(|column| column.len() != rows) {
        return None;
    }
    let centred: Vec<Vec<f64>> = columns
        .iter()
        .map(|column| {
            let mean = column.iter().sum::<f64>() / rows as f64;
            column.iter().map(|value| value - mean).collect()
        })
        .collect();
    // Cholesky factor of the covariance, row by row
    let mut factor = vec![vec![0.0; dimension]; dimension];
    let mut log_determinant = 0.0;
    for i in 0..dimension {
        for j in 0..=i {
            let products = centred[i].iter().zip(&centred[j]);
            let covariance = products.map(|(first, second)| first * second).sum::<f64>() / rows as f64;
            let rest = covariance - (0..j).map(|k| factor[i][k] * factor[j][k]).sum::<f64>();
            if i == j {
                if !(rest > 1e-12 * covariance && rest.is_finite()) {
                    return None;
                }
                factor[i][i] = rest.sqrt();
                log_determinant += rest.ln();
            } else {
                factor[i][j] = rest / factor[j][j];
            }
        }
    }
    let constant = dimension as f64 * (1.0 + std::f64::consts::TAU.ln());
    Some(-0.5 * (constant + log_determinant))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_correlated_columns_give_the_closed_form() {
        let first = [1.0, -1.0, 1.0, -1.0];
        let second = [1.5, -0.5, 0.5, -1.5];
        // variances 1 and 1.25, covariance 1: determinant 0.25
        let expected = -(1.0 + std::f64::consts::TAU.ln()) - 0.5 * 0.25_f64.ln();
        let found = gaussian_log_density(&[&first, &second]).unwrap();
        assert!((found - expected).abs() < 1e-12, "{found} {expected}");
    }

    #[test]
    fn columns_without_a_density_give_none() {
        assert_eq!(gaussian_log_density(&[]), None);
        assert_eq!(gaussian_log_density(&[&[1.0, 1.0, 1.0]]), None);
        assert_eq!(gaussian_log_density(&[&[1.0, f64::NAN, 2.0]]), None);
        assert_eq!(gaussian_log_density(&[&[1.0, 2.0, 4.0], &[2.0, 4.0, 8.0]]), None);
    }
}
