//! Fourier transforms of planes with the symmetries of a square, of which only an eighth is kept.

use std::fmt;
use std::sync::Arc;

use realfft::num_complex::Complex64;
use rustfft::{Fft, FftPlanner};

use super::patch::Octant;

/// `S(p) = sum_x s(x) cos(p_1 x_1) cos(p_2 x_2)` over the whole plane: the Fourier transform of an even one.
#[derive(Clone)]
pub(super) struct EvenTransform {
    octant: Octant,
    side: usize,
    plan: Arc<dyn Fft<f64>>,
}

impl fmt::Debug for EvenTransform {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("EvenTransform")
            .field("side", &self.side)
            .finish()
    }
}

impl EvenTransform {
    pub(super) fn new(octant: Octant, side: usize) -> Self {
        Self {
            octant,
            side,
            plan: FftPlanner::new().plan_fft_forward(side),
        }
    }

    /// Transforms a plane given by its octant.
    pub(super) fn apply(&self, values: &[f64]) -> Vec<f64> {
        let width = self.octant.half() + 1;
        let mut quarter = vec![0.0; width * width];
        for ((a, b), &value) in self.octant.entries().zip(values) {
            quarter[a * width + b] = value;
            quarter[b * width + a] = value;
        }
        let quarter = self.along_rows(&self.along_rows(&quarter));
        self.octant.entries().map(|(a, b)| quarter[a * width + b]).collect()
    }

    /// Transforms the rows of a quarter of a plane, `[row, column]`, and gives them as columns. Transforms of even rows are
    /// real, so two of them are the real and the imaginary part of one.
    fn along_rows(&self, quarter: &[f64]) -> Vec<f64> {
        let (side, width) = (self.side, self.octant.half() + 1);
        let zero = Complex64::new(0.0, 0.0);
        let mut lines = vec![zero; width.div_ceil(2) * side];
        for (line, rows) in lines.chunks_exact_mut(side).zip(quarter.chunks(2 * width)) {
            let (first, second) = rows.split_at(width);
            for (distance, &value) in first.iter().enumerate() {
                let number = Complex64::new(value, second.get(distance).copied().unwrap_or(0.0));
                line[distance] = number;
                line[(side - distance) % side] = number;
            }
        }
        let mut scratch = vec![zero; self.plan.get_inplace_scratch_len()];
        self.plan.process_with_scratch(&mut lines, &mut scratch);
        let mut found = vec![0.0; width * width];
        for (pair, line) in lines.chunks_exact(side).enumerate() {
            let row = 2 * pair;
            for (column, number) in line[..width].iter().enumerate() {
                found[column * width + row] = number.re;
                if row + 1 < width {
                    found[column * width + row + 1] = number.im;
                }
            }
        }
        found
    }

    /// The way back of derivatives: from those by `apply(values)` to those by `values`.
    pub(super) fn pull_back(&self, gradient: &[f64], multiplicities: &[f64]) -> Vec<f64> {
        let scaled: Vec<f64> = gradient.iter().zip(multiplicities).map(|(g, m)| g / m).collect();
        let mut found = self.apply(&scaled);
        for (found, m) in found.iter_mut().zip(multiplicities) {
            *found *= m;
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::super::hartley::HartleyTransform;
    use super::super::patch::Patch;
    use super::*;

    #[test]
    fn it_is_the_transform_of_the_whole_plane_and_its_transpose() {
        for side in [7, 10] {
            let octant = Octant::new(&Patch::new(side, 1.0).unwrap());
            let even = EvenTransform::new(octant.clone(), side);
            let values: Vec<f64> = (0..octant.len()).map(|index| ((7 * index + 2) % 11) as f64).collect();
            let found = even.apply(&values);
            let mut plane: Vec<f64> = (0..side)
                .flat_map(|row| octant.row(row).collect::<Vec<_>>())
                .map(|e| values[e])
                .collect();
            HartleyTransform::new(side).apply(&mut plane);
            for row in 0..side {
                for (column, entry) in octant.row(row).enumerate() {
                    assert!((found[entry] - plane[row * side + column]).abs() < 1e-10);
                }
            }
            // <u, E v> = <E^T u, v>
            let other: Vec<f64> = (0..octant.len())
                .map(|index| ((5 * index + 1) % 13) as f64 - 6.0)
                .collect();
            let left: f64 = other.iter().zip(&found).map(|(u, v)| u * v).sum();
            let back = even.pull_back(&other, &octant.multiplicities());
            let right: f64 = back.iter().zip(&values).map(|(u, v)| u * v).sum();
            assert!((left / right - 1.0).abs() < 1e-12);
        }
    }
}
