//! What a walk costs in probability.
//!
//! Along `dx/dt = v(x, t)` the density changes as `d log p / dt = - tr dv/dx` (Chen et al. 2018, arXiv:1806.07366).
//! A [`Trace`] says in which directions the Jacobian is probed and how the products become estimates of its trace.

mod exact_trace;
mod hutchinson;
mod variational_bound;

use burn_tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::random::Stream;

pub use exact_trace::ExactTrace;
pub use hutchinson::Hutchinson;
pub use variational_bound::VariationalBound;

/// A way to the trace of a Jacobian through Jacobian-vector products.
pub trait Trace: Send + Sync + std::fmt::Debug {
    /// Directions to probe, `[rows, directions, dimension]`, fixed during one walk.
    fn tangents(&self, rows: usize, dimension: usize, stream: &Stream, device: &Device) -> Tensor<3>;

    /// Estimates from the directions and the products `J u`: `[rows, estimates]`. The mean over estimates is unbiased;
    /// an exact method gives one.
    fn estimates(&self, tangents: Tensor<3>, products: Tensor<3>) -> Tensor<2>;
}

/// A trace by name, as recipes write it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "trace", deny_unknown_fields)]
pub enum TraceKind {
    /// All `dimension` directions.
    #[default]
    Exact,
    /// Random directions.
    Hutchinson {
        /// Number of probes; at least two, so that their spread gives an error.
        probes: usize,
    },
}

impl TraceKind {
    /// The trace it names.
    pub fn build(self) -> Box<dyn Trace> {
        match self {
            Self::Exact => Box::new(ExactTrace),
            Self::Hutchinson { probes } => Box::new(Hutchinson { probes }),
        }
    }
}

/// A log-density and what is known of its error.
#[derive(Clone, Debug)]
pub struct LogDensity {
    /// `log p(x)`, `[batch]`.
    pub value: Tensor<1>,
    /// Estimated absolute error, `[batch]`: zero for exact bridges.
    pub error: Tensor<1>,
}
