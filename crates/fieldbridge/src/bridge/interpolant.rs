//! Stochastic interpolants: bridges between any two distributions.

use burn_tensor::Tensor;

use super::continuous::join_drawn;
use super::given::Given;
use super::learned::{BaseEnd, Learned, Walked, density_along};
use super::source::Source;
use super::{Bridge, Rows, TimeDraw};
use crate::base::Base;
use crate::coupling::Coupling;
use crate::error::Error;
use crate::likelihood::{LogDensity, Trace};
use crate::network::{Context, ContextEmbedding, Network, Weights, embed};
use crate::path::{Interval, Latent, Path, Schedule, host_times, scale_rows};
use crate::random::Stream;
use crate::solver::{NoisyField, SamplerKind, Solver, Stop, Watch, normals};

/// `x_t = a(t) x1 + b(t) x0 + gamma(t) z` with normal `z` (Albergo, Boffi and Vanden-Eijnden 2023, arXiv:2303.08797).
///
/// Two networks are regressed: `u` on `a' x1 + b' x0` and the denoiser `e` on `z`, loss `|u - u*|^2 + |e - z|^2`. Then the
/// velocity is `b = u + gamma' e`, the score `s = - e / gamma`, and for every `noise >= 0`, chosen after training,
///
/// `dX = (b + noise gamma s) dt + sqrt(2 noise gamma) dW`
///
/// has the marginals of `x_t`. The ends may be any two distributions, given by their points.
#[derive(Debug)]
pub struct Interpolant {
    /// Length of a data point.
    pub dimension: usize,
    /// Where it starts.
    pub base: Box<dyn Base>,
    /// Base points that come with the rows, in place of draws of the base.
    pub source: Option<Source>,
    /// Whether the base point of a row belongs to it; else those of a batch are shuffled and joined by the coupling.
    pub paired: bool,
    /// Which points are joined.
    pub coupling: Box<dyn Coupling>,
    /// How joined points are connected.
    pub path: Box<dyn Path>,
    /// Noise between the ends.
    pub latent: Latent,
    /// How training times are drawn.
    pub time: TimeDraw,
    /// `u`.
    pub network: Box<dyn Network>,
    /// `e`.
    pub denoiser: Box<dyn Network>,
    /// How the velocity is walked, for densities and for draws without noise.
    pub solver: Box<dyn Solver>,
    /// How draws are made: along the velocity, or with noise.
    pub sampler: SamplerKind,
    /// What the walk costs in probability.
    pub trace: Box<dyn Trace>,
    /// How the context is read, without the source; none for an unconditional bridge.
    pub embedding: Option<ContextEmbedding>,
}

impl Interpolant {
    fn interval(&self) -> Interval {
        let (path, latent) = (self.path.interval(), self.latent.interval());
        Interval {
            from: path.from.max(latent.from),
            to: path.to.min(latent.to),
        }
    }

    fn field<'a>(&'a self, weights: &'a Weights, context: Option<&Context>) -> Drift<'a> {
        let rest = match (&self.source, context) {
            (Some(source), Some(context)) => source.without(context),
            (_, context) => context.cloned(),
        };
        Drift {
            bridge: self,
            weights,
            given: Given::plain(embed(self.embedding.as_ref(), weights, rest.as_ref())),
            noise: 0.0,
        }
    }

    fn start(&self, base: Tensor<2>, context: Option<&Context>) -> Tensor<2> {
        match (&self.source, context) {
            (Some(source), Some(context)) => source.of_context(context),
            _ => base,
        }
    }

    /// Along the velocity.
    fn flow(
        &self,
        weights: &Weights,
        start: Tensor<2>,
        context: Option<&Context>,
        watch: &mut Watch,
    ) -> Result<Tensor<2>, Error> {
        let field = self.field(weights, context);
        let Interval { from, to } = self.interval();
        let walk = self
            .solver
            .walk_watched(&Walked::new(&field), start, (from, to), watch)?;
        Ok(walk.end)
    }

