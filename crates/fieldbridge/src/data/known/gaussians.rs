//! Normal distributions and equal mixtures of them.

use std::f64::consts::{FRAC_1_SQRT_2, PI, SQRT_2};

use rand::Rng;

use super::{Drawn, Known, choice, log_sum, normal};

/// An equal mixture of normal distributions with one covariance, given by its Cholesky factor `[[a, 0], [b, c]]`.
#[derive(Debug)]
pub(super) struct Gaussians {
    means: Vec<[f64; 2]>,
    factor: [f64; 3],
}

pub(super) fn standard() -> Gaussians {
    Gaussians {
        means: vec![[0.0; 2]],
        factor: [1.0, 0.0, 1.0],
    }
}

pub(super) fn correlated() -> Gaussians {
    let [variance_x, variance_y, covariance] = [1.0_f64, 2.0, 0.9];
    let a = variance_x.sqrt();
    let b = covariance / a;
    Gaussians {
        means: vec![[1.0, -0.5]],
        factor: [a, b, (variance_y - b * b).sqrt()],
    }
}

pub(super) fn eight() -> Gaussians {
    let radius = 4.0 / SQRT_2;
    let deviation = 0.5 * FRAC_1_SQRT_2;
    let mean = |at: usize| {
        let angle = at as f64 * PI / 4.0;
        [radius * angle.cos(), radius * angle.sin()]
    };
    Gaussians {
        means: (0..8).map(mean).collect(),
        factor: [deviation, 0.0, deviation],
    }
}

impl Known for Gaussians {
    fn draw(&self, generator: &mut dyn Rng) -> Drawn {
        let part = choice(self.means.len(), generator);
        let ([x, y], [a, b, c]) = (self.means[part], self.factor);
        let (first, second) = (normal(generator), normal(generator));
        Drawn {
            point: [x + a * first, y + b * first + c * second],
            part,
        }
    }

    fn log_density(&self, point: [f64; 2]) -> f64 {
        let [a, b, c] = self.factor;
        let each = self.means.iter().map(|mean| {
            let first = (point[0] - mean[0]) / a;
            let second = (point[1] - mean[1] - b * first) / c;
            -0.5 * (first * first + second * second)
        });
        log_sum(&each.collect::<Vec<f64>>()) - (2.0 * PI * a * c * self.means.len() as f64).ln()
    }

    fn edge(&self) -> f64 {
        let [a, b, c] = self.factor;
        let far = self
            .means
            .iter()
            .flatten()
            .fold(0.0_f64, |far, mean| far.max(mean.abs()));
        far + 5.5 * a.max(b.hypot(c))
    }
}
