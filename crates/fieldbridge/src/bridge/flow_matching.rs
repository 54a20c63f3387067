//! Flow matching from its description in a recipe.

use super::build::{Embedding, refuse};
use super::walked::Checks;
use super::{Continuous, FlowMatchingRecipe};
use crate::error::Error;
use crate::network::{Modality, NetworkChoice, NetworkKind, NetworkRecipe, Registry};

pub(super) fn flow_matching(
    recipe: &FlowMatchingRecipe,
    dimension: usize,
    modalities: &[Modality],
    registry: &mut Registry,
) -> Result<Continuous, Error> {
    let checks = Checks { table: "flow_matching" };
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
    let (network, key_prefix) = described(recipe)?;
    let (embedding, context) = embedding.read_by(&network, registry, modalities)?;
    let network = registry.scope("velocity", |registry| {
        let frequencies = Some(recipe.frequencies);
        network.build(registry, key_prefix, dimension, frequencies, context, dimension)
    })?;
    Ok(Continuous {
        dimension,
        base,
        coupling: recipe.coupling.build(),
        path: recipe.path.build(),
        head: recipe.head,
        weight: recipe.weight,
        balance: balance(&recipe.balance, dimension)?,
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

/// The network, and where the recipe describes it.
fn described(recipe: &FlowMatchingRecipe) -> Result<(NetworkRecipe, &'static str), Error> {
    match &recipe.network {
        NetworkChoice::Kind(kind) => {
            let network = NetworkRecipe {
                kind: *kind,
                width: recipe.width,
                blocks: recipe.blocks,
                activation: recipe.activation,
                ..NetworkRecipe::default()
            };
            let prefix = match kind {
                NetworkKind::Residual | NetworkKind::Mlp => "flow_matching",
                // what these need can be said in a table alone
                _ => "flow_matching.network",
            };
            Ok((network, prefix))
        }
        NetworkChoice::Recipe(network) => {
            let default = FlowMatchingRecipe::default();
            for (key, apart) in [
                ("flow_matching.width", recipe.width != default.width),
                ("flow_matching.blocks", recipe.blocks != default.blocks),
            ] {
                if apart {
                    return Err(refuse(
                        key,
                        "is not read when `network` is a table",
                        "write it in the table of the network",
                    ));
                }
            }
            Ok((network.clone(), "flow_matching.network"))
        }
    }
}

/// Weights of the numbers of a row, with mean one, by which its parts count alike.
fn balance(parts: &[usize], dimension: usize) -> Result<Option<Vec<f32>>, Error> {
    if parts.is_empty() {
        return Ok(None);
    }
    if parts.contains(&0) || parts.iter().sum::<usize>() != dimension {
        return Err(refuse(
            "flow_matching.balance",
            format!("parts of {parts:?} numbers do not make a row of {dimension}"),
            "give the lengths of the parts in the order of the columns",
        ));
    }
    let weight = |&length: &usize| {
        let weight = dimension as f64 / (parts.len() * length) as f64;
        std::iter::repeat_n(weight as f32, length)
    };
    Ok(Some(parts.iter().flat_map(weight).collect()))
}
