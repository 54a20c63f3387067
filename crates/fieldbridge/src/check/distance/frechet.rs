//! The distance of the normal distributions with the same means and covariances.

use super::symmetric_eigen::{SymmetricEigen, symmetric_eigen};
use super::{Distance, Points, require_comparable};
use crate::check::error::CheckError;
use crate::random::Stream;

/// `|m_a - m_b|^2 + tr(A + B - 2 (A^(1/2) B A^(1/2))^(1/2))`, in squared units of the points, with means `m` and covariances
/// (n - 1) of the two sets (Dowson and Landau 1982, J. Multivar. Anal. 12, 450; "FID" in the features of a network, Heusel
/// et al. 2017, arXiv:1706.08500). It is `W2^2` of two normal distributions and blind to everything else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Frechet;

impl Distance for Frechet {
    fn between(&self, reference: &Points, sample: &Points, _stream: &Stream) -> Result<f64, CheckError> {
        require_comparable(reference, sample, 2)?;
        let size = reference.dimension();
        let means = (reference.means(), sample.means());
        let shift: f64 = means.0.iter().zip(&means.1).map(|(a, b)| (a - b).powi(2)).sum();
        let (a, b) = (covariance(reference, &means.0), covariance(sample, &means.1));
        Ok((shift + bures(&a, &b, size)?).max(0.0))
    }
}

/// `tr(A + B - 2 (A^(1/2) B A^(1/2))^(1/2))` of two covariances (Bures 1969).
fn bures(a: &[f64], b: &[f64], size: usize) -> Result<f64, CheckError> {
    let root = square_root(&symmetric_eigen(a, size)?);
    let inner = product(&product(&root, b, size), &root, size);
    let common: f64 = symmetric_eigen(&inner, size)?
        .values
        .iter()
        .map(|value| value.max(0.0).sqrt())
        .sum();
    let trace = |matrix: &[f64]| -> f64 { matrix.iter().step_by(size + 1).sum() };
    Ok(trace(a) + trace(b) - 2.0 * common)
}

/// The covariance `[d, d]`, divided by n - 1.
fn covariance(points: &Points, means: &[f64]) -> Vec<f64> {
    let size = means.len();
    let mut sums = vec![0.0; size * size];
    let mut centred = vec![0.0; size];
    for point in points.iter() {
        for ((centred, value), mean) in centred.iter_mut().zip(point).zip(means) {
            *centred = value - mean;
        }
        for (line, left) in sums.chunks_exact_mut(size).zip(&centred) {
            line.iter_mut()
                .zip(&centred)
                .for_each(|(sum, right)| *sum += left * right);
        }
    }
    let freedom = (points.rows() - 1) as f64;
    sums.iter().map(|sum| sum / freedom).collect()
}

/// The positive root; eigenvalues below zero are rounding and count as zero.
fn square_root(eigen: &SymmetricEigen) -> Vec<f64> {
    let size = eigen.values.len();
    let mut root = vec![0.0; size * size];
    for (value, vector) in eigen.values.iter().zip(eigen.vectors.chunks_exact(size)) {
        let scale = value.max(0.0).sqrt();
        for (line, left) in root.chunks_exact_mut(size).zip(vector) {
            line.iter_mut()
                .zip(vector)
                .for_each(|(sum, right)| *sum += scale * left * right);
        }
    }
    root
}

fn product(a: &[f64], b: &[f64], size: usize) -> Vec<f64> {
    let mut result = vec![0.0; size * size];
    for (line, left) in result.chunks_exact_mut(size).zip(a.chunks_exact(size)) {
        for (factor, right) in left.iter().zip(b.chunks_exact(size)) {
            line.iter_mut()
                .zip(right)
                .for_each(|(sum, value)| *sum += factor * value);
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(values: &[f64], dimension: usize) -> Points {
        Points::new("points", values, dimension).unwrap()
    }

    fn frechet(a: &Points, b: &Points) -> f64 {
        Frechet.between(a, b, &Stream::new(0, "", 0)).unwrap()
    }

    /// Four points with mean zero and unit covariance (n - 1).
    fn cross() -> Vec<f64> {
        let s = 1.5_f64.sqrt();
        vec![s, 0.0, -s, 0.0, 0.0, s, 0.0, -s]
    }

    #[test]
    fn commuting_covariances_compare_by_their_deviations() {
        let a = cross();
        let b: Vec<f64> = a
            .chunks_exact(2)
            .flat_map(|p| [3.0 * p[0] + 1.0, 0.5 * p[1] - 2.0])
            .collect();
        // |m|^2 + sum (s_a - s_b)^2
        let expected = 5.0 + 4.0 + 0.25;
        assert!((frechet(&points(&a, 2), &points(&b, 2)) - expected).abs() < 1e-13);
    }

    #[test]
    fn the_optimal_map_between_covariances_that_do_not_commute_costs_it() {
        // x has covariance A; y = S x with S positive definite is the optimal map, so W2^2 = tr((S - 1) A (S - 1))
        let (u, s) = ([[1.0, 0.3], [-0.8, 2.0]], [[1.7, 0.4], [0.4, 0.6]]);
        let apply = |m: [[f64; 2]; 2], p: &[f64]| [0, 1].map(|i| m[i][0] * p[0] + m[i][1] * p[1]);
        let x: Vec<f64> = cross().chunks_exact(2).flat_map(|p| apply(u, p)).collect();
        let y: Vec<f64> = x.chunks_exact(2).flat_map(|p| apply(s, p)).collect();
        let expected: f64 = x.iter().zip(&y).map(|(x, y)| (x - y).powi(2)).sum::<f64>() / 3.0;
        assert!((frechet(&points(&x, 2), &points(&y, 2)) - expected).abs() < 1e-13);
    }

    #[test]
    fn fewer_rows_than_dimensions_are_fine() {
        let a = points(&[0.0, 0.0, 0.0, 2.0, 0.0, 0.0], 3);
        let b = points(&[0.0, 0.0, 0.0, 0.0, 2.0, 0.0], 3);
        // means half a diagonal apart, variances 2 on different axes
        assert!((frechet(&a, &b) - (2.0 + 4.0)).abs() < 1e-12);
        assert!(frechet(&a, &a).abs() < 1e-12);
    }
}
