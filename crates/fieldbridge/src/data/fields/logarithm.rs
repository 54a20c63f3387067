//! Maps whose logarithm is nearly Gaussian.

use serde::{Deserialize, Serialize};

/// Below this part of the shift over the floor `-lambda` the logarithm goes on as a straight line, so that every map has one.
const LINEAR: f64 = 0.05;
/// Steps of Newton's method at most.
const STEPS: usize = 60;
/// Parameters count as no farther from their means than this many deviations.
const FARTHEST: f64 = 3.0;
/// Logarithms count as no larger than this on their way back, so that powers of draws gone astray are numbers.
const LARGEST: f64 = 300.0;

/// Scaled maps of a bin become `lambda [h(x / lambda) - mean] + mean of x`, with `h(u) = ln(1 + u)` and a shift that hangs on the
/// parameters, `ln lambda = q(parameters)`, a quadratic form.
///
/// A log-normal field `kappa = lambda (e^(g - var / 2) - 1)` (convergence is nearly one: Clerkin et al. 2017, arXiv:1605.02036)
/// becomes `lambda g`, a Gaussian one, whose draws have all moments right when they have their powers right; where fluctuations are
/// small beside the shift, nothing happens to a map. Means of maps are kept. Below `u = -0.95`, where few pixels lie if any, `h` goes on as a straight line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShiftedLogarithm {
    /// Coefficients of `ln lambda`, in deviations of the pixels, `[bin][term]`: 1, `z_i`, then `z_i z_j` with `j >= i`.
    pub coefficients: Vec<Vec<f64>>,
    /// Least and largest `ln lambda` of the rows of the fit; none goes beyond.
    pub ranges: Vec<[f64; 2]>,
}

/// Terms of a quadratic form.
pub(super) fn terms(parameters: &[f32]) -> Vec<f64> {
    let z: Vec<f64> = parameters
        .iter()
        .map(|&value| f64::from(value).clamp(-FARTHEST, FARTHEST))
        .collect();
    let squares = (0..z.len()).flat_map(|i| z[i..].iter().map(move |other| (i, other)));
    let squares: Vec<f64> = squares.map(|(i, other)| z[i] * other).collect();
    std::iter::once(1.0).chain(z.iter().copied()).chain(squares).collect()
}

pub(super) fn sum_of_products(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

/// `h`.
fn logarithm(u: f64) -> f64 {
    if u >= LINEAR - 1.0 {
        u.ln_1p()
    } else {
        LINEAR.ln() + (u + 1.0 - LINEAR) / LINEAR
    }
}

impl ShiftedLogarithm {
    /// The shift of every bin, in deviations of its pixels.
    pub fn shifts(&self, parameters: &[f32]) -> Vec<f64> {
        let terms = terms(parameters);
        let bins = self.coefficients.iter().zip(&self.ranges);
        bins.map(|(beta, [low, high])| sum_of_products(beta, &terms).clamp(*low, *high).exp())
            .collect()
    }

    /// Scaled maps, place by place, to nearly Gaussian ones.
    pub(super) fn flatten(&self, maps: &mut [f32], parameters: &[f32]) {
        let bins = self.coefficients.len();
        let places = (maps.len() / bins) as f64;
        for (bin, shift) in self.shifts(parameters).into_iter().enumerate() {
            let values = maps.iter().skip(bin).step_by(bins).map(|&value| f64::from(value));
            let mean = values.clone().sum::<f64>() / places;
            let bent: Vec<f64> = values.map(|value| shift * logarithm(value / shift)).collect();
            let moved = mean - bent.iter().sum::<f64>() / places;
            for (value, bent) in maps.iter_mut().skip(bin).step_by(bins).zip(bent) {
                *value = (bent + moved) as f32;
            }
        }
    }

    /// The way back.
    pub(super) fn restore(&self, maps: &mut [f32], parameters: &[f32]) {
        let bins = self.coefficients.len();
        for (bin, shift) in self.shifts(parameters).into_iter().enumerate() {
            let place = Restored::of(maps.iter().skip(bin).step_by(bins), shift);
            for (value, power) in maps.iter_mut().skip(bin).step_by(bins).zip(&place.powers) {
                *value = (shift * place.value(*power)) as f32;
            }
        }
    }

    /// `log |det|` of [`ShiftedLogarithm::flatten`] of these maps: `ln mean(s) - sum ln s` of every bin, with the slopes `s` of the way
    /// back.
    pub(super) fn log_volume(&self, maps: &[f32], parameters: &[f32]) -> f64 {
        let bins = self.coefficients.len();
        let places = (maps.len() / bins) as f64;
        let of = |(bin, shift): (usize, f64)| {
            let values = maps.iter().skip(bin).step_by(bins);
            let slopes = values.map(|&value| (1.0 + f64::from(value) / shift).max(LINEAR));
            let (logarithms, sum) = slopes.fold((0.0, 0.0), |(logarithms, sum), slope| {
                (logarithms + slope.ln(), sum + slope)
            });
            (sum / places).ln() - logarithms
        };
        self.shifts(parameters).into_iter().enumerate().map(of).sum()
    }
}

/// A map in units of the shift on its way back: `x_i / lambda = e^a e^(y_i / lambda) - 1` with the straight line below, and `a` such that
/// the mean is that of `y`.
struct Restored {
    /// `e^(y_i / lambda)`.
    powers: Vec<f64>,
    /// `e^a`.
    factor: f64,
}

impl Restored {
    fn of<'a>(values: impl Iterator<Item = &'a f32> + Clone, shift: f64) -> Self {
        let scaled = values.map(|&value| f64::from(value) / shift);
        let powers: Vec<f64> = scaled
            .clone()
            .map(|value| value.clamp(-LARGEST, LARGEST).exp())
            .collect();
        let places = powers.len() as f64;
        let wanted = scaled.sum::<f64>() / places;
        let mean = powers.iter().sum::<f64>() / places;
        // right where no value lies on the line
        let factor = if wanted > -1.0 {
            (1.0 + wanted) / mean
        } else {
            1.0 / mean
        };
        let mut restored = Self { powers, factor };
        for _ in 0..STEPS {
            let values = restored
                .powers
                .iter()
                .map(|&power| [restored.value(power), restored.slope(power)]);
            let [sum, slopes] = values.fold([0.0; 2], |[sum, slopes], [value, slope]| [sum + value, slopes + slope]);
            let off = sum / places - wanted;
            if off.abs() < 1e-12 {
                break;
            }
            restored.factor *= (-off * places / slopes).clamp(-1.0, 1.0).exp();
        }
        restored
    }

    fn value(&self, power: f64) -> f64 {
        let over = self.factor * power;
        if over >= LINEAR {
            over - 1.0
        } else {
            LINEAR - 1.0 + LINEAR * (over / LINEAR).ln()
        }
    }

    /// By `y / lambda`.
    fn slope(&self, power: f64) -> f64 {
        (self.factor * power).max(LINEAR)
    }
}

