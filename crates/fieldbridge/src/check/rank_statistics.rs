//! Ranks of the truth among posterior draws: uniform when the posterior is calibrated.
//!
//! If the truth `θ` and the `L` draws come from the same posterior, the rank of the truth among them is uniform on
//! `0 ..= L` (Talts et al. 2018, arXiv:1804.06788). A rank `r` becomes a probability-integral-transform (PIT) value
//!
//! `u = (r + V) / (L + 1)`, with `V` uniform on [0, 1),
//!
//! which is exactly uniform for any finite `L`: no bin holds more ranks than another, and a truth that ties with
//! draws is placed at random among them.

use super::draws::Draws;
use super::error::{CheckError, require_count, require_length};
use super::stream::random_stream;
use rand::RngExt;
use rayon::prelude::*;

/// PIT values of one parameter from posterior draws, one per row, randomised within ties and between ranks.
///
/// `truths` has shape `[rows, parameters]`. Row `i` uses its own random stream of `seed`.
///
/// # Errors
/// Truths of another shape or not finite; no such parameter.
pub fn pit_values(draws: &Draws<'_>, truths: &[f64], parameter: usize, seed: u64) -> Result<Vec<f64>, CheckError> {
    draws.require_truths(truths)?;
    draws.require_parameter(parameter)?;
    let pit = (0..draws.rows()).into_par_iter().map(|row| {
        let truth = truths[row * draws.parameters() + parameter];
        let (below, equal) = draws.column(row, parameter).fold((0, 0), |(below, equal), draw| {
            (below + usize::from(draw < truth), equal + usize::from(draw == truth))
        });
        // The parameters of one row must not share their random number.
        let stream = (row * draws.parameters() + parameter) as u64;
        randomised_rank(below, equal, draws.draws(), seed, stream)
    });
    Ok(pit.collect())
}

/// Fraction of draws more probable than the truth, one per row: the smallest credible level whose highest-density
/// region holds the truth. Uniform when calibrated, randomised like [`pit_values`].
///
/// `log_density_of_draws` has shape `[rows, draws]`, `log_density_of_truths` shape `[rows]`, both from the same
/// posterior density in the same units; minus infinity (outside the support) is allowed.
///
/// # Errors
/// Empty arrays, lengths that do not agree, NaN or plus infinity (its row is named).
pub fn highest_density_ranks(
    log_density_of_draws: &[f64],
    log_density_of_truths: &[f64],
    draws_per_row: usize,
    seed: u64,
) -> Result<Vec<f64>, CheckError> {
    let rows = log_density_of_truths.len();
    if rows == 0 {
        return Err(CheckError::Empty {
            what: "log-densities of truths",
        });
    }
    require_count("draws of each row", 1, draws_per_row)?;
    require_length(
        "log-densities of draws",
        rows.saturating_mul(draws_per_row),
        log_density_of_draws.len(),
    )?;
    require_log_densities("log-densities of truths", log_density_of_truths, 1)?;
    require_log_densities("log-densities of draws", log_density_of_draws, draws_per_row)?;
    let ranks = (0..rows).into_par_iter().map(|row| {
        let truth = log_density_of_truths[row];
        let of_row = &log_density_of_draws[row * draws_per_row..(row + 1) * draws_per_row];
        let above = of_row.iter().filter(|value| **value > truth).count();
        let equal = of_row.iter().filter(|value| **value == truth).count();
        randomised_rank(above, equal, draws_per_row, seed, row as u64)
    });
    Ok(ranks.collect())
}

fn require_log_densities(what: &'static str, values: &[f64], width: usize) -> Result<(), CheckError> {
    match values
        .iter()
        .position(|value| value.is_nan() || *value == f64::INFINITY)
    {
        Some(index) => Err(CheckError::NonFinite {
            what,
            row: index / width,
            value: values[index],
        }),
        None => Ok(()),
    }
}

/// `(r + V) / (L + 1)` with the rank drawn uniformly among its ties.
pub(super) fn randomised_rank(beyond: usize, equal: usize, draws: usize, seed: u64, stream: u64) -> f64 {
    let uniform: f64 = random_stream(seed, stream).random();
    (beyond as f64 + uniform * (equal as f64 + 1.0)) / (draws as f64 + 1.0)
}

#[cfg(test)]
mod tests {
    use super::super::uniformity::{RankHistogram, uniformity};
    use super::*;

    fn uniforms(rows: usize, seed: u64) -> Vec<f64> {
        let mut random = random_stream(seed, 0);
        (0..rows).map(|_| random.random()).collect()
    }

    #[test]
    fn ranks_of_exact_draws_are_uniform_even_with_three_draws() {
        let rows = 4000;
        let values = uniforms(rows * 3, 5);
        let truths = uniforms(rows, 6);
        let pit = pit_values(&Draws::new(&values, rows, 3, 1).unwrap(), &truths, 0, 1).unwrap();
        assert!(uniformity(&pit).unwrap() > 0.01);
        assert!(RankHistogram::new(&pit, 20).unwrap().p_value > 0.01);
    }

    #[test]
    fn ties_are_broken_uniformly() {
        // Truth and draws all equal: nothing is known about the rank, so it must be uniform.
        let rows = 2000;
        let draws = vec![1.0; rows * 5];
        let pit = pit_values(&Draws::new(&draws, rows, 5, 1).unwrap(), &vec![1.0; rows], 0, 2).unwrap();
        assert!(uniformity(&pit).unwrap() > 0.01);
        // Truth above all draws but never tied: the last sixth.
        let pit = pit_values(&Draws::new(&draws, rows, 5, 1).unwrap(), &vec![2.0; rows], 0, 2).unwrap();
        assert!(pit.iter().all(|value| (5.0 / 6.0..1.0).contains(value)));
    }

    #[test]
    fn each_parameter_has_its_own_random_numbers() {
        let draws = Draws::new(&[1.0, 1.0], 1, 1, 2).unwrap();
        let first = pit_values(&draws, &[1.0, 1.0], 0, 4).unwrap();
        assert_ne!(first, pit_values(&draws, &[1.0, 1.0], 1, 4).unwrap());
        assert_eq!(first, pit_values(&draws, &[1.0, 1.0], 0, 4).unwrap());
        assert!(matches!(
            pit_values(&draws, &[1.0, 1.0], 2, 4),
            Err(CheckError::TooFew { .. })
        ));
    }

    #[test]
    fn highest_density_rank_counts_draws_more_probable_than_the_truth() {
        let ranks = highest_density_ranks(&[-1.0, -2.0, -3.0, f64::NEG_INFINITY], &[-2.5], 4, 0).unwrap();
        assert!(
            (0.4..0.6).contains(&ranks[0]),
            "two of four draws are above: {}",
            ranks[0]
        );
        assert!(matches!(
            highest_density_ranks(&[0.0, 0.0, f64::NAN, 0.0], &[0.0, 0.0], 2, 0),
            Err(CheckError::NonFinite { row: 1, .. })
        ));
    }
}
