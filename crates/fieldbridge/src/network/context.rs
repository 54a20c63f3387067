//! What a model is conditioned on: named modalities, each with a mask of what was observed.

use std::sync::Arc;

use burn_tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use super::{Activation, Conditions, Linear, Network, NetworkRecipe, Registry, Weights};
use crate::error::Error;
use crate::solver::select_rows;

/// Name and width of one modality (photometry, its errors, a map).
#[derive(Clone, Debug, PartialEq)]
pub struct Modality {
    /// Name, as the recipe calls it.
    pub name: String,
    /// Number of values.
    pub width: usize,
    /// The network of its own that reads it first, when there is one.
    pub reading: Option<Reading>,
}

impl Modality {
    /// A modality that is read as it is.
    pub fn new(name: impl Into<String>, width: usize) -> Self {
        Self {
            name: name.into(),
            width,
            reading: None,
        }
    }
}

/// A network that makes a few numbers of a long modality, such as a map: table `[context.observation]` of a recipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reading {
    /// The network.
    pub network: NetworkRecipe,
    /// How many numbers it makes.
    #[serde(default = "some_summaries")]
    pub summaries: usize,
}

fn some_summaries() -> usize {
    16
}

/// Observed values, standardised, with their masks; all modalities side by side in the order of the embedding.
#[derive(Clone, Debug)]
pub struct Context {
    /// `[batch, sum of widths]`, anything where the mask is 0.
    pub values: Tensor<2>,
    /// `[batch, sum of widths]`, 1 where observed and 0 where missing.
    pub mask: Tensor<2>,
    /// Which of these rows each row of a batch is given; none: each its own, in order.
    pub given: Option<Vec<usize>>,
}

impl Context {
    /// A context of `rows` rows from flat host values, row by row.
    ///
    /// # Panics
    /// When the lengths are not multiples of `rows`.
    pub fn from_host(values: &[f32], mask: &[f32], rows: usize, device: &Device) -> Self {
        let width = values.len().checked_div(rows).unwrap_or(0);
        assert_eq!(values.len(), mask.len(), "a value and a mask for every entry");
        assert_eq!(values.len(), rows * width, "the same width in every row");
        Self {
            values: Tensor::from_data(TensorData::new(values.to_vec(), [rows, width]), device),
            mask: Tensor::from_data(TensorData::new(mask.to_vec(), [rows, width]), device),
            given: None,
        }
    }

    /// What was made of each of its rows, for the rows of a batch.
    pub(crate) fn spread(&self, made: Tensor<2>) -> Tensor<2> {
        match &self.given {
            Some(given) => select_rows(made, given),
            None => made,
        }
    }

    /// Number of rows of a batch.
    pub fn rows(&self) -> usize {
        self.given.as_ref().map_or(self.values.dims()[0], Vec::len)
    }
}

/// How a context is read: by learned layers, or as it is.
///
/// As it is, every modality gives its values, zero where missing, and all flags `1 - o` of what is missing follow. Learned,
/// `h = sum_m [v_m o_m, 1 - o_m] L_m`, with values `v` and masks `o` of every modality `m`, then residual blocks
/// `h <- h + a(a(h) W_1) W_2`, then `c = a(h) L`. A missing entry contributes a learned constant and nothing of its
/// value.
///
/// Of a modality with a [`Reading`], its network makes `v` first, from the values with zeros where they are missing and without
/// `1 - o`: it can be asked about whole maps only.
#[derive(Clone, Debug)]
pub struct ContextEmbedding {
    modalities: Vec<Modality>,
    layers: Option<Layers>,
}

/// The learned reading.
#[derive(Clone, Debug)]
struct Layers {
    first: Vec<(Option<Arc<dyn Network>>, Linear)>,
    blocks: Vec<(Linear, Linear)>,
    last: Linear,
    width: usize,
    activation: Activation,
}

