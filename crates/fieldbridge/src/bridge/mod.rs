//! A bridge carries a base distribution to the data.
//!
//! To describe one, say: where it starts ([`base`](crate::base)), which points are joined
//! ([`coupling`](crate::coupling)), how two joined points are connected ([`path`](crate::path)), what is learned
//! ([`network`](crate::network)), how it is walked ([`solver`](crate::solver)), and what the walk costs in probability
//! ([`likelihood`](crate::likelihood)). A normalizing flow is the bridge crossed in one jump
//! ([`transform`](crate::transform)).
//!
//! | bridge | crossed by | log-density |
//! |---|---|---|
//! | [`Flow`] | a stack of transforms | exact |
//! | [`MixtureDensity`] | choosing a Gaussian, then shifting and scaling | exact |
//! | [`Continuous`]: flow matching, diffusion | walking a learned velocity, or with noise | solved or bounded, with an error estimate |
//! | [`Interpolant`], [`PointSource`] | walking a learned velocity, or with noise | solved, with an error estimate |
//! | [`ContinuousFlow`] | walking a velocity learned by maximum likelihood | solved, with an error estimate |
//!
//! Whatever it is, a [`Bridge`] is trained by its [`loss`](Bridge::loss), drawn from with
//! [`sample`](Bridge::sample), and asked for a [`log_density`](Bridge::log_density), each given a context.

mod affine_flow;
mod build;
mod continuous;
mod continuous_flow;
mod continuous_flow_recipe;
mod diffusion;
mod flow;
mod flow_matching;
mod given;
mod image_flow;
mod interpolant;
mod interpolant_recipe;
mod learned;
mod mixture_density;
mod point_source;
mod recipe;
mod rectify;
mod residual_flow;
mod source;
mod spline_flow;
mod stacked;
mod walked;

use burn_tensor::{Device, Tensor, TensorData};

use crate::base::Base;
use crate::error::Error;
use crate::likelihood::LogDensity;
use crate::network::{Context, Weights};
use crate::random::Stream;
use crate::solver::{Stop, row_streams};

pub use affine_flow::AffineFlowRecipe;
pub use build::build;
pub use continuous::Continuous;
pub use continuous_flow::ContinuousFlow;
pub use continuous_flow_recipe::ContinuousFlowRecipe;
pub use diffusion::{DensityKind, DiffusionRecipe};
pub use flow::Flow;
pub use image_flow::ImageFlowRecipe;
pub use interpolant::Interpolant;
pub use interpolant_recipe::{InterpolantForm, InterpolantRecipe};
pub use mixture_density::{MixtureDensity, MixtureDensityRecipe};
pub use point_source::PointSource;
pub use recipe::{BridgeKind, BridgeRecipe, FlowMatchingRecipe, Layers, SplineFlowRecipe, TimeDraw};
pub use rectify::rectified;
pub use residual_flow::ResidualFlowRecipe;
pub use source::Source;

/// Rows on the host, as training and inference hand them over: all values flat, row by row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// Number of rows.
    pub count: usize,
    /// Data points, `count * D`, scaled to order one.
    pub data: Vec<f32>,
    /// Context values, `count * W`, scaled; anything where missing.
    pub context: Vec<f32>,
    /// Context masks, `count * W`: 1 observed, 0 missing.
    pub mask: Vec<f32>,
    /// Which row of context and mask each row is given, when many rows share one, such as the draws of a posterior; empty:
    /// each its own, in order.
    pub given: Vec<usize>,
    /// Base points joined to the rows, `count * D`. Empty until [`Bridge::join`], which keeps those that are there already:
    /// so data come in pairs.
    pub base: Vec<f32>,
    /// Times of the rows, `count`; empty until [`Bridge::join`].
    pub time: Vec<f32>,
    /// Further random numbers of the rows, as many for each as the bridge needs; empty until [`Bridge::join`].
    pub noise: Vec<f32>,
}

impl Rows {
    /// Rows of context and mask.
    fn contexts(&self) -> usize {
        match self.given.is_empty() {
            true => self.count,
            false => self.given.iter().max().map_or(0, |last| last + 1),
        }
    }

    /// Numbers of a row of the context.
    fn context_width(&self) -> usize {
        self.context.len() / self.contexts().max(1)
    }

    /// How many rows pass through a bridge together: `most`, fewer where each has a map of its own as its context.
    pub(crate) fn together(&self, most: usize) -> usize {
        /// Numbers of context at once, where a row has more than a share of it.
        const NUMBERS: usize = 1 << 22;
        const LONG: usize = 1 << 16;
        match self.context_width() {
            width if width > LONG => (NUMBERS / width).clamp(1, most),
            _ => most,
        }
    }

    /// The rows `from..to`.
    pub fn slice(&self, from: usize, to: usize) -> Self {
        self.choose(&(from..to).collect::<Vec<_>>())
    }

    /// The rows at these places, in this order. A context that several of them share, one after the other, stands there once.
    pub fn choose(&self, places: &[usize]) -> Self {
        let part = |values: &[f32]| {
            let width = values.len() / self.count.max(1);
            let mut own = Vec::with_capacity(places.len() * width);
            for &place in places {
                own.extend_from_slice(&values[place * width..(place + 1) * width]);
            }
            own
        };
        let mut chosen = Self {
            count: places.len(),
            data: part(&self.data),
            base: part(&self.base),
            time: part(&self.time),
            noise: part(&self.noise),
            ..Self::default()
        };
        if self.given.is_empty() || self.context.is_empty() {
            (chosen.context, chosen.mask) = (part(&self.context), part(&self.mask));
            return chosen;
        }
        let width = self.context_width();
        let mut last = None;
        for &place in places {
            let row = self.given[place];
            if last != Some(row) {
                let own = row * width..(row + 1) * width;
                chosen.context.extend_from_slice(&self.context[own.clone()]);
                chosen.mask.extend_from_slice(&self.mask[own]);
                last = Some(row);
            }
            chosen.given.push(chosen.context.len() / width.max(1) - 1);
        }
        chosen
    }

