//! Affine flows: masked autoregressive, inverse autoregressive, and coupling (RealNVP).

use serde::{Deserialize, Serialize};

use super::build::refuse;
use super::stacked::Stack;
use super::{Flow, Layers};
use crate::base::{BaseKind, Uniform};
use crate::error::Error;
use crate::network::{Activation, Modality, Registry};
use crate::transform::{AffineMap, BoxMuller};

/// Settings of an affine flow, table `[affine_flow]` of a recipe: every number is shifted and scaled by amounts that
/// depend on others and on the context.
///
/// `layers` gives the flow its name: `"autoregressive"` the masked autoregressive flow (Papamakarios et al. 2017,
/// arXiv:1705.07057), `"inverse_autoregressive"` that of Kingma et al. (2016, arXiv:1606.04934), `"coupling"` RealNVP
/// (Dinh et al. 2017, arXiv:1605.08803).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AffineFlowRecipe {
    /// What supplies shifts and scales.
    pub layers: Layers,
    /// Number of transforms.
    pub transforms: usize,
    /// Width of the hidden layers.
    pub width: usize,
    /// Residual blocks in each network.
    pub blocks: usize,
    /// Width of the context embedding.
    pub context_width: usize,
    /// Residual blocks of the context embedding.
    pub context_blocks: usize,
    /// Nonlinearity.
    pub activation: Activation,
    /// Where the flow starts. From a uniform base the flow goes through Box and Muller's transform, which takes an even
    /// number of columns.
    pub base: BaseKind,
}

impl Default for AffineFlowRecipe {
    fn default() -> Self {
        Self {
            layers: Layers::Autoregressive,
            transforms: 6,
            width: 128,
            blocks: 1,
            context_width: 128,
            context_blocks: 1,
            activation: Activation::Silu,
            base: BaseKind::Normal,
        }
    }
}

pub(super) fn affine_flow(
    recipe: &AffineFlowRecipe,
    dimension: usize,
    modalities: &[Modality],
    registry: &mut Registry,
) -> Result<Flow, Error> {
    if !matches!(recipe.base, BaseKind::Normal | BaseKind::Uniform) {
        return Err(refuse(
            "affine_flow.base",
            format!(
                "is {}, which the flow's transforms do not start from",
                recipe.base.name()
            ),
            "use `base = \"normal\"` or \"uniform\"",
        ));
    }
    if recipe.base == BaseKind::Uniform && !dimension.is_multiple_of(2) {
        return Err(refuse(
            "affine_flow.base",
            format!("Box and Muller's transform takes pairs of numbers, there are {dimension} target columns"),
            "use `base = \"normal\"`",
        ));
    }
    let stack = Stack {
        table: "affine_flow",
        layers: recipe.layers,
        transforms: recipe.transforms,
        width: recipe.width,
        blocks: recipe.blocks,
        context_width: recipe.context_width,
        context_blocks: recipe.context_blocks,
        activation: recipe.activation,
    };
    let mut flow = stack.build(&|| Box::new(AffineMap), dimension, modalities, registry)?;
    if recipe.base == BaseKind::Uniform {
        flow.base = Box::new(Uniform);
        flow.transforms.push(Box::new(BoxMuller));
    }
    Ok(flow)
}
