//! Stochastic interpolants that start at a known point.

use burn_tensor::Tensor;

use super::given::Given;
use super::learned::{BaseEnd, Learned, Walked, density_along};
use super::source::Source;
use super::{Bridge, Rows, TimeDraw};
use crate::base::Normal;
use crate::error::Error;
use crate::likelihood::{LogDensity, Trace};
use crate::network::{Context, ContextEmbedding, Network, Weights, embed};
use crate::path::{Interval, Linear, host_times, scale_rows};
use crate::random::Stream;
use crate::solver::{NoisyField, SamplerKind, Solver, Stop, Watch, select_rows};

/// `x_t = (1 - t) x0 + t x1 + g (1 - t) sqrt(t) z` from the point `x0` to the data given `x0` (Chen et al. 2024,
/// arXiv:2403.13724, there with `sigma = g (1 - t)`; a Foellmer process).
///
/// The network is regressed on `R = x1 - x0 - g sqrt(t) z` and gives the drift `b(x, t, x0) = E[R | x_t = x, x0]`; then
/// `dX = b dt + sigma dW` from `x0` ends at draws of `p(x1 | x0)`. The score is `s = (t b - x + x0) / (g^2 t (1 - t))`, so
/// for every `noise >= 0`, chosen after training,
///
/// `dX = (b + (noise - 1) t sigma^2 s / 2) dt + sigma sqrt(1 + (noise - 1) t) dW`
///
/// has the same marginals, and so has the velocity `b - sigma^2 s / 2`, which log-densities are solved along. Walks start
/// at the time [`PointSource::FIRST`], where `x_t` is normal around `x0 + t b(x0, 0, x0)`.
#[derive(Debug)]
pub struct PointSource {
    /// Length of a data point.
    pub dimension: usize,
    /// The point each row starts from; the context holds it.
    pub source: Source,
    /// `g`, in units of the scaled data.
    pub size: f64,
    /// How training times are drawn.
    pub time: TimeDraw,
    /// What is learned.
    pub network: Box<dyn Network>,
    /// How the velocity is walked, for densities and for draws without noise.
    pub solver: Box<dyn Solver>,
    /// How draws are made: along the velocity, or with noise.
    pub sampler: SamplerKind,
    /// What the walk costs in probability.
    pub trace: Box<dyn Trace>,
    /// How the context is read, the source with it.
    pub embedding: ContextEmbedding,
}

impl PointSource {
    /// First time of a walk.
    pub const FIRST: f64 = 1e-4;

    fn field<'a>(&'a self, weights: &'a Weights, context: &Context) -> Drift<'a> {
        Drift {
            bridge: self,
            weights,
            given: Given::plain(embed(Some(&self.embedding), weights, Some(context))),
            source: self.source.of_context(context),
            noise: 1.0,
        }
    }

    /// Along the velocity.
    fn flow(
        &self,
        weights: &Weights,
        base: Tensor<2>,
        context: &Context,
        watch: &mut Watch,
    ) -> Result<Tensor<2>, Error> {
        let field = self.field(weights, context);
        let (centre, deviation) = self.first(&field);
        let (start, between) = (centre + base * deviation, (Self::FIRST, 1.0));
        Ok(self
            .solver
            .walk_watched(&Walked::new(&field), start, between, watch)?
            .end)
    }

    /// The way the sampler goes.
    fn sampled(
        &self,
        weights: &Weights,
        base: Tensor<2>,
        context: &Context,
        streams: &[Stream],
        watch: &mut Watch,
    ) -> Result<Tensor<2>, Error> {
        let Some((solver, noise)) = self.sampler.stochastic() else {
            return self.flow(weights, base, context, watch);
        };
        let field = Drift {
            noise,
            ..self.field(weights, context)
        };
        let (centre, deviation) = self.first(&field);
        let (start, between) = (centre + base * deviation, (Self::FIRST, 1.0));
        Ok(solver.walk_watched(&field, start, between, streams, watch)?.end)
    }

    /// Centre and deviation of the points at the first time.
    fn first(&self, field: &Drift<'_>) -> (Tensor<2>, f64) {
        let x0 = field.source.clone();
        let drift = field.output(x0.clone(), Tensor::zeros([x0.dims()[0], 1], &x0.device()));
        let deviation = self.size * (1.0 - Self::FIRST) * Self::FIRST.sqrt();
        (x0 + drift * Self::FIRST, deviation)
    }
}

/// The context, which a bridge with a source always has.
fn needed(context: Option<&Context>) -> Result<&Context, Error> {
    context.ok_or_else(|| {
        crate::error::shape(
            "context of a bridge with a known start",
            "one row for every point",
            "no context",
        )
    })
}

impl Bridge for PointSource {
    fn dimension(&self) -> usize {
        self.dimension
    }

    fn join(&self, rows: &mut Rows, stream: &Stream) {
        rows.base = self.source.of_rows(rows);
        rows.time = self
            .time
            .draw(rows.count, &stream.child("time", 0), &Linear, Interval::WHOLE);
        rows.noise = stream.child("latent", 0).normals(rows.count * self.dimension);
    }

    fn loss(&self, weights: &Weights, rows: &Rows) -> Tensor<1> {
        let device = weights.device();
        let times = || rows.time.iter().map(|&t| f64::from(t));
        let (x0, x1) = (rows.tensor(&rows.base, device), rows.tensor(&rows.data, device));
        let z = rows.tensor(&rows.noise, device);
        let x = scale_rows(x0.clone(), times().map(|t| 1.0 - t))
            + scale_rows(x1.clone(), times())
            + scale_rows(z.clone(), times().map(|t| self.size * (1.0 - t) * t.sqrt()));
        let target = x1 - x0 - scale_rows(z, times().map(|t| self.size * t.sqrt()));
        let context = rows.context_on(device).expect("a source is part of the context");
        let output = self.field(weights, &context).output(x, rows.tensor(&rows.time, device));
        (output - target).square().sum_dim(1).squeeze_dim(1)
    }

