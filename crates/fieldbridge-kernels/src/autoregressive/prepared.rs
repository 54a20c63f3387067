//! Networks with units sorted by level and masked blocks left out.

use super::levels::Levels;
use super::network::{Layer, Network, NotAutoregressive};
use crate::activation::Activation;

/// A masked network ready to be evaluated level by level.
#[derive(Clone, Debug)]
pub struct Prepared {
    pub(super) dimension: usize,
    pub(super) context: usize,
    /// Outputs of each dimension.
    pub(super) parameters: usize,
    pub(super) activation: Activation,
    /// Dimensions sorted by level.
    pub(super) order: Sorted,
    /// Whether each layer sees the context.
    pub(super) conditioned: Vec<bool>,
    /// All layers but the last.
    pub(super) hidden: Vec<Hidden>,
    /// The last layer for the dimensions of each level: their outputs, dimension after dimension.
    pub(super) outputs: Vec<Block>,
}

/// Dimensions or units in the order of their levels.
#[derive(Clone, Debug)]
pub(super) struct Sorted {
    /// Which, in the original numbering.
    pub(super) items: Vec<usize>,
    /// Where each level starts, and the end.
    pub(super) starts: Vec<usize>,
}

impl Sorted {
    /// Those of levels below `count`.
    fn new(levels: &[usize], count: usize) -> Self {
        let mut items: Vec<usize> = (0..levels.len()).filter(|&item| levels[item] < count).collect();
        items.sort_by_key(|&item| levels[item]);
        let start = |level| items.partition_point(|&item| levels[item] < level);
        Self {
            starts: (0..=count).map(start).collect(),
            items,
        }
    }

    pub(super) fn of(&self, level: usize) -> std::ops::Range<usize> {
        self.starts[level]..self.starts[level + 1]
    }

    /// Those of a level in the original numbering.
    fn items_of(&self, level: usize) -> &[usize] {
        &self.items[self.of(level)]
    }
}

/// A hidden layer.
#[derive(Clone, Debug)]
pub(super) struct Hidden {
    pub(super) units: Sorted,
    pub(super) blocks: Vec<Block>,
    /// The layer its result is added to, with the place there of each unit.
    pub(super) added: Option<(usize, Vec<usize>)>,
    /// Whether a later layer is added to its result, which then is kept.
    pub(super) kept: bool,
}

/// Units of one level, one row of weights each.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub(super) units: usize,
    /// Inputs it sees: a one, whose weight is the bias, the context if the layer sees it, and so many of the first units
    /// of the layer before.
    pub(super) inputs: usize,
    /// `[units, inputs]`.
    pub(super) weights: Vec<f32>,
}

impl Block {
    fn new(layer: &Layer<'_>, units: &[usize], inputs: &[usize]) -> Self {
        let of_unit = |&unit: &usize| {
            let bias = layer.bias.map_or(0.0, |bias| bias[unit]);
            let context = layer
                .context
                .unwrap_or(&[])
                .chunks_exact(layer.outputs)
                .map(move |row| row[unit]);
            let weights = inputs.iter().map(move |input| {
                let at = input * layer.outputs + unit;
                layer.weights[at] * layer.mask.map_or(1.0, |mask| mask[at])
            });
            std::iter::once(bias).chain(context).chain(weights)
        };
        let weights: Vec<f32> = units.iter().flat_map(of_unit).collect();
        Self {
            units: units.len(),
            inputs: weights.len().checked_div(units.len()).unwrap_or(0),
            weights,
        }
    }
}

impl Prepared {
    /// Sorts the network's units by what they see.
    ///
    /// # Errors
    /// When the masks let a dimension depend on itself.
    ///
    /// # Panics
    /// When there are no dimensions, fewer than two layers, or lengths that do not fit.
    pub fn new(network: &Network<'_>) -> Result<Self, NotAutoregressive> {
        check(network);
        let Levels { dimensions, units } = Levels::new(network)?;
        let count = dimensions.iter().max().expect("at least one dimension") + 1;
        let order = Sorted::new(&dimensions, count);
        let layers = network.layers.len();
        let mut hidden: Vec<Hidden> = Vec::new();
        for (index, (layer, levels)) in network.layers.iter().zip(&units).enumerate() {
            let units = Sorted::new(levels, count);
            let blocks = (0..count).map(|level| {
                let inputs = match hidden.last() {
                    Some(before) => &before.units.items[..before.units.starts[level + 1]],
                    None => &order.items[..order.starts[level]],
                };
                Block::new(layer, units.items_of(level), inputs)
            });
            let blocks = blocks.collect();
            let added = network.form.added_to(index, layers).map(|other| {
                hidden[other].kept = true;
                let items = &hidden[other].units.items;
                let place = |unit| {
                    items
                        .iter()
                        .position(|item| item == unit)
                        .expect("it is of no higher level")
                };
                (other, units.items.iter().map(place).collect())
            });
            hidden.push(Hidden {
                units,
                blocks,
                added,
                kept: false,
            });
        }
        let last = network.layers.last().expect("at least two layers");
        let parameters = last.outputs / network.dimension;
        let before = &hidden.last().expect("at least two layers").units;
        let outputs = (0..count).map(|level| {
            let outputs: Vec<usize> = order
                .items_of(level)
                .iter()
                .flat_map(|dimension| dimension * parameters..(dimension + 1) * parameters)
                .collect();
            Block::new(last, &outputs, &before.items[..before.starts[level + 1]])
        });
        let outputs = outputs.collect();
        Ok(Self {
            dimension: network.dimension,
            context: network.context,
            parameters,
            activation: network.activation,
            order,
            conditioned: network.layers.iter().map(|layer| layer.context.is_some()).collect(),
            hidden,
            outputs,
        })
    }

    /// Rows that stand before the units in the inputs of a layer: a one, and the context if the layer sees it.
    pub(super) fn head(&self, layer: usize) -> usize {
        1 + if self.conditioned[layer] { self.context } else { 0 }
    }

    /// Number of levels.
    pub(super) fn levels(&self) -> usize {
        self.outputs.len()
    }
}

fn check(network: &Network<'_>) {
    assert!(
        network.dimension > 0 && network.layers.len() > 1,
        "dimensions, and two layers or more"
    );
    let mut inputs = network.dimension;
    let count = network.layers.len();
    for (index, layer) in network.layers.iter().enumerate() {
        let entries = inputs * layer.outputs;
        assert_eq!(layer.weights.len(), entries, "weights of every input and output");
        assert!(
            layer.mask.is_none_or(|mask| mask.len() == entries),
            "a mask as large as the weights"
        );
        assert!(
            layer.bias.is_none_or(|bias| bias.len() == layer.outputs),
            "a bias for every output"
        );
        let context = network.context * layer.outputs;
        assert!(
            layer.context.is_none_or(|weights| weights.len() == context),
            "weights of the whole context"
        );
        if let Some(other) = network.form.added_to(index, count) {
            assert_eq!(
                layer.outputs, network.layers[other].outputs,
                "as many units as it is added to"
            );
        }
        inputs = layer.outputs;
    }
    assert_eq!(inputs % network.dimension, 0, "as many outputs for each dimension");
}
