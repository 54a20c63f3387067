//! The definition in double precision, one number at a time; inverses by bisection.

use super::super::{Boundary, Direction, Spline};

pub(crate) struct Naive {
    bound: f64,
    boundary: Boundary,
    x: Vec<f64>,
    y: Vec<f64>,
    slopes: Vec<f64>,
}

impl Naive {
    pub(crate) fn new(spline: Spline, parameters: &[f64]) -> Self {
        let (bins, bound) = (spline.bins, f64::from(spline.bound));
        let knots = |logits: &[f64]| {
            let total: f64 = logits.iter().map(|logit| logit.exp()).sum();
            let mut knots = vec![-bound];
            for logit in logits {
                let share = 1e-3 + (1.0 - 1e-3 * bins as f64) * logit.exp() / total;
                knots.push(knots.last().unwrap() + 2.0 * bound * share);
            }
            knots
        };
        // zero gives slope one
        let shift = (0.999_f64.exp() - 1.0).ln();
        let softplus = |z: f64| z.max(0.0) + (-z.abs()).exp().ln_1p();
        let slope = |logit: &f64| 1e-3 + softplus(logit + shift);
        let mut slopes: Vec<f64> = parameters[2 * bins..].iter().map(slope).collect();
        match spline.boundary {
            Boundary::Linear => {
                slopes.insert(0, 1.0);
                slopes.push(1.0);
            }
            Boundary::Circular => slopes.push(slopes[0]),
        }
        Self {
            bound,
            boundary: spline.boundary,
            x: knots(&parameters[..bins]),
            y: knots(&parameters[bins..2 * bins]),
            slopes,
        }
    }

    pub(crate) fn knots(&self) -> (&[f64], &[f64], &[f64]) {
        (&self.x, &self.y, &self.slopes)
    }

    fn inside(&self, number: f64) -> Option<f64> {
        match self.boundary {
            Boundary::Linear => (number.abs() <= self.bound).then_some(number),
            Boundary::Circular => Some((number + self.bound).rem_euclid(2.0 * self.bound) - self.bound),
        }
    }

    /// `y` and `log dy/dx` within the interval.
    fn curve(&self, x: f64) -> (f64, f64) {
        let last = self.x.len() - 2;
        let bin = (0..=last).rev().find(|&bin| x >= self.x[bin]).unwrap_or(0);
        let (width, height) = (self.x[bin + 1] - self.x[bin], self.y[bin + 1] - self.y[bin]);
        let (left, right) = (self.slopes[bin], self.slopes[bin + 1]);
        let mean = height / width;
        let u = (x - self.x[bin]) / width;
        let denominator = mean + (left + right - 2.0 * mean) * u * (1.0 - u);
        let y = self.y[bin] + height * (mean * u * u + left * u * (1.0 - u)) / denominator;
        let numerator = right * u * u + 2.0 * mean * u * (1.0 - u) + left * (1.0 - u) * (1.0 - u);
        (y, (mean * mean * numerator / (denominator * denominator)).ln())
    }

    pub(crate) fn evaluate(&self, direction: Direction, number: f64) -> (f64, f64) {
        let Some(entered) = self.inside(number) else {
            return (number, 0.0);
        };
        match direction {
            Direction::Forward => self.curve(entered),
            Direction::Inverse => {
                let (mut low, mut high) = (-self.bound, self.bound);
                for _ in 0..80 {
                    let middle = 0.5 * (low + high);
                    if self.curve(middle).0 <= entered {
                        low = middle;
                    } else {
                        high = middle;
                    }
                }
                (low, -self.curve(low).1)
            }
        }
    }
}

pub(crate) fn double(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| f64::from(value)).collect()
}
