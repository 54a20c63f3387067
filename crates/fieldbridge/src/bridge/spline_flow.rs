//! Spline flows from their description in a recipe.

use super::build::refuse;
use super::stacked::Stack;
use super::{Flow, SplineFlowRecipe};
use crate::base::BaseKind;
use crate::error::Error;
use crate::network::{Modality, Registry};
use crate::transform::{Boundary, RationalQuadraticSpline};

pub(super) fn spline_flow(
    recipe: &SplineFlowRecipe,
    dimension: usize,
    modalities: &[Modality],
    registry: &mut Registry,
) -> Result<Flow, Error> {
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
    if recipe.base != BaseKind::Normal {
        return Err(refuse(
            "spline_flow.base",
            format!(
                "is {}; splines with linear tails start from a normal base",
                recipe.base.name()
            ),
            "use `base = \"normal\"`",
        ));
    }
    let spline = RationalQuadraticSpline {
        bins: recipe.bins,
        bound: recipe.bound,
        boundary: Boundary::Linear,
    };
    let stack = Stack {
        table: "spline_flow",
        layers: recipe.layers,
        transforms: recipe.transforms,
        width: recipe.width,
        blocks: recipe.blocks,
        context_width: recipe.context_width,
        context_blocks: recipe.context_blocks,
        activation: recipe.activation,
    };
    stack.build(&|| Box::new(spline), dimension, modalities, registry)
}
