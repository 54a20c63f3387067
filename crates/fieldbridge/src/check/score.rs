//! Proper scores of posteriors against truths: smaller is better, and only the true posterior is best on average.
//!
//! Continuous ranked probability score (CRPS), in the units of the parameter, and its many-dimensional form, the
//! energy score (Gneiting and Raftery 2007, JASA 102, 359).

use super::draws::Draws;
use super::error::{CheckError, require_count, require_finite};
use super::grid::GridDensities;
use super::special::GAUSS_LEGENDRE_5;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// A score of each row and its mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Mean over the rows.
    pub mean: f64,
    /// Standard error of the mean, `s / sqrt(rows)`; not known for a single row.
    pub standard_error: Option<f64>,
    /// Score of each row.
    pub rows: Vec<f64>,
}

impl Score {
    /// Mean and standard error of scores already computed, one per row.
    ///
    /// # Errors
    /// No rows, or a score that is not finite.
    pub fn of_rows(rows: Vec<f64>) -> Result<Self, CheckError> {
        require_finite("scores", &rows, 1)?;
        let count = rows.len() as f64;
        let mean = rows.iter().sum::<f64>() / count;
        let standard_error = (rows.len() > 1)
            .then(|| (rows.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / (count - 1.0) / count).sqrt());
        Ok(Self {
            mean,
            standard_error,
            rows,
        })
    }
}

/// CRPS of one parameter from draws, by the fair estimator
///
/// `(1/m) Σ |x_i - y| - (1 / (m (m - 1))) Σ_{i<j} |x_i - x_j|`,
///
/// unbiased for any number of draws `m >= 2` (Ferro 2014, QJRMS 140, 1917) and computed in `O(m log m)` from sorted
/// draws. One row may be slightly negative; the mean estimates the score of the posterior itself.
/// `truths` has shape `[rows, parameters]`.
///
/// # Errors
/// Truths of another shape or not finite, no such parameter, fewer than two draws.
pub fn crps_from_draws(draws: &Draws<'_>, truths: &[f64], parameter: usize) -> Result<Score, CheckError> {
    draws.require_truths(truths)?;
    draws.require_parameter(parameter)?;
    require_count("draws of each row", 2, draws.draws())?;
    let count = draws.draws() as f64;
    let of_row = |row: usize| {
        let truth = truths[row * draws.parameters() + parameter];
        // Distances from the truth keep digits when values are large and spreads small.
        let mut offsets: Vec<f64> = draws.column(row, parameter).map(|draw| draw - truth).collect();
        offsets.sort_by(f64::total_cmp);
        let distance: f64 = offsets.iter().map(|offset| offset.abs()).sum();
        // Σ_{i<j} (x_j - x_i) of sorted values: value number i enters 2 i - m + 1 times.
        let pairs: f64 = offsets
            .iter()
            .enumerate()
            .map(|(index, offset)| (2.0 * index as f64 - count + 1.0) * offset)
            .sum();
        distance / count - pairs / (count * (count - 1.0))
    };
    Score::of_rows((0..draws.rows()).into_par_iter().map(of_row).collect())
}

/// CRPS `∫ (F(x) - [x >= y])² dx` of densities on a grid, exact for densities linear between grid points.
///
/// A truth outside the grid adds its distance from it.
///
/// # Errors
/// One finite truth per row is needed.
pub fn crps_from_grid(densities: &GridDensities<'_>, truths: &[f64]) -> Result<Score, CheckError> {
    densities.require_truths(truths)?;
    let of_row = |row: usize| {
        let (grid, truth) = (densities.grid(), truths[row]);
        let outside = (grid[0] - truth).max(truth - grid[grid.len() - 1]).max(0.0);
        let inside: f64 = grid
            .windows(2)
            .map(|cell| {
                let split = truth.clamp(cell[0], cell[1]);
                let below = integrate(cell[0], split, |x| densities.cumulative_at(row, x).powi(2));
                below + integrate(split, cell[1], |x| (1.0 - densities.cumulative_at(row, x)).powi(2))
            })
            .sum();
        inside + outside
    };
    Score::of_rows((0..densities.rows()).into_par_iter().map(of_row).collect())
}

/// Five-point Gauss-Legendre rule; the integrands here are polynomials of degree four.
fn integrate(low: f64, high: f64, integrand: impl Fn(f64) -> f64) -> f64 {
    if high <= low {
        return 0.0;
    }
    let (middle, half) = (0.5 * (low + high), 0.5 * (high - low));
    half * GAUSS_LEGENDRE_5
        .iter()
        .map(|(node, weight)| weight * integrand(middle + half * node))
        .sum::<f64>()
}

/// Energy score `(1/m) Σ |x_i - y| - (1 / (m (m - 1))) Σ_{i<j} |x_i - x_j|` with Euclidean distances over all
/// parameters (fair estimator, `O(m²)`). Scale the parameters first if their units differ.
///
/// # Errors
/// Truths of another shape or not finite, fewer than two draws.
pub fn energy_score(draws: &Draws<'_>, truths: &[f64]) -> Result<Score, CheckError> {
    draws.require_truths(truths)?;
    require_count("draws of each row", 2, draws.draws())?;
    let (count, parameters) = (draws.draws() as f64, draws.parameters());
    let of_row = |row: usize| {
        let truth = &truths[row * parameters..(row + 1) * parameters];
        let points: Vec<&[f64]> = draws.row(row).chunks_exact(parameters).collect();
        let from_truth: f64 = points.iter().map(|point| distance(point, truth)).sum();
        let pairs: f64 = points
            .iter()
            .enumerate()
            .map(|(index, point)| {
                points[index + 1..]
                    .iter()
                    .map(|other| distance(point, other))
                    .sum::<f64>()
            })
            .sum();
        from_truth / count - pairs / (count * (count - 1.0))
    };
    Score::of_rows((0..draws.rows()).into_par_iter().map(of_row).collect())
}

