//! Bridges on a path between base and data: flow matching and diffusion.

use burn_tensor::{Tensor, TensorData};

use super::given::Given;
use super::learned::{BaseEnd, Learned, Walked, density_along};
use super::{Bridge, Rows, TimeDraw};
use crate::base::Base;
use crate::coupling::{Batch, Coupling};
use crate::error::Error;
use crate::likelihood::{LogDensity, Trace, VariationalBound};
use crate::network::{Context, ContextEmbedding, Network, Weights};
use crate::path::{Head, Interval, LossWeight, Path, Schedule, host_times, scale_rows};
use crate::random::Stream;
use crate::solver::{Denoiser, NoisyField, SamplerKind, Solver, Stop, Watch};

/// A network regressed on what its [`Head`] stands for at points of paths between joined points, loss
/// `w(t) |F(x_t, t, c) - F*|^2`; read as a velocity, its marginal flow carries the base to the data.
///
/// With a velocity head this is flow matching (Lipman et al. 2022, arXiv:2210.02747; with optimal transport Tong et al.
/// 2023, arXiv:2302.00482). With a normal base, independent of the data, it is a diffusion model on any path, and may be
/// walked with noise: `dX = (v + e s) dt + sqrt(2 e) dW` with the score `s = -x0 / b` and `e = noise * b |b'|` has the
/// marginals of the path for every strength of the noise (Song et al. 2020, arXiv:2011.13456; Albergo et al. 2023,
/// arXiv:2303.08797).
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
    /// What the network predicts.
    pub head: Head,
    /// Weight of the loss at a time.
    pub weight: LossWeight,
    /// Weight of the squared error of each number of a row; none for one.
    pub balance: Option<Vec<f32>>,
    /// How training times are drawn.
    pub time: TimeDraw,
    /// What is learned.
    pub network: Box<dyn Network>,
    /// How the velocity is walked, for densities and for draws without noise.
    pub solver: Box<dyn Solver>,
    /// How draws are made.
    pub sampler: SamplerKind,
    /// What the walk costs in probability.
    pub trace: Box<dyn Trace>,
    /// Log-densities by the variational bound instead of by walking.
    pub bound: Option<VariationalBound>,
    /// How the context is read; none for an unconditional bridge.
    pub embedding: Option<ContextEmbedding>,
    /// Share of training rows whose context is masked, so that the network knows the unconditional distribution too.
    pub unconditional_share: f32,
    /// Weight `w` of guidance, `F(x) + w (F(x, c) - F(x))` (Ho and Salimans 2022, arXiv:2207.12598); one for none.
    pub guidance: f64,
}

impl Continuous {
    /// The times that walks and training use.
    pub fn interval(&self) -> Interval {
        self.head.interval(self.path.as_ref())
    }

    /// The learned velocity `v(x, t, c)`; `x`: `[batch, D]`, `t`: `[batch, 1]`, context embedding `[batch, width]`.
    pub fn velocity(&self, weights: &Weights, x: Tensor<2>, t: Tensor<2>, context: Option<Tensor<2>>) -> Tensor<2> {
        self.field(weights, Given::plain(context)).velocity(x, t)
    }

    /// The mean of the data point given `x_t = x`, `[batch, D]`, at one time for all rows.
    pub fn clean(&self, weights: &Weights, x: Tensor<2>, t: f64, context: Option<&Context>) -> Tensor<2> {
        self.field(weights, self.given(weights, context)).clean(x, t)
    }

    fn given(&self, weights: &Weights, context: Option<&Context>) -> Given {
        Given::new(self.embedding.as_ref(), weights, context, self.guidance)
    }

    fn field<'a>(&'a self, weights: &'a Weights, given: Given) -> Predicted<'a> {
        Predicted {
            bridge: self,
            weights,
            given,
        }
    }

    /// Along the velocity.
    fn flow(&self, field: &Predicted<'_>, base: Tensor<2>, watch: &mut Watch) -> Result<Tensor<2>, Error> {
        let Interval { from, to } = self.interval();
        let start = self.at_start(base);
        let walk = self
            .solver
            .walk_watched(&Walked::new(field), start, (from, to), watch)?;
        Ok(self.at_end(walk.end))
    }

    /// The way the sampler goes.
    fn sampled(
        &self,
        field: &Predicted<'_>,
        base: Tensor<2>,
        streams: &[Stream],
        watch: &mut Watch,
    ) -> Result<Tensor<2>, Error> {
        if let Some(sampler) = self.sampler.build() {
            return Ok(sampler.walk_watched(field, base, streams, watch)?.end);
        }
        let Some((solver, noise)) = self.sampler.stochastic() else {
            return self.flow(field, base, watch);
        };
        let Interval { from, to } = self.interval();
        let walk = solver.walk_watched(&Noisy { field, noise }, self.at_start(base), (from, to), streams, watch)?;
        Ok(self.at_end(walk.end))
    }

    fn at_start(&self, base: Tensor<2>) -> Tensor<2> {
        times_unless_one(base, self.path.schedule(self.interval().from).radius())
    }

