//! A velocity trained by maximum likelihood.

use burn_tensor::{Tensor, TensorData};

use super::given::Given;
use super::learned::{BaseEnd, Learned, Walked, density_along};
use super::{Bridge, Rows};
use crate::base::Base;
use crate::error::Error;
use crate::likelihood::{ExactTrace, LogDensity, Trace, TraceKind};
use crate::network::{Context, ContextEmbedding, Network, Weights};
use crate::random::Stream;
use crate::solver::{Field, Solver, Stop, Watch, select_rows};

/// A continuous normalizing flow (Chen et al. 2018, arXiv:1806.07366; FFJORD, Grathwohl et al. 2018, arXiv:1810.01367): a
/// network is the velocity, and the loss of a row is
///
/// `- log p(x) + kinetic * integral |v|^2 dt + jacobian * integral |dv/dx|^2 dt`,
///
/// with `log p(x) = log p_base(z) - integral tr(dv/dx) dt` along the walk from `x` back to its base point `z`. The
/// gradient is that of the solver's own steps: it is taken through them (discretise, then optimise), so it is exact for the
/// loss that is computed. The two penalties keep walks short and straight (Finlay et al. 2020, arXiv:2002.02798); the
/// squared Frobenius norm of the Jacobian comes from the same products as the trace. There is no path: nothing says where
/// the walk passes between base and data.
#[derive(Debug)]
pub struct ContinuousFlow {
    /// Length of a data point.
    pub dimension: usize,
    /// Where it starts.
    pub base: Box<dyn Base>,
    /// The velocity.
    pub network: Box<dyn Network>,
    /// How walks are solved in training.
    pub training_solver: Box<dyn Solver>,
    /// How the trace is taken in training; one random probe is enough.
    pub training_trace: TraceKind,
    /// Weight of the kinetic energy.
    pub kinetic: f64,
    /// Weight of the squared Jacobian.
    pub jacobian: f64,
    /// How the velocity is walked for draws and densities.
    pub solver: Box<dyn Solver>,
    /// How the trace is taken for densities.
    pub trace: Box<dyn Trace>,
    /// How the context is read; none for an unconditional bridge.
    pub embedding: Option<ContextEmbedding>,
}

impl ContinuousFlow {
    fn field<'a>(&'a self, weights: &'a Weights, context: Option<&Context>) -> Velocity<'a> {
        Velocity {
            network: self.network.as_ref(),
            weights,
            given: Given::new(self.embedding.as_ref(), weights, context, 1.0),
        }
    }

    /// Along the velocity, from base to data.
    fn flow(
        &self,
        weights: &Weights,
        base: Tensor<2>,
        context: Option<&Context>,
        watch: &mut Watch,
    ) -> Result<Tensor<2>, Error> {
        let field = self.field(weights, context);
        let walk = self
            .solver
            .walk_watched(&Walked::new(&field), base, (0.0, 1.0), watch)?;
        Ok(walk.end)
    }

    /// Directions of the trace in training: those drawn for the rows, or all.
    fn tangents(&self, rows: &Rows, weights: &Weights) -> Tensor<3> {
        match self.training_trace {
            TraceKind::Exact => {
                let unused = Stream::new(0, "no chance", 0);
                ExactTrace.tangents(rows.count, self.dimension, &unused, weights.device())
            }
            TraceKind::Hutchinson { probes } => Tensor::from_data(
                TensorData::new(rows.noise.clone(), [rows.count, probes, self.dimension]),
                weights.device(),
            ),
        }
    }
}

/// The walk of training: the point, the trace, the kinetic energy and the squared Jacobian side by side.
struct Penalised<'a> {
    velocity: Velocity<'a>,
    trace: &'a dyn Trace,
    tangents: Tensor<3>,
    /// Weight of each direction in the squared Jacobian: its mean over random ones, its sum over unit vectors.
    share: f64,
}

impl Field for Penalised<'_> {
    fn velocity(&self, state: Tensor<2>, t: Tensor<2>) -> Tensor<2> {
        let [rows, directions, dimension] = self.tangents.dims();
        let point = state.narrow(1, 0, dimension);
        let (velocity, products) = self.velocity.with_products(point, t, self.tangents.clone());
        let trace = self
            .trace
            .estimates(self.tangents.clone(), products.clone())
            .mean_dim(1);
        let kinetic = velocity.clone().square().sum_dim(1);
        let jacobian = products.reshape([rows, directions * dimension]).square().sum_dim(1) * self.share;
        Tensor::cat(vec![velocity, trace, kinetic, jacobian], 1)
    }

    fn select(&self, rows: &[usize]) -> Box<dyn Field + '_> {
        let [count, directions, dimension] = self.tangents.dims();
        let flat = self.tangents.clone().reshape([count, directions * dimension]);
        Box::new(Penalised {
            velocity: Velocity {
                given: self.velocity.given.choose(rows),
                ..self.velocity
            },
            trace: self.trace,
            tangents: select_rows(flat, rows).reshape([rows.len(), directions, dimension]),
            share: self.share,
        })
    }
}