fn distance(first: &[f64], second: &[f64]) -> f64 {
    first
        .iter()
        .zip(second)
        .map(|(a, b)| (a - b).powi(2))
        .sum::<f64>()
        .sqrt()
}

#[cfg(test)]
mod tests {
    use super::super::special::{normal_cumulative, normal_quantile};
    use super::super::stream::random_stream;
    use super::*;
    use rand::RngExt;
    use std::f64::consts::PI;

    /// Closed form of the CRPS of a standard normal at `y` (Gneiting and Raftery 2007).
    fn normal_crps(y: f64) -> f64 {
        let density = (-0.5 * y * y).exp() / (2.0 * PI).sqrt();
        y * (2.0 * normal_cumulative(y) - 1.0) + 2.0 * density - 1.0 / PI.sqrt()
    }

    #[test]
    fn draws_of_a_gaussian_give_its_closed_form_without_bias() {
        // Many rows of only three draws: a biased estimator would be off by a third of the spread term.
        for truth in [0.0, 1.3] {
            let mut random = random_stream(4, 0);
            let rows = 40_000;
            let values: Vec<f64> = (0..rows * 3).map(|_| normal_quantile(random.random())).collect();
            let score = crps_from_draws(&Draws::new(&values, rows, 3, 1).unwrap(), &vec![truth; rows], 0).unwrap();
            let error = score.standard_error.unwrap();
            assert!(error < 0.005);
            assert!(
                (score.mean - normal_crps(truth)).abs() < 4.0 * error,
                "{} at {truth}",
                score.mean
            );
        }
    }

    #[test]
    fn sorted_formula_equals_the_double_sum() {
        let values = [0.3, -1.2, 5.0, 0.31, 2.2];
        let score = crps_from_draws(&Draws::new(&values, 1, 5, 1).unwrap(), &[0.7], 0).unwrap();
        let first: f64 = values.iter().map(|x| (x - 0.7_f64).abs()).sum::<f64>() / 5.0;
        let pairs: f64 = values
            .iter()
            .flat_map(|x| values.iter().map(move |y| (x - y).abs()))
            .sum();
        assert!((score.mean - (first - 0.5 * pairs / 20.0)).abs() < 1e-14);
        assert_eq!(score.standard_error, None);
    }

    #[test]
    fn grid_of_a_gaussian_gives_its_closed_form() {
        let grid: Vec<f64> = (0..=1600).map(|index| -8.0 + f64::from(index) / 100.0).collect();
        let density: Vec<f64> = grid.iter().map(|x| (-0.5 * x * x).exp()).collect();
        for truth in [-2.004, 0.0, 0.5] {
            let densities = GridDensities::new(&grid, &density).unwrap();
            let found = crps_from_grid(&densities, &[truth]).unwrap().mean;
            assert!(
                (found - normal_crps(truth)).abs() < 1e-5,
                "found {found}, expected {}",
                normal_crps(truth)
            );
        }
    }

    #[test]
    fn grid_of_a_uniform_is_exact_also_outside() {
        // Uniform on [0, 1]: CRPS(y) = y³/3 + (1 - y)³/3 inside, 1/3 + distance outside.
        let densities = GridDensities::new(&[0.0, 0.4, 1.0], &[1.0, 1.0, 1.0]).unwrap();
        for (truth, expected) in [(0.5, 1.0 / 12.0), (0.4, (0.064 + 0.216) / 3.0), (1.5, 1.0 / 3.0 + 0.5)] {
            assert!((crps_from_grid(&densities, &[truth]).unwrap().mean - expected).abs() < 1e-14);
        }
    }

    #[test]
    fn energy_score_of_one_parameter_is_the_crps() {
        let mut random = random_stream(2, 0);
        let values: Vec<f64> = (0..60).map(|_| random.random()).collect();
        let draws = Draws::new(&values, 3, 20, 1).unwrap();
        let truths = [0.1, 0.5, 2.0];
        let (energy, crps) = (
            energy_score(&draws, &truths).unwrap(),
            crps_from_draws(&draws, &truths, 0).unwrap(),
        );
        assert!(energy.rows.iter().zip(&crps.rows).all(|(a, b)| (a - b).abs() < 1e-13));
    }

    #[test]
    fn the_right_width_scores_best() {
        let mut random = random_stream(6, 0);
        let rows = 4000;
        let truths: Vec<f64> = (0..rows).map(|_| normal_quantile(random.random())).collect();
        let normals: Vec<f64> = (0..rows * 20).map(|_| normal_quantile(random.random())).collect();
        let mean = |ratio: f64| {
            let values: Vec<f64> = normals.iter().map(|value| ratio * value).collect();
            crps_from_draws(&Draws::new(&values, rows, 20, 1).unwrap(), &truths, 0)
                .unwrap()
                .mean
        };
        assert!(mean(1.0) < mean(0.6) && mean(1.0) < mean(1.6));
    }

    #[test]
    fn constant_draws_score_their_distance_and_one_draw_is_refused() {
        let draws = Draws::new(&[2.0, 2.0, 2.0], 1, 3, 1).unwrap();
        assert_eq!(crps_from_draws(&draws, &[5.0], 0).unwrap().mean, 3.0);
        let single = Draws::new(&[2.0], 1, 1, 1).unwrap();
        assert!(matches!(
            crps_from_draws(&single, &[5.0], 0),
            Err(CheckError::TooFew { least: 2, found: 1, .. })
        ));
    }
}
