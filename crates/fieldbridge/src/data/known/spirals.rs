//! Two spirals with noise.

use std::f64::consts::PI;

use rand::Rng;

use super::{Drawn, Known, choice, curve, normal, uniform};
use crate::check::special::normal_cumulative;

/// Largest angle: one and a half turns.
const LAST: f64 = 3.0 * PI;
/// Size of the whole.
const SCALE: f64 = 1.0 / 3.0;
/// Side of the square a point of the curve is spread over.
const SIDE: f64 = 0.5 * SCALE;

/// `+-(c(n) + u / 2) / 3 + noise` with `c(n) = (-n cos n, n sin n)`, `n = 3 pi sqrt(v)`, and `u` uniform on the unit
/// square, `v` on the unit interval.
#[derive(Debug)]
pub(super) struct TwoSpirals {
    noise: f64,
    /// Places of one arm and their weights, which add to one.
    arm: Vec<([f64; 2], f64)>,
}

fn centre(angle: f64) -> [f64; 2] {
    let (sine, cosine) = angle.sin_cos();
    [-angle * cosine * SCALE, angle * sine * SCALE]
}

impl TwoSpirals {
    pub(super) fn new(noise: f64) -> Self {
        // an arm is 15 long
        let panels = (15.0 / noise.min(SIDE)).ceil() as usize;
        let arm = curve::rule(0.0, LAST, panels)
            .map(|(angle, weight)| (centre(angle), weight * 2.0 * angle / (LAST * LAST)))
            .collect();
        Self { noise, arm }
    }
}

impl Known for TwoSpirals {
    fn draw(&self, generator: &mut dyn Rng) -> Drawn {
        let part = choice(2, generator);
        let sign = if part == 0 { 1.0 } else { -1.0 };
        let curve = centre(LAST * uniform(generator).sqrt());
        let point = curve.map(|x| sign * (x + SIDE * uniform(generator)) + self.noise * normal(generator));
        Drawn { point, part }
    }

    fn log_density(&self, point: [f64; 2]) -> f64 {
        // a coordinate is uniform on an interval plus noise
        let blurred = |distance: f64| {
            // differences of the smaller tails keep their digits
            let [near, far] = [distance - SIDE, distance].map(|x| x / self.noise);
            let mass = if near > 0.0 {
                normal_cumulative(-near) - normal_cumulative(-far)
            } else {
                normal_cumulative(far) - normal_cumulative(near)
            };
            mass / SIDE
        };
        let density: f64 = [1.0, -1.0]
            .iter()
            .flat_map(|sign| self.arm.iter().map(move |(centre, weight)| (sign, centre, weight)))
            .map(|(sign, centre, weight)| {
                weight * blurred(sign * point[0] - centre[0]) * blurred(sign * point[1] - centre[1])
            })
            .sum();
        (0.5 * density).ln()
    }

    fn edge(&self) -> f64 {
        LAST * SCALE + SIDE + 5.5 * self.noise
    }
}