    /// These rows, then those of `other`.
    pub fn append(&mut self, mut other: Self) {
        if !(self.given.is_empty() && other.given.is_empty()) {
            let before = self.contexts();
            if self.given.is_empty() {
                self.given = (0..self.count).collect();
            }
            match other.given.is_empty() {
                true => self.given.extend(before..before + other.count),
                false => self.given.extend(other.given.iter().map(|row| before + row)),
            }
        }
        self.count += other.count;
        self.data.append(&mut other.data);
        self.context.append(&mut other.context);
        self.mask.append(&mut other.mask);
        self.base.append(&mut other.base);
        self.time.append(&mut other.time);
        self.noise.append(&mut other.noise);
    }

    /// One of the matrices on a device.
    pub fn tensor(&self, values: &[f32], device: &Device) -> Tensor<2> {
        let width = values.len().checked_div(self.count).unwrap_or(0);
        Tensor::from_data(TensorData::new(values.to_vec(), [self.count, width]), device)
    }

    /// The context on a device; none when the rows have none.
    pub fn context_on(&self, device: &Device) -> Option<Context> {
        (!self.context.is_empty()).then(|| Context {
            given: (!self.given.is_empty()).then(|| self.given.clone()),
            ..Context::from_host(&self.context, &self.mask, self.contexts(), device)
        })
    }
}

/// Something that carries a base distribution to the data. Shapes: data `[batch, D]`.
pub trait Bridge: Send + Sync + std::fmt::Debug {
    /// Length `D` of a data point.
    fn dimension(&self) -> usize;

    /// Numbers of a base point; more than `D` when the bridge also makes choices.
    fn base_width(&self) -> usize {
        self.dimension()
    }

    /// Draws what one training step needs beside the data: base points, joined to the rows, and times.
    fn join(&self, rows: &mut Rows, stream: &Stream);

    /// Loss of every row, `[batch]`; its mean is minimised. The rows went through [`Bridge::join`].
    fn loss(&self, weights: &Weights, rows: &Rows) -> Tensor<1>;

    /// The data point of every base point, given its context row: a map without chance.
    ///
    /// # Errors
    /// [`Error::Solver`] when a walk does not arrive.
    fn transport(&self, weights: &Weights, base: Tensor<2>, context: Option<&Context>) -> Result<Tensor<2>, Error>;

    /// One draw for every base point, given its context row, the way the bridge draws: [`Bridge::transport`], unless its
    /// walk has noise, which comes from one stream for each row.
    ///
    /// # Errors
    /// [`Error::Solver`] when a walk does not arrive.
    fn draw(
        &self,
        weights: &Weights,
        base: Tensor<2>,
        context: Option<&Context>,
        _streams: &[Stream],
    ) -> Result<Tensor<2>, Error> {
        self.transport(weights, base, context)
    }

    /// What [`Bridge::draw`] passes on its way from the base points to the draws: both ends at least; a walk in at most
    /// `pieces` pieces, a flow after each of its transforms. The points are `[batch, D]`, in the order of the base points.
    ///
    /// # Errors
    /// [`Error::Solver`] when a walk does not arrive.
    fn on_the_way(
        &self,
        weights: &Weights,
        base: Tensor<2>,
        context: Option<&Context>,
        streams: &[Stream],
        _pieces: usize,
    ) -> Result<Vec<Stop>, Error> {
        let points = base.clone().narrow(1, 0, self.dimension());
        let end = self.draw(weights, base, context, streams)?;
        Ok(vec![Stop { time: 0.0, points }, Stop { time: 1.0, points: end }])
    }

    /// Draws base points for [`Bridge::transport`], flat, `rows * base_width`.
    fn draw_base(&self, rows: usize, stream: &Stream) -> Vec<f32>;

    /// `log p(x | context)` with an error estimate; the stream serves stochastic traces.
    ///
    /// # Errors
    /// [`Error::Solver`] when a walk does not arrive.
    fn log_density(
        &self,
        weights: &Weights,
        x: Tensor<2>,
        context: Option<&Context>,
        stream: &Stream,
    ) -> Result<LogDensity, Error>;

    /// `rows` draws, one for each context row when there is a context.
    ///
    /// # Errors
    /// [`Error::Solver`] when a walk does not arrive.
    fn sample(
        &self,
        weights: &Weights,
        rows: usize,
        context: Option<&Context>,
        stream: &Stream,
    ) -> Result<Tensor<2>, Error> {
        let base = self.draw_base(rows, stream);
        let base = Tensor::from_data(TensorData::new(base, [rows, self.base_width()]), weights.device());
        self.draw(weights, base, context, &row_streams(stream, rows))
    }
}

/// Refuses to give a density where the base has none.
fn require_density(base: &dyn Base) -> Result<(), Error> {
    if base.has_density() {
        return Ok(());
    }
    Err(Error::NoDensity {
        reason: "the base is a set of points, whose density is not known".to_owned(),
        hint: "draws can be asked for; for densities use a normal, uniform or mixture base".to_owned(),
    })
}

#[cfg(test)]
mod tests;
