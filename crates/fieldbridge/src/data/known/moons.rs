//! Two half circles with noise.

use std::f64::consts::PI;

use rand::Rng;

use super::{Drawn, Known, curve, log_sum, normal, uniform};

/// Points of the two half circles, equally likely by angle, with normal noise.
#[derive(Debug)]
pub(super) struct TwoMoons {
    /// Deviation of the noise.
    pub(super) noise: f64,
}

fn centre(angle: f64) -> [f64; 2] {
    let lower = f64::from(u8::from(angle > PI));
    [angle.cos() + lower - 0.5, angle.sin() + 0.5 * lower - 0.25]
}

impl Known for TwoMoons {
    fn draw(&self, generator: &mut dyn Rng) -> Drawn {
        let angle = 2.0 * PI * uniform(generator);
        Drawn {
            point: centre(angle).map(|x| x + self.noise * normal(generator)),
            part: usize::from(angle > PI),
        }
    }

    fn log_density(&self, point: [f64; 2]) -> f64 {
        let variance = self.noise * self.noise;
        // panels as long as the noise is wide
        let panels = (PI / self.noise).ceil() as usize;
        let halves = [(0.0, PI), (PI, 2.0 * PI)];
        let terms: Vec<f64> = halves
            .iter()
            .flat_map(|&(from, to)| curve::rule(from, to, panels))
            .map(|(angle, weight)| {
                let [x, y] = centre(angle);
                weight.ln() - 0.5 * ((point[0] - x).powi(2) + (point[1] - y).powi(2)) / variance
            })
            .collect();
        log_sum(&terms) - (2.0 * PI).ln() - (2.0 * PI * variance).ln()
    }

    fn edge(&self) -> f64 {
        1.5 + 5.5 * self.noise
    }
}
