//! Two circles with noise.

use std::f64::consts::PI;

use rand::Rng;

use super::{Drawn, Known, choice, log_sum, normal, uniform};

const RADII: [f64; 2] = [3.0, 1.5];

/// Points of two circles, each with half of the probability, with normal noise.
#[derive(Debug)]
pub(super) struct TwoCircles {
    /// Deviation of the noise.
    pub(super) noise: f64,
}

impl Known for TwoCircles {
    fn draw(&self, generator: &mut dyn Rng) -> Drawn {
        let part = choice(2, generator);
        let (sine, cosine) = (2.0 * PI * uniform(generator)).sin_cos();
        let centre = [RADII[part] * cosine, RADII[part] * sine];
        Drawn {
            point: centre.map(|x| x + self.noise * normal(generator)),
            part,
        }
    }

    /// Over the angle, `exp(-|x - c|^2 / 2 s^2)` integrates to a Bessel function of the radii.
    fn log_density(&self, point: [f64; 2]) -> f64 {
        let radius = point[0].hypot(point[1]);
        let variance = self.noise * self.noise;
        let each = RADII
            .map(|ring| -0.5 * (radius - ring).powi(2) / variance + scaled_bessel_i0(radius * ring / variance).ln());
        log_sum(&each) - (4.0 * PI * variance).ln()
    }

    fn edge(&self) -> f64 {
        RADII[0] + 5.5 * self.noise
    }
}

/// `exp(-z) I_0(z)` for `z >= 0`: its power series, or from 30 on the asymptotic one (Abramowitz and Stegun 1964, 9.6.12
/// and 9.7.1).
fn scaled_bessel_i0(z: f64) -> f64 {
    let (mut term, mut sum) = (1.0, 1.0);
    if z < 30.0 {
        for k in 1..200 {
            term *= z * z / (4.0 * f64::from(k * k));
            sum += term;
            if term < 1e-17 * sum {
                break;
            }
        }
        return sum * (-z).exp();
    }
    for k in 1..30 {
        let odd = f64::from(2 * k - 1);
        term *= odd * odd / (8.0 * z * f64::from(k));
        sum += term;
    }
    sum / (2.0 * PI * z).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_series_of_the_bessel_function_give_its_integral() {
        for z in [0.0, 0.3, 5.0, 29.9, 30.1, 80.0, 700.0] {
            // I_0(z) = (1/pi) int_0^pi exp(z cos a) da; the midpoint rule converges geometrically
            let points = 4000;
            let integral = (0..points)
                .map(|at| (z * ((PI * (f64::from(at) + 0.5) / f64::from(points)).cos() - 1.0)).exp())
                .sum::<f64>()
                / f64::from(points);
            assert!((scaled_bessel_i0(z) / integral - 1.0).abs() < 1e-12, "{z}");
        }
    }
}
