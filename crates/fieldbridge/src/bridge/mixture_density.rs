//! Gaussian mixtures whose parameters are given by a network.

use std::f64::consts::PI;

use burn_tensor::{Tensor, activation};
use serde::{Deserialize, Serialize};

use super::build::{Embedding, positive, refuse};
use super::{Bridge, Rows};
use crate::error::Error;
use crate::likelihood::LogDensity;
use crate::network::{
    Activation, Conditions, Context, ContextEmbedding, Initial, Modality, Network, Registry, ResidualMlp, Slot,
    Weights, embed,
};
use crate::random::Stream;

/// Settings of a mixture, table `[mixture_density]` of a recipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MixtureDensityRecipe {
    /// Number of Gaussians.
    pub components: usize,
    /// Width of the hidden layers of the network behind the context embedding; of use with a context only.
    pub width: usize,
    /// Its residual blocks.
    pub blocks: usize,
    /// Width of the context embedding.
    pub context_width: usize,
    /// Residual blocks of the context embedding.
    pub context_blocks: usize,
    /// Nonlinearity.
    pub activation: Activation,
}

impl Default for MixtureDensityRecipe {
    fn default() -> Self {
        Self {
            components: 8,
            width: 128,
            blocks: 2,
            context_width: 128,
            context_blocks: 1,
            activation: Activation::Silu,
        }
    }
}

/// Log-scales are bounded smoothly at `±LIMIT`: a Gaussian is never narrower than `exp(-7)` of the scaled data, so that
/// none can collapse onto a single point.
const LIMIT: f64 = 7.0;

/// What is learned without a network acts multiplied by this: a step of the optimiser moves every number by about the
/// learning rate, too little for a mean that starts far from where it belongs.
const STRETCH: f64 = 10.0;

/// Most target columns; every pair of them has a parameter in every component.
const MOST_DIMENSIONS: usize = 64;

/// A mixture density network (Bishop 1994, Aston University report NCRG/94/004) of Gaussians with full covariance:
///
/// `p(x | c) = sum_k w_k N(x; m_k, S_k)`, where weights, means and the Cholesky factors of the inverse covariances
/// (Williams 1996, Neural Comput. 8, 843) are functions of the context:
/// `S_k^-1 = U_k^T U_k`, `U_k = diag(exp s_k) (1 + A_k)` with a strictly lower `A_k`. Without a context they are learned
/// numbers.
///
/// As a bridge it starts from `D + 1` standard normal numbers `(n, a)`: the last one chooses the component, the first
/// with `w_1 + ... + w_k > Phi(a)`, and `x = m_k + U_k^-1 n`. The density is exact.
#[derive(Debug)]
pub struct MixtureDensity {
    dimension: usize,
    components: usize,
    start: Start,
    conditioned: Option<(ContextEmbedding, ResidualMlp)>,
}

/// What is learned without a context, and added to by the network with one.
#[derive(Debug)]
struct Start {
    /// None for one component, whose weight is one.
    weights: Option<Slot>,
    means: Slot,
    scales: Slot,
    /// None in one dimension.
    factors: Option<Slot>,
}

/// The parameters of a batch; the batch is 1 without a context.
struct Mixture {
    /// `ln w`, `[batch, K]`.
    log_weights: Tensor<2>,
    /// `[batch, K, D]`.
    means: Tensor<3>,
    /// `s`, `[batch, K, D]`.
    log_scales: Tensor<3>,
    /// Rows of `A` one after another, `[batch, K, D (D - 1) / 2]`.
    factors: Option<Tensor<3>>,
}

impl Mixture {
    /// `sum_{j < i} A_ij y_j` for row `i` from 1; `y`: `[batch, K, D]`, output: `[batch, K, 1]`.
    fn row_times(&self, row: usize, y: &Tensor<3>) -> Tensor<3> {
        let factors = self.factors.as_ref().expect("more than one dimension");
        let entries = factors.clone().narrow(2, row * (row - 1) / 2, row);
        (entries * y.clone().narrow(2, 0, row)).sum_dim(2)
    }
}