impl Bridge for ContinuousFlow {
    fn dimension(&self) -> usize {
        self.dimension
    }

    fn join(&self, rows: &mut Rows, stream: &Stream) {
        if let TraceKind::Hutchinson { .. } = self.training_trace {
            let trace = self.training_trace.build();
            let probes = trace.tangents(
                rows.count,
                self.dimension,
                &stream.child("probes", 0),
                &crate::device::cpu(),
            );
            rows.noise = probes.into_data().try_into_vec().expect("probes are f32");
        }
    }

    /// Not a number for every row when the walk does not arrive.
    fn loss(&self, weights: &Weights, rows: &Rows) -> Tensor<1> {
        let device = weights.device();
        let x = rows.tensor(&rows.data, device);
        let velocity = self.field(weights, rows.context_on(device).as_ref());
        let tangents = self.tangents(rows, weights);
        let trace = self.training_trace.build();
        let share = match self.training_trace {
            TraceKind::Exact => 1.0,
            TraceKind::Hutchinson { probes } => 1.0 / probes as f64,
        };
        let field = Penalised {
            velocity,
            trace: trace.as_ref(),
            tangents,
            share,
        };
        let start = Tensor::cat(vec![x, Tensor::zeros([rows.count, 3], device)], 1);
        let Ok(walk) = self.training_solver.walk(&field, start.clone(), 1.0, 0.0) else {
            // of the weights, so that it has a gradient
            let somewhere = field.velocity(start, Tensor::zeros([rows.count, 1], device));
            return (somewhere.sum_dim(1) * f32::NAN).squeeze_dim(1);
        };
        let integral = |place: usize| {
            walk.end
                .clone()
                .narrow(1, self.dimension + place, 1)
                .squeeze_dim::<1>(1)
        };
        let z = walk.end.clone().narrow(1, 0, self.dimension);
        let mut loss = (self.base.log_density(z) + integral(0)).neg();
        // walked backwards, the integrals of the penalties are negative
        for (weight, place) in [(self.kinetic, 1), (self.jacobian, 2)] {
            if weight > 0.0 {
                loss = loss - integral(place) * weight;
            }
        }
        loss
    }

    fn transport(&self, weights: &Weights, base: Tensor<2>, context: Option<&Context>) -> Result<Tensor<2>, Error> {
        self.flow(weights, base, context, &mut Watch::nothing())
    }

    fn on_the_way(
        &self,
        weights: &Weights,
        base: Tensor<2>,
        context: Option<&Context>,
        _streams: &[Stream],
        pieces: usize,
    ) -> Result<Vec<Stop>, Error> {
        let mut watch = Watch::pieces(pieces);
        let end = self.flow(weights, base.clone(), context, &mut watch)?;
        Ok(watch.between(base, end, |_, x| x))
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
        let field = self.field(weights, context);
        let end = BaseEnd {
            base: self.base.as_ref(),
            radius: 1.0,
            centre: None,
        };
        let ways = (self.solver.as_ref(), self.trace.as_ref());
        density_along(&field, ways, x, (1.0, 0.0), &end, stream)
    }
}

/// The velocity of a batch with its contexts.
struct Velocity<'a> {
    network: &'a dyn Network,
    weights: &'a Weights,
    given: Given,
}

impl Learned for Velocity<'_> {
    fn velocity(&self, x: Tensor<2>, t: Tensor<2>) -> Tensor<2> {
        self.given.forward(self.network, self.weights, x, t)
    }

    fn with_products(&self, x: Tensor<2>, t: Tensor<2>, tangents: Tensor<3>) -> (Tensor<2>, Tensor<3>) {
        self.given
            .forward_with_tangents(self.network, self.weights, x, t, tangents)
    }

    fn choose(&self, rows: &[usize]) -> Box<dyn Learned + '_> {
        Box::new(Self {
            given: self.given.choose(rows),
            ..*self
        })
    }
}
