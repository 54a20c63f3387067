//! Flows of layers that supply the parameters of monotone maps, from their description in a recipe.

use super::build::{Embedding, positive, refuse};
use super::{Flow, Layers};
use crate::base::Normal;
use crate::error::Error;
use crate::network::{Activation, Modality, Registry};
use crate::random::Stream;
use crate::transform::{Affine, Autoregressive, Coupling, Monotone, Reversed, Rotation, Supplier, Transform};

/// Orders and rotations are drawn once and for all: members of a mixture, which start from different seeds, must have
/// the same structure to be stored as one model.
pub(super) const STRUCTURE_SEED: u64 = 0;

/// What the tables of such flows have in common.
pub(super) struct Stack {
    /// Name of the table.
    pub(super) table: &'static str,
    pub(super) layers: Layers,
    pub(super) transforms: usize,
    pub(super) width: usize,
    pub(super) blocks: usize,
    pub(super) context_width: usize,
    pub(super) context_blocks: usize,
    pub(super) activation: Activation,
}

impl Stack {
    /// A flow of these layers with this map, and one shift and scale for each dimension at the end, from the standard
    /// normal distribution.
    pub(super) fn build(
        &self,
        map: &dyn Fn() -> Box<dyn Monotone>,
        dimension: usize,
        modalities: &[Modality],
        registry: &mut Registry,
    ) -> Result<Flow, Error> {
        let key = |name: &str| format!("{}.{name}", self.table);
        positive(&key("transforms"), self.transforms)?;
        positive(&key("width"), self.width)?;
        positive(&key("context_width"), self.context_width)?;
        if self.layers == Layers::Coupling && dimension < 2 {
            return Err(refuse(
                &key("layers"),
                "coupling layers need at least two target columns, there is one",
                "use `layers = \"autoregressive\"`",
            ));
        }
        let embedding = Embedding {
            width: self.context_width,
            blocks: self.context_blocks,
            activation: self.activation,
        };
        let (embedding, context) = embedding.build(registry, modalities)?;
        let supplier = Supplier {
            context,
            width: self.width,
            blocks: self.blocks,
            activation: self.activation,
        };
        let mut transforms: Vec<Box<dyn Transform>> = Vec::new();
        for index in 0..self.transforms {
            registry.scope(format!("transform{index}"), |registry| match self.layers {
                Layers::Autoregressive | Layers::InverseAutoregressive => {
                    let order = alternating_order(dimension, index);
                    let layer = Box::new(Autoregressive::new(registry, order, map(), supplier));
                    transforms.push(match self.layers {
                        Layers::InverseAutoregressive => Box::new(Reversed(layer)),
                        _ => layer,
                    });
                }
                Layers::Coupling => {
                    transforms.push(Box::new(Coupling::new(registry, dimension, map(), supplier)));
                    let stream = Stream::new(STRUCTURE_SEED, "rotation", index as u64);
                    transforms.push(Box::new(Rotation::new(registry, dimension, &stream)));
                }
            });
        }
        registry.scope("last", |registry| {
            transforms.push(Box::new(Affine::new(registry, dimension)))
        });
        Ok(Flow {
            dimension,
            base: Box::new(Normal),
            transforms,
            embedding,
        })
    }
}

/// Random orders in pairs: a drawn one, then its reverse.
fn alternating_order(dimension: usize, index: usize) -> Vec<usize> {
    let drawn = Stream::new(STRUCTURE_SEED, "order", (index / 2) as u64).permutation(dimension);
    let place = |at: usize| {
        if index.is_multiple_of(2) {
            at + 1
        } else {
            dimension - at
        }
    };
    drawn.into_iter().map(place).collect()
}
