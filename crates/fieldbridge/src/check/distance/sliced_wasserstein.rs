//! Wasserstein distances of projections on lines.

use rayon::prelude::*;

use super::{Distance, Points, require_comparable};
use crate::check::error::{CheckError, require_count, require_finite, require_length};
use crate::random::Stream;

/// `SW2 = (mean over directions u of W2(u.x, u.y)^2)^(1/2)`, in the units of the points (Bonneel et al. 2015, J. Math.
/// Imaging Vis. 51, 22). On a line the optimal coupling joins equal ranks, so it costs `O(n log n)` a direction.
///
/// The directions are rows of random rotations: uniform on the sphere, and within a rotation orthogonal, which halves their
/// noise or better (Rowland et al. 2019, arXiv:1903.00220). For a shift by `m` of one set, `SW2^2 = |m|^2 / d`. The value
/// shrinks with the dimension at equal `W2`; the standard error is at fixed directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlicedWasserstein {
    /// Number of directions, at least 1.
    pub directions: usize,
}

impl Default for SlicedWasserstein {
    fn default() -> Self {
        Self { directions: 200 }
    }
}

impl SlicedWasserstein {
    /// The distance along given unit vectors, `[count, d]` flat, in place of random ones.
    ///
    /// # Errors
    /// Sets that do not compare, no direction, or a length that is no multiple of `d`.
    pub fn along(directions: &[f64], reference: &Points, sample: &Points) -> Result<f64, CheckError> {
        require_comparable(reference, sample, 2)?;
        let count = directions.len() / reference.dimension();
        require_count("directions", 1, count)?;
        require_length("directions", count * reference.dimension(), directions.len())?;
        require_finite("directions", directions, reference.dimension())?;
        Ok(mean_square(directions, reference, sample).sqrt())
    }
}

impl Distance for SlicedWasserstein {
    fn between(&self, reference: &Points, sample: &Points, stream: &Stream) -> Result<f64, CheckError> {
        require_count("directions", 1, self.directions)?;
        let directions = directions(self.directions, reference.dimension(), stream);
        Self::along(&directions, reference, sample)
    }
}

/// The mean over `directions`, `[count, d]`, of the squared distance along them.
fn mean_square(directions: &[f64], reference: &Points, sample: &Points) -> f64 {
    let dimension = reference.dimension();
    let squares: Vec<f64> = directions
        .par_chunks_exact(dimension)
        .map(|direction| {
            let projected = |points: &Points| {
                let dot = |point: &[f64]| point.iter().zip(direction).map(|(x, u)| x * u).sum::<f64>();
                let mut places: Vec<f64> = points.iter().map(dot).collect();
                places.sort_by(f64::total_cmp);
                places
            };
            squared_on_a_line(&projected(reference), &projected(sample))
        })
        .collect();
    squares.iter().sum::<f64>() / squares.len() as f64
}

/// `W2^2 = integral over q of (F^-1(q) - G^-1(q))^2` of sorted values, exact for any two numbers of them.
fn squared_on_a_line(a: &[f64], b: &[f64]) -> f64 {
    let (n, m) = (a.len(), b.len());
    if n == m {
        return a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>() / n as f64;
    }
    // quantiles in units of 1 / (n m), where all steps are whole numbers
    let (mut i, mut j, mut at, mut sum) = (0, 0, 0, 0.0);
    while i < n && j < m {
        let (next_a, next_b) = ((i + 1) * m, (j + 1) * n);
        let next = next_a.min(next_b);
        sum += (next - at) as f64 * (a[i] - b[j]).powi(2);
        at = next;
        i += usize::from(next == next_a);
        j += usize::from(next == next_b);
    }
    sum / (n as f64 * m as f64)
}

/// `count` unit vectors, `[count, d]`: orthonormal in groups of `d` (Gram and Schmidt on normal vectors).
fn directions(count: usize, dimension: usize, stream: &Stream) -> Vec<f64> {
    let mut all: Vec<f64> = Vec::with_capacity(count * dimension);
    let mut attempt = 0;
    while all.len() < count * dimension {
        let drawn = stream.child("direction", attempt).normals(dimension);
        attempt += 1;
        let mut vector: Vec<f64> = drawn.into_iter().map(f64::from).collect();
        let group = all.len() / (dimension * dimension) * dimension * dimension;
        // twice is enough for orthogonality to rounding
        for _ in 0..2 {
            for other in all[group..].chunks_exact(dimension) {
                let along: f64 = vector.iter().zip(other).map(|(v, u)| v * u).sum();
                vector.iter_mut().zip(other).for_each(|(v, u)| *v -= along * u);
            }
        }
        let norm = vector.iter().map(|v| v * v).sum::<f64>().sqrt();
        if norm > 1e-6 {
            all.extend(vector.iter().map(|v| v / norm));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::distance::wasserstein::Wasserstein;

    fn normals(rows: usize, dimension: usize, index: u64) -> Vec<f64> {
        let drawn = Stream::new(5, "sliced", index).normals(rows * dimension);
        drawn.into_iter().map(f64::from).collect()
    }

    #[test]
    fn a_shift_gives_its_length_over_the_root_of_the_dimension() {
        for (dimension, directions) in [(1, 1), (3, 30), (7, 70)] {
            let values = normals(50, dimension, 0);
            let shift: Vec<f64> = (0..dimension).map(|axis| 0.3 + axis as f64).collect();
            let moved: Vec<f64> = values.iter().zip(shift.iter().cycle()).map(|(x, m)| x + m).collect();
            let reference = Points::new("reference", &values, dimension).unwrap();
            let sample = Points::new("sample", &moved, dimension).unwrap();
            let found = SlicedWasserstein { directions }
                .between(&reference, &sample, &Stream::new(1, "", 0))
                .unwrap();
            let length: f64 = shift.iter().map(|m| m * m).sum();
            // whole rotations make it exact
            assert!((found - (length / dimension as f64).sqrt()).abs() < 1e-12, "{found}");
        }
    }

    #[test]
    fn any_number_of_directions_is_right_on_average() {
        let values = normals(40, 5, 1);
        let moved: Vec<f64> = values.iter().map(|x| x + 1.0).collect();
        let reference = Points::new("reference", &values, 5).unwrap();
        let sample = Points::new("sample", &moved, 5).unwrap();
        let squares: Vec<f64> = (0..400)
            .map(|seed| {
                let distance = SlicedWasserstein { directions: 2 };
                let found = distance
                    .between(&reference, &sample, &Stream::new(seed, "", 0))
                    .unwrap();
                found * found
            })
            .collect();
        let (mean, spread) = crate::check::distance::half_sampling::mean_and_spread(&squares);
        assert!((mean - 1.0).abs() < 4.0 * spread / 20.0, "{mean} +- {}", spread / 20.0);
    }

    #[test]
    fn on_a_line_it_is_the_exact_distance_for_any_numbers_of_points() {
        let direction = Stream::new(2, "", 0);
        for (n, m) in [(6, 6), (6, 4), (5, 10), (9, 6)] {
            let reference = Points::new("reference", &normals(n, 1, 2), 1).unwrap();
            let sample = Points::new("sample", &normals(m, 1, 3), 1).unwrap();
            let sliced = SlicedWasserstein { directions: 1 }
                .between(&reference, &sample, &direction)
                .unwrap();
            let exact = Wasserstein.between(&reference, &sample, &direction).unwrap();
            assert!((sliced - exact).abs() < 1e-12, "{n} {m}: {sliced} {exact}");
        }
    }
}
