//! Data with noise on top.

use super::{Path, Schedule};

/// `a = 1`, `b = sigma_max^(1 - t) sigma_min^t` (Song et al. 2020, arXiv:2011.13456), from 80 to 0.002. A deviation of
/// `sigma_min` stays on the data.
#[derive(Clone, Copy, Debug)]
pub struct VarianceExploding {
    /// Deviation of the noise at the data, in units of the scaled data.
    pub sigma_min: f64,
    /// Deviation of the noise at the base.
    pub sigma_max: f64,
}

impl Default for VarianceExploding {
    fn default() -> Self {
        Self {
            sigma_min: 0.002,
            sigma_max: 80.0,
        }
    }
}

impl Path for VarianceExploding {
    fn schedule(&self, t: f64) -> Schedule {
        let fall = (self.sigma_min / self.sigma_max).ln();
        let base = self.sigma_max * (fall * t).exp();
        Schedule {
            data: 1.0,
            base,
            data_rate: 0.0,
            base_rate: base * fall,
        }
    }
}

/// `a = 1`, `b = (sigma_max^(1/r) + t (sigma_min^(1/r) - sigma_max^(1/r)))^r` with `r = 7` (Karras et al. 2022,
/// arXiv:2206.00364, equation 5), from 80 to 0.002. A deviation of `sigma_min` stays on the data.
#[derive(Clone, Copy, Debug)]
pub struct Edm {
    /// Deviation of the noise at the data, in units of the scaled data.
    pub sigma_min: f64,
    /// Deviation of the noise at the base.
    pub sigma_max: f64,
    /// `r`: larger leaves more of the time to low noise.
    pub exponent: f64,
}

impl Default for Edm {
    fn default() -> Self {
        Self {
            sigma_min: 0.002,
            sigma_max: 80.0,
            exponent: 7.0,
        }
    }
}

impl Path for Edm {
    fn schedule(&self, t: f64) -> Schedule {
        let root = |sigma: f64| sigma.powf(1.0 / self.exponent);
        let fall = root(self.sigma_min) - root(self.sigma_max);
        let inner = root(self.sigma_max) + t * fall;
        Schedule {
            data: 1.0,
            base: inner.powf(self.exponent),
            data_rate: 0.0,
            base_rate: self.exponent * fall * inner.powf(self.exponent - 1.0),
        }
    }
}
