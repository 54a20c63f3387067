//! Draws from a density that can be computed at any point, by the no-U-turn sampler of `nuts-rs`.
//!
//! A [`LogPosterior`] gives its logarithm and gradient, a [`Summary`] says what is kept of each draw, and a [`Sampler`] walks several
//! chains through both. Trajectories follow the flow of a unit normal exactly and correct it by what the density differs
//! from one (Shahbaba et al. 2014, arXiv:1106.5941), so their steps need not shrink as the dimension grows, provided the
//! coordinates are chosen so that the density is nearly a unit normal. The first few may be far from that: their mean and
//! covariance are learned in the warm-up ([`Whitening`]).
//!
//! Chains advance in blocks. Each block is decided by the seed, its number, and where it begins, so a run that was stopped
//! and continued has the draws of one that was not, whatever the number of threads.
//!
//! [`Convergence`] tells whether the chains agree, and how many independent draws they are worth.

mod block;
mod checkpoint;
mod convergence;
mod moments;
mod sampler;
#[cfg(test)]
mod tests;
mod whitening;

pub use block::Transition;
pub use convergence::Convergence;
pub use moments::Moments;
pub use sampler::{ChainState, Chains, Sampler, SamplerSettings};
pub use whitening::Whitening;

/// A place that is not possible: the sampler turns back from it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the density cannot be computed here: {reason}")]
pub struct Rejected {
    /// Why.
    pub reason: String,
}

/// An unnormalised density on all of `R^n`.
pub trait LogPosterior: Sync {
    /// `n`.
    fn dimension(&self) -> usize;

    /// Its logarithm at a position, up to a constant, and the derivatives by each coordinate, written to `gradient`.
    ///
    /// # Errors
    /// [`Rejected`] where the model has no meaning. That costs a draw its trajectory and nothing else.
    fn log_density_and_gradient(&self, position: &[f64], gradient: &mut [f64]) -> Result<f64, Rejected>;
}

/// What is kept of each draw.
pub trait Summary: Sync {
    /// Names of the numbers.
    fn names(&self) -> Vec<String>;

    /// Length of the field whose mean and variance are kept.
    fn field_length(&self) -> usize;

    /// Numbers and field of a draw.
    ///
    /// # Errors
    /// [`Rejected`], never for a position whose density could be computed.
    fn summarise(&self, position: &[f64]) -> Result<(Vec<f64>, Vec<f64>), Rejected>;
}
