//! A block of draws of one chain, made by `nuts-rs`.

use std::sync::atomic::{AtomicBool, Ordering};

use nuts_rs::{
    Chain, CpuLogpFunc, CpuMath, CpuMathError, FlowNutsSettings, HasDims, KineticEnergyKind, LogpError, Settings,
    StepSizeAdaptMethod,
};
use rand_chacha::ChaCha8Rng;

use super::{LogPosterior, Rejected, Whitening};

/// Share by which the step of each trajectory is longer or shorter, when steps are not adapted.
const JITTER: f64 = 0.1;

/// How a draw came about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transition {
    /// Gradients that were computed.
    pub gradients: u64,
    /// Whether the trajectory ran into a place where the energy is lost or the density cannot be computed.
    pub divergent: bool,
    /// Step size.
    pub step_size: f64,
}

impl Transition {
    /// Doublings of the trajectory.
    #[must_use]
    pub fn depth(&self) -> u32 {
        (self.gradients + 1).next_power_of_two().trailing_zeros()
    }
}

/// How step sizes come about in a block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Steps {
    /// Learned, from this one on.
    Adapted(f64),
    /// As it is.
    Fixed(f64),
}

/// What a block is made of.
pub(super) struct Block<'a, P: ?Sized> {
    pub(super) posterior: &'a P,
    pub(super) whitening: &'a Whitening,
    pub(super) steps: Steps,
    pub(super) draws: usize,
    pub(super) target_acceptance: f64,
    pub(super) most_doublings: u64,
}

/// Why a block has no end.
#[derive(Debug)]
pub(super) enum Unfinished {
    /// It was asked to stop.
    Stopped,
    /// The chain cannot go on.
    Failed(String),
}

impl<P: LogPosterior + ?Sized> Block<'_, P> {
    /// Walks from `position` and hands over every draw. The position is left at the last; the step size at the end is
    /// returned.
    pub(super) fn walk(
        &self,
        chain: u64,
        mut random: ChaCha8Rng,
        position: &mut [f64],
        stop: &AtomicBool,
        mut each: impl FnMut(&[f64], Transition) -> Result<(), Rejected>,
    ) -> Result<f64, Unfinished> {
        let mut settings = FlowNutsSettings {
            num_draws: self.draws as u64,
            maxdepth: self.most_doublings,
            trajectory_kind: KineticEnergyKind::ExactNormal,
            ..FlowNutsSettings::default()
        };
        let steps = &mut settings.adapt_options.step_size_settings;
        steps.target_accept = self.target_acceptance;
        match self.steps {
            Steps::Adapted(initial) => {
                settings.num_tune = self.draws as u64;
                steps.initial_step = initial;
                steps.jitter = None;
                steps.adapt_options.method = StepSizeAdaptMethod::DualAverage;
            }
            Steps::Fixed(step) => {
                settings.num_tune = 0;
                steps.initial_step = step;
                // steps that divide half a turn would come back to where they were
                steps.jitter = Some(JITTER);
                steps.adapt_options.method = StepSizeAdaptMethod::Fixed(step);
            }
        }
        let failed = |error: &dyn std::fmt::Display| Unfinished::Failed(format!("{error:#}"));
        let math = CpuMath::new(Target {
            posterior: self.posterior,
            whitening: self.whitening,
        });
        let mut walker = settings
            .new_chain(chain, math, &mut random)
            .map_err(|error| failed(&error))?;
        walker.set_position(position).map_err(|error| failed(&error))?;
        let mut step_size = match self.steps {
            Steps::Adapted(step) | Steps::Fixed(step) => step,
        };
        for _ in 0..self.draws {
            if stop.load(Ordering::Relaxed) {
                return Err(Unfinished::Stopped);
            }
            let (draw, progress) = walker.draw().map_err(|error| failed(&error))?;
            let transition = Transition {
                gradients: progress.num_gradients,
                divergent: progress.diverging,
                step_size: progress.step_size,
            };
            if matches!(self.steps, Steps::Adapted(_)) {
                step_size = progress.step_size;
            }
            each(&draw, transition).map_err(|error| failed(&error))?;
            position.copy_from_slice(&draw);
        }
        Ok(step_size)
    }
}

