//! Flow matching from its description in a recipe.

use super::walked::{Checks, Embedding};
use super::{Continuous, FlowMatchingRecipe};
use crate::error::Error;
use crate::network::{Modality, NetworkRecipe, Registry};
use crate::path::LossWeight;

pub(super) fn flow_matching(
    recipe: &FlowMatchingRecipe,
    dimension: usize,
    modalities: &[Modality],
    registry: &mut Registry,
) -> Result<Continuous, Error> {
    let checks = Checks { table: "flow_matching" };
    checks.positive("width", recipe.width)?;
    checks.positive("blocks", recipe.blocks)?;
    checks.positive("frequencies", recipe.frequencies)?;
    checks.positive("context_width", recipe.context_width)?;
    checks.trace("likelihood", recipe.likelihood, dimension, 2)?;
    checks.solver("solver", recipe.solver)?;
    checks.coupling(recipe.coupling, modalities, recipe.allow_biased_coupling)?;
    checks.path(recipe.path, &recipe.base)?;
    checks.head(recipe.head, &recipe.base)?;
    checks.sampler(recipe.sampler, &recipe.base, recipe.coupling)?;
    let base = recipe.base.build("flow_matching.base", dimension)?;
    let embedding = Embedding {
        width: recipe.context_width,
        blocks: recipe.context_blocks,
        activation: recipe.activation,
    };
    let (embedding, context) = embedding.build(registry, modalities);
    let network = NetworkRecipe {
        kind: recipe.network,
        width: recipe.width,
        blocks: recipe.blocks,
        activation: recipe.activation,
    };
    let network = registry.scope("velocity", |registry| {
        let frequencies = Some(recipe.frequencies);
        network.build(registry, "flow_matching", dimension, frequencies, context, dimension)
    })?;
    Ok(Continuous {
        dimension,
        base,
        coupling: recipe.coupling.build(),
        path: recipe.path.build(),
        head: recipe.head,
        weight: LossWeight::Output,
        time: recipe.time,
        network,
        solver: recipe.solver.build(),
        sampler: recipe.sampler,
        trace: recipe.likelihood.build(),
        bound: None,
        embedding,
        unconditional_share: 0.0,
        guidance: 1.0,
    })
}
