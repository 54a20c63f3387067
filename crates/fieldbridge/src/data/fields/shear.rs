//! Shear from convergence and back, in single precision.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use rustfft::num_complex::Complex32;
use rustfft::{FftDirection, FftPlanner};

use super::plane::transform;

/// Plans, which are made once for each length.
static PLANS: LazyLock<Mutex<FftPlanner<f32>>> = LazyLock::new(|| Mutex::new(FftPlanner::new()));
/// Kernels, likewise: every training row asks for two.
static KERNELS: LazyLock<Mutex<HashMap<usize, Arc<[Complex32]>>>> = LazyLock::new(Mutex::default);

/// `gamma_1 + i gamma_2 = (l_x + i l_y)^2 / l^2 (E + i B)` in Fourier space, and back (Kaiser and Squires 1993), on a periodic
/// square. `x` runs along the columns, `y` along the rows. `E` is the convergence; lensing has no `B`. Each way undoes the other, but
/// for the means, which are lost: a constant convergence shears nothing. Nyquist waves of even sides stand for two directions, and
/// take that of the axis.
///
/// The factors have size one, so white noise of equal deviation in both components of shear is white noise of this deviation in `E`
/// and in `B`.
#[derive(Debug, Clone)]
pub struct KaiserSquires {
    side: usize,
    /// `(l_x + i l_y)^2 / l^2` of every wave, over the number of pixels, which the two transforms bring in.
    kernel: Arc<[Complex32]>,
}

impl KaiserSquires {
    /// For planes of `side` by `side` pixels.
    pub fn new(side: usize) -> Self {
        let mut kernels = KERNELS.lock().unwrap_or_else(PoisonError::into_inner);
        let kernel = kernels.entry(side).or_insert_with(|| kernel(side));
        Self {
            side,
            kernel: Arc::clone(kernel),
        }
    }

    /// `(gamma_1, gamma_2)` of `(E, B)`, each `[row, column]`.
    ///
    /// # Panics
    /// When a map has another size.
    pub fn shear(&self, e_mode: &[f32], b_mode: &[f32]) -> (Vec<f32>, Vec<f32>) {
        self.turn(e_mode, b_mode, |factor| factor)
    }

    /// `(E, B)` of `(gamma_1, gamma_2)`.
    ///
    /// # Panics
    /// When a map has another size.
    pub fn convergence(&self, gamma_1: &[f32], gamma_2: &[f32]) -> (Vec<f32>, Vec<f32>) {
        self.turn(gamma_1, gamma_2, |factor| factor.conj())
    }

    fn turn(&self, real: &[f32], imaginary: &[f32], factor: impl Fn(Complex32) -> Complex32) -> (Vec<f32>, Vec<f32>) {
        let area = self.kernel.len();
        assert!(real.len() == area && imaginary.len() == area, "a map has another size");
        let pairs = real.iter().zip(imaginary);
        let mut plane: Vec<Complex32> = pairs
            .map(|(&real, &imaginary)| Complex32::new(real, imaginary))
            .collect();
        transform(&PLANS, &mut plane, self.side, FftDirection::Forward);
        for (wave, &kernel) in plane.iter_mut().zip(self.kernel.iter()) {
            *wave *= factor(kernel);
        }
        transform(&PLANS, &mut plane, self.side, FftDirection::Inverse);
        plane.iter().map(|value| (value.re, value.im)).unzip()
    }
}

/// `(l_x + i l_y)^2 / l^2` of every wave, over the number of pixels.
fn kernel(side: usize) -> Arc<[Complex32]> {
    let frequency = |index: usize| match 2 * index > side {
        true => index as f32 - side as f32,
        false => index as f32,
    };
    let area = (side * side) as f32;
    (0..side * side)
        .map(|index| {
            let (column, row) = (index % side, index / side);
            let (x, y) = (frequency(column), frequency(row));
            let square = x * x + y * y;
            if square == 0.0 {
                return Complex32::default();
            }
            // a wave and its mirror image must agree, or the maps would not be real
            if 2 * column == side || 2 * row == side {
                return Complex32::new(if x * x >= y * y { 1.0 } else { -1.0 } / area, 0.0);
            }
            Complex32::new((x * x - y * y) / square, 2.0 * x * y / square) / area
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    #[test]
    fn shear_and_convergence_undo_each_other_but_for_the_mean_and_keep_the_power_of_noise() {
        for side in [7, 16] {
            let area = side * side;
            let normals = Stream::new(1, "shear", side as u64).normals(2 * area);
            let e: Vec<f32> = normals[..area].iter().map(|value| value + 3.0).collect();
            let b = &normals[area..];
            let lens = KaiserSquires::new(side);
            let (one, two) = lens.shear(&e, b);
            let back = lens.convergence(&one, &two);
            let centred = |map: &[f32]| -> Vec<f32> {
                let mean = map.iter().sum::<f32>() / area as f32;
                map.iter().map(|value| value - mean).collect()
            };
            let exact = [centred(&e), centred(b)].concat();
            let power = |map: &[f32]| map.iter().map(|value| value * value).sum::<f32>();
            assert!((power(&[one, two].concat()) / power(&exact) - 1.0).abs() < 1e-5);
            for (found, exact) in back.0.iter().chain(&back.1).zip(&exact) {
                assert!((found - exact).abs() < 1e-5, "{found} and {exact}");
            }
        }
    }

    /// Around a round hole, zeros in it make of the shear by mass inside that of the same mass spread evenly over the hole.
    #[test]
    fn mass_behind_a_round_hole_shows_in_the_hole_and_nowhere_else() {
        let (side, radius) = (64_usize, 10.0_f32);
        let distance = |at: usize| {
            let along = |place: usize| place as f32 - side as f32 / 2.0;
            along(at / side).hypot(along(at % side))
        };
        let blob = |at: usize| (-distance(at).powi(2) / 8.0).exp() / (8.0 * std::f32::consts::PI);
        let map: Vec<f32> = (0..side * side).map(blob).collect();
        let lens = KaiserSquires::new(side);
        let hidden = |at: usize| distance(at) < radius;
        let masked = |component: Vec<f32>| -> Vec<f32> {
            let numbered = component.into_iter().enumerate();
            numbered
                .map(|(at, value)| if hidden(at) { 0.0 } else { value })
                .collect()
        };
        let (one, two) = lens.shear(&map, &vec![0.0; side * side]);
        let (e, b) = lens.convergence(&masked(one), &masked(two));
        let sum = |wanted: bool, of: &dyn Fn(usize) -> f32| -> f32 {
            (0..side * side).filter(|&at| hidden(at) == wanted).map(of).sum()
        };
        let power = |wanted: bool| sum(wanted, &|at| e[at] * e[at] + b[at] * b[at]);
        let mass = sum(true, &|at| e[at]);
        // all of it, less its share of the mean, which is lost
        let lost = std::f32::consts::PI * radius * radius / (side * side) as f32;
        assert!((mass / (1.0 - lost) - 1.0).abs() < 0.06, "{mass}");
        assert!(power(false) < 0.1 * power(true), "{} {}", power(false), power(true));
    }
}
