//! Flow matching from its description in a recipe.

use super::build::{context_embedding, positive, refuse};
use super::{Continuous, FlowMatchingRecipe};
use crate::coupling::CouplingKind;
use crate::error::Error;
use crate::likelihood::TraceKind;
use crate::network::{ContextEmbedding, Modality, NetworkChoice, NetworkKind, NetworkRecipe, Registry};
use crate::solver::SolverKind;

/// Most dimensions an exact trace is taken in; each costs a Jacobian-vector product per evaluation.
const EXACT_TRACE_LIMIT: usize = 256;

pub(super) fn flow_matching(
    recipe: &FlowMatchingRecipe,
    dimension: usize,
    modalities: &[Modality],
    registry: &mut Registry,
) -> Result<Continuous, Error> {
    positive("flow_matching.frequencies", recipe.frequencies)?;
    positive("flow_matching.context_width", recipe.context_width)?;
    if recipe.likelihood == TraceKind::Exact && dimension > EXACT_TRACE_LIMIT {
        return Err(refuse(
            "flow_matching.likelihood",
            format!(
                "an exact trace in {dimension} dimensions costs {dimension} Jacobian-vector products an evaluation"
            ),
            "use `likelihood = { trace = \"hutchinson\", probes = 8 }`",
        ));
    }
    if let TraceKind::Hutchinson { probes } = recipe.likelihood
        && probes < 2
    {
        return Err(refuse(
            "flow_matching.likelihood.probes",
            format!("is {probes}"),
            "use at least 2, so that their spread gives an error",
        ));
    }
    if let SolverKind::Euler { steps } | SolverKind::Heun { steps } | SolverKind::RungeKutta { steps } = recipe.solver {
        positive("flow_matching.solver.steps", steps)?;
    }
    if let SolverKind::DormandPrince { tolerance, .. } = recipe.solver
        && !(tolerance > 1e-7 && tolerance < 1.0)
    {
        return Err(refuse(
            "flow_matching.solver.tolerance",
            format!("is {tolerance}"),
            "use a number between 1e-7 and 1, such as 1e-5",
        ));
    }
    if recipe.coupling == CouplingKind::Assignment && !modalities.is_empty() && !recipe.allow_biased_coupling {
        return Err(refuse(
            "flow_matching.coupling",
            "plain optimal transport with a context biases the model (the base would depend on the context)",
            "use `coupling = \"conditional\"` or \"independent\", or say `allow_biased_coupling = true`",
        ));
    }
    if recipe.coupling == CouplingKind::Conditional && modalities.is_empty() {
        return Err(refuse(
            "flow_matching.coupling",
            "there is no context to be conditional on",
            "use `coupling = \"assignment\"`",
        ));
    }
    let embedding = context_embedding(
        registry,
        modalities,
        recipe.context_width,
        recipe.context_blocks,
        recipe.activation,
    );
    let context = embedding.as_ref().map_or(0, ContextEmbedding::width);
    let (network, key_prefix) = described(recipe)?;
    let network = registry.scope("velocity", |registry| {
        let frequencies = Some(recipe.frequencies);
        network.build(registry, key_prefix, dimension, frequencies, context, dimension)
    })?;
    Ok(Continuous {
        dimension,
        base: recipe.base.build(),
        coupling: recipe.coupling.build(),
        path: recipe.path.build(),
        time: recipe.time,
        network,
        solver: recipe.solver.build(),
        trace: recipe.likelihood.build(),
        embedding,
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
