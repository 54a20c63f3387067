//! Bridges from their description in a recipe.

use super::affine_flow::affine_flow;
use super::continuous_flow_recipe::continuous_flow;
use super::diffusion::diffusion;
use super::flow_matching::flow_matching;
use super::image_flow::image_flow;
use super::interpolant_recipe::interpolant;
use super::mixture_density::mixture_density;
use super::residual_flow::residual_flow;
use super::spline_flow::spline_flow;
use super::{Bridge, BridgeKind, BridgeRecipe};
use crate::error::Error;
use crate::network::{Activation, ContextEmbedding, Modality, NetworkRecipe, Parameters, Registry};

/// The bridge a recipe describes, for data of length `dimension` given these modalities, and its parameters at the
/// start of training.
///
/// # Errors
/// [`Error::Recipe`] when choices do not fit together, with what would.
pub fn build(
    recipe: &BridgeRecipe,
    dimension: usize,
    modalities: &[Modality],
    seed: u64,
) -> Result<(Box<dyn Bridge>, Parameters), Error> {
    let mut registry = Registry::new();
    let bridge: Box<dyn Bridge> = match recipe.kind {
        BridgeKind::SplineFlow => Box::new(spline_flow(&recipe.spline_flow, dimension, modalities, &mut registry)?),
        BridgeKind::AffineFlow => Box::new(affine_flow(&recipe.affine_flow, dimension, modalities, &mut registry)?),
        BridgeKind::ImageFlow => Box::new(image_flow(&recipe.image_flow, dimension, modalities, &mut registry)?),
        BridgeKind::ResidualFlow => Box::new(residual_flow(
            &recipe.residual_flow,
            dimension,
            modalities,
            &mut registry,
        )?),
        BridgeKind::MixtureDensity => Box::new(mixture_density(
            &recipe.mixture_density,
            dimension,
            modalities,
            &mut registry,
        )?),
        BridgeKind::FlowMatching => Box::new(flow_matching(
            &recipe.flow_matching,
            dimension,
            modalities,
            &mut registry,
        )?),
        BridgeKind::Diffusion => Box::new(diffusion(&recipe.diffusion, dimension, modalities, &mut registry)?),
        BridgeKind::Interpolant => interpolant(&recipe.interpolant, dimension, modalities, &mut registry)?,
        BridgeKind::ContinuousFlow => Box::new(continuous_flow(
            &recipe.continuous_flow,
            dimension,
            modalities,
            &mut registry,
        )?),
    };
    Ok((bridge, registry.finish(seed)))
}

pub(super) fn refuse(key: &str, reason: impl Into<String>, hint: &str) -> Error {
    Error::Recipe {
        key: key.to_owned(),
        reason: reason.into(),
        hint: hint.to_owned(),
    }
}

pub(super) fn positive(key: &str, value: usize) -> Result<(), Error> {
    if value == 0 {
        Err(refuse(key, "is 0", "use at least 1"))
    } else {
        Ok(())
    }
}

/// How a context is read: sizes as recipes write them.
#[derive(Clone, Copy)]
pub(super) struct Embedding {
    pub(super) width: usize,
    pub(super) blocks: usize,
    pub(super) activation: Activation,
}

impl Embedding {
    /// The embedding, and the width a network is told of (0 without a context).
    pub(super) fn build(
        self,
        registry: &mut Registry,
        modalities: &[Modality],
    ) -> Result<(Option<ContextEmbedding>, usize), Error> {
        let embedding = (!modalities.is_empty())
            .then(|| ContextEmbedding::new(registry, modalities, self.width, self.blocks, self.activation))
            .transpose()?;
        let width = embedding.as_ref().map_or(0, ContextEmbedding::width);
        Ok((embedding, width))
    }

    /// The same as a network wants it.
    pub(super) fn read_by(
        self,
        network: &NetworkRecipe,
        registry: &mut Registry,
        modalities: &[Modality],
    ) -> Result<(Option<ContextEmbedding>, usize), Error> {
        if !network.reads_plain_context() || modalities.is_empty() {
            return self.build(registry, modalities);
        }
        if let Some(modality) = modalities.iter().find(|modality| modality.reading.is_some()) {
            return Err(refuse(
                &format!("context.{}", modality.name),
                "is read by a network of its own, but the network of the bridge reads it as it is",
                "leave the table out, or choose another network for the bridge",
            ));
        }
        let embedding = ContextEmbedding::plain(modalities);
        let width = embedding.width();
        Ok((Some(embedding), width))
    }
}
