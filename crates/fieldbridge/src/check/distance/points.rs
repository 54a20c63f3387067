//! A set of points, checked once.

use crate::check::error::{CheckError, require_count, require_finite};

/// Squares of larger numbers overflow when they are added up.
const LARGEST: f64 = 1e150;

/// Points of `dimension` finite numbers each. A set has no order: the rows are kept sorted, so that nothing computed from
/// them depends on the order in which they came.
#[derive(Clone, Debug, PartialEq)]
pub struct Points {
    values: Vec<f64>,
    rows: usize,
    dimension: usize,
}

impl Points {
    /// The points of a table `[rows, dimension]`, flat, row by row; `what` names it in errors.
    ///
    /// # Errors
    /// No columns or no rows ([`CheckError::TooFew`]), a length that is no multiple of `dimension`, or a value that is not
    /// finite or beyond 1e150 (its row is named).
    pub fn new(what: &'static str, values: &[f64], dimension: usize) -> Result<Self, CheckError> {
        require_count("columns to compare", 1, dimension)?;
        let rows = values.len() / dimension;
        if rows == 0 {
            return Err(CheckError::NoPoints { what });
        }
        if !values.len().is_multiple_of(dimension) {
            return Err(CheckError::LengthMismatch {
                what,
                expected: rows * dimension,
                found: values.len(),
            });
        }
        require_finite(what, values, dimension)?;
        if let Some(place) = values.iter().position(|value| value.abs() > LARGEST) {
            return Err(CheckError::OutOfRange {
                what,
                row: place / dimension,
                value: values[place],
                low: -LARGEST,
                high: LARGEST,
            });
        }
        // no signed zeros: they are equal and yet sort apart
        let clean: Vec<f64> = values.iter().map(|value| value + 0.0).collect();
        let mut order: Vec<&[f64]> = clean.chunks_exact(dimension).collect();
        order.sort_by(|a, b| {
            let differing = a.iter().zip(b.iter()).map(|(a, b)| a.total_cmp(b));
            differing.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
        });
        let values = order.concat();
        Ok(Self {
            values,
            rows,
            dimension,
        })
    }

    /// Number of points.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Numbers in a point.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// All numbers, row by row.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The points one by one.
    pub fn iter(&self) -> std::slice::ChunksExact<'_, f64> {
        self.values.chunks_exact(self.dimension)
    }

    /// One point.
    pub fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.dimension..(row + 1) * self.dimension]
    }

    /// Some of the points; a place may be named more than once.
    ///
    /// # Panics
    /// When there is no such place.
    pub fn choose(&self, places: &[usize]) -> Self {
        let mut sorted = places.to_vec();
        sorted.sort_unstable();
        Self {
            values: sorted.iter().flat_map(|&place| self.row(place)).copied().collect(),
            rows: sorted.len(),
            dimension: self.dimension,
        }
    }

    /// The mean of every column.
    pub fn means(&self) -> Vec<f64> {
        let mut sums = vec![0.0; self.dimension];
        for point in self.iter() {
            sums.iter_mut().zip(point).for_each(|(sum, value)| *sum += value);
        }
        sums.iter().map(|sum| sum / self.rows as f64).collect()
    }

    /// The standard deviation (n - 1) of every column; zero for one row.
    pub fn deviations(&self) -> Vec<f64> {
        let means = self.means();
        let mut squares = vec![0.0; self.dimension];
        for point in self.iter() {
            for ((square, value), mean) in squares.iter_mut().zip(point).zip(&means) {
                *square += (value - mean).powi(2);
            }
        }
        let freedom = self.rows.saturating_sub(1).max(1) as f64;
        squares.iter().map(|square| (square / freedom).sqrt()).collect()
    }

    /// The points with `means` taken off and divided by `deviations`; a column without deviation is only moved.
    pub fn standardised(&self, means: &[f64], deviations: &[f64]) -> Self {
        let scaled = self.iter().flat_map(|point| {
            let columns = point.iter().zip(means).zip(deviations);
            columns.map(|((value, mean), &deviation)| {
                let moved = value - mean;
                if deviation > 0.0 { moved / deviation } else { moved }
            })
        });
        Self {
            values: scaled.collect(),
            ..*self
        }
    }

    /// The numbers column by column.
    pub(super) fn columns(&self) -> Vec<f64> {
        let mut columns = vec![0.0; self.values.len()];
        for (row, point) in self.iter().enumerate() {
            for (axis, &value) in point.iter().enumerate() {
                columns[axis * self.rows + row] = value;
            }
        }
        columns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_sorted_and_bad_ones_are_named() {
        let points = Points::new("sample", &[2.0, 0.0, 1.0, 5.0, 1.0, -3.0], 2).unwrap();
        assert_eq!(points.values(), [1.0, -3.0, 1.0, 5.0, 2.0, 0.0]);
        assert_eq!(points.choose(&[2, 0]).values(), [1.0, -3.0, 2.0, 0.0]);
        assert_eq!(points.means(), [4.0 / 3.0, 2.0 / 3.0]);
        let spoiled = Points::new("sample", &[0.0, 1.0, 2.0, f64::NAN], 2).unwrap_err();
        assert!(spoiled.to_string().contains("sample: row 1 holds NaN"), "{spoiled}");
        assert!(matches!(
            Points::new("sample", &[0.0, 1.0, -1e200, 1.0], 2),
            Err(CheckError::OutOfRange { row: 1, .. })
        ));
        assert!(matches!(
            Points::new("sample", &[], 2),
            Err(CheckError::NoPoints { what: "sample" })
        ));
        assert!(matches!(
            Points::new("sample", &[1.0], 0),
            Err(CheckError::TooFew { .. })
        ));
        assert!(matches!(
            Points::new("sample", &[1.0, 2.0, 3.0], 2),
            Err(CheckError::LengthMismatch { .. })
        ));
    }

    #[test]
    fn standardising_gives_mean_zero_and_deviation_one() {
        let points = Points::new("reference", &[1.0, 7.0, 2.0, 7.0, 6.0, 7.0], 2).unwrap();
        let scaled = points.standardised(&points.means(), &points.deviations());
        assert!(scaled.means().iter().all(|mean| mean.abs() < 1e-15));
        assert!((scaled.deviations()[0] - 1.0).abs() < 1e-15);
        assert_eq!(scaled.deviations()[1], 0.0);
    }
}
