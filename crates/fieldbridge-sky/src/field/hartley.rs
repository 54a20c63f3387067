//! Hartley's transform of square planes.

use std::fmt;
use std::sync::Arc;

use realfft::num_complex::Complex64;
use realfft::{RealFftPlanner, RealToComplex};
use rustfft::{Fft, FftPlanner};

/// Rows handled together, so that columns are written in whole cache lines.
const BLOCK: usize = 8;

/// `H(k) = sum_x g(x) cas(k x)` with `cas = cos + sin` on planes of `n` by `n`, last index fastest. It is its own
/// transpose, and twice is `n^2` times the plane (Hartley 1942; Bracewell 1983).
#[derive(Clone)]
pub struct HartleyTransform {
    side: usize,
    rows: Arc<dyn RealToComplex<f64>>,
    columns: Arc<dyn Fft<f64>>,
}

/// Memory for one transform at a time.
#[derive(Debug, Clone, Default)]
pub(super) struct Scratch {
    row: Vec<f64>,
    spectra: Vec<Complex64>,
    transposed: Vec<Complex64>,
    inner: Vec<Complex64>,
}

impl fmt::Debug for HartleyTransform {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("HartleyTransform")
            .field("side", &self.side)
            .finish()
    }
}

impl HartleyTransform {
    /// For planes of `side` by `side`.
    #[must_use]
    pub fn new(side: usize) -> Self {
        Self {
            side,
            rows: RealFftPlanner::new().plan_fft_forward(side),
            columns: FftPlanner::new().plan_fft_forward(side),
        }
    }

    /// Transforms a plane in its place.
    ///
    /// # Panics
    /// When the plane has another size.
    pub fn apply(&self, plane: &mut [f64]) {
        self.apply_with(plane, &mut Scratch::default());
    }

    /// Transforms planes that lie one after the other.
    ///
    /// # Panics
    /// When they are not whole planes.
    pub fn apply_each(&self, planes: &mut [f64]) {
        let area = self.side * self.side;
        assert!(
            planes.len().is_multiple_of(area),
            "these are not whole maps of the patch"
        );
        let mut scratch = Scratch::default();
        for plane in planes.chunks_exact_mut(area) {
            self.apply_with(plane, &mut scratch);
        }
    }

    pub(super) fn apply_with(&self, plane: &mut [f64], scratch: &mut Scratch) {
        self.half_plane(plane, scratch);
        let side = self.side;
        // columns come out in blocks of rows, and each gives its mirror image too
        for start in (0..side).step_by(BLOCK) {
            let end = (start + BLOCK).min(side);
            for (column, values) in scratch.transposed.chunks_exact(side).enumerate() {
                let mirrored = (side - column) % side;
                for (row, value) in (start..end).zip(&values[start..end]) {
                    plane[row * side + column] = value.re - value.im;
                    plane[(side - row) % side * side + mirrored] = value.re + value.im;
                }
            }
        }
    }

    fn half_plane(&self, plane: &[f64], scratch: &mut Scratch) {
        let side = self.side;
        assert_eq!(
            plane.len(),
            side * side,
            "the plane has another size than the transform"
        );
        let width = side / 2 + 1;
        let zero = Complex64::new(0.0, 0.0);
        scratch.row.resize(side, 0.0);
        scratch.spectra.resize(BLOCK * width, zero);
        scratch.transposed.resize(width * side, zero);
        let needed = self.rows.get_scratch_len().max(self.columns.get_inplace_scratch_len());
        scratch.inner.resize(needed, zero);
        for (block, rows) in plane.chunks(BLOCK * side).enumerate() {
            for (row, spectrum) in rows.chunks_exact(side).zip(scratch.spectra.chunks_exact_mut(width)) {
                scratch.row.copy_from_slice(row);
                let inner = &mut scratch.inner[..self.rows.get_scratch_len()];
                self.rows
                    .process_with_scratch(&mut scratch.row, spectrum, inner)
                    .expect("the buffers have the lengths of the plan");
            }
            let count = rows.len() / side;
            for column in 0..width {
                let target = &mut scratch.transposed[column * side + block * BLOCK..][..count];
                for (row, value) in target.iter_mut().enumerate() {
                    *value = scratch.spectra[row * width + column];
                }
            }
        }
        let inner = &mut scratch.inner[..self.columns.get_inplace_scratch_len()];
        self.columns.process_with_scratch(&mut scratch.transposed, inner);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane(side: usize) -> Vec<f64> {
        (0..side * side)
            .map(|index| ((index * index + 3) % 17) as f64 - 8.0)
            .collect()
    }

    #[test]
    fn it_is_the_sum_it_says_for_even_and_odd_sides() {
        for side in [5, 8, 12] {
            let values = plane(side);
            let mut found = values.clone();
            HartleyTransform::new(side).apply(&mut found);
            for row in 0..side {
                for column in 0..side {
                    let exact: f64 = (0..side * side)
                        .map(|index| {
                            let turns = (index / side * row + index % side * column) as f64 / side as f64;
                            let angle = 2.0 * std::f64::consts::PI * turns;
                            values[index] * (angle.cos() + angle.sin())
                        })
                        .sum();
                    assert!((found[row * side + column] - exact).abs() < 1e-10);
                }
            }
        }
    }

    #[test]
    fn twice_is_the_plane_again() {
        let side = 30;
        let values = plane(side);
        let mut found = values.clone();
        let transform = HartleyTransform::new(side);
        transform.apply(&mut found);
        transform.apply(&mut found);
        for (found, value) in found.iter().zip(&values) {
            assert!((found / (side * side) as f64 - value).abs() < 1e-12);
        }
    }
}