/// A density in white coordinates, as `nuts-rs` wants it: its transformation is ours and does not change within a block.
struct Target<'a, P: ?Sized> {
    posterior: &'a P,
    whitening: &'a Whitening,
}

/// What the sampler may turn back from.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
struct Recoverable(#[from] Rejected);

impl LogpError for Recoverable {
    fn is_recoverable(&self) -> bool {
        true
    }
}

impl<P: LogPosterior + ?Sized> HasDims for Target<'_, P> {
    fn dim_sizes(&self) -> std::collections::HashMap<String, u64> {
        let dimension = self.posterior.dimension() as u64;
        [("unconstrained_parameter", dimension), ("dim", dimension)]
            .map(|(name, size)| (name.to_owned(), size))
            .into()
    }
}

impl<P: LogPosterior + ?Sized> CpuLogpFunc for Target<'_, P> {
    type LogpError = Recoverable;
    type FlowParameters = ();
    type ExpandedVector = ();

    fn dim(&self) -> usize {
        self.posterior.dimension()
    }

    fn logp(&mut self, position: &[f64], gradient: &mut [f64]) -> Result<f64, Recoverable> {
        Ok(self.posterior.log_density_and_gradient(position, gradient)?)
    }

    fn expand_vector<R: nuts_rs::rand::Rng + ?Sized>(&mut self, _: &mut R, _: &[f64]) -> Result<(), CpuMathError> {
        Ok(())
    }

    fn inv_transform_normalize(
        &mut self,
        (): &(),
        position: &[f64],
        gradient: &[f64],
        white: &mut [f64],
        white_gradient: &mut [f64],
    ) -> Result<f64, Recoverable> {
        self.whitening.to_white(position, white);
        self.whitening.gradient(gradient, white_gradient);
        Ok(self.whitening.log_determinant())
    }

    fn init_from_untransformed_position(
        &mut self,
        (): &(),
        position: &[f64],
        gradient: &mut [f64],
        white: &mut [f64],
        white_gradient: &mut [f64],
        _: Option<f64>,
    ) -> Result<(f64, f64), Recoverable> {
        let value = self.logp(position, gradient)?;
        let logarithm = self.inv_transform_normalize(&(), position, gradient, white, white_gradient)?;
        Ok((value, logarithm))
    }

    fn init_from_transformed_position(
        &mut self,
        (): &(),
        position: &mut [f64],
        gradient: &mut [f64],
        white: &[f64],
        white_gradient: &mut [f64],
        _: Option<f64>,
    ) -> Result<(f64, f64), Recoverable> {
        self.whitening.to_position(white, position);
        let value = self.logp(position, gradient)?;
        self.whitening.gradient(gradient, white_gradient);
        Ok((value, self.whitening.log_determinant()))
    }

    fn update_transformation<'a, R: nuts_rs::rand::Rng + ?Sized>(
        &'a mut self,
        _: &mut R,
        _: impl ExactSizeIterator<Item = &'a [f64]>,
        _: impl ExactSizeIterator<Item = &'a [f64]>,
        _: impl ExactSizeIterator<Item = &'a f64>,
        (): &'a mut (),
    ) -> Result<(), Recoverable> {
        Ok(())
    }

    fn init_transformation<R: nuts_rs::rand::Rng + ?Sized>(
        &mut self,
        _: &mut R,
        _: &[f64],
        _: &[f64],
        _: u64,
    ) -> Result<(), Recoverable> {
        Ok(())
    }

    fn new_transformation<R: nuts_rs::rand::Rng + ?Sized>(
        &mut self,
        _: &mut R,
        _: usize,
        _: u64,
    ) -> Result<(), Recoverable> {
        Ok(())
    }

    fn transformation_id(&self, (): &()) -> Result<i64, Recoverable> {
        Ok(1)
    }
}