pub(super) fn mixture_density(
    recipe: &MixtureDensityRecipe,
    dimension: usize,
    modalities: &[Modality],
    registry: &mut Registry,
) -> Result<MixtureDensity, Error> {
    positive("mixture_density.width", recipe.width)?;
    positive("mixture_density.context_width", recipe.context_width)?;
    if !(1..=1024).contains(&recipe.components) {
        return Err(refuse(
            "mixture_density.components",
            format!("is {}", recipe.components),
            "use 1 to 1024 Gaussians",
        ));
    }
    if dimension > MOST_DIMENSIONS {
        return Err(refuse(
            "bridge",
            format!("a mixture with full covariances of {dimension} columns has too many parameters"),
            "use `bridge = \"spline_flow\"`",
        ));
    }
    let (components, pairs) = (recipe.components, dimension * (dimension - 1) / 2);
    let start = registry.scope("start", |registry| Start {
        weights: (components > 1).then(|| registry.parameter("weights", &[1, components], Initial::Constant(0.0))),
        // apart from each other, or all would learn the same
        means: registry.parameter(
            "means",
            &[1, components, dimension],
            Initial::Normal(1.0 / STRETCH as f32),
        ),
        scales: registry.parameter("scales", &[1, components, dimension], Initial::Constant(0.0)),
        factors: (pairs > 0).then(|| registry.parameter("factors", &[1, components, pairs], Initial::Constant(0.0))),
    });
    let embedding = Embedding {
        width: recipe.context_width,
        blocks: recipe.context_blocks,
        activation: recipe.activation,
    };
    let (embedding, _) = embedding.build(registry, modalities)?;
    let conditioned = embedding.map(|embedding| {
        let network = registry.scope("parameters", |registry| {
            ResidualMlp::new(
                registry,
                embedding.width(),
                None,
                0,
                recipe.width,
                recipe.blocks,
                components * (usize::from(components > 1) + 2 * dimension + pairs),
                recipe.activation,
            )
        });
        (embedding, network)
    });
    Ok(MixtureDensity {
        dimension,
        components,
        start,
        conditioned,
    })
}

impl MixtureDensity {
    fn mixture(&self, weights: &Weights, context: Option<&Context>) -> Mixture {
        let (count, dimension) = (self.components, self.dimension);
        let mut logits = match self.start.weights {
            Some(slot) => weights.get::<2>(slot) * STRETCH,
            None => Tensor::zeros([1, 1], weights.device()),
        };
        let mut means = weights.get::<3>(self.start.means) * STRETCH;
        let mut scales = weights.get::<3>(self.start.scales) * STRETCH;
        let mut factors = self.start.factors.map(|slot| weights.get::<3>(slot) * STRETCH);
        if let Some((embedding, network)) = &self.conditioned {
            let embedded = embed(Some(embedding), weights, context).expect("a conditional mixture is given a context");
            let found = network.forward(weights, embedded, &Conditions::default());
            let batch = found.dims()[0];
            let mut from = 0;
            let mut next = |each: usize| {
                let part = found.clone().narrow(1, from, count * each);
                from += count * each;
                part.reshape([batch, count, each])
            };
            if count > 1 {
                logits = logits + next(1).reshape([batch, count]);
            }
            means = means + next(dimension);
            scales = scales + next(dimension);
            factors = factors.map(|factors| factors + next(dimension * (dimension - 1) / 2));
        }
        Mixture {
            log_weights: activation::log_softmax(logits, 1),
            means,
            log_scales: activation::tanh(scales * (1.0 / LIMIT)) * LIMIT,
            factors,
        }
    }

