//! Squared Euclidean distances between all rows of two tables.

use rayon::prelude::*;

/// Fewest multiplications worth handing to another thread.
const WORK_PER_THREAD: usize = 1 << 18;

/// `|from_i - to_j|^2` at `[j * rows + i]`: one line per row of `to`, in f64.
///
/// `from`, `to`: `[rows, dimension]`. Exactly zero for equal finite points; NaN when a coordinate of either is not
/// finite. Each line is summed in the order of the coordinates, so the result does not depend on the threads.
pub(super) fn squared_distances(from: &[f32], to: &[f32], rows: usize) -> Vec<f64> {
    let mut distances = vec![0.0; rows * rows];
    if rows == 0 || to.is_empty() {
        return distances;
    }
    let dimension = to.len() / rows;
    // coordinate by coordinate, so that the inner loop runs over neighbouring numbers
    let mut columns = vec![0.0; from.len()];
    for (row, point) in from.chunks_exact(dimension).enumerate() {
        for (axis, &value) in point.iter().enumerate() {
            columns[axis * rows + row] = finite(value);
        }
    }
    let lines = distances
        .par_chunks_mut(rows)
        .with_min_len((WORK_PER_THREAD / to.len()).max(1));
    lines.zip(to.par_chunks(dimension)).for_each(|(line, point)| {
        for (column, &value) in columns.chunks_exact(rows).zip(point) {
            let value = finite(value);
            for (sum, &other) in line.iter_mut().zip(column) {
                *sum += (other - value) * (other - value);
            }
        }
    });
    distances
}

/// One group of coordinates of the two clouds, and the weight of its squared distances in the cost.
pub(super) struct Part<'a> {
    /// `[rows, dimension]`, the columns of the cost.
    pub(super) from: &'a [f32],
    /// `[rows, dimension]`, the lines of the cost.
    pub(super) to: &'a [f32],
    /// `w`.
    pub(super) weight: f64,
}

/// Adds to every line of `cost`, the weighted squared distances of the `parts`, a number that makes matching easy.
///
/// Moving the cloud `to` and scaling it by `a > 0` changes the cost by a factor and by numbers that belong to a whole
/// line or column, none of which changes the best permutation. So the solver may see both clouds with one mean and one
/// size, where most points have their partner near. What the line of `y` gains is `a |y - mean(to)|^2 - |y -
/// mean(from)|^2`, where `a` is the ratio of the sizes; column numbers the solver finds by itself.
pub(super) fn balance(cost: &mut [f64], parts: &[Part<'_>], rows: usize) {
    let (mut gained, mut lost) = (vec![0.0; rows], vec![0.0; rows]);
    let (mut size_from, mut size_to) = (0.0, 0.0);
    for Part { from, to, weight } in parts {
        let (center_from, center_to) = (mean(from, rows), mean(to, rows));
        size_from += weight * from_center(from, &center_from).sum::<f64>();
        size_to += weight * from_center(to, &center_to).sum::<f64>();
        gained
            .iter_mut()
            .zip(from_center(to, &center_to))
            .for_each(|(sum, square)| *sum += weight * square);
        lost.iter_mut()
            .zip(from_center(to, &center_from))
            .for_each(|(sum, square)| *sum += weight * square);
    }
    let scale = (size_from / size_to).sqrt();
    if !scale.is_finite() || scale == 0.0 {
        return;
    }
    for ((line, gained), lost) in cost.chunks_exact_mut(rows).zip(gained).zip(lost) {
        line.iter_mut().for_each(|entry| *entry += scale * gained - lost);
    }
}

/// The mean of the points `[rows, dimension]`.
fn mean(points: &[f32], rows: usize) -> Vec<f64> {
    let mut sum = vec![0.0; points.len() / rows];
    for point in points.chunks_exact(sum.len()) {
        sum.iter_mut()
            .zip(point)
            .for_each(|(sum, &value)| *sum += f64::from(value));
    }
    sum.into_iter().map(|sum| sum / rows as f64).collect()
}

/// The squared distance of each point from `center`.
fn from_center(points: &[f32], center: &[f64]) -> impl Iterator<Item = f64> {
    let square = move |point: &[f32]| {
        point
            .iter()
            .zip(center)
            .map(|(&value, center)| (f64::from(value) - center).powi(2))
            .sum()
    };
    points.chunks_exact(center.len()).map(square)
}

/// The number, or NaN for an infinite one: two infinities are not a measurable distance apart.
fn finite(value: f32) -> f64 {
    if value.is_finite() { f64::from(value) } else { f64::NAN }
}
