//! Diffusions that keep the variance.

use std::f64::consts::FRAC_PI_2;

use super::{Interval, Path, Schedule};

/// Time left out at the data, where `b = sqrt(1 - a^2)` rises infinitely fast; `b` is 0.003 there for both paths'
/// usual rates (0.011 for the cosine).
const LEFT_OUT: f64 = 1e-4;

/// `a = exp(-s beta_min / 2 - s^2 (beta_max - beta_min) / 4)`, `b = sqrt(1 - a^2)`, `s = 1 - t`: the diffusion
/// `dx = -beta(s) x / 2 ds + sqrt(beta(s)) dW` with `beta` rising linearly (Ho et al. 2020, arXiv:2006.11239; Song et al.
/// 2020, arXiv:2011.13456). At `t = 0` a share `a = 0.0066` of the data is left; times beyond `1 - 1e-4` are left out.
#[derive(Clone, Copy, Debug)]
pub struct VariancePreserving {
    /// Rate at the data.
    pub beta_min: f64,
    /// Rate at the base.
    pub beta_max: f64,
}

impl Default for VariancePreserving {
    /// 0.1 and 20.
    fn default() -> Self {
        Self {
            beta_min: 0.1,
            beta_max: 20.0,
        }
    }
}

/// `b` and its rate from `ln a` and its rate, `a^2 + b^2 = 1`.
fn preserving(log_data: f64, log_rate: f64) -> Schedule {
    let data = log_data.exp();
    let base = (-(2.0 * log_data).exp_m1()).sqrt();
    Schedule {
        data,
        base,
        data_rate: data * log_rate,
        base_rate: -data * data * log_rate / base,
    }
}

impl Path for VariancePreserving {
    fn schedule(&self, t: f64) -> Schedule {
        let s = 1.0 - t;
        let rise = self.beta_max - self.beta_min;
        preserving(
            -0.5 * s * self.beta_min - 0.25 * s * s * rise,
            0.5 * (self.beta_min + s * rise),
        )
    }

    fn interval(&self) -> Interval {
        Interval {
            from: 0.0,
            to: 1.0 - LEFT_OUT,
        }
    }
}

/// `a = cos(f(s)) / cos(f(0))`, `f(s) = (s + 0.008) / 1.008 pi / 2`, `s = 1 - t` (Nichol and Dhariwal 2021,
/// arXiv:2102.09672). Times beyond `1 - 1e-4` are left out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cosine;

impl Path for Cosine {
    fn schedule(&self, t: f64) -> Schedule {
        const OFFSET: f64 = 0.008;
        let rate = FRAC_PI_2 / (1.0 + OFFSET);
        let first = (rate * OFFSET).cos();
        let (sine, cosine) = (rate * (1.0 - t + OFFSET)).sin_cos();
        // the cosine of a rounded right angle is not zero
        let data = if t == 0.0 { 0.0 } else { cosine / first };
        let base = ((1.0 - data) * (1.0 + data)).sqrt();
        let data_rate = rate * sine / first;
        Schedule {
            data,
            base,
            data_rate,
            base_rate: -data * data_rate / base,
        }
    }

    fn interval(&self) -> Interval {
        Interval {
            from: 0.0,
            to: 1.0 - LEFT_OUT,
        }
    }
}
