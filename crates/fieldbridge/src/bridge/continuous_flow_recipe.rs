//! Continuous normalizing flows from their description in a recipe.

use serde::{Deserialize, Serialize};

use super::ContinuousFlow;
use super::build::{Embedding, refuse};
use super::walked::Checks;
use crate::base::BaseKind;
use crate::error::Error;
use crate::likelihood::TraceKind;
use crate::network::{Modality, NetworkRecipe, Registry};
use crate::solver::SolverKind;

/// Settings of a continuous flow, table `[continuous_flow]` of a recipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ContinuousFlowRecipe {
    /// The velocity.
    pub network: NetworkRecipe,
    /// Frequencies of the time embedding.
    pub frequencies: usize,
    /// Width of the context embedding.
    pub context_width: usize,
    /// Residual blocks of the context embedding.
    pub context_blocks: usize,
    /// Where it starts.
    pub base: BaseKind,
    /// How walks are solved in training.
    pub training_solver: SolverKind,
    /// How the trace is taken in training.
    pub training_trace: TraceKind,
    /// Weight of the kinetic energy in the loss.
    pub kinetic: f64,
    /// Weight of the squared Jacobian in the loss.
    pub jacobian: f64,
    /// How the velocity is walked for draws and densities.
    pub solver: SolverKind,
    /// How the trace is taken for densities.
    pub likelihood: TraceKind,
}

impl Default for ContinuousFlowRecipe {
    fn default() -> Self {
        Self {
            network: NetworkRecipe::default(),
            frequencies: 8,
            context_width: 128,
            context_blocks: 1,
            base: BaseKind::Normal,
            training_solver: SolverKind::RungeKutta { steps: 8 },
            training_trace: TraceKind::Hutchinson { probes: 1 },
            kinetic: 0.0,
            jacobian: 0.0,
            solver: SolverKind::default(),
            likelihood: TraceKind::Exact,
        }
    }
}

pub(super) fn continuous_flow(
    recipe: &ContinuousFlowRecipe,
    dimension: usize,
    modalities: &[Modality],
    registry: &mut Registry,
) -> Result<ContinuousFlow, Error> {
    let checks = Checks {
        table: "continuous_flow",
    };
    checks.positive("frequencies", recipe.frequencies)?;
    checks.positive("context_width", recipe.context_width)?;
    checks.trace("likelihood", recipe.likelihood, dimension, 2)?;
    checks.trace("training_trace", recipe.training_trace, dimension, 1)?;
    checks.solver("solver", recipe.solver)?;
    checks.solver("training_solver", recipe.training_solver)?;
    checks.at_least_zero("kinetic", recipe.kinetic)?;
    checks.at_least_zero("jacobian", recipe.jacobian)?;
    if matches!(recipe.base, BaseKind::Uniform | BaseKind::Empirical { .. }) {
        return Err(refuse(
            "continuous_flow.base",
            format!(
                "is {}: its log-density has no slope along which training could climb",
                recipe.base.name()
            ),
            "use a normal or a mixture base",
        ));
    }
    let embedding = Embedding {
        width: recipe.context_width,
        blocks: recipe.context_blocks,
        activation: recipe.network.activation,
    };
    let (embedding, context) = embedding.build(registry, modalities)?;
    let network = registry.scope("velocity", |registry| {
        let frequencies = Some(recipe.frequencies);
        let key = "continuous_flow.network";
        recipe
            .network
            .build(registry, key, dimension, frequencies, context, dimension)
    })?;
    Ok(ContinuousFlow {
        dimension,
        base: recipe.base.build("continuous_flow.base", dimension)?,
        network,
        training_solver: recipe.training_solver.build(),
        training_trace: recipe.training_trace,
        kinetic: recipe.kinetic,
        jacobian: recipe.jacobian,
        solver: recipe.solver.build(),
        trace: recipe.likelihood.build(),
        embedding,
    })
}
