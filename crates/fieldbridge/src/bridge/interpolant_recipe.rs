//! Stochastic interpolants from their description in a recipe.

use serde::{Deserialize, Serialize};

use super::build::{Embedding, refuse};
use super::source::Source;
use super::walked::Checks;
use super::{Bridge, Continuous, Interpolant, PointSource, TimeDraw};
use crate::base::BaseKind;
use crate::coupling::CouplingKind;
use crate::error::Error;
use crate::likelihood::TraceKind;
use crate::network::{Modality, NetworkRecipe, Registry};
use crate::path::{Head, Latent, LossWeight, PathKind};
use crate::solver::{SamplerKind, SolverKind};

/// The forms of a stochastic interpolant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InterpolantForm {
    /// [`Interpolant`]: any two distributions, with latent noise between them.
    #[default]
    TwoSided,
    /// [`Continuous`]: the base is the noise.
    OneSided,
    /// [`PointSource`]: from the known point of each row.
    PointSource,
}

/// Settings of a stochastic interpolant, table `[interpolant]` of a recipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InterpolantRecipe {
    /// Which form.
    pub form: InterpolantForm,
    /// What is learned; a two-sided interpolant has two of them.
    pub network: NetworkRecipe,
    /// Frequencies of the time embedding.
    pub frequencies: usize,
    /// Width of the context embedding.
    pub context_width: usize,
    /// Residual blocks of the context embedding.
    pub context_blocks: usize,
    /// Where it starts, when no modality holds the base points.
    pub base: BaseKind,
    /// The modality that holds the base point of each row: the data come in pairs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Whether the base point of a row belongs to it. If not, a two-sided interpolant carries the distribution of the
    /// sources to that of the data, and `coupling` says which are joined.
    pub paired: bool,
    /// Which points are joined, when they do not come in pairs.
    pub coupling: CouplingKind,
    /// How joined points are connected.
    pub path: PathKind,
    /// Noise between the ends; of a point source, `size` is the factor of its noise.
    pub latent: Latent,
    /// How training times are drawn.
    pub time: TimeDraw,
    /// How draws are made.
    pub sampler: SamplerKind,
    /// How the velocity is walked.
    pub solver: SolverKind,
    /// How the trace is taken.
    pub likelihood: TraceKind,
    /// Plain optimal transport with a context biases the model; it is refused unless this says so.
    pub allow_biased_coupling: bool,
}

impl Default for InterpolantRecipe {
    fn default() -> Self {
        Self {
            form: InterpolantForm::TwoSided,
            network: NetworkRecipe::default(),
            frequencies: 8,
            context_width: 128,
            context_blocks: 1,
            base: BaseKind::Normal,
            source: None,
            paired: true,
            coupling: CouplingKind::Independent,
            path: PathKind::Linear,
            latent: Latent::default(),
            time: TimeDraw::Uniform,
            sampler: SamplerKind::EulerMaruyama { steps: 100, noise: 1.0 },
            solver: SolverKind::default(),
            likelihood: TraceKind::Exact,
            allow_biased_coupling: false,
        }
    }
}

const TABLE: &str = "interpolant";

pub(super) fn interpolant(
    recipe: &InterpolantRecipe,
    dimension: usize,
    modalities: &[Modality],
    registry: &mut Registry,
) -> Result<Box<dyn Bridge>, Error> {
    let checks = Checks { table: TABLE };
    checks.positive("frequencies", recipe.frequencies)?;
    checks.positive("context_width", recipe.context_width)?;
    checks.positive_number("latent.size", recipe.latent.size)?;
    checks.trace("likelihood", recipe.likelihood, dimension, 2)?;
    checks.solver("solver", recipe.solver)?;
    checks.path(recipe.path, &recipe.base)?;
    // noise of any strength is allowed here, whatever the base: it is that of the latent
    checks.sampler(recipe.sampler, &BaseKind::Normal, CouplingKind::Independent)?;
    if recipe.sampler.build().is_some() {
        return Err(refuse(
            "interpolant.sampler",
            "is a sampler of diffusions",
            "use \"probability_flow\", \"euler_maruyama\" or \"stochastic_heun\", or `bridge = \"diffusion\"`",
        ));
    }
    if recipe.time == TimeDraw::LogNormal && recipe.form != InterpolantForm::OneSided {
        return Err(refuse(
            "interpolant.time",
            "draws noise levels of a diffusion",
            "use \"uniform\" or \"towards_data\"",
        ));
    }
    let source = source(recipe, dimension, modalities)?;
    match recipe.form {
        InterpolantForm::OneSided => one_sided(recipe, dimension, modalities, registry),
        InterpolantForm::TwoSided => two_sided(recipe, dimension, modalities, source, registry),
        InterpolantForm::PointSource => point_source(recipe, dimension, modalities, source, registry),
    }
}

