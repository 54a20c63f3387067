//! Diffusion models from their description in a recipe.

use serde::{Deserialize, Serialize};

use super::build::{Embedding, refuse};
use super::walked::Checks;
use super::{Continuous, TimeDraw};
use crate::base::{BaseKind, Normal};
use crate::coupling::{CouplingKind, Independent};
use crate::error::Error;
use crate::likelihood::{TraceKind, VariationalBound};
use crate::network::{Modality, NetworkRecipe, Registry};
use crate::path::{Head, LossWeight, NoiseLevels, PathKind};
use crate::solver::{SamplerKind, SolverKind};

/// How a diffusion answers for a log-density.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "by", deny_unknown_fields)]
pub enum DensityKind {
    /// By the probability flow, with `solver` and `likelihood`.
    #[default]
    ProbabilityFlow,
    /// By the [`VariationalBound`], from below.
    VariationalBound {
        /// Draws for each row.
        draws: usize,
    },
}

/// Settings of a diffusion, table `[diffusion]` of a recipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DiffusionRecipe {
    /// What is learned.
    pub network: NetworkRecipe,
    /// Frequencies of the time embedding.
    pub frequencies: usize,
    /// Width of the context embedding.
    pub context_width: usize,
    /// Residual blocks of the context embedding.
    pub context_blocks: usize,
    /// Where it starts: `"normal"` is the only one.
    pub base: BaseKind,
    /// How noise turns into data.
    pub path: PathKind,
    /// What the network predicts.
    pub head: Head,
    /// Weight of the loss at a time.
    pub weight: LossWeight,
    /// How training times are drawn.
    pub time: TimeDraw,
    /// How draws are made.
    pub sampler: SamplerKind,
    /// How the probability flow is walked.
    pub solver: SolverKind,
    /// How the trace is taken.
    pub likelihood: TraceKind,
    /// How log-densities are answered.
    pub density: DensityKind,
    /// Share of training rows whose context is masked; guidance needs some.
    pub unconditional_share: f32,
    /// Weight of the guidance of draws and densities; 1 for none.
    pub guidance: f64,
}

impl Default for DiffusionRecipe {
    fn default() -> Self {
        Self {
            network: NetworkRecipe::default(),
            frequencies: 8,
            context_width: 128,
            context_blocks: 1,
            base: BaseKind::Normal,
            path: PathKind::Edm,
            head: Head::Preconditioned,
            weight: LossWeight::Output,
            time: TimeDraw::LogNormal,
            sampler: SamplerKind::Heun {
                steps: 32,
                levels: NoiseLevels::default(),
            },
            solver: SolverKind::default(),
            likelihood: TraceKind::Exact,
            density: DensityKind::ProbabilityFlow,
            unconditional_share: 0.0,
            guidance: 1.0,
        }
    }
}

pub(super) fn diffusion(
    recipe: &DiffusionRecipe,
    dimension: usize,
    modalities: &[Modality],
    registry: &mut Registry,
) -> Result<Continuous, Error> {
    let checks = Checks { table: "diffusion" };
    checks.positive("frequencies", recipe.frequencies)?;
    checks.positive("context_width", recipe.context_width)?;
    checks.trace("likelihood", recipe.likelihood, dimension, 2)?;
    checks.solver("solver", recipe.solver)?;
    if recipe.base != BaseKind::Normal {
        return Err(refuse(
            "diffusion.base",
            format!("is {}; the noise of a diffusion is normal", recipe.base.name()),
            "use `base = \"normal\"`, or `bridge = \"flow_matching\"` or \"interpolant\" for other bases",
        ));
    }
    checks.path(recipe.path, &recipe.base)?;
    checks.sampler(recipe.sampler, &recipe.base, CouplingKind::Independent)?;
    let bound = match recipe.density {
        DensityKind::ProbabilityFlow => None,
        DensityKind::VariationalBound { draws } if draws < 2 => {
            return Err(refuse(
                "diffusion.density.draws",
                format!("is {draws}"),
                "use at least 2, so that their spread gives an error; 64 are usual",
            ));
        }
        DensityKind::VariationalBound { draws } => Some(VariationalBound {
            draws,
            levels: NoiseLevels::default(),
        }),
    };
    guidance(recipe, modalities)?;
    let embedding = Embedding {
        width: recipe.context_width,
        blocks: recipe.context_blocks,
        activation: recipe.network.activation,
    };
    let (embedding, context) = embedding.read_by(&recipe.network, registry, modalities)?;
    let network = registry.scope("head", |registry| {
        let frequencies = Some(recipe.frequencies);
        let key = "diffusion.network";
        recipe
            .network
            .build(registry, key, dimension, frequencies, context, dimension)
    })?;
    Ok(Continuous {
        dimension,
        base: Box::new(Normal),
        coupling: Box::new(Independent),
        path: recipe.path.build(),
        head: recipe.head,
        weight: recipe.weight,
        balance: None,
        time: recipe.time,
        network,
        solver: recipe.solver.build(),
        sampler: recipe.sampler,
        trace: recipe.likelihood.build(),
        bound,
        embedding,
        unconditional_share: recipe.unconditional_share,
        guidance: recipe.guidance,
    })
}

/// Refuses guidance that has nothing to guide by.
fn guidance(recipe: &DiffusionRecipe, modalities: &[Modality]) -> Result<(), Error> {
    let share = recipe.unconditional_share;
    if !(0.0..1.0).contains(&share) {
        return Err(refuse(
            "diffusion.unconditional_share",
            format!("is {share}"),
            "use a share from 0 up to, not including, 1, such as 0.1",
        ));
    }
    if share > 0.0 && modalities.is_empty() {
        return Err(refuse(
            "diffusion.unconditional_share",
            "there is no context that could be masked",
            "leave it at 0, or add a [context.NAME]",
        ));
    }
    if recipe.guidance == 1.0 {
        return Ok(());
    }
    if !(recipe.guidance >= 0.0 && recipe.guidance.is_finite()) {
        return Err(refuse(
            "diffusion.guidance",
            format!("is {}", recipe.guidance),
            "use a number, at least 0; 1 is no guidance",
        ));
    }
    if modalities.is_empty() {
        return Err(refuse(
            "diffusion.guidance",
            "there is no context to be guided by",
            "leave it at 1, or add a [context.NAME]",
        ));
    }
    if share == 0.0 {
        return Err(refuse(
            "diffusion.guidance",
            "the network never sees a row without context, so it cannot say what the context adds",
            "train with `unconditional_share = 0.1`, or leave guidance at 1",
        ));
    }
    Ok(())
}
