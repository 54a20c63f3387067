//! Shifts of log-normal maps by the parameters of their universes, from third moments.

use super::ShiftedLogarithm;
use super::logarithm::{sum_of_products, terms};
use crate::data::cholesky::{cholesky, solved};

/// Shifts, in deviations of pixels, at most: maps that are no more skewed than this keep their pixels.
const LARGEST_SHIFT: f64 = 1e3;
/// Steps of fits and of Newton's method at most.
const STEPS: usize = 60;

/// Second and third moments of maps about their means, while they are gathered.
#[derive(Default)]
pub(super) struct Skewness {
    /// `[row][bin]`.
    moments: Vec<Vec<[f64; 2]>>,
}

impl Skewness {
    /// Adds maps, place by place, in `bins` bins.
    pub(super) fn add(&mut self, maps: &[f32], bins: usize) {
        let of = |bin: usize| {
            let values = || maps.iter().skip(bin).step_by(bins).map(|&value| f64::from(value));
            let places = (maps.len() / bins) as f64;
            let mean = values().sum::<f64>() / places;
            let moment = |power: i32| values().map(|value| (value - mean).powi(power)).sum::<f64>() / places;
            [moment(2), moment(3)]
        };
        self.moments.push((0..bins).map(of).collect());
    }

    /// Shifts of maps over their `deviation`, by the scaled parameters of each row that was added.
    pub(super) fn fit(&self, parameters: &[Vec<f32>], deviation: &[f64]) -> ShiftedLogarithm {
        let rows: Vec<Vec<f64>> = parameters.iter().map(|row| terms(row)).collect();
        let fits = deviation.iter().enumerate().map(|(bin, deviation)| {
            let inverse: Vec<f64> = self
                .moments
                .iter()
                .map(|row| inverse_shift(row[bin]) * deviation)
                .collect();
            fitted(&rows, &inverse)
        });
        let (coefficients, ranges) = fits.unzip();
        ShiftedLogarithm { coefficients, ranges }
    }

    #[cfg(test)]
    pub(super) fn moments(&self) -> &[Vec<[f64; 2]>] {
        &self.moments
    }
}

/// `s = 1 / lambda` of a shifted log-normal variable by its second and third moments: `m_3 / m_2^2 = 3 s + m_2 s^3`.
fn inverse_shift([second, third]: [f64; 2]) -> f64 {
    if second.is_nan() || second <= 0.0 {
        return 0.0;
    }
    let wanted = third / (second * second);
    // concave or convex on each side of zero, so that Newton's method from the linear answer does not pass the root twice
    let mut s = wanted / 3.0;
    for _ in 0..STEPS {
        let step = (3.0 * s + second * s.powi(3) - wanted) / (3.0 + 3.0 * second * s * s);
        s -= step;
        if step.abs() <= 1e-12 * s.abs() {
            break;
        }
    }
    s
}

/// `beta` of `-ln s = beta . terms` by iterated least squares of `s` over its expectation, and the range of that.
fn fitted(rows: &[Vec<f64>], inverse: &[f64]) -> (Vec<f64>, [f64; 2]) {
    let width = rows.first().map_or(1, Vec::len);
    let count = rows.len().max(1) as f64;
    let mean = inverse.iter().sum::<f64>() / count;
    let mut beta = vec![0.0; width];
    beta[0] = LARGEST_SHIFT.ln();
    if mean <= 1.0 / LARGEST_SHIFT {
        return (beta, [LARGEST_SHIFT.ln(); 2]);
    }
    beta[0] = -mean.ln();
    let mut normal = vec![0.0; width * width];
    for row in rows {
        for (i, one) in row.iter().enumerate() {
            for (j, other) in row.iter().enumerate() {
                normal[i * width + j] += one * other / count;
            }
        }
    }
    // terms that the rows cannot tell apart share what they explain
    for i in 0..width {
        normal[i * width + i] += 1e-4;
    }
    let lower = cholesky(&normal, width).expect("a sum of squares and a positive diagonal");
    for _ in 0..STEPS {
        let mut right = vec![0.0; width];
        for (row, s) in rows.iter().zip(inverse) {
            let rest = (1.0 - s * sum_of_products(&beta, row).exp()).clamp(-3.0, 3.0);
            for (right, term) in right.iter_mut().zip(row) {
                *right += rest * term / count;
            }
        }
        let step = solved(&lower, width, right);
        for (beta, step) in beta.iter_mut().zip(&step) {
            *beta += step;
        }
        if step.iter().all(|step| step.abs() < 1e-6) {
            break;
        }
    }
    let within = |value: f64| value.clamp(-LARGEST_SHIFT.ln(), LARGEST_SHIFT.ln());
    let range = rows
        .iter()
        .fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], row| {
            let value = within(sum_of_products(&beta, row));
            [low.min(value), high.max(value)]
        });
    (beta, range)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::random::Stream;

    /// Log-normal maps in two bins of shifts `e^(0.3 z)` and 2, whose Gaussian fields deviate by 0.6 and 0.3.
    pub(in super::super) fn maps(row: u64, z: f64, places: usize) -> Vec<f32> {
        let noise = Stream::new(4, "maps", row).normals(2 * places);
        let of = |(at, noise): (usize, f32)| {
            let (shift, deviation) = [((0.3 * z).exp(), 0.6), (2.0, 0.3)][at % 2];
            (shift * ((deviation * f64::from(noise) - 0.5 * deviation * deviation).exp() - 1.0)) as f32
        };
        noise.into_iter().enumerate().map(of).collect()
    }

    fn rows() -> Vec<f32> {
        Stream::new(5, "rows", 0).normals(400)
    }

    pub(in super::super) fn fit() -> ShiftedLogarithm {
        let mut skewness = Skewness::default();
        for (row, &z) in rows().iter().enumerate() {
            skewness.add(&maps(row as u64, f64::from(z), 4096), 2);
        }
        let parameters: Vec<Vec<f32>> = rows().into_iter().map(|z| vec![z]).collect();
        skewness.fit(&parameters, &[1.0, 1.0])
    }

    #[test]
    fn shifts_of_log_normal_maps_are_found_by_their_parameters() {
        let fit = fit();
        for z in [-1.5, 0.0, 1.5] {
            let found = fit.shifts(&[z]);
            for (found, exact) in found.iter().zip([(0.3 * f64::from(z)).exp(), 2.0]) {
                assert!((found / exact - 1.0).abs() < 0.05, "{found} {exact}");
            }
        }
        // none beyond those of the rows
        assert_eq!(fit.shifts(&[9.0]), fit.shifts(&[3.5]));
    }

    #[test]
    fn maps_of_a_gaussian_field_and_of_no_field_stay_as_they_are() {
        let mut skewness = Skewness::default();
        skewness.add(&[0.0, -1.0, 0.0, 1.0, 0.0, -1.0, 0.0, 1.0], 2);
        let fit = skewness.fit(&[vec![0.2]], &[1.0, 1.0]);
        let mut values = vec![0.5, -1.0, -0.5, 2.0];
        fit.flatten(&mut values, &[0.0]);
        for (found, exact) in values.iter().zip([0.5, -1.0, -0.5, 2.0]) {
            assert!((found - exact).abs() < 5e-3, "{found}");
        }
    }
}
