//! One-dimensional densities tabulated on a grid: their distribution function, PIT values and quantiles.

use super::error::{CheckError, require_count, require_finite, require_increasing, require_length};
use rayon::prelude::*;

/// Densities of many rows on one grid, linear between its points and normalised over it.
#[derive(Debug, Clone)]
pub struct GridDensities<'a> {
    grid: &'a [f64],
    /// Normalised densities, shape `[rows, points]`.
    density: Vec<f64>,
    /// Distribution function at the grid points, same shape.
    cumulative: Vec<f64>,
}

impl<'a> GridDensities<'a> {
    /// Normalises densities (not logarithms) of shape `[rows, points]` by the trapezoid rule over `grid`.
    ///
    /// # Errors
    /// Fewer than two grid points, a grid that does not increase, no rows, a wrong length, values that are negative or
    /// not finite, a row without mass.
    pub fn new(grid: &'a [f64], densities: &[f64]) -> Result<Self, CheckError> {
        require_count("points of the density grid", 2, grid.len())?;
        require_finite("density grid", grid, 1)?;
        require_increasing("density grid", grid)?;
        require_finite("densities on the grid", densities, grid.len())?;
        let rows = densities.len().div_ceil(grid.len());
        require_length("densities on the grid", rows * grid.len(), densities.len())?;
        let (mut density, mut cumulative) = (densities.to_vec(), Vec::with_capacity(densities.len()));
        for (row, values) in density.chunks_exact_mut(grid.len()).enumerate() {
            if let Some(value) = values.iter().find(|value| **value < 0.0) {
                let (what, low, high) = ("densities on the grid", 0.0, f64::INFINITY);
                return Err(CheckError::OutOfRange {
                    what,
                    row,
                    value: *value,
                    low,
                    high,
                });
            }
            // Scaling by the largest value first keeps the integral from overflowing.
            let largest = values.iter().copied().fold(0.0, f64::max);
            let scale = if largest > 0.0 { largest } else { 1.0 };
            values.iter_mut().for_each(|value| *value /= scale);
            let mut running = vec![0.0];
            for cell in 0..grid.len() - 1 {
                let width = grid[cell + 1] - grid[cell];
                running.push(running[cell] + 0.5 * width * (values[cell] + values[cell + 1]));
            }
            let integral = running[grid.len() - 1];
            if !(integral > 0.0 && integral.is_finite()) {
                return Err(CheckError::NoMass {
                    what: "densities on the grid",
                    row,
                    integral,
                });
            }
            values.iter_mut().for_each(|value| *value /= integral);
            cumulative.extend(running.iter().map(|value| value / integral));
        }
        Ok(Self {
            grid,
            density,
            cumulative,
        })
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.density.len() / self.grid.len()
    }

    pub(super) fn grid(&self) -> &'a [f64] {
        self.grid
    }

    fn of_row<'b>(&self, table: &'b [f64], row: usize) -> &'b [f64] {
        &table[row * self.grid.len()..(row + 1) * self.grid.len()]
    }

    /// Distribution function of one row at `position` (zero below the grid, one above it).
    pub(super) fn cumulative_at(&self, row: usize, position: f64) -> f64 {
        let cell = self.grid.partition_point(|point| *point <= position);
        if cell == 0 {
            return 0.0;
        }
        if cell == self.grid.len() {
            return 1.0;
        }
        let (density, cumulative) = (self.of_row(&self.density, row), self.of_row(&self.cumulative, row));
        let (width, inside) = (self.grid[cell] - self.grid[cell - 1], position - self.grid[cell - 1]);
        let slope = (density[cell] - density[cell - 1]) / width;
        (cumulative[cell - 1] + inside * (density[cell - 1] + 0.5 * slope * inside)).clamp(0.0, 1.0)
    }

    /// PIT value of each truth: the distribution function there.
    ///
    /// # Errors
    /// One truth per row is needed, each finite.
    pub fn pit(&self, truths: &[f64]) -> Result<Vec<f64>, CheckError> {
        self.require_truths(truths)?;
        Ok((0..self.rows())
            .into_par_iter()
            .map(|row| self.cumulative_at(row, truths[row]))
            .collect())
    }

    /// Quantile of each row; 0.5 is the median, a good point estimate.
    ///
    /// # Errors
    /// A probability outside [0, 1].
    pub fn quantile(&self, probability: f64) -> Result<Vec<f64>, CheckError> {
        super::error::require_within("probability of the quantile", &[probability], 0.0, 1.0)?;
        Ok((0..self.rows())
            .into_par_iter()
            .map(|row| self.quantile_of_row(row, probability))
            .collect())
    }

    fn quantile_of_row(&self, row: usize, probability: f64) -> f64 {
        let cumulative = self.of_row(&self.cumulative, row);
        let cell = cumulative
            .partition_point(|value| *value < probability)
            .clamp(1, self.grid.len() - 1);
        // The distribution function is monotone within the cell; 60 halvings reach rounding error.
        let (mut low, mut high) = (self.grid[cell - 1], self.grid[cell]);
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if self.cumulative_at(row, middle) < probability {
                low = middle;
            } else {
                high = middle;
            }
        }
        0.5 * (low + high)
    }

    pub(super) fn require_truths(&self, truths: &[f64]) -> Result<(), CheckError> {
        require_length("truths", self.rows(), truths.len())?;
        require_finite("truths", truths, 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn triangle_has_its_closed_form_distribution() {
        // Density 2x on [0, 1], given without normalisation.
        let densities = GridDensities::new(&[0.0, 0.25, 1.0], &[0.0, 1.0, 4.0]).unwrap();
        for position in [0.1_f64, 0.25, 0.6, 0.99] {
            assert!((densities.pit(&[position]).unwrap()[0] - position * position).abs() < 1e-14);
        }
        assert!((densities.quantile(0.5).unwrap()[0] - 0.5_f64.sqrt()).abs() < 1e-12);
        assert_eq!(densities.pit(&[-1.0]).unwrap(), [0.0]);
        assert_eq!(densities.pit(&[2.0]).unwrap(), [1.0]);
    }

    #[test]
    fn bad_tables_are_refused_with_their_row() {
        let grid = [0.0, 1.0];
        assert!(matches!(
            GridDensities::new(&grid, &[1.0, 1.0, 0.0, 0.0]),
            Err(CheckError::NoMass { row: 1, .. })
        ));
        assert!(matches!(
            GridDensities::new(&grid, &[1.0, -1.0]),
            Err(CheckError::OutOfRange { row: 0, .. })
        ));
        assert!(matches!(
            GridDensities::new(&grid, &[1.0, 1.0, 1.0]),
            Err(CheckError::LengthMismatch { .. })
        ));
        assert!(matches!(GridDensities::new(&grid, &[]), Err(CheckError::Empty { .. })));
        assert!(matches!(
            GridDensities::new(&[1.0, 1.0], &[1.0, 1.0]),
            Err(CheckError::NotIncreasing { .. })
        ));
        assert!(matches!(
            GridDensities::new(&grid, &[1.0, 1.0, 1.0, f64::NAN]),
            Err(CheckError::NonFinite { row: 1, .. })
        ));
    }

    #[test]
    fn enormous_densities_do_not_overflow() {
        let densities = GridDensities::new(&[0.0, 1.0, 2.0], &[1e308, 1e308, 1e308]).unwrap();
        assert!((densities.pit(&[0.5]).unwrap()[0] - 0.25).abs() < 1e-15);
    }
}
