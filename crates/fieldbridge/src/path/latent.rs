//! Noise between the ends of a path.

use serde::{Deserialize, Serialize};

use super::Interval;

/// `gamma(t)` of `x_t = a(t) x1 + b(t) x0 + gamma(t) z` with `z` normal, zero at both ends (Albergo et al. 2023,
/// arXiv:2303.08797).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Latent {
    /// Its form.
    pub shape: LatentShape,
    /// Its factor `c`, in units of the scaled data.
    pub size: f64,
}

/// Form of a latent noise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LatentShape {
    /// `c t (1 - t)`: finite rates.
    #[default]
    Parabola,
    /// `c sqrt(t (1 - t))`, a Brownian bridge: its rate is infinite at both ends, where a time of `1e-4` is left out.
    Root,
    /// `c sin^2(pi t)`: rates that begin and end at zero.
    Sine,
}

impl Default for Latent {
    fn default() -> Self {
        Self {
            shape: LatentShape::Parabola,
            size: 2.0,
        }
    }
}

impl Latent {
    /// `gamma` and its time derivative.
    pub fn at(&self, t: f64) -> (f64, f64) {
        use std::f64::consts::PI;
        let (value, rate) = match self.shape {
            LatentShape::Parabola => (t * (1.0 - t), 1.0 - 2.0 * t),
            LatentShape::Root => {
                let root = (t * (1.0 - t)).sqrt();
                (root, 0.5 * (1.0 - 2.0 * t) / root)
            }
            LatentShape::Sine => ((PI * t).sin().powi(2), PI * (2.0 * PI * t).sin()),
        };
        (self.size * value, self.size * rate)
    }

    /// Where the rates are finite.
    pub fn interval(&self) -> Interval {
        match self.shape {
            LatentShape::Root => Interval {
                from: 1e-4,
                to: 1.0 - 1e-4,
            },
            LatentShape::Parabola | LatentShape::Sine => Interval::WHOLE,
        }
    }
}
