//! Bridges walked along a learned velocity.

use burn_tensor::Tensor;

use super::{Bridge, Rows, TimeDraw};
use crate::base::Base;
use crate::coupling::{Batch, Coupling};
use crate::error::Error;
use crate::likelihood::{LogDensity, Trace};
use crate::network::{Conditions, Context, ContextEmbedding, Network, Weights, embed};
use crate::path::Path;
use crate::random::Stream;
use crate::solver::{Field, Solver, select_rows};

/// Flow matching: a network `v(x, t, c)` regressed on the velocities of paths between joined points, loss
/// `|v(x_t, t, c) - dx_t/dt|^2` (Lipman et al. 2022, arXiv:2210.02747; with optimal transport Tong et al. 2023,
/// arXiv:2302.00482). Its marginal flow carries the base to the data.
///
/// The error of a log-density is its difference from that of a [coarser](Solver::coarser) walk, or the sum of local
/// errors carried to the result if that is larger; with random probes, their standard error is added in quadrature.
#[derive(Debug)]
pub struct Continuous {
    /// Length of a data point.
    pub dimension: usize,
    /// Where it starts.
    pub base: Box<dyn Base>,
    /// Which points are joined.
    pub coupling: Box<dyn Coupling>,
    /// How joined points are connected.
    pub path: Box<dyn Path>,
    /// How training times are drawn.
    pub time: TimeDraw,
    /// What is learned.
    pub network: Box<dyn Network>,
    /// How it is walked.
    pub solver: Box<dyn Solver>,
    /// What the walk costs in probability.
    pub trace: Box<dyn Trace>,
    /// How the context is read; none for an unconditional bridge.
    pub embedding: Option<ContextEmbedding>,
}

impl Continuous {
    /// The learned velocity `v(x, t, c)`; `x`: `[batch, D]`, `t`: `[batch, 1]`, context embedding `[batch, width]`.
    pub fn velocity(&self, weights: &Weights, x: Tensor<2>, t: Tensor<2>, context: Option<Tensor<2>>) -> Tensor<2> {
        self.network.forward(weights, x, &Conditions { t: Some(t), context })
    }
}

impl Bridge for Continuous {
    fn dimension(&self) -> usize {
        self.dimension
    }

    fn join(&self, rows: &mut Rows, stream: &Stream) {
        let drawn = self.base.sample(rows.count, self.dimension, &stream.child("base", 0));
        let batch = Batch {
            base: &drawn,
            data: &rows.data,
            context: &rows.context,
            rows: rows.count,
        };
        let pairs = self.coupling.pair(&batch, &stream.child("coupling", 0));
        let width = self.dimension;
        rows.base = pairs
            .iter()
            .flat_map(|&at| drawn[at * width..(at + 1) * width].iter().copied())
            .collect();
        rows.time = self.time.draw(rows.count, &stream.child("time", 0));
    }

    fn loss(&self, weights: &Weights, rows: &Rows) -> Tensor<1> {
        let device = weights.device();
        let t = rows.tensor(&rows.time, device);
        let (x, target) = self.path.at(
            rows.tensor(&rows.base, device),
            rows.tensor(&rows.data, device),
            t.clone(),
        );
        let context = embed(self.embedding.as_ref(), weights, rows.context_on(device).as_ref());
        let velocity = self.velocity(weights, x, t, context);
        (velocity - target).square().sum_dim(1).squeeze_dim(1)
    }

    fn transport(&self, weights: &Weights, base: Tensor<2>, context: Option<&Context>) -> Result<Tensor<2>, Error> {
        let field = Velocity {
            bridge: self,
            weights,
            context: embed(self.embedding.as_ref(), weights, context),
        };
        Ok(self.solver.walk(&field, base, 0.0, 1.0)?.end)
    }

    fn draw_base(&self, rows: usize, stream: &Stream) -> Vec<f32> {
        self.base.sample(rows, self.dimension, stream)
    }

    fn log_density(
        &self,
        weights: &Weights,
        x: Tensor<2>,
        context: Option<&Context>,
        stream: &Stream,
    ) -> Result<LogDensity, Error> {
        let [rows, dimension] = x.dims();
        let embedded = embed(self.embedding.as_ref(), weights, context);
        let tangents = self.trace.tangents(rows, dimension, stream, weights.device());
        let field = VelocityAndTrace {
            bridge: self,
            weights,
            context: embedded,
            tangents: tangents.clone(),
        };
        let estimates = self.trace.estimates(tangents.clone(), tangents.zeros_like()).dims()[1];
        let start = Tensor::cat(vec![x, Tensor::zeros([rows, estimates], weights.device())], 1);
        let walk = self.solver.walk(&field, start.clone(), 1.0, 0.0)?;
        let coarse = self.solver.coarser().walk(&field, start, 1.0, 0.0)?.end;
        let density = |end: Tensor<2>| {
            let z = end.clone().narrow(1, 0, dimension);
            let integrals = end.narrow(1, dimension, estimates);
            let value = self.base.log_density(z.clone()) + integrals.clone().mean_dim(1).squeeze_dim::<1>(1);
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
            let moved = (z.abs() * local.clone().narrow(1, 0, dimension)).sum_dim(1);
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
}

/// The learned velocity of a batch with its contexts.
struct Velocity<'a> {
    bridge: &'a Continuous,
    weights: &'a Weights,
    context: Option<Tensor<2>>,
}

impl Field for Velocity<'_> {
    fn velocity(&self, x: Tensor<2>, t: Tensor<2>) -> Tensor<2> {
        self.bridge.velocity(self.weights, x, t, self.context.clone())
    }

    fn select(&self, rows: &[usize]) -> Box<dyn Field + '_> {
        Box::new(Self {
            context: self.context.clone().map(|context| select_rows(context, rows)),
            ..*self
        })
    }
}

/// The learned velocity, and beside it the estimates of the trace of its Jacobian.
struct VelocityAndTrace<'a> {
    bridge: &'a Continuous,
    weights: &'a Weights,
    context: Option<Tensor<2>>,
    tangents: Tensor<3>,
}

impl Field for VelocityAndTrace<'_> {
    fn velocity(&self, state: Tensor<2>, t: Tensor<2>) -> Tensor<2> {
        let conditions = Conditions {
            t: Some(t),
            context: self.context.clone(),
        };
        let bridge = self.bridge;
        let point = state.narrow(1, 0, bridge.dimension);
        let (velocity, products) =
            bridge
                .network
                .forward_with_tangents(self.weights, point, &conditions, self.tangents.clone());
        Tensor::cat(
            vec![velocity, bridge.trace.estimates(self.tangents.clone(), products)],
            1,
        )
    }

    fn select(&self, rows: &[usize]) -> Box<dyn Field + '_> {
        let [count, directions, dimension] = self.tangents.dims();
        let flat = self.tangents.clone().reshape([count, directions * dimension]);
        Box::new(Self {
            context: self.context.clone().map(|context| select_rows(context, rows)),
            tangents: select_rows(flat, rows).reshape([rows.len(), directions, dimension]),
            ..*self
        })
    }
}