    /// The way the sampler goes.
    fn sampled(
        &self,
        weights: &Weights,
        mut start: Tensor<2>,
        context: Option<&Context>,
        streams: &[Stream],
        watch: &mut Watch,
    ) -> Result<Tensor<2>, Error> {
        let Some((solver, noise)) = self.sampler.stochastic() else {
            return self.flow(weights, start, context, watch);
        };
        let field = Drift {
            noise,
            ..self.field(weights, context)
        };
        let Interval { from, to } = self.interval();
        let gamma = self.latent.at(from).0;
        if gamma > 0.0 {
            // the step numbers of a walk are small: this one is none of them
            start = start.clone() + normals(streams, usize::MAX, self.dimension, &start.device()) * gamma;
        }
        Ok(solver.walk_watched(&field, start, (from, to), streams, watch)?.end)
    }
}

impl Bridge for Interpolant {
    fn dimension(&self) -> usize {
        self.dimension
    }

    fn join(&self, rows: &mut Rows, stream: &Stream) {
        let drawn = match &self.source {
            Some(source) if self.paired => {
                rows.base = source.of_rows(rows);
                None
            }
            Some(source) => {
                let points = source.of_rows(rows);
                let order = stream.child("source", 0).permutation(rows.count);
                let shuffled = order
                    .iter()
                    .flat_map(|&at| points[at * self.dimension..(at + 1) * self.dimension].iter().copied());
                Some(shuffled.collect())
            }
            None if rows.base.is_empty() => {
                Some(self.base.sample(rows.count, self.dimension, &stream.child("base", 0)))
            }
            None => None,
        };
        if let Some(drawn) = drawn {
            join_drawn(rows, &drawn, self.coupling.as_ref(), self.dimension, stream);
        }
        let times = stream.child("time", 0);
        rows.time = self.time.draw(rows.count, &times, self.path.as_ref(), self.interval());
        rows.noise = stream.child("latent", 0).normals(rows.count * self.dimension);
    }

    fn loss(&self, weights: &Weights, rows: &Rows) -> Tensor<1> {
        let device = weights.device();
        let schedules: Vec<Schedule> = rows.time.iter().map(|&t| self.path.schedule(f64::from(t))).collect();
        let mix = |base: fn(&Schedule) -> f64, data: fn(&Schedule) -> f64| {
            scale_rows(rows.tensor(&rows.data, device), schedules.iter().map(data))
                + scale_rows(rows.tensor(&rows.base, device), schedules.iter().map(base))
        };
        let z = rows.tensor(&rows.noise, device);
        let gammas = rows.time.iter().map(|&t| self.latent.at(f64::from(t)).0);
        let x = mix(|s| s.base, |s| s.data) + scale_rows(z.clone(), gammas);
        let target = mix(|s| s.base_rate, |s| s.data_rate);
        let field = self.field(weights, rows.context_on(device).as_ref());
        let (along, latent) = field.outputs(x, rows.tensor(&rows.time, device));
        let error = (along - target).square().sum_dim(1) + (latent - z).square().sum_dim(1);
        error.squeeze_dim(1)
    }

    fn transport(&self, weights: &Weights, base: Tensor<2>, context: Option<&Context>) -> Result<Tensor<2>, Error> {
        let start = self.start(base, context);
        self.flow(weights, start, context, &mut Watch::nothing())
    }

    fn draw(
        &self,
        weights: &Weights,
        base: Tensor<2>,
        context: Option<&Context>,
        streams: &[Stream],
    ) -> Result<Tensor<2>, Error> {
        let start = self.start(base, context);
        self.sampled(weights, start, context, streams, &mut Watch::nothing())
    }

