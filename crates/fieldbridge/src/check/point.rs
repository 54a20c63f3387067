//! Statistics of photometric redshifts as point estimates.
//!
//! With `e = (z_estimate - z_true) / (1 + z_true)`: the bias is the median of `e`, `σ_NMAD = 1.4826 · median |e - median e|`
//! (the normalised median absolute deviation, equal to the standard deviation for Gaussian errors), and the outlier
//! fraction is the share of `|e|` above a threshold (Hildebrandt et al. 2010, arXiv:1008.0658; Dahlen et al. 2013, arXiv:1308.5353).

use super::bootstrap::bootstrap_standard_errors;
use super::error::{CheckError, require_finite, require_length};
use serde::{Deserialize, Serialize};

/// Median absolute deviation of a standard normal, inverted.
const NORMALISATION: f64 = 1.482_602_218_505_602;

/// A number and its standard error.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The value.
    pub value: f64,
    /// One standard error.
    pub standard_error: f64,
}

/// Point statistics of photometric redshifts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PointStatistics {
    /// Median of `(z_estimate - z_true) / (1 + z_true)`.
    pub bias: Estimate,
    /// `1.4826 · median |e - median e|`.
    pub sigma_nmad: Estimate,
    /// Share of rows with `|e|` above the threshold.
    pub outlier_fraction: Estimate,
    /// The threshold.
    pub outlier_threshold: f64,
    /// Number of rows.
    pub rows: usize,
}

/// Point statistics of any redshift estimate (mean, median or mode of a posterior) with bootstrap standard errors
/// from `resamples` resamples of the rows. The usual threshold is 0.15.
///
/// # Errors
/// No rows, arrays of different length, values not finite, a true redshift not above -1, a negative threshold,
/// fewer than two resamples.
pub fn point_statistics(
    estimates: &[f64],
    truths: &[f64],
    outlier_threshold: f64,
    resamples: usize,
    seed: u64,
) -> Result<PointStatistics, CheckError> {
    require_finite("redshift estimates", estimates, 1)?;
    require_length("true redshifts", estimates.len(), truths.len())?;
    require_finite("true redshifts", truths, 1)?;
    if let Some(row) = truths.iter().position(|truth| *truth <= -1.0) {
        let (low, high) = ((-1.0_f64).next_up(), f64::INFINITY);
        return Err(CheckError::OutOfRange {
            what: "true redshifts",
            row,
            value: truths[row],
            low,
            high,
        });
    }
    super::error::require_within("outlier threshold", &[outlier_threshold], 0.0, f64::MAX)?;
    let errors: Vec<f64> = estimates
        .iter()
        .zip(truths)
        .map(|(found, truth)| (found - truth) / (1.0 + truth))
        .collect();
    // Finite redshifts may still differ by more than a number can hold.
    require_finite("scaled redshift errors", &errors, 1)?;
    let [bias, sigma_nmad, outlier_fraction] = statistics(errors.clone(), outlier_threshold);
    let spread = bootstrap_standard_errors(errors.len(), resamples, seed, |indices| {
        statistics(indices.iter().map(|index| errors[*index]).collect(), outlier_threshold).to_vec()
    })?;
    let with_error = |value, index: usize| Estimate {
        value,
        standard_error: spread[index],
    };
    Ok(PointStatistics {
        bias: with_error(bias, 0),
        sigma_nmad: with_error(sigma_nmad, 1),
        outlier_fraction: with_error(outlier_fraction, 2),
        outlier_threshold,
        rows: errors.len(),
    })
}

/// Bias, `σ_NMAD` and outlier fraction.
fn statistics(mut errors: Vec<f64>, threshold: f64) -> [f64; 3] {
    let outliers = errors.iter().filter(|error| error.abs() > threshold).count() as f64 / errors.len() as f64;
    let bias = median(&mut errors);
    errors.iter_mut().for_each(|error| *error = (*error - bias).abs());
    [bias, NORMALISATION * median(&mut errors), outliers]
}

/// Median of values that are not empty; the mean of the two middle ones for an even number. Reorders the values.
///
/// # Panics
/// When there are none.
pub fn median(values: &mut [f64]) -> f64 {
    let middle = values.len() / 2;
    let even = values.len().is_multiple_of(2);
    let (below, upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    if even {
        0.5 * (*upper + below.iter().copied().fold(f64::NEG_INFINITY, f64::max))
    } else {
        *upper
    }
}

#[cfg(test)]
mod tests {
    use super::super::special::normal_quantile;
    use super::super::stream::random_stream;
    use super::*;
    use rand::RngExt;

    #[test]
    fn gaussian_errors_return_their_bias_and_width() {
        let mut random = random_stream(1, 0);
        let rows = 10_000;
        let truths: Vec<f64> = (0..rows).map(|_| random.random_range(0.0..3.0)).collect();
        let estimates: Vec<f64> = truths
            .iter()
            .map(|z| z + (1.0 + z) * (0.01 + 0.05 * normal_quantile(random.random())))
            .collect();
        let found = point_statistics(&estimates, &truths, 0.15, 100, 2).unwrap();
        assert!((found.bias.value - 0.01).abs() < 4.0 * found.bias.standard_error);
        assert!((found.sigma_nmad.value - 0.05).abs() < 4.0 * found.sigma_nmad.standard_error);
        // Gaussian theory: error of a median is 1.2533 σ / √n, of σ_NMAD 1.1664 σ / √n.
        assert!((found.bias.standard_error / (1.2533 * 0.05 / 100.0) - 1.0).abs() < 0.3);
        assert!((found.sigma_nmad.standard_error / (1.1664 * 0.05 / 100.0) - 1.0).abs() < 0.3);
    }

    #[test]
    fn outliers_are_counted_above_the_threshold_only() {
        let found = point_statistics(&[0.1, 0.2, 0.0, -0.3], &[0.0; 4], 0.15, 50, 0).unwrap();
        assert_eq!(found.outlier_fraction.value, 0.5);
        assert!((found.bias.value - 0.05).abs() < 1e-15);
    }

    #[test]
    fn median_of_even_and_odd_numbers() {
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&mut [4.0, 1.0, 3.0, 2.0]), 2.5);
        assert_eq!(median(&mut [7.0]), 7.0);
    }

    #[test]
    fn bad_input_is_an_error_and_one_row_an_answer() {
        assert!(matches!(
            point_statistics(&[], &[], 0.15, 10, 0),
            Err(CheckError::Empty { .. })
        ));
        assert!(matches!(
            point_statistics(&[1.0], &[], 0.15, 10, 0),
            Err(CheckError::LengthMismatch { .. })
        ));
        assert!(matches!(
            point_statistics(&[f64::NAN], &[1.0], 0.15, 10, 0),
            Err(CheckError::NonFinite { row: 0, .. })
        ));
        assert!(matches!(
            point_statistics(&[1.0], &[-1.0], 0.15, 10, 0),
            Err(CheckError::OutOfRange { row: 0, .. })
        ));
        assert!(point_statistics(&[1.0], &[1.0], -0.1, 10, 0).is_err());
        let one = point_statistics(&[1.0], &[1.0], 0.15, 10, 0).unwrap();
        assert_eq!(
            (one.bias.value, one.sigma_nmad.value, one.bias.standard_error),
            (0.0, 0.0, 0.0)
        );
    }
}
