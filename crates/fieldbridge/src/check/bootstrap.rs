//! Standard errors by resampling rows with replacement (Efron 1979).

use super::error::{CheckError, require_count};
use super::stream::random_stream;
use rand::RngExt;
use rayon::prelude::*;

/// Standard errors of several statistics of the rows.
///
/// Each of `resamples` draws `rows` row numbers with replacement and hands them to `statistics`, which returns
/// one number per statistic; the standard error is the standard deviation (n - 1) of each number over the
/// resamples. Resample `i` uses random stream `i` of `seed`, so the result is the same for any number of threads.
/// A statistic that is not finite in some resample is left out of its own standard deviation.
///
/// # Errors
/// No rows, or fewer than two resamples.
pub fn bootstrap_standard_errors(
    rows: usize,
    resamples: usize,
    seed: u64,
    statistics: impl Fn(&[usize]) -> Vec<f64> + Sync,
) -> Result<Vec<f64>, CheckError> {
    if rows == 0 {
        return Err(CheckError::Empty {
            what: "rows to resample",
        });
    }
    require_count("bootstrap resamples", 2, resamples)?;
    let table: Vec<Vec<f64>> = (0..resamples)
        .into_par_iter()
        .map(|resample| {
            let mut random = random_stream(seed, resample as u64);
            let indices: Vec<usize> = (0..rows).map(|_| random.random_range(0..rows)).collect();
            statistics(&indices)
        })
        .collect();
    let width = table.iter().map(Vec::len).min().unwrap_or(0);
    Ok((0..width)
        .map(|column| standard_deviation(table.iter().map(|values| values[column])))
        .collect())
}

/// Standard error of one statistic; see [`bootstrap_standard_errors`].
///
/// # Errors
/// No rows, or fewer than two resamples.
pub fn bootstrap_standard_error(
    rows: usize,
    resamples: usize,
    seed: u64,
    statistic: impl Fn(&[usize]) -> f64 + Sync,
) -> Result<f64, CheckError> {
    let errors = bootstrap_standard_errors(rows, resamples, seed, |indices| vec![statistic(indices)])?;
    Ok(errors[0])
}

fn standard_deviation(values: impl Iterator<Item = f64>) -> f64 {
    let finite: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    if finite.len() < 2 {
        return 0.0;
    }
    let mean = finite.iter().sum::<f64>() / finite.len() as f64;
    (finite.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (finite.len() - 1) as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean_of(values: &[f64]) -> impl Fn(&[usize]) -> f64 + Sync + '_ {
        |indices| indices.iter().map(|index| values[*index]).sum::<f64>() / indices.len() as f64
    }

    #[test]
    fn error_of_a_mean_is_sigma_over_root_n() {
        let values: Vec<f64> = (0..400).map(|index| f64::from(index % 20)).collect();
        // The values 0..19 in equal numbers have variance (20² - 1)/12.
        let expected = (399.0_f64 / 12.0).sqrt() / 20.0;
        let found = bootstrap_standard_error(400, 2000, 3, mean_of(&values)).unwrap();
        assert!(
            (found / expected - 1.0).abs() < 0.06,
            "found {found}, expected {expected}"
        );
    }

    #[test]
    fn same_seed_same_error_with_any_number_of_threads() {
        let values: Vec<f64> = (0..50).map(|index| f64::from(index).sqrt()).collect();
        let with_threads = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| bootstrap_standard_error(50, 40, 9, mean_of(&values)).unwrap())
        };
        assert_eq!(with_threads(1).to_bits(), with_threads(2).to_bits());
        assert_ne!(
            with_threads(1),
            bootstrap_standard_error(50, 40, 10, mean_of(&values)).unwrap()
        );
    }

    #[test]
    fn one_row_has_no_spread_and_no_rows_are_refused() {
        assert_eq!(bootstrap_standard_error(1, 10, 0, mean_of(&[4.0])).unwrap(), 0.0);
        assert!(matches!(
            bootstrap_standard_error(0, 10, 0, |_| 0.0),
            Err(CheckError::Empty { .. })
        ));
        assert!(matches!(
            bootstrap_standard_error(3, 1, 0, |_| 0.0),
            Err(CheckError::TooFew { .. })
        ));
    }
}
