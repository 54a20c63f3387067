//! Residual flows from their description in a recipe.

use serde::{Deserialize, Serialize};

use super::Flow;
use super::build::{Embedding, positive, refuse};
use crate::base::Normal;
use crate::error::Error;
use crate::network::{Activation, Modality, Registry};
use crate::transform::{Affine, Residual, Transform};

/// Settings of a residual flow, table `[residual_flow]` of a recipe: points moved by contractions (Behrmann et al. 2019,
/// arXiv:1811.00995; Chen et al. 2019, arXiv:1906.02735), a learned shift and scale behind each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ResidualFlowRecipe {
    /// Number of contractions.
    pub transforms: usize,
    /// Width of the hidden layers.
    pub width: usize,
    /// Hidden layers of each.
    pub hidden: usize,
    /// Lipschitz constant of a contraction, below one.
    pub contraction: f64,
    /// Width of the context embedding.
    pub context_width: usize,
    /// Residual blocks of the context embedding.
    pub context_blocks: usize,
}

impl Default for ResidualFlowRecipe {
    fn default() -> Self {
        Self {
            transforms: 8,
            width: 64,
            hidden: 2,
            contraction: 0.9,
            context_width: 64,
            context_blocks: 1,
        }
    }
}

/// Most dimensions; the exact log-volume carries as many directions through the network.
const MOST_DIMENSIONS: usize = 32;

pub(super) fn residual_flow(
    recipe: &ResidualFlowRecipe,
    dimension: usize,
    modalities: &[Modality],
    registry: &mut Registry,
) -> Result<Flow, Error> {
    for (key, value) in [
        ("transforms", recipe.transforms),
        ("width", recipe.width),
        ("hidden", recipe.hidden),
        ("context_width", recipe.context_width),
    ] {
        positive(&format!("residual_flow.{key}"), value)?;
    }
    if !(recipe.contraction > 0.0 && recipe.contraction <= 0.95) {
        return Err(refuse(
            "residual_flow.contraction",
            format!("is {}", recipe.contraction),
            "use a number above 0 and at most 0.95, such as 0.9",
        ));
    }
    if dimension > MOST_DIMENSIONS {
        return Err(refuse(
            "bridge",
            format!("the exact log-volume of a residual flow in {dimension} dimensions is too costly"),
            "use `bridge = \"spline_flow\"`",
        ));
    }
    let embedding = Embedding {
        width: recipe.context_width,
        blocks: recipe.context_blocks,
        activation: Activation::Silu,
    };
    let (embedding, context) = embedding.build(registry, modalities)?;
    let mut transforms: Vec<Box<dyn Transform>> = Vec::new();
    for index in 0..recipe.transforms {
        registry.scope(format!("transform{index}"), |registry| {
            transforms.push(Box::new(Residual::new(
                registry,
                dimension,
                context,
                recipe.width,
                recipe.hidden,
                recipe.contraction,
            )));
            transforms.push(Box::new(Affine::new(registry, dimension)));
        });
    }
    Ok(Flow {
        dimension,
        base: Box::new(Normal),
        transforms,
        embedding,
    })
}