    fn on_the_way(
        &self,
        weights: &Weights,
        base: Tensor<2>,
        context: Option<&Context>,
        streams: &[Stream],
        pieces: usize,
    ) -> Result<Vec<Stop>, Error> {
        let mut watch = Watch::pieces(pieces);
        let start = self.start(base, context);
        let end = self.sampled(weights, start.clone(), context, streams, &mut watch)?;
        Ok(watch.between(start, end, |_, x| x))
    }

    fn draw_base(&self, rows: usize, stream: &Stream) -> Vec<f32> {
        if self.source.is_some() {
            return vec![0.0; rows * self.dimension];
        }
        self.base.sample(rows, self.dimension, stream)
    }

    fn log_density(
        &self,
        weights: &Weights,
        x: Tensor<2>,
        context: Option<&Context>,
        stream: &Stream,
    ) -> Result<LogDensity, Error> {
        if self.source.is_some() {
            return Err(Error::NoDensity {
                reason: "the base point of a row is known, so the walk carries it to one point".to_owned(),
                hint: "draws can be asked for; for a distribution given the base point use `form = \"point_source\"`"
                    .to_owned(),
            });
        }
        super::require_density(self.base.as_ref())?;
        let field = self.field(weights, context);
        let Interval { from, to } = self.interval();
        let end = BaseEnd {
            base: self.base.as_ref(),
            radius: 1.0,
            centre: None,
        };
        let ways = (self.solver.as_ref(), self.trace.as_ref());
        density_along(&field, ways, x, (to, from), &end, stream)
    }
}

/// The two networks of a batch with its contexts.
struct Drift<'a> {
    bridge: &'a Interpolant,
    weights: &'a Weights,
    given: Given,
    noise: f64,
}

impl Drift<'_> {
    /// `u` and `e`.
    fn outputs(&self, x: Tensor<2>, t: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let ask = |network: &dyn Network| self.given.forward(network, self.weights, x.clone(), t.clone());
        (ask(self.bridge.network.as_ref()), ask(self.bridge.denoiser.as_ref()))
    }

    fn latent_rates(&self, t: &Tensor<2>) -> Vec<f64> {
        let times = host_times(t);
        times.iter().map(|&t| self.bridge.latent.at(f64::from(t)).1).collect()
    }
}

impl Learned for Drift<'_> {
    fn velocity(&self, x: Tensor<2>, t: Tensor<2>) -> Tensor<2> {
        let rates = self.latent_rates(&t);
        let (along, latent) = self.outputs(x, t);
        along + scale_rows(latent, rates.into_iter())
    }

    fn with_products(&self, x: Tensor<2>, t: Tensor<2>, tangents: Tensor<3>) -> (Tensor<2>, Tensor<3>) {
        let [rows, directions, dimension] = tangents.dims();
        let rates = self.latent_rates(&t);
        let ask = |network: &dyn Network| {
            self.given
                .forward_with_tangents(network, self.weights, x.clone(), t.clone(), tangents.clone())
        };
        let (along, pushed) = ask(self.bridge.network.as_ref());
        let (latent, pushed_latent) = ask(self.bridge.denoiser.as_ref());
        let flat = pushed_latent.reshape([rows, directions * dimension]);
        let scaled = scale_rows(flat, rates.iter().copied()).reshape([rows, directions, dimension]);
        (along + scale_rows(latent, rates.iter().copied()), pushed + scaled)
    }

    fn choose(&self, rows: &[usize]) -> Box<dyn Learned + '_> {
        Box::new(Self {
            given: self.given.choose(rows),
            ..*self
        })
    }
}

impl NoisyField for Drift<'_> {
    fn drift(&self, x: Tensor<2>, t: f64) -> Tensor<2> {
        let times = Tensor::full([x.dims()[0], 1], t as f32, &x.device());
        let (along, latent) = self.outputs(x, times);
        along + latent * (self.bridge.latent.at(t).1 - self.noise)
    }

    fn deviation(&self, t: f64) -> f64 {
        (2.0 * self.noise * self.bridge.latent.at(t).0.max(0.0)).sqrt()
    }
}