fn source(recipe: &InterpolantRecipe, dimension: usize, modalities: &[Modality]) -> Result<Option<Source>, Error> {
    let Some(name) = &recipe.source else {
        return if recipe.form == InterpolantForm::PointSource {
            Err(refuse(
                "interpolant.source",
                "a point source starts at the known point of each row, and no modality holds it",
                "name one, `source = \"NAME\"`, and add [context.NAME] with as many columns as the target",
            ))
        } else {
            Ok(None)
        };
    };
    if recipe.form == InterpolantForm::OneSided {
        return Err(refuse(
            "interpolant.source",
            "a one-sided interpolant starts from noise, not from points of the rows",
            "use `form = \"two_sided\"` or \"point_source\", or leave `source` out",
        ));
    }
    if !recipe.paired && recipe.form == InterpolantForm::PointSource {
        return Err(refuse(
            "interpolant.paired",
            "a point source learns the data given the point of their own row: it needs pairs",
            "leave `paired` out, or use `form = \"two_sided\"`",
        ));
    }
    if recipe.paired && recipe.coupling != CouplingKind::Independent {
        return Err(refuse(
            "interpolant.coupling",
            "the rows come in pairs already",
            "leave `coupling` out, or say `paired = false`",
        ));
    }
    Source::find(name, modalities, dimension).map(Some).ok_or_else(|| {
        let found = modalities.iter().find(|modality| modality.name == *name);
        let reason = match found {
            None => format!("there is no modality `{name}`: the data come without pairs"),
            Some(modality) => format!(
                "modality `{name}` has {} numbers, a data point has {dimension}",
                modality.width
            ),
        };
        refuse(
            "interpolant.source",
            reason,
            "name a [context.NAME] with as many columns as the target, without `differences`",
        )
    })
}

fn embedding(recipe: &InterpolantRecipe) -> Embedding {
    Embedding {
        width: recipe.context_width,
        blocks: recipe.context_blocks,
        activation: recipe.network.activation,
    }
}

fn one_sided(
    recipe: &InterpolantRecipe,
    dimension: usize,
    modalities: &[Modality],
    registry: &mut Registry,
) -> Result<Box<dyn Bridge>, Error> {
    let checks = Checks { table: TABLE };
    checks.coupling(recipe.coupling, modalities, recipe.allow_biased_coupling)?;
    checks.sampler(recipe.sampler, &recipe.base, recipe.coupling)?;
    let base = recipe.base.build("interpolant.base", dimension)?;
    let (embedding, context) = embedding(recipe).read_by(&recipe.network, registry, modalities)?;
    let network = registry.scope("velocity", |registry| {
        build_network(recipe, registry, dimension, context)
    })?;
    Ok(Box::new(Continuous {
        dimension,
        base,
        coupling: recipe.coupling.build(),
        path: recipe.path.build(),
        head: Head::Velocity,
        weight: LossWeight::Output,
        balance: None,
        time: recipe.time,
        network,
        solver: recipe.solver.build(),
        sampler: recipe.sampler,
        trace: recipe.likelihood.build(),
        bound: None,
        embedding,
        unconditional_share: 0.0,
        guidance: 1.0,
    }))
}

fn build_network(
    recipe: &InterpolantRecipe,
    registry: &mut Registry,
    dimension: usize,
    context: usize,
) -> Result<Box<dyn crate::network::Network>, Error> {
    let frequencies = Some(recipe.frequencies);
    recipe.network.build(
        registry,
        "interpolant.network",
        dimension,
        frequencies,
        context,
        dimension,
    )
}

fn two_sided(
    recipe: &InterpolantRecipe,
    dimension: usize,
    modalities: &[Modality],
    source: Option<Source>,
    registry: &mut Registry,
) -> Result<Box<dyn Bridge>, Error> {
    if !matches!(recipe.path, PathKind::Linear | PathKind::Trigonometric) {
        return Err(refuse(
            "interpolant.path",
            format!("{:?} does not begin at the base and end at the data", recipe.path),
            "use \"linear\" or \"trigonometric\", or `form = \"one_sided\"`",
        ));
    }
    let rest: Vec<Modality> = modalities
        .iter()
        .filter(|modality| recipe.source.as_ref() != Some(&modality.name))
        .cloned()
        .collect();
    Checks { table: TABLE }.coupling(recipe.coupling, &rest, recipe.allow_biased_coupling)?;
    let base = recipe.base.build("interpolant.base", dimension)?;
    let (embedding, context) = embedding(recipe).read_by(&recipe.network, registry, &rest)?;
    let mut network = |name: &str| registry.scope(name, |registry| build_network(recipe, registry, dimension, context));
    Ok(Box::new(Interpolant {
        dimension,
        base,
        source,
        paired: recipe.paired,
        coupling: recipe.coupling.build(),
        path: recipe.path.build(),
        latent: recipe.latent,
        time: recipe.time,
        network: network("along")?,
        denoiser: network("latent")?,
        solver: recipe.solver.build(),
        sampler: recipe.sampler,
        trace: recipe.likelihood.build(),
        embedding,
    }))
}

fn point_source(
    recipe: &InterpolantRecipe,
    dimension: usize,
    modalities: &[Modality],
    source: Option<Source>,
    registry: &mut Registry,
) -> Result<Box<dyn Bridge>, Error> {
    if recipe.path != PathKind::Linear {
        return Err(refuse(
            "interpolant.path",
            format!("{:?}: the path of a point source is its own", recipe.path),
            "leave `path` out",
        ));
    }
    let (embedding, context) = embedding(recipe).read_by(&recipe.network, registry, modalities)?;
    let network = registry.scope("drift", |registry| build_network(recipe, registry, dimension, context))?;
    Ok(Box::new(PointSource {
        dimension,
        source: source.expect("its absence was refused"),
        size: recipe.latent.size,
        time: recipe.time,
        network,
        solver: recipe.solver.build(),
        sampler: recipe.sampler,
        trace: recipe.likelihood.build(),
        embedding: embedding.expect("a source is a modality"),
    }))
}
