//! Flows of images.

use serde::{Deserialize, Serialize};

use super::Flow;
use super::build::{Embedding, positive, refuse};
use super::stacked::STRUCTURE_SEED;
use crate::base::Normal;
use crate::error::Error;
use crate::network::{Activation, Modality, Registry};
use crate::random::Stream;
use crate::transform::image::{ImageSupplier, MultiScale, Shape};

/// Settings of a flow of images, table `[image_flow]` of a recipe: Glow (Kingma and Dhariwal 2018, arXiv:1807.03039),
/// with a context. The target columns are the numbers of an image, channels running fastest, then from left to right,
/// then from top to bottom.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ImageFlowRecipe {
    /// Height, width and channels.
    pub shape: [usize; 3],
    /// Scales; each halves height and width.
    pub scales: usize,
    /// Steps at each scale: shift and scale of channels, an invertible 1 x 1 convolution, an affine coupling.
    pub steps: usize,
    /// Channels of the hidden layers of a coupling.
    pub width: usize,
    /// Residual blocks of a coupling.
    pub blocks: usize,
    /// Width of the context embedding.
    pub context_width: usize,
    /// Residual blocks of the context embedding.
    pub context_blocks: usize,
}

impl Default for ImageFlowRecipe {
    fn default() -> Self {
        Self {
            shape: [8, 8, 1],
            scales: 2,
            steps: 4,
            width: 32,
            blocks: 1,
            context_width: 64,
            context_blocks: 1,
        }
    }
}

pub(super) fn image_flow(
    recipe: &ImageFlowRecipe,
    dimension: usize,
    modalities: &[Modality],
    registry: &mut Registry,
) -> Result<Flow, Error> {
    for (key, value) in [
        ("scales", recipe.scales),
        ("steps", recipe.steps),
        ("width", recipe.width),
        ("blocks", recipe.blocks),
        ("context_width", recipe.context_width),
    ] {
        positive(&format!("image_flow.{key}"), value)?;
    }
    let [height, width, channels] = recipe.shape;
    if height.saturating_mul(width).saturating_mul(channels) != dimension {
        return Err(refuse(
            "image_flow.shape",
            format!("{height} x {width} pixels of {channels} numbers do not make {dimension} target columns"),
            "give height, width and channels of the images in the target columns",
        ));
    }
    let shape = Shape {
        height,
        width,
        channels,
    };
    if recipe.scales > shape.scales() {
        return Err(refuse(
            "image_flow.scales",
            format!(
                "is {}, but {height} x {width} pixels can be halved {} times",
                recipe.scales,
                shape.scales()
            ),
            "use fewer scales, or images whose sides are multiples of a power of two",
        ));
    }
    let embedding = Embedding {
        width: recipe.context_width,
        blocks: recipe.context_blocks,
        activation: Activation::Silu,
    };
    let (embedding, context) = embedding.build(registry, modalities)?;
    let supplier = ImageSupplier {
        context,
        width: recipe.width,
        blocks: recipe.blocks,
    };
    let stream = Stream::new(STRUCTURE_SEED, "rotation", 0);
    let transform = MultiScale::new(registry, shape, recipe.scales, recipe.steps, supplier, &stream);
    Ok(Flow {
        dimension,
        base: Box::new(Normal),
        transforms: vec![Box::new(transform)],
        embedding,
    })
}