    fn transport(&self, weights: &Weights, base: Tensor<2>, context: Option<&Context>) -> Result<Tensor<2>, Error> {
        self.flow(weights, base, needed(context)?, &mut Watch::nothing())
    }

    fn draw(
        &self,
        weights: &Weights,
        base: Tensor<2>,
        context: Option<&Context>,
        streams: &[Stream],
    ) -> Result<Tensor<2>, Error> {
        self.sampled(weights, base, needed(context)?, streams, &mut Watch::nothing())
    }

    /// From the known points, not from the base points, which decide the first steps away from them.
    fn on_the_way(
        &self,
        weights: &Weights,
        base: Tensor<2>,
        context: Option<&Context>,
        streams: &[Stream],
        pieces: usize,
    ) -> Result<Vec<Stop>, Error> {
        let mut watch = Watch::pieces(pieces);
        let context = needed(context)?;
        let end = self.sampled(weights, base, context, streams, &mut watch)?;
        Ok(watch.between(self.source.of_context(context), end, |_, x| x))
    }

    fn draw_base(&self, rows: usize, stream: &Stream) -> Vec<f32> {
        stream.normals(rows * self.dimension)
    }

    /// To the error of the walk, half of `D t / g^2` at the first time is added: there the points were taken as normal.
    fn log_density(
        &self,
        weights: &Weights,
        x: Tensor<2>,
        context: Option<&Context>,
        stream: &Stream,
    ) -> Result<LogDensity, Error> {
        let field = self.field(weights, needed(context)?);
        let (centre, radius) = self.first(&field);
        let end = BaseEnd {
            base: &Normal,
            radius,
            centre: Some(centre),
        };
        let ways = (self.solver.as_ref(), self.trace.as_ref());
        let mut found = density_along(&field, ways, x, (1.0, Self::FIRST), &end, stream)?;
        found.error = found.error + 0.5 * self.dimension as f64 * Self::FIRST / (self.size * self.size);
        Ok(found)
    }
}

/// The network of a batch with its contexts and starts.
struct Drift<'a> {
    bridge: &'a PointSource,
    weights: &'a Weights,
    given: Given,
    source: Tensor<2>,
    noise: f64,
}

/// How the velocity is read: `b - sigma^2 s / 2 = (1 + t) / 2 b + (1 - t) / (2 t) (x - x0)`, the weights of both.
fn velocity_weights(t: f64) -> (f64, f64) {
    (0.5 * (1.0 + t), 0.5 * (1.0 - t) / t)
}

impl Drift<'_> {
    /// `b`.
    fn output(&self, x: Tensor<2>, t: Tensor<2>) -> Tensor<2> {
        self.given.forward(self.bridge.network.as_ref(), self.weights, x, t)
    }
}

impl Learned for Drift<'_> {
    fn velocity(&self, x: Tensor<2>, t: Tensor<2>) -> Tensor<2> {
        let times = host_times(&t);
        let weights = || times.iter().map(|&t| velocity_weights(f64::from(t)));
        let drift = scale_rows(self.output(x.clone(), t), weights().map(|(of_drift, _)| of_drift));
        drift + scale_rows(x - self.source.clone(), weights().map(|(_, of_point)| of_point))
    }

    fn with_products(&self, x: Tensor<2>, t: Tensor<2>, tangents: Tensor<3>) -> (Tensor<2>, Tensor<3>) {
        let [rows, directions, dimension] = tangents.dims();
        let flat = |tangents: Tensor<3>| tangents.reshape([rows, directions * dimension]);
        let times = host_times(&t);
        let weights = || times.iter().map(|&t| velocity_weights(f64::from(t)));
        let of_drift = || weights().map(|(of_drift, _)| of_drift);
        let of_point = || weights().map(|(_, of_point)| of_point);
        let network = self.bridge.network.as_ref();
        let (output, products) =
            self.given
                .forward_with_tangents(network, self.weights, x.clone(), t, tangents.clone());
        let velocity = scale_rows(output, of_drift()) + scale_rows(x.clone() - self.source.clone(), of_point());
        let products = scale_rows(flat(products), of_drift()) + scale_rows(flat(tangents), of_point());
        (velocity, products.reshape([rows, directions, dimension]))
    }

    fn choose(&self, rows: &[usize]) -> Box<dyn Learned + '_> {
        Box::new(Self {
            given: self.given.choose(rows),
            source: select_rows(self.source.clone(), rows),
            ..*self
        })
    }
}

impl NoisyField for Drift<'_> {
    fn drift(&self, x: Tensor<2>, t: f64) -> Tensor<2> {
        let times = Tensor::full([x.dims()[0], 1], t as f32, &x.device());
        let drift = self.output(x.clone(), times);
        // t sigma^2 s / 2 = (1 - t) (t b - x + x0) / 2
        let more = 0.5 * (self.noise - 1.0) * (1.0 - t);
        if more == 0.0 {
            return drift;
        }
        drift * (1.0 + more * t) + (self.source.clone() - x) * more
    }

    fn deviation(&self, t: f64) -> f64 {
        self.bridge.size * (1.0 - t) * (1.0 + (self.noise - 1.0) * t).sqrt()
    }
}
