//! Flow matching from its description in a recipe.

use super::build::{context_embedding, positive, refuse};
use super::{Continuous, FlowMatchingRecipe};
use crate::coupling::CouplingKind;
use crate::error::Error;
use crate::likelihood::TraceKind;
use crate::network::{ContextEmbedding, Modality, NetworkRecipe, Registry};
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
