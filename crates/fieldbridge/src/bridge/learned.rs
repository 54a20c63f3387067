//! Walking a learned velocity, and what the walk costs in probability.

use burn_tensor::Tensor;

use crate::base::Base;
use crate::error::Error;
use crate::likelihood::{LogDensity, Trace};
use crate::random::Stream;
use crate::solver::{Field, Solver, select_rows};

/// A velocity of a batch of rows, with its derivative along directions.
pub(super) trait Learned {
    /// `v(x, t)`; `x`: `[batch, D]`, `t`: `[batch, 1]`.
    fn velocity(&self, x: Tensor<2>, t: Tensor<2>) -> Tensor<2>;

    /// The velocity and `(dv/dx) u` for every direction `u`: `[batch, directions, D]`.
    fn with_products(&self, x: Tensor<2>, t: Tensor<2>, tangents: Tensor<3>) -> (Tensor<2>, Tensor<3>);

    /// The same of some of the rows.
    fn choose(&self, rows: &[usize]) -> Box<dyn Learned + '_>;
}

/// A velocity here or elsewhere.
enum Held<'a> {
    Elsewhere(&'a dyn Learned),
    Here(Box<dyn Learned + 'a>),
}

impl Held<'_> {
    fn get(&self) -> &dyn Learned {
        match self {
            Self::Elsewhere(learned) => *learned,
            Self::Here(learned) => learned.as_ref(),
        }
    }
}

/// The velocity as a field for a solver.
pub(super) struct Walked<'a>(Held<'a>);

impl<'a> Walked<'a> {
    pub(super) fn new(learned: &'a dyn Learned) -> Self {
        Self(Held::Elsewhere(learned))
    }
}

impl Field for Walked<'_> {
    fn velocity(&self, x: Tensor<2>, t: Tensor<2>) -> Tensor<2> {
        self.0.get().velocity(x, t)
    }

    fn select(&self, rows: &[usize]) -> Box<dyn Field + '_> {
        Box::new(Walked(Held::Here(self.0.get().choose(rows))))
    }
}

/// The velocity, and beside it the estimates of the trace of its Jacobian.
pub(super) struct WithTrace<'a> {
    learned: Held<'a>,
    trace: &'a dyn Trace,
    tangents: Tensor<3>,
}

impl<'a> WithTrace<'a> {
    pub(super) fn new(learned: &'a dyn Learned, trace: &'a dyn Trace, tangents: Tensor<3>) -> Self {
        Self {
            learned: Held::Elsewhere(learned),
            trace,
            tangents,
        }
    }
}

impl Field for WithTrace<'_> {
    fn velocity(&self, state: Tensor<2>, t: Tensor<2>) -> Tensor<2> {
        let point = state.narrow(1, 0, self.tangents.dims()[2]);
        let (velocity, products) = self.learned.get().with_products(point, t, self.tangents.clone());
        Tensor::cat(vec![velocity, self.trace.estimates(self.tangents.clone(), products)], 1)
    }

    fn select(&self, rows: &[usize]) -> Box<dyn Field + '_> {
        let [count, directions, dimension] = self.tangents.dims();
        let flat = self.tangents.clone().reshape([count, directions * dimension]);
        Box::new(WithTrace {
            learned: Held::Here(self.learned.get().choose(rows)),
            trace: self.trace,
            tangents: select_rows(flat, rows).reshape([rows.len(), directions, dimension]),
        })
    }
}

/// Where a walk back from the data ends: `x = radius z + centre` with `z` from the base.
pub(super) struct BaseEnd<'a> {
    pub(super) base: &'a dyn Base,
    pub(super) radius: f64,
    /// `[batch, D]`; none for zero.
    pub(super) centre: Option<Tensor<2>>,
}

impl BaseEnd<'_> {
    fn drawn(&self, end: Tensor<2>) -> Tensor<2> {
        let moved = match &self.centre {
            Some(centre) => end - centre.clone(),
            None => end,
        };
        if self.radius == 1.0 { moved } else { moved / self.radius }
    }
}

/// The log-density of states `x` at time `from` on their way back to time `to`, by solving for the state and the integral
/// of the trace together.
///
/// The error is the difference from that of a [coarser](Solver::coarser) walk, or the sum of local errors carried to the
/// result if that is larger; with random probes, their standard error is added in quadrature.
pub(super) fn density_along(
    learned: &dyn Learned,
    (solver, trace): (&dyn Solver, &dyn Trace),
    x: Tensor<2>,
    (from, to): (f64, f64),
    end: &BaseEnd<'_>,
    stream: &Stream,
) -> Result<LogDensity, Error> {
    let [rows, dimension] = x.dims();
    let device = x.device();
    let tangents = trace.tangents(rows, dimension, stream, &device);
    let estimates = trace.estimates(tangents.clone(), tangents.zeros_like()).dims()[1];
    let field = WithTrace::new(learned, trace, tangents);
    let start = Tensor::cat(vec![x, Tensor::zeros([rows, estimates], &device)], 1);
    let walk = solver.walk(&field, start.clone(), from, to)?;
    let coarse = solver.coarser().walk(&field, start, from, to)?.end;
    let volume = dimension as f64 * end.radius.ln();
    let density = |state: Tensor<2>| {
        let z = end.drawn(state.clone().narrow(1, 0, dimension));
        let integrals = state.narrow(1, dimension, estimates);
        let mut value = end.base.log_density(z.clone()) + integrals.clone().mean_dim(1).squeeze_dim::<1>(1);
        if volume != 0.0 {
            value = value - volume;
        }
        (value, z, integrals)
    };
    let (value, z, integrals) = density(walk.end);
    let mut error = (value.clone() - density(coarse).0).abs();
    // two infinite values, outside a bounded base, agree
    error = error
        .clone()
        .mask_fill(value.clone().equal_elem(f32::NEG_INFINITY), 0.0);
    if let Some(local) = walk.error {
        // how errors of the end point and of the integral move the result, to first order
        let moved = (z.abs() * local.clone().narrow(1, 0, dimension) / end.radius).sum_dim(1);
        let local = (moved + local.narrow(1, dimension, estimates).mean_dim(1)).squeeze_dim(1);
        // the difference may vanish by chance
        error = error.max_pair(local);
    }
    if estimates > 1 {
        let spread: Tensor<1> = (integrals.var(1) / estimates as f64).sqrt().squeeze_dim(1);
        error = (error.square() + spread.square()).sqrt();
    }
    Ok(LogDensity { value, error })
}
