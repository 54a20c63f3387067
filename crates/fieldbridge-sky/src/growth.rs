//! Linear growth of the density of matter.

use crate::background::EARLIEST;
use crate::interpolation::hermite;
use crate::{Background, Real};

/// Steps of Runge and Kutta between `a = 1e-6` and today.
const STEPS: usize = 480;

/// The growing solution of `D'' + (2 + d ln E / d ln a) D' = 3/2 O_m(a) D`, primes by `ln a`, with `D = 1` today.
///
/// Radiation, if there is any, expands the universe and does not cluster; the start is the solution of Meszaros (1974),
/// `D = a + 2/3 a_eq`. Without radiation that is the `D = a` of matter alone.
#[derive(Debug, Clone)]
pub struct Growth<R = f64> {
    factor: Vec<R>,
    slope: Vec<R>,
    bend: Vec<R>,
    start: f64,
    step: f64,
    today: R,
}

impl<R: Real> Growth<R> {
    /// Solves the equation for a background.
    #[must_use]
    pub fn new(background: &Background<R>) -> Self {
        let start = EARLIEST.ln();
        let step = -start / STEPS as f64;
        // the coefficients of D' and D at the ends and middles of the steps
        let coefficients: Vec<(R, R)> = (0..=2 * STEPS)
            .map(|half| {
                let a = (start + 0.5 * step * half as f64).min(0.0).exp();
                (background.expansion_slope(a) + 2.0, background.omega_m(a) * 1.5)
            })
            .collect();
        let change = |half: usize, factor: R, slope: R| {
            let (drag, pull) = coefficients[half];
            (slope, pull * factor - drag * slope)
        };
        let mut factor = background.equality() * (2.0 / 3.0) + EARLIEST;
        let mut slope = R::from(EARLIEST);
        let (mut factors, mut slopes) = (vec![factor], vec![slope]);
        for index in 0..STEPS {
            let half = 2 * index;
            let first = change(half, factor, slope);
            let second = change(
                half + 1,
                factor + first.0 * (0.5 * step),
                slope + first.1 * (0.5 * step),
            );
            let third = change(
                half + 1,
                factor + second.0 * (0.5 * step),
                slope + second.1 * (0.5 * step),
            );
            let fourth = change(half + 2, factor + third.0 * step, slope + third.1 * step);
            factor += (first.0 + (second.0 + third.0) * 2.0 + fourth.0) * (step / 6.0);
            slope += (first.1 + (second.1 + third.1) * 2.0 + fourth.1) * (step / 6.0);
            factors.push(factor);
            slopes.push(slope);
        }
        let bend = |(index, (&factor, &slope)): (usize, (&R, &R))| change(2 * index, factor, slope).1;
        let mut bends: Vec<R> = factors.iter().zip(&slopes).enumerate().map(bend).collect();
        let today = factor.recip();
        for number in factors.iter_mut().chain(&mut slopes).chain(&mut bends) {
            *number = *number * today;
        }
        Self {
            factor: factors,
            slope: slopes,
            bend: bends,
            start,
            step,
            today: factor,
        }
    }

    /// A table and its derivative by `ln a`, at `a`. Scale factors before `1e-6` are taken as `1e-6`, after today as today.
    fn read(&self, values: &[R], slopes: &[R], a: f64) -> R {
        let position = ((a.ln() - self.start) / self.step).clamp(0.0, STEPS as f64);
        let index = (position as usize).min(STEPS - 1);
        let fraction = R::from(position - index as f64);
        hermite(
            values[index],
            slopes[index],
            values[index + 1],
            slopes[index + 1],
            self.step,
            fraction,
        )
        .0
    }

    /// Growth factor `D(a)`, one today, for scale factors from `1e-6` to 1; beyond it stays at the ends.
    pub fn factor(&self, a: f64) -> R {
        self.read(&self.factor, &self.slope, a)
    }

    /// Growth rate `f = d ln D / d ln a`.
    pub fn rate(&self, a: f64) -> R {
        self.read(&self.slope, &self.bend, a) / self.factor(a)
    }

    /// The factor today when it is normalised to `D = a` in the era of matter.
    pub fn since_matter_era(&self) -> R {
        self.today
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cosmology;

    #[test]
    fn matter_alone_grows_with_the_scale_factor() {
        let universe = Cosmology::flat([0.95, 0.05, 0.8, 0.7, 0.96, -1.0]);
        let growth = Growth::new(&Background::new(&universe).unwrap());
        for a in [1e-3, 0.02, 0.37, 1.0] {
            assert!((growth.factor(a) / a - 1.0).abs() < 1e-7, "{a}: {}", growth.factor(a));
            assert!((growth.rate(a) - 1.0).abs() < 1e-7);
        }
        assert!((growth.since_matter_era() - 1.0).abs() < 1e-7);
    }

    #[test]
    fn a_cosmological_constant_grows_as_the_integral_of_heath() {
        // Heath (1977): D = 5/2 O_m E int_0^a da' / (a' E)^3, exact for matter, curvature and a constant
        for omega_k in [0.0, 0.1, -0.1] {
            let mut universe = Cosmology::lsst_y10();
            universe.omega_k = omega_k;
            let background = Background::new(&universe).unwrap();
            let exact = |a: f64| {
                let panels = crate::quadrature::Panels::uniform(0.0, a.sqrt(), 60, 8);
                // a = s^2 tames the integrand near zero
                let values: Vec<f64> = panels
                    .nodes()
                    .iter()
                    .map(|&s| 2.0 * s / (s * s * background.expansion_squared(s * s).sqrt()).powi(3))
                    .collect();
                2.5 * background.omega_m(1.0) * background.expansion_squared(a).sqrt() * panels.integral(&values)
            };
            let growth = Growth::new(&background);
            assert!((growth.since_matter_era() / exact(1.0) - 1.0).abs() < 1e-6);
            for a in [0.1, 0.3, 0.77, 0.99] {
                let ratio = growth.factor(a) / (exact(a) / exact(1.0));
                assert!((ratio - 1.0).abs() < 1e-7, "{omega_k} {a}: {ratio}");
            }
        }
    }
}
