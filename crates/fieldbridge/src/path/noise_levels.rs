//! The steps of a diffusion's sampler.

use serde::{Deserialize, Serialize};

use super::{Interval, Path};

/// Noise levels `s_i = (s_max^(1/r) + i / (n - 1) (s_min^(1/r) - s_max^(1/r)))^r`, `i < n`, then the data (Karras et al.
/// 2022, arXiv:2206.00364, equation 5). The level is `b / a`, so the same steps serve every path.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NoiseLevels {
    /// `s_max`, in units of the scaled data.
    pub highest: f64,
    /// `s_min`.
    pub lowest: f64,
    /// `r`: larger leaves more steps to low noise.
    pub exponent: f64,
}

impl Default for NoiseLevels {
    fn default() -> Self {
        Self {
            highest: 80.0,
            lowest: 0.002,
            exponent: 7.0,
        }
    }
}

impl NoiseLevels {
    /// The times of `steps` levels on a path, falling noise, inside an interval.
    pub fn times(&self, path: &dyn Path, within: Interval, steps: usize) -> Vec<f64> {
        let level = |t: f64| path.schedule(t).noise_level();
        let highest = self.highest.min(level(within.from));
        let lowest = self.lowest.max(level(within.to)).min(highest);
        let root = |level: f64| level.powf(1.0 / self.exponent);
        let steps = steps.max(1);
        (0..steps)
            .map(|step| {
                let share = step as f64 / (steps - 1).max(1) as f64;
                let level = (root(highest) + share * (root(lowest) - root(highest))).powf(self.exponent);
                within.clamp(path.time_of_level(level))
            })
            .collect()
    }
}
