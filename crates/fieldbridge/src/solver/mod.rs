//! How a velocity field is walked: `dx/dt = v(x, t)` from one time to another.
//!
//! Every row of a batch is a walk of its own: its result does not depend on which rows stand beside it.

mod adaptive;
mod fixed;
mod noise;
mod sampler;
mod stochastic;
mod watch;

use burn_tensor::{Int, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::error::Error;

pub use adaptive::DormandPrince;
pub use fixed::{Euler, Heun, RungeKutta};
pub(crate) use noise::{normals, row_streams};
pub use sampler::{Ancestral, Churn, Denoiser, Karras, Multistep, Sampler, SamplerKind};
pub use stochastic::{EulerMaruyama, NoisyField, StochasticHeun, StochasticSolver};
pub use watch::{Stop, Watch};

/// A velocity field over a batch of rows, each a state of its own with conditions of its own.
pub trait Field {
    /// `v(x, t)` for `x`: `[batch, S]` and `t`: `[batch, 1]`.
    fn velocity(&self, x: Tensor<2>, t: Tensor<2>) -> Tensor<2>;

    /// The field of some of the rows: a walk that has arrived is not carried along.
    fn select(&self, rows: &[usize]) -> Box<dyn Field + '_>;
}

/// A function that treats all rows alike.
impl<F: Fn(Tensor<2>, Tensor<2>) -> Tensor<2>> Field for F {
    fn velocity(&self, x: Tensor<2>, t: Tensor<2>) -> Tensor<2> {
        self(x, t)
    }

    fn select(&self, _rows: &[usize]) -> Box<dyn Field + '_> {
        Box::new(Same(self))
    }
}

/// A field that does not depend on which rows there are.
struct Same<'a>(&'a dyn Field);

impl Field for Same<'_> {
    fn velocity(&self, x: Tensor<2>, t: Tensor<2>) -> Tensor<2> {
        self.0.velocity(x, t)
    }

    fn select(&self, _rows: &[usize]) -> Box<dyn Field + '_> {
        Box::new(Same(self.0))
    }
}

/// Some rows of a matrix.
pub(crate) fn select_rows(x: Tensor<2>, rows: &[usize]) -> Tensor<2> {
    let places: Vec<i64> = rows.iter().map(|&row| row as i64).collect();
    let places = Tensor::<1, Int>::from_data(TensorData::new(places, [rows.len()]), &x.device());
    x.select(0, places)
}

/// Where a walk ended and what it cost.
#[derive(Clone, Debug)]
pub struct Walk {
    /// End points, `[batch, S]`.
    pub end: Tensor<2>,
    /// Sum over steps of the estimated local error of each component, `[batch, S]`; none when the method has no estimate.
    pub error: Option<Tensor<2>>,
    /// Evaluations of the field (each on the whole batch).
    pub evaluations: usize,
    /// Steps that were tried and refused, over all rows.
    pub rejected: usize,
}

/// A method of integration.
pub trait Solver: Send + Sync + std::fmt::Debug {
    /// Walks `field` from `x` at time `from` to time `to` (either direction).
    ///
    /// # Errors
    /// [`Error::Solver`] when the field is not finite or too stiff to finish within the limit of evaluations.
    fn walk(&self, field: &dyn Field, x: Tensor<2>, from: f64, to: f64) -> Result<Walk, Error>;

    /// The same, watched: a method with steps of its own for every row walks the pieces asked for one after another.
    ///
    /// # Errors
    /// As [`Solver::walk`].
    fn walk_watched(
        &self,
        field: &dyn Field,
        x: Tensor<2>,
        (from, to): (f64, f64),
        watch: &mut Watch,
    ) -> Result<Walk, Error> {
        let pieces = watch.count();
        let at = |piece: usize| match piece {
            _ if piece == pieces => to,
            _ => from + (to - from) * piece as f64 / pieces as f64,
        };
        let mut all = self.walk(field, x, from, at(1))?;
        watch.see(at(1), &all.end);
        for piece in 1..pieces {
            let next = self.walk(field, all.end, at(piece), at(piece + 1))?;
            watch.see(at(piece + 1), &next.end);
            all = Walk {
                end: next.end,
                error: all.error.zip(next.error).map(|(before, more)| before + more),
                evaluations: all.evaluations + next.evaluations,
                rejected: all.rejected + next.rejected,
            };
        }
        Ok(all)
    }

    /// The same method, less accurate: the difference of the two ends shows the error of either, which the sum of local
    /// errors in [`Walk::error`] does not where the field amplifies them on the way.
    fn coarser(&self) -> Box<dyn Solver>;
}

/// A solver by name, as recipes write it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "method", deny_unknown_fields)]
pub enum SolverKind {
    /// First order, fixed steps.
    Euler {
        /// Number of steps.
        steps: usize,
    },
    /// Second order, fixed steps.
    Heun {
        /// Number of steps.
        steps: usize,
    },
    /// Fourth order, fixed steps.
    RungeKutta {
        /// Number of steps.
        steps: usize,
    },
    /// Fifth order with adaptive steps.
    DormandPrince {
        /// Local error allowed per step, absolute and relative.
        tolerance: f64,
        /// Most evaluations of the field in one walk.
        #[serde(default = "default_limit")]
        max_evaluations: usize,
    },
}

fn default_limit() -> usize {
    20_000
}

impl Default for SolverKind {
    fn default() -> Self {
        Self::DormandPrince {
            tolerance: 1e-5,
            max_evaluations: default_limit(),
        }
    }
}

impl SolverKind {
    /// The solver it names.
    pub fn build(self) -> Box<dyn Solver> {
        match self {
            Self::Euler { steps } => Box::new(Euler { steps }),
            Self::Heun { steps } => Box::new(Heun { steps }),
            Self::RungeKutta { steps } => Box::new(RungeKutta { steps }),
            Self::DormandPrince {
                tolerance,
                max_evaluations,
            } => Box::new(DormandPrince {
                tolerance,
                max_evaluations,
            }),
        }
    }
}

/// The same time for every row, `[batch, 1]`.
fn times(x: &Tensor<2>, t: f64) -> Tensor<2> {
    Tensor::full([x.dims()[0], 1], t as f32, &x.device())
}

/// A time for each row, `[batch, 1]`.
fn column(values: impl Iterator<Item = f64>, x: &Tensor<2>) -> Tensor<2> {
    let values: Vec<f32> = values.map(|value| value as f32).collect();
    let rows = values.len();
    Tensor::from_data(TensorData::new(values, [rows, 1]), &x.device())
}

/// First row with an entry that is not finite.
fn first_non_finite(x: &Tensor<2>) -> Option<usize> {
    let [_, width] = x.dims();
    let data = x.to_data();
    let values = data.as_slice::<f32>().expect("states are f32");
    values
        .iter()
        .position(|value| !value.is_finite())
        .map(|place| place / width.max(1))
}

#[cfg(test)]
mod tests;
