//! Spline flows from their description in a recipe.

use super::build::{context_embedding, positive, refuse};
use super::{Flow, Layers, SplineFlowRecipe};
use crate::base::BaseKind;
use crate::error::Error;
use crate::network::{ContextEmbedding, Modality, Registry};
use crate::random::Stream;
use crate::transform::{
    Affine, Autoregressive, Boundary, Coupling, Monotone, RationalQuadraticSpline, Rotation, Supplier, Transform,
};

/// Orders and rotations are drawn once and for all: members of a mixture, which start from different seeds, must have
/// the same structure to be stored as one model.
const STRUCTURE_SEED: u64 = 0;

pub(super) fn spline_flow(
    recipe: &SplineFlowRecipe,
    dimension: usize,
    modalities: &[Modality],
    registry: &mut Registry,
) -> Result<Flow, Error> {
    positive("spline_flow.transforms", recipe.transforms)?;
    positive("spline_flow.width", recipe.width)?;
    positive("spline_flow.context_width", recipe.context_width)?;
    if !(2..=256).contains(&recipe.bins) {
        return Err(refuse(
            "spline_flow.bins",
            format!("is {}", recipe.bins),
            "use 2 to 256 bins",
        ));
    }
    if !(recipe.bound > 0.0 && recipe.bound.is_finite()) {
        return Err(refuse(
            "spline_flow.bound",
            format!("is {}", recipe.bound),
            "use a positive number such as 5",
        ));
    }
    if recipe.layers == Layers::Coupling && dimension < 2 {
        return Err(refuse(
            "spline_flow.layers",
            "coupling layers need at least two target columns, there is one",
            "use `layers = \"autoregressive\"`",
        ));
    }
    if recipe.base != BaseKind::Normal {
        return Err(refuse(
            "spline_flow.base",
            "splines with linear tails reach the whole line, a uniform base does not",
            "use `base = \"normal\"`",
        ));
    }
    let embedding = context_embedding(
        registry,
        modalities,
        recipe.context_width,
        recipe.context_blocks,
        recipe.activation,
    );
    let supplier = Supplier {
        context: embedding.as_ref().map_or(0, ContextEmbedding::width),
        width: recipe.width,
        blocks: recipe.blocks,
        activation: recipe.activation,
    };
    let mut transforms: Vec<Box<dyn Transform>> = Vec::new();
    for index in 0..recipe.transforms {
        registry.scope(format!("transform{index}"), |registry| {
            let spline = RationalQuadraticSpline {
                bins: recipe.bins,
                bound: recipe.bound,
                boundary: Boundary::Linear,
            };
            let map: Box<dyn Monotone> = Box::new(spline);
            match recipe.layers {
                Layers::Autoregressive => {
                    let order = alternating_order(dimension, index);
                    transforms.push(Box::new(Autoregressive::new(registry, order, map, supplier)));
                }
                Layers::Coupling => {
                    transforms.push(Box::new(Coupling::new(registry, dimension, map, supplier)));
                    let stream = Stream::new(STRUCTURE_SEED, "rotation", index as u64);
                    transforms.push(Box::new(Rotation::new(registry, dimension, &stream)));
                }
            }
        });
    }
    registry.scope("last", |registry| {
        transforms.push(Box::new(Affine::new(registry, dimension)))
    });
    Ok(Flow {
        dimension,
        base: recipe.base.build("spline_flow.base", dimension)?,
        transforms,
        embedding,
    })
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