    fn value(&self, weights: &Weights, x: Tensor<2>, context: Option<&Context>) -> Tensor<1> {
        let mixture = self.mixture(weights, context);
        let (batch, count, dimension) = (x.dims()[0], self.components, self.dimension);
        let apart = x.reshape([batch, 1, dimension]) - mixture.means.clone();
        let mut mixed = vec![apart.clone().narrow(2, 0, 1)];
        for row in 1..dimension {
            mixed.push(apart.clone().narrow(2, row, 1) + mixture.row_times(row, &apart));
        }
        let n = Tensor::cat(mixed, 2) * mixture.log_scales.clone().exp();
        let constant = -0.5 * dimension as f64 * (2.0 * PI).ln();
        let log_normal = (n.square() * -0.5 + mixture.log_scales)
            .sum_dim(2)
            .reshape([batch, count])
            + constant;
        let each = log_normal + mixture.log_weights;
        let highest = each.clone().max_dim(1).detach();
        let sum = (each - highest.clone()).exp().sum_dim(1).log();
        (sum + highest).squeeze_dim(1)
    }
}

impl Bridge for MixtureDensity {
    fn dimension(&self) -> usize {
        self.dimension
    }

    fn base_width(&self) -> usize {
        self.dimension + 1
    }

    fn join(&self, _rows: &mut Rows, _stream: &Stream) {}

    fn loss(&self, weights: &Weights, rows: &Rows) -> Tensor<1> {
        let x = rows.tensor(&rows.data, weights.device());
        self.value(weights, x, rows.context_on(weights.device()).as_ref()).neg()
    }

    fn transport(&self, weights: &Weights, base: Tensor<2>, context: Option<&Context>) -> Result<Tensor<2>, Error> {
        let mixture = self.mixture(weights, context);
        let (batch, count, dimension) = (base.dims()[0], self.components, self.dimension);
        let share = (base.clone().narrow(1, dimension, 1) * std::f32::consts::FRAC_1_SQRT_2).erf() * 0.5 + 0.5;
        let chosen = choice(mixture.log_weights.clone().exp().expand([batch, count]), share);
        let pick = |each: Tensor<3>| {
            let width = each.dims()[2];
            (each * chosen.clone()).sum_dim(1).reshape([batch, 1, width])
        };
        let one = Mixture {
            log_weights: mixture.log_weights,
            means: pick(mixture.means),
            log_scales: pick(mixture.log_scales),
            factors: mixture.factors.map(pick),
        };
        let n = base.narrow(1, 0, dimension).reshape([batch, 1, dimension]);
        let scaled = n * one.log_scales.clone().neg().exp();
        // U y = n row by row, from the first
        let mut y = scaled.clone().narrow(2, 0, 1);
        for row in 1..dimension {
            let next = scaled.clone().narrow(2, row, 1) - one.row_times(row, &y);
            y = Tensor::cat(vec![y, next], 2);
        }
        Ok((y + one.means).reshape([batch, dimension]))
    }

    fn draw_base(&self, rows: usize, stream: &Stream) -> Vec<f32> {
        stream.normals(rows * self.base_width())
    }

    fn log_density(
        &self,
        weights: &Weights,
        x: Tensor<2>,
        context: Option<&Context>,
        _stream: &Stream,
    ) -> Result<LogDensity, Error> {
        let value = self.value(weights, x, context);
        Ok(LogDensity {
            error: value.zeros_like(),
            value,
        })
    }
}

/// One for the component chosen by `share` in `[0, 1]`, zero for the others, `[batch, K, 1]`: the first whose cumulative
/// weight is above the share.
fn choice(chances: Tensor<2>, share: Tensor<2>) -> Tensor<3> {
    let [batch, count] = chances.dims();
    let device = chances.device();
    let first = Tensor::ones([batch, 1], &device);
    if count == 1 {
        return first.reshape([batch, 1, 1]);
    }
    // one for the components up to the chosen one
    let passed = chances.cumsum(1).narrow(1, 0, count - 1);
    let passed = share.expand([batch, count - 1]).greater_equal(passed).float();
    let reached = Tensor::cat(vec![first, passed.clone()], 1);
    let after = Tensor::cat(vec![passed, Tensor::zeros([batch, 1], &device)], 1);
    (reached - after).reshape([batch, count, 1])
}
