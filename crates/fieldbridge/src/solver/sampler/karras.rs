//! Heun's method in the noise level, with or without noise added on the way.

use burn_tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::{Denoiser, Sampler, check_step, next_time};
use crate::error::Error;
use crate::path::{NoiseLevels, Path};
use crate::random::Stream;
use crate::solver::noise::{arrived, normals};
use crate::solver::{Walk, Watch};

/// Noise added before each step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Churn {
    /// `S_churn`: the level is raised by the factor `1 + min(S_churn / steps, sqrt(2) - 1)`.
    pub strength: f64,
    /// Lowest level at which noise is added.
    pub lowest: f64,
    /// Highest level at which noise is added.
    pub highest: f64,
    /// Deviation of the added noise; one keeps the marginals.
    pub deviation: f64,
}

impl Churn {
    /// No noise.
    pub const NONE: Self = Self {
        strength: 0.0,
        lowest: 0.0,
        highest: f64::INFINITY,
        deviation: 1.0,
    };
}

impl Default for Churn {
    fn default() -> Self {
        Self {
            strength: 20.0,
            lowest: 0.01,
            highest: 50.0,
            deviation: 1.0,
        }
    }
}

/// Algorithm 2 of Karras et al. 2022 (arXiv:2206.00364) on any path: in `y = x / a` and `s = b / a` the walk is `dy/ds =
/// (y - D) / s`. Each step first raises the noise level by [`Churn`], then makes a step of Heun to the next level; the
/// last one, to level zero, is a step of Euler and ends at `D`. Second order without churn.
#[derive(Clone, Copy, Debug)]
pub struct Karras {
    /// Number of steps; each costs two evaluations but the last.
    pub steps: usize,
    /// Which noise levels.
    pub levels: NoiseLevels,
    /// Noise added before each step.
    pub churn: Churn,
}

/// `(y - D) / s` at a level.
fn slope(denoiser: &dyn Denoiser, y: &Tensor<2>, t: f64, level: f64) -> Tensor<2> {
    let x = y.clone() * denoiser.path().schedule(t).data;
    (y.clone() - denoiser.clean(x, t)) / level
}

/// The time of a level that churn may have raised, and the level that time has.
fn raised(path: &dyn Path, denoiser: &dyn Denoiser, level: f64) -> (f64, f64) {
    let t = denoiser.interval().clamp(path.time_of_level(level));
    (t, path.schedule(t).noise_level())
}

impl Sampler for Karras {
    fn walk_watched(
        &self,
        denoiser: &dyn Denoiser,
        z: Tensor<2>,
        streams: &[Stream],
        watch: &mut Watch,
    ) -> Result<Walk, Error> {
        let path = denoiser.path();
        let times = self.levels.times(path, denoiser.interval(), self.steps);
        let level = |t: f64| path.schedule(t).noise_level();
        let start = path.schedule(times[0]);
        let mut y = z * (start.radius() / start.data);
        let mut evaluations = 0;
        for step in 0..times.len() {
            let (mut t, mut now) = (times[step], level(times[step]));
            let raise = if (self.churn.lowest..=self.churn.highest).contains(&now) {
                (self.churn.strength / self.steps as f64).min(std::f64::consts::SQRT_2 - 1.0)
            } else {
                0.0
            };
            if raise > 0.0 {
                let (higher, at) = raised(path, denoiser, now * (1.0 + raise));
                if at > now {
                    let fresh = self.churn.deviation * (at * at - now * now).sqrt();
                    y = y.clone() + normals(streams, step, y.dims()[1], &y.device()) * fresh;
                    (t, now) = (higher, at);
                }
            }
            let first = slope(denoiser, &y, t, now);
            evaluations += 1;
            y = match times.get(step + 1) {
                None => y - first * now,
                Some(&next) => {
                    let h = level(next) - now;
                    let tried = y.clone() + first.clone() * h;
                    let second = slope(denoiser, &tried, next, level(next));
                    evaluations += 1;
                    y + (first + second) * (0.5 * h)
                }
            };
            check_step(&y, &times, step, evaluations)?;
            let next = next_time(&times, step);
            watch.see(next, &(y.clone() * path.schedule(next).data));
        }
        Ok(arrived(y, evaluations))
    }
}