#[cfg(test)]
mod tests {
    use super::super::shift_fit::Skewness;
    use super::super::shift_fit::tests::{fit, maps};
    use crate::determinant::log_determinant;

    const PLACES: usize = 16 * 16;

    #[test]
    fn logarithms_are_gaussian_keep_the_mean_and_come_back_even_from_below_the_floor() {
        let fit = fit();
        for z in [-2.0_f32, 1.0] {
            let mut original = maps(1000, f64::from(z), PLACES);
            // below the floor -lambda, as draws of a network and maps with another shift may be
            original[6] = -1.3;
            original[10] = -3.0;
            let mut flat = original.clone();
            fit.flatten(&mut flat, &[z]);
            let mean = |values: &[f32], bin: usize| {
                values
                    .iter()
                    .skip(bin)
                    .step_by(2)
                    .map(|&value| f64::from(value))
                    .sum::<f64>()
                    / PLACES as f64
            };
            for bin in 0..2 {
                assert!((mean(&flat, bin) - mean(&original, bin)).abs() < 1e-6);
            }
            fit.restore(&mut flat, &[z]);
            for (found, exact) in flat.iter().zip(&original) {
                assert!((found - exact).abs() < 2e-5 * (1.0 + exact.abs()), "{found} {exact}");
            }
        }
        let mut flat = maps(1001, 0.0, 4096);
        let skewness = |values: &[f32]| {
            let mut skewness = Skewness::default();
            skewness.add(values, 2);
            let [second, third] = skewness.moments()[0][0];
            third / second.powf(1.5)
        };
        assert!(skewness(&flat) > 1.5, "{}", skewness(&flat));
        fit.flatten(&mut flat, &[0.0]);
        assert!(skewness(&flat).abs() < 0.12, "{}", skewness(&flat));
    }

    #[test]
    fn maps_gone_astray_come_back_as_numbers() {
        let fit = fit();
        for values in [[1e6, -1e6, 3e4, 0.0], [1e6, 1e6, -1e6, -1e6], [-1e6; 4]] {
            let mut wild: Vec<f32> = (0..2 * PLACES).map(|at| values[at % 4]).collect();
            fit.restore(&mut wild, &[-3.0]);
            assert!(wild.iter().all(|value| value.is_finite()), "{wild:?}");
        }
    }

    #[test]
    fn the_volume_is_that_of_differences() {
        const SMALL: usize = 5;
        let fit = fit();
        let mut original = maps(7, 0.5, SMALL);
        original[4] = -1.4;
        let at = |values: &[f32]| {
            let mut flat = values.to_vec();
            fit.flatten(&mut flat, &[0.5]);
            flat
        };
        let size = 2 * SMALL;
        let mut jacobian = vec![0.0; size * size];
        for column in 0..size {
            let moved = |step: f32| {
                let mut values = original.clone();
                values[column] += step;
                at(&values)
            };
            let (up, down) = (moved(2e-3), moved(-2e-3));
            for row in 0..size {
                jacobian[row * size + column] = f64::from(up[row] - down[row]) / 4e-3;
            }
        }
        let logarithm = log_determinant(jacobian, size);
        let found = fit.log_volume(&original, &[0.5]);
        assert!((found - logarithm).abs() < 3e-3, "{found} {logarithm}");
    }
}
