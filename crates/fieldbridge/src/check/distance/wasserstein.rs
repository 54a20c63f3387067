//! The exact Wasserstein distance by assignment.

use super::pairs::squared_distances;
use super::{Distance, Points, require_comparable};
use crate::check::error::CheckError;
use crate::coupling::assign;
use crate::random::Stream;

/// Most rows of a square assignment problem: its matrix then takes 0.5 GB.
const MOST_ROWS: usize = 8192;

/// `W2 = (min over couplings of E |x - y|^2)^(1/2)` of the two sets, exact, in the units of the points.
///
/// For `n` points on both sides the best coupling is a permutation, found by [`assign`] in about `O(n^2.5)`. For `n` and `m`
/// points every point is repeated until both sides have `lcm(n, m)`, which is exact too; above 8192 it is refused.
/// In `d` dimensions the distance between two samples of one law falls only as `n^(-1/d)` for `d > 4` (Fournier and Guillin
/// 2013, arXiv:1312.2128): look at the floor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wasserstein;

impl Distance for Wasserstein {
    fn between(&self, reference: &Points, sample: &Points, _stream: &Stream) -> Result<f64, CheckError> {
        require_comparable(reference, sample, 2)?;
        let (n, m) = (reference.rows(), sample.rows());
        let size = n / greatest_common_divisor(n, m) * m;
        if size > MOST_ROWS {
            return Err(CheckError::AssignmentTooLarge {
                reference: n,
                sample: m,
                most: MOST_ROWS,
            });
        }
        Ok(squared(&repeated(reference, size), &repeated(sample, size)).sqrt())
    }
}

/// `W2^2` of two sets of equally many points.
fn squared(reference: &Points, sample: &Points) -> f64 {
    let rows = reference.rows();
    // moving or scaling a set changes no optimal permutation: with one mean and one size most partners are near, which
    // the solver finds sooner
    let centred = |points: &Points| {
        let centred = points.standardised(&points.means(), &vec![0.0; points.dimension()]);
        let size = centred.values().iter().map(|x| x * x).sum::<f64>().sqrt();
        centred.standardised(&vec![0.0; points.dimension()], &vec![size; points.dimension()])
    };
    let cost = squared_distances(&centred(reference), &centred(sample));
    let columns = assign(&cost, rows).columns;
    let squares = columns.iter().enumerate().map(|(row, &column)| {
        let pair = reference.row(row).iter().zip(sample.row(column));
        pair.map(|(x, y)| (x - y).powi(2)).sum::<f64>()
    });
    squares.sum::<f64>() / rows as f64
}

fn repeated(points: &Points, size: usize) -> Points {
    let times = size / points.rows();
    let places: Vec<usize> = (0..size).map(|place| place / times).collect();
    points.choose(&places)
}

fn greatest_common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normals(rows: usize, index: u64) -> Vec<f64> {
        let drawn = Stream::new(6, "wasserstein", index).normals(rows * 2);
        drawn.into_iter().map(f64::from).collect()
    }

    fn distance(reference: &[f64], sample: &[f64]) -> f64 {
        let reference = Points::new("reference", reference, 2).unwrap();
        let sample = Points::new("sample", sample, 2).unwrap();
        Wasserstein
            .between(&reference, &sample, &Stream::new(0, "", 0))
            .unwrap()
    }

    #[test]
    fn the_gradient_of_a_convex_function_is_the_optimal_map_also_of_a_sample() {
        // y = S x + m with S positive definite
        let (s, m) = ([[1.7, 0.4], [0.4, 0.6]], [0.8, -2.0]);
        let x = normals(300, 0);
        let map = |p: &[f64]| [0, 1].map(|i| s[i][0] * p[0] + s[i][1] * p[1] + m[i]);
        let y: Vec<f64> = x.chunks_exact(2).flat_map(map).collect();
        let squares = x.iter().zip(&y).map(|(x, y)| (x - y).powi(2)).sum::<f64>();
        let expected = (squares / 300.0).sqrt();
        assert!((distance(&x, &y) - expected).abs() < 1e-12);
    }

    #[test]
    fn unequal_numbers_of_points_share_their_mass() {
        // two points to one place and back: each carries half
        let found = distance(&[0.0, 0.0, 2.0, 0.0], &[1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 5.0, 0.0]);
        // sorted on a line: 0 -> 1, 1 and 2 -> 1, 5, all in quarters
        assert!(
            (found - (0.25_f64 * (1.0 + 1.0 + 1.0 + 9.0)).sqrt()).abs() < 1e-14,
            "{found}"
        );
    }

    #[test]
    fn sizes_that_share_no_divisor_and_are_large_are_refused() {
        let reference = Points::new("reference", &vec![0.5; 2 * 211], 2).unwrap();
        let sample = Points::new("sample", &vec![0.5; 2 * 199], 2).unwrap();
        let message = Wasserstein
            .between(&reference, &sample, &Stream::new(0, "", 0))
            .unwrap_err()
            .to_string();
        assert!(message.contains("211") && message.contains("199"), "{message}");
    }
}
