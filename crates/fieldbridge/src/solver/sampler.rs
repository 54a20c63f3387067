//! Walks of a diffusion: from noise to data through the mean of the data at every noise level.
//!
//! With `D(x, t)` the mean of the data point given `x_t = x`, and `n = (x - a D) / b` that of the noise, all samplers are
//! steps from a time `t` to a later time `s` whose schedule is `(a_s, b_s)`. They know the path by its schedule alone, so
//! each serves every path with a normal base.

mod ancestral;
mod karras;
mod multistep;

use burn_tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::noise::check;
use super::{Walk, Watch};
use crate::error::Error;
use crate::path::{Interval, NoiseLevels, Path};
use crate::random::Stream;

pub use ancestral::Ancestral;
pub use karras::{Churn, Karras};
pub use multistep::Multistep;

/// The mean of the data given a point of a path.
pub trait Denoiser {
    /// The path.
    fn path(&self) -> &dyn Path;

    /// Where it can be asked.
    fn interval(&self) -> Interval;

    /// `D(x, t)`, `[batch, D]`.
    fn clean(&self, x: Tensor<2>, t: f64) -> Tensor<2>;
}

/// A method that carries noise to data.
pub trait Sampler: Send + Sync + std::fmt::Debug {
    /// Data for standard normal `z`, `[batch, D]`, with one stream of noise for each row.
    ///
    /// # Errors
    /// [`Error::Solver`] with time and row when a state is not finite.
    fn walk(&self, denoiser: &dyn Denoiser, z: Tensor<2>, streams: &[Stream]) -> Result<Walk, Error> {
        self.walk_watched(denoiser, z, streams, &mut Watch::nothing())
    }

    /// The same, watched.
    ///
    /// # Errors
    /// As [`Sampler::walk`].
    fn walk_watched(
        &self,
        denoiser: &dyn Denoiser,
        z: Tensor<2>,
        streams: &[Stream],
        watch: &mut Watch,
    ) -> Result<Walk, Error>;
}

/// How draws are made, by name, as recipes write it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "method", deny_unknown_fields)]
pub enum SamplerKind {
    /// The ordinary differential equation whose marginals are those of the path, walked by the recipe's solver.
    #[default]
    ProbabilityFlow,
    /// [`Ancestral`] with all its noise: the sampler of Ho et al. 2020 (arXiv:2006.11239).
    Ancestral {
        /// Number of steps.
        steps: usize,
        /// Which noise levels.
        #[serde(default)]
        levels: NoiseLevels,
    },
    /// [`Ancestral`] without noise, or with a share of it (Song et al. 2020, arXiv:2010.02502).
    Ddim {
        /// Number of steps.
        steps: usize,
        /// Share of the ancestral noise, `eta`.
        #[serde(default)]
        noise: f64,
        /// Which noise levels.
        #[serde(default)]
        levels: NoiseLevels,
    },
    /// [`Karras`] without noise.
    Heun {
        /// Number of steps.
        steps: usize,
        /// Which noise levels.
        #[serde(default)]
        levels: NoiseLevels,
    },
    /// [`Multistep`].
    Multistep {
        /// Number of steps.
        steps: usize,
        /// Which noise levels.
        #[serde(default)]
        levels: NoiseLevels,
    },
    /// [`Karras`] with noise added before each step.
    Churn {
        /// Number of steps.
        steps: usize,
        /// Which noise levels.
        #[serde(default)]
        levels: NoiseLevels,
        /// How much noise, and where.
        #[serde(default)]
        churn: Churn,
    },
    /// The stochastic differential equation with the same marginals, first order.
    EulerMaruyama {
        /// Number of steps.
        steps: usize,
        /// Strength of the noise: the marginals are the same for all.
        #[serde(default = "one")]
        noise: f64,
    },
    /// The same to second order.
    StochasticHeun {
        /// Number of steps.
        steps: usize,
        /// Strength of the noise: the marginals are the same for all.
        #[serde(default = "one")]
        noise: f64,
    },
}

fn one() -> f64 {
    1.0
}

impl SamplerKind {
    /// The sampler of a diffusion it names; none when it walks a differential equation.
    pub fn build(self) -> Option<Box<dyn Sampler>> {
        Some(match self {
            Self::ProbabilityFlow | Self::EulerMaruyama { .. } | Self::StochasticHeun { .. } => return None,
            Self::Ancestral { steps, levels } => Box::new(Ancestral {
                steps,
                noise: 1.0,
                levels,
            }),
            Self::Ddim { steps, noise, levels } => Box::new(Ancestral { steps, noise, levels }),
            Self::Heun { steps, levels } => Box::new(Karras {
                steps,
                levels,
                churn: Churn::NONE,
            }),
            Self::Multistep { steps, levels } => Box::new(Multistep { steps, levels }),
            Self::Churn { steps, levels, churn } => Box::new(Karras { steps, levels, churn }),
        })
    }

    /// The stochastic solver it names, and the strength of its noise.
    pub fn stochastic(self) -> Option<(Box<dyn super::StochasticSolver>, f64)> {
        match self {
            Self::EulerMaruyama { steps, noise } => Some((Box::new(super::EulerMaruyama { steps }), noise)),
            Self::StochasticHeun { steps, noise } => Some((Box::new(super::StochasticHeun { steps }), noise)),
            _ => None,
        }
    }

    /// Number of steps; none when the recipe's solver decides.
    pub fn steps(self) -> Option<usize> {
        match self {
            Self::ProbabilityFlow => None,
            Self::Ancestral { steps, .. }
            | Self::Ddim { steps, .. }
            | Self::Heun { steps, .. }
            | Self::Multistep { steps, .. }
            | Self::Churn { steps, .. }
            | Self::EulerMaruyama { steps, .. }
            | Self::StochasticHeun { steps, .. } => Some(steps),
        }
    }
}

/// When a step of a sampler ends.
fn next_time(times: &[f64], step: usize) -> f64 {
    times.get(step + 1).copied().unwrap_or(1.0)
}

/// Checks one step of a sampler, all of which take a known number of evaluations.
fn check_step(x: &Tensor<2>, times: &[f64], step: usize, evaluations: usize) -> Result<(), Error> {
    let next = next_time(times, step);
    check(x, next, next - times[step], evaluations, evaluations)
}
