//! Fourier transforms of planes with the symmetries of a square, of which only an eighth is kept.

use std::fmt;
use std::sync::Arc;

use realfft::{RealFftPlanner, RealToComplex};

use super::patch::Octant;

/// `S(p) = sum_x s(x) cos(p_1 x_1) cos(p_2 x_2)` over the whole plane: the Fourier transform of an even one.
#[derive(Clone)]
pub(super) struct EvenTransform {
    octant: Octant,
    side: usize,
    plan: Arc<dyn RealToComplex<f64>>,
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
            plan: RealFftPlanner::new().plan_fft_forward(side),
        }
    }

    /// Transforms a plane given by its octant.
    pub(super) fn apply(&self, values: &[f64]) -> Vec<f64> {
        let (side, half) = (self.side, self.octant.half());
        let mut row = vec![0.0; side];
        let mut spectrum = self.plan.make_output_vec();
        let mut scratch = self.plan.make_scratch_vec();
        let mut line = |value: &dyn Fn(usize) -> f64, out: &mut dyn FnMut(usize, f64)| {
            for distance in 0..=half {
                row[distance] = value(distance);
                row[(side - distance) % side] = row[distance];
            }
            self.plan
                .process_with_scratch(&mut row, &mut spectrum, &mut scratch)
                .expect("the buffers have the lengths of the plan");
            for (index, value) in spectrum.iter().enumerate() {
                out(index, value.re);
            }
        };
        let mut between = vec![0.0; (half + 1) * (half + 1)];
        for a in 0..=half {
            line(&|b| values[self.octant.index(a, b)], &mut |q, value| {
                between[q * (half + 1) + a] = value;
            });
        }
        let mut found = vec![0.0; self.octant.len()];
        for q in 0..=half {
            line(&|a| between[q * (half + 1) + a], &mut |p, value| {
                if p >= q {
                    found[self.octant.index(p, q)] = value;
                }
            });
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