    fn at_end(&self, x: Tensor<2>) -> Tensor<2> {
        times_unless_one(x, 1.0 / self.path.schedule(self.interval().to).data)
    }
}

fn times_unless_one(x: Tensor<2>, factor: f64) -> Tensor<2> {
    if factor == 1.0 { x } else { x * factor }
}

/// Joins drawn base points to the rows.
pub(super) fn join_drawn(rows: &mut Rows, drawn: &[f32], coupling: &dyn Coupling, dimension: usize, stream: &Stream) {
    let batch = Batch {
        base: drawn,
        data: &rows.data,
        context: &rows.context,
        rows: rows.count,
    };
    let pairs = coupling.pair(&batch, &stream.child("coupling", 0));
    rows.base = pairs
        .iter()
        .flat_map(|&at| drawn[at * dimension..(at + 1) * dimension].iter().copied())
        .collect();
}

/// Masks the context of a share of the rows.
fn mask_some(rows: &mut Rows, share: f32, stream: &Stream) {
    let width = rows.mask.len() / rows.count.max(1);
    let uniforms = stream.child("unconditional", 0).uniforms(rows.count);
    for (row, uniform) in uniforms.into_iter().enumerate() {
        if uniform < share {
            rows.mask[row * width..(row + 1) * width].fill(0.0);
        }
    }
}

impl Bridge for Continuous {
    fn dimension(&self) -> usize {
        self.dimension
    }

    fn join(&self, rows: &mut Rows, stream: &Stream) {
        if rows.base.is_empty() {
            let drawn = self.base.sample(rows.count, self.dimension, &stream.child("base", 0));
            join_drawn(rows, &drawn, self.coupling.as_ref(), self.dimension, stream);
        }
        if self.unconditional_share > 0.0 {
            mask_some(rows, self.unconditional_share, stream);
        }
        let times = stream.child("time", 0);
        rows.time = self.time.draw(rows.count, &times, self.path.as_ref(), self.interval());
    }

    fn loss(&self, weights: &Weights, rows: &Rows) -> Tensor<1> {
        let device = weights.device();
        let schedules: Vec<Schedule> = rows.time.iter().map(|&t| self.path.schedule(f64::from(t))).collect();
        let mix = |base: &dyn Fn(&Schedule) -> f64, data: &dyn Fn(&Schedule) -> f64| {
            scale_rows(rows.tensor(&rows.data, device), schedules.iter().map(data))
                + scale_rows(rows.tensor(&rows.base, device), schedules.iter().map(base))
        };
        let x = mix(&|s| s.base, &|s| s.data);
        let target = mix(&|s| self.head.target(s).0, &|s| self.head.target(s).1);
        let given = Given::plain(crate::network::embed(
            self.embedding.as_ref(),
            weights,
            rows.context_on(device).as_ref(),
        ));
        let t = rows.tensor(&rows.time, device);
        let output = self.field(weights, given).output(x, t, &schedules);
        let mut error = (output - target).square();
        if let Some(balance) = &self.balance {
            let balance = TensorData::new(balance.clone(), [1, self.dimension]);
            error = error * Tensor::<2>::from_data(balance, device);
        }
        let error = error.sum_dim(1);
        scale_rows(error, schedules.iter().map(|s| self.weight.at(self.head, s))).squeeze_dim(1)
    }

    fn transport(&self, weights: &Weights, base: Tensor<2>, context: Option<&Context>) -> Result<Tensor<2>, Error> {
        let field = self.field(weights, self.given(weights, context));
        self.flow(&field, base, &mut Watch::nothing())
    }

    fn draw(
        &self,
        weights: &Weights,
        base: Tensor<2>,
        context: Option<&Context>,
        streams: &[Stream],
    ) -> Result<Tensor<2>, Error> {
        let field = self.field(weights, self.given(weights, context));
        self.sampled(&field, base, streams, &mut Watch::nothing())
    }

    /// Where `a^2 + b^2 > 1` the points are those of `x_t / sqrt(a^2 + b^2)`: noise that begins at a deviation of 80 would
    /// hide all else, and like this the walk begins at the base points.
    fn on_the_way(
        &self,
        weights: &Weights,
        base: Tensor<2>,
        context: Option<&Context>,
        streams: &[Stream],
        pieces: usize,
    ) -> Result<Vec<Stop>, Error> {
        let field = self.field(weights, self.given(weights, context));
        let mut watch = Watch::pieces(pieces);
        let end = self.sampled(&field, base.clone(), streams, &mut watch)?;
        let radius = |t: f64| self.path.schedule(t).radius().max(1.0);
        Ok(watch.between(base, end, |t, x| times_unless_one(x, 1.0 / radius(t))))
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
        super::require_density(self.base.as_ref())?;
        let field = self.field(weights, self.given(weights, context));
        if let Some(bound) = self.bound {
            return Ok(bound.log_density(&field, x, stream));
        }
        let Interval { from, to } = self.interval();
        let (start, end) = (self.path.schedule(from), self.path.schedule(to));
        let base_end = BaseEnd {
            base: self.base.as_ref(),
            radius: start.radius(),
            centre: None,
        };
        let ways = (self.solver.as_ref(), self.trace.as_ref());
        let x = times_unless_one(x, end.data);
        let mut found = density_along(&field, ways, x, (to, from), &base_end, stream)?;
        if end.data != 1.0 {
            found.value = found.value + self.dimension as f64 * end.data.ln();
        }
        Ok(found)
    }
}

