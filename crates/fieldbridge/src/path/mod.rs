//! How two joined points are connected.
//!
//! Between a base point `x0` and a data point `x1` a path puts `x_t = a(t) x1 + b(t) x0`, with `t` from 0 (base) to 1
//! (data). Every path knows its [`Schedule`], so that a network may be read as velocity, noise, score or clean data:
//! see [`Head`].
//!
//! A path need not begin at `a = 0` nor end at `b = 0`: diffusions do not. What is left is stated with each path; a walk
//! starts at `x = sqrt(a^2 + b^2) z` for a base draw `z` (the right mean square when base and data have unit variance),
//! and ends at `x / a`.

mod conditional_gaussian;
mod head;
mod interval;
mod latent;
mod linear;
mod noise_levels;
mod trigonometric;
mod variance_exploding;
mod variance_preserving;

use burn_tensor::{Tensor, TensorData};
use serde::{Deserialize, Serialize};

pub use conditional_gaussian::ConditionalGaussian;
pub use head::{Head, LossWeight, Reading};
pub use interval::Interval;
pub use latent::{Latent, LatentShape};
pub use linear::Linear;
pub use noise_levels::NoiseLevels;
pub use trigonometric::Trigonometric;
pub use variance_exploding::{Edm, VarianceExploding};
pub use variance_preserving::{Cosine, VariancePreserving};

/// `a`, `b` and their time derivatives at one time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    /// `a`, weight of the data point.
    pub data: f64,
    /// `b`, weight of the base point.
    pub base: f64,
    /// `da/dt`.
    pub data_rate: f64,
    /// `db/dt`.
    pub base_rate: f64,
}

impl Schedule {
    /// `sqrt(a^2 + b^2)`: root mean square of `x_t` when base and data have unit variance.
    pub fn radius(&self) -> f64 {
        self.data.hypot(self.base)
    }

    /// `b / a`: deviation of the noise in `x_t / a`; infinite at a pure base.
    pub fn noise_level(&self) -> f64 {
        self.base / self.data
    }

    /// `sqrt((a'^2 + b'^2) / 2)`: one for straight lines.
    pub fn speed(&self) -> f64 {
        (0.5 * (self.data_rate * self.data_rate + self.base_rate * self.base_rate)).sqrt()
    }

    /// `a b' - b a'`, negative where the path moves from base to data.
    pub fn determinant(&self) -> f64 {
        self.data * self.base_rate - self.base * self.data_rate
    }
}

/// A family of curves from base to data.
pub trait Path: Send + Sync + std::fmt::Debug {
    /// The schedule at a time from 0 to 1.
    fn schedule(&self, t: f64) -> Schedule;

    /// Where the rates are finite; the whole of `[0, 1]` unless a path says otherwise.
    fn interval(&self) -> Interval {
        Interval::WHOLE
    }

    /// The time at which the noise level `b / a` is `level`, or the nearest end of [`Path::interval`].
    fn time_of_level(&self, level: f64) -> f64 {
        let reached = |t: f64| self.schedule(t).noise_level() <= level;
        self.interval().first_time(reached)
    }

    /// The point `x_t` and its velocity `a'(t) x1 + b'(t) x0`, each `[batch, D]`; `t`: one time for each row.
    fn at(&self, x0: Tensor<2>, x1: Tensor<2>, t: &[f32]) -> (Tensor<2>, Tensor<2>) {
        let schedules: Vec<Schedule> = t.iter().map(|&t| self.schedule(f64::from(t))).collect();
        let mix = |of_data: fn(&Schedule) -> f64, of_base: fn(&Schedule) -> f64| {
            scale_rows(x1.clone(), schedules.iter().map(of_data))
                + scale_rows(x0.clone(), schedules.iter().map(of_base))
        };
        (mix(|s| s.data, |s| s.base), mix(|s| s.data_rate, |s| s.base_rate))
    }
}

/// Every row times a number of its own.
pub(crate) fn scale_rows(x: Tensor<2>, factors: impl Iterator<Item = f64>) -> Tensor<2> {
    let factors: Vec<f32> = factors.map(|factor| factor as f32).collect();
    match factors.first() {
        Some(&first) if factors.iter().all(|&factor| factor == first) => {
            if first == 1.0 {
                x
            } else {
                x * first
            }
        }
        _ => {
            let rows = factors.len();
            let device = x.device();
            x * Tensor::<2>::from_data(TensorData::new(factors, [rows, 1]), &device)
        }
    }
}

/// The times of a column on the host.
pub(crate) fn host_times(t: &Tensor<2>) -> Vec<f32> {
    t.to_data().try_into_vec().expect("times are f32")
}

/// A path by name, as recipes write it: `"linear"`, or `{ conditional_gaussian = { sigma_min = 0.01 } }`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum PathKind {
    /// [`Linear`]: straight lines at constant speed.
    #[default]
    Linear,
    /// [`ConditionalGaussian`]: straight lines that end in a cloud around the data point.
    ConditionalGaussian {
        /// Deviation left at the data, in units of the scaled data.
        sigma_min: f64,
    },
    /// [`Trigonometric`]: a quarter of a circle.
    Trigonometric,
    /// [`VariancePreserving`]: a diffusion whose rate rises linearly.
    VariancePreserving,
    /// [`Cosine`]: the variance-preserving diffusion of a cosine.
    Cosine,
    /// [`VarianceExploding`]: data plus noise whose level falls geometrically.
    VarianceExploding,
    /// [`Edm`]: data plus noise whose seventh root falls linearly.
    Edm,
}

impl PathKind {
    /// The path it names.
    pub fn build(self) -> Box<dyn Path> {
        match self {
            Self::Linear => Box::new(Linear),
            Self::ConditionalGaussian { sigma_min } => Box::new(ConditionalGaussian { sigma_min }),
            Self::Trigonometric => Box::new(Trigonometric),
            Self::VariancePreserving => Box::new(VariancePreserving::default()),
            Self::Cosine => Box::new(Cosine),
            Self::VarianceExploding => Box::new(VarianceExploding::default()),
            Self::Edm => Box::new(Edm::default()),
        }
    }

    /// Whether the base is noise of a diffusion: it is not reached exactly, so nothing but a normal one fits.
    pub fn needs_normal_base(self) -> bool {
        matches!(self, Self::VariancePreserving | Self::VarianceExploding | Self::Edm)
    }
}

#[cfg(test)]
mod tests;