impl ContextEmbedding {
    /// An embedding of `modalities` into vectors of length `width`, with residual blocks of that width.
    ///
    /// # Errors
    /// [`Error::Recipe`] when a network does not fit the modality it is to read.
    pub fn new(
        registry: &mut Registry,
        modalities: &[Modality],
        width: usize,
        blocks: usize,
        activation: Activation,
    ) -> Result<Self, Error> {
        let first = registry.scope("context", |registry| {
            modalities
                .iter()
                .map(|modality| first_layer(registry, modality, width))
                .collect::<Result<Vec<_>, Error>>()
        })?;
        let layers = registry.scope("context", |registry| Layers {
            first,
            blocks: (0..blocks)
                .map(|index| {
                    registry.scope(format!("block{index}"), |registry| {
                        (
                            Linear::new(registry, "inner", width, width),
                            Linear::zero(registry, "outer", width, width),
                        )
                    })
                })
                .collect(),
            last: Linear::new(registry, "last", width, width),
            width,
            activation,
        });
        Ok(Self {
            modalities: modalities.to_vec(),
            layers: Some(layers),
        })
    }

    /// The modalities as they are.
    pub fn plain(modalities: &[Modality]) -> Self {
        Self {
            modalities: modalities.to_vec(),
            layers: None,
        }
    }

    /// Length of the embedding.
    pub fn width(&self) -> usize {
        match &self.layers {
            Some(layers) => layers.width,
            None => 2 * self.inputs(),
        }
    }

    /// Sum of the widths of all modalities.
    pub fn inputs(&self) -> usize {
        self.modalities.iter().map(|modality| modality.width).sum()
    }

    /// Of every row of the context: `[rows of the context, width]`.
    pub fn forward(&self, weights: &Weights, context: &Context) -> Tensor<2> {
        // filled, not multiplied: what is missing may be anything, also not a number
        let missing = context.mask.clone().equal_elem(0.0);
        let values = context.values.clone().mask_fill(missing, 0.0);
        let flags = context.mask.clone().neg() + 1.0;
        let Some(layers) = &self.layers else {
            return Tensor::cat(vec![values, flags], 1);
        };
        let mut start = 0;
        let mut sum: Option<Tensor<2>> = None;
        for (modality, (network, layer)) in self.modalities.iter().zip(&layers.first) {
            let part = |all: &Tensor<2>| all.clone().narrow(1, start, modality.width);
            let read = match network {
                Some(network) => network.forward(weights, part(&values), &Conditions::default()),
                None => Tensor::cat(vec![part(&values), part(&flags)], 1),
            };
            sum = Some(layer.forward_adding(weights, read, sum));
            start += modality.width;
        }
        layers.rest(weights, sum.expect("an embedding has at least one modality"))
    }
}

/// What reads a modality first, and the layer after it.
fn first_layer(
    registry: &mut Registry,
    modality: &Modality,
    width: usize,
) -> Result<(Option<Arc<dyn Network>>, Linear), Error> {
    let Some(Reading { network, summaries }) = &modality.reading else {
        return Ok((None, Linear::new(registry, &modality.name, 2 * modality.width, width)));
    };
    let table = format!("context.{}", modality.name);
    if *summaries == 0 {
        return Err(Error::Recipe {
            key: format!("{table}.summaries"),
            reason: "is 0".to_owned(),
            hint: "use at least as many as there are parameters".to_owned(),
        });
    }
    let network = registry.scope(&modality.name, |registry| {
        network.build(
            registry,
            &format!("{table}.network"),
            modality.width,
            None,
            0,
            *summaries,
        )
    })?;
    let layer = Linear::new(registry, &modality.name, *summaries, width);
    Ok((Some(network.into()), layer))
}

impl Layers {
    /// What follows the first layers.
    fn rest(&self, weights: &Weights, mut h: Tensor<2>) -> Tensor<2> {
        for (inner, outer) in &self.blocks {
            let z = inner.activated(weights, self.activation.apply(h.clone()), None, self.activation);
            h = outer.forward_adding(weights, weights.drop_out(z), Some(h));
        }
        self.last.forward(weights, self.activation.apply(h))
    }
}

/// The embedding of a context for every row of a batch; none without an embedding or without a context.
pub(crate) fn embed(
    embedding: Option<&ContextEmbedding>,
    weights: &Weights,
    context: Option<&Context>,
) -> Option<Tensor<2>> {
    let context = context?;
    Some(context.spread(embedding?.forward(weights, context)))
}