/// The network of a batch with its contexts, read as velocity or as clean data.
struct Predicted<'a> {
    bridge: &'a Continuous,
    weights: &'a Weights,
    given: Given,
}

impl Predicted<'_> {
    fn schedules(&self, t: &Tensor<2>) -> Vec<Schedule> {
        let times = host_times(t);
        times.iter().map(|&t| self.bridge.path.schedule(f64::from(t))).collect()
    }

    /// The output `F` of the head.
    fn output(&self, x: Tensor<2>, t: Tensor<2>, schedules: &[Schedule]) -> Tensor<2> {
        let head = self.bridge.head;
        let x = scale_rows(x, schedules.iter().map(|s| head.input_scale(s)));
        self.given.forward(self.bridge.network.as_ref(), self.weights, x, t)
    }
}

impl Learned for Predicted<'_> {
    fn velocity(&self, x: Tensor<2>, t: Tensor<2>) -> Tensor<2> {
        let (schedules, head) = (self.schedules(&t), self.bridge.head);
        let of_output = scale_rows(
            self.output(x.clone(), t, &schedules),
            schedules.iter().map(|s| head.velocity(s).of_output),
        );
        if head == Head::Velocity {
            return of_output;
        }
        of_output + scale_rows(x, schedules.iter().map(|s| head.velocity(s).of_point))
    }

    fn with_products(&self, x: Tensor<2>, t: Tensor<2>, tangents: Tensor<3>) -> (Tensor<2>, Tensor<3>) {
        let (schedules, head) = (self.schedules(&t), self.bridge.head);
        let [rows, directions, dimension] = tangents.dims();
        let flat = |tangents: Tensor<3>| tangents.reshape([rows, directions * dimension]);
        let whole = |flat: Tensor<2>| flat.reshape([rows, directions, dimension]);
        let scale = || schedules.iter().map(|s| head.input_scale(s));
        let scaled = scale_rows(x.clone(), scale());
        let pushed = whole(scale_rows(flat(tangents.clone()), scale()));
        let network = self.bridge.network.as_ref();
        let (output, products) = self
            .given
            .forward_with_tangents(network, self.weights, scaled, t, pushed);
        let of_output = || schedules.iter().map(|s| head.velocity(s).of_output);
        let (velocity, products) = (scale_rows(output, of_output()), scale_rows(flat(products), of_output()));
        if head == Head::Velocity {
            return (velocity, whole(products));
        }
        let of_point = || schedules.iter().map(|s| head.velocity(s).of_point);
        (
            velocity + scale_rows(x, of_point()),
            whole(products + scale_rows(flat(tangents), of_point())),
        )
    }

    fn choose(&self, rows: &[usize]) -> Box<dyn Learned + '_> {
        Box::new(Self {
            given: self.given.choose(rows),
            ..*self
        })
    }
}

impl Predicted<'_> {
    /// The network read at one time for all rows.
    fn read(&self, x: Tensor<2>, t: f64, reading: impl Fn(Head, &Schedule) -> crate::path::Reading) -> Tensor<2> {
        let at = self.bridge.path.schedule(t);
        let rows = x.dims()[0];
        let times = Tensor::full([rows, 1], t as f32, &x.device());
        let output = self.output(x.clone(), times, &vec![at; rows]);
        reading(self.bridge.head, &at).apply(&x, output)
    }
}

impl Denoiser for Predicted<'_> {
    fn path(&self) -> &dyn Path {
        self.bridge.path.as_ref()
    }

    fn interval(&self) -> Interval {
        self.bridge.interval()
    }

    fn clean(&self, x: Tensor<2>, t: f64) -> Tensor<2> {
        self.read(x, t, Head::clean)
    }
}

/// The same with noise on the way.
struct Noisy<'a> {
    field: &'a Predicted<'a>,
    noise: f64,
}

impl NoisyField for Noisy<'_> {
    fn drift(&self, x: Tensor<2>, t: f64) -> Tensor<2> {
        // v + e s = v - noise |b'| x0, linear in point and output
        let back = |at: &Schedule| self.noise * at.base_rate.abs();
        self.field.read(x, t, |head, at| {
            let (velocity, noise) = (head.velocity(at), head.noise(at));
            crate::path::Reading {
                of_point: velocity.of_point - back(at) * noise.of_point,
                of_output: velocity.of_output - back(at) * noise.of_output,
            }
        })
    }

    fn deviation(&self, t: f64) -> f64 {
        let at = self.field.bridge.path.schedule(t);
        (2.0 * self.noise * at.base * at.base_rate.abs()).sqrt()
    }
}
