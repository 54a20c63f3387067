//! Bridges from their description in a recipe.

use serde::{Deserialize, Serialize};

use super::{Bridge, Continuous, Flow};
use crate::base::BaseKind;
use crate::coupling::CouplingKind;
use crate::error::Error;
use crate::likelihood::TraceKind;
use crate::network::{Activation, ContextEmbedding, Mlp, Modality, Network, Parameters, Registry, ResidualMlp};
use crate::path::PathKind;
use crate::random::Stream;
use crate::solver::SolverKind;
use crate::transform::{
    Affine, Autoregressive, Boundary, Coupling, Monotone, RationalQuadraticSpline, Rotation, Supplier, Transform,
};

/// The families of bridges a recipe can name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BridgeKind {
    /// A normalizing flow of rational-quadratic splines.
    #[default]
    SplineFlow,
    /// A velocity field trained by flow matching.
    FlowMatching,
}

/// What supplies the parameters of the splines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layers {
    /// Masked networks: every number given those before it.
    #[default]
    Autoregressive,
    /// One half given the other, with rotations between.
    Coupling,
}

/// Settings of a spline flow, table `[spline_flow]` of a recipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SplineFlowRecipe {
    /// What supplies the parameters.
    pub layers: Layers,
    /// Number of transforms.
    pub transforms: usize,
    /// Bins of each spline.
    pub bins: usize,
    /// Splines act on `[-bound, bound]`, in units of the scaled data.
    pub bound: f32,
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
    /// Where the flow starts.
    pub base: BaseKind,
}

impl Default for SplineFlowRecipe {
    fn default() -> Self {
        Self {
            layers: Layers::Autoregressive,
            transforms: 4,
            bins: 8,
            bound: 5.0,
            width: 128,
            blocks: 1,
            context_width: 128,
            context_blocks: 1,
            activation: Activation::Silu,
            base: BaseKind::Normal,
        }
    }
}

/// Networks a velocity can be learned with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NetworkKind {
    /// Residual perceptron, conditions in every block.
    #[default]
    Residual,
    /// Plain perceptron.
    Mlp,
}

/// How training times are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeDraw {
    /// Uniform on (0, 1), one draw in each of as many equal intervals as there are rows.
    #[default]
    Uniform,
    /// `t = 1 - u^2` with `u` as above: more of the walk's end, where narrow distributions take shape.
    TowardsData,
}

impl TimeDraw {
    /// `count` times.
    pub(crate) fn draw(self, count: usize, stream: &Stream) -> Vec<f32> {
        let places = stream.child("places", 0).permutation(count);
        let uniforms = stream.uniforms(count);
        places
            .iter()
            .zip(&uniforms)
            .map(|(&place, &uniform)| {
                let u = (place as f32 + uniform) / count as f32;
                match self {
                    Self::Uniform => u,
                    Self::TowardsData => 1.0 - u * u,
                }
            })
            .collect()
    }
}

/// Settings of flow matching, table `[flow_matching]` of a recipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FlowMatchingRecipe {
    /// What is learned.
    pub network: NetworkKind,
    /// Width of the hidden layers.
    pub width: usize,
    /// Residual blocks, or hidden layers of a plain perceptron.
    pub blocks: usize,
    /// Frequencies of the time embedding.
    pub frequencies: usize,
    /// Width of the context embedding.
    pub context_width: usize,
    /// Residual blocks of the context embedding.
    pub context_blocks: usize,
    /// Nonlinearity.
    pub activation: Activation,
    /// Where the bridge starts.
    pub base: BaseKind,
    /// Which points are joined.
    pub coupling: CouplingKind,
    /// How joined points are connected.
    pub path: PathKind,
    /// How training times are drawn.
    pub time: TimeDraw,
    /// How the velocity is walked.
    pub solver: SolverKind,
    /// How the trace is taken.
    pub likelihood: TraceKind,
    /// Plain optimal transport with a context biases the model; it is refused unless this says so.
    pub allow_biased_coupling: bool,
}

impl Default for FlowMatchingRecipe {
    fn default() -> Self {
        Self {
            network: NetworkKind::Residual,
            width: 128,
            blocks: 3,
            frequencies: 8,
            context_width: 128,
            context_blocks: 1,
            activation: Activation::Silu,
            base: BaseKind::Normal,
            coupling: CouplingKind::Independent,
            path: PathKind::Linear,
            time: TimeDraw::Uniform,
            solver: SolverKind::default(),
            likelihood: TraceKind::Exact,
            allow_biased_coupling: false,
        }
    }
}

/// A family with its settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BridgeRecipe {
    /// The family.
    pub kind: BridgeKind,
    /// Settings when it is a spline flow.
    pub spline_flow: SplineFlowRecipe,
    /// Settings when it is flow matching.
    pub flow_matching: FlowMatchingRecipe,
}

/// Orders and rotations are drawn once and for all: members of a mixture, which start from different seeds, must have
/// the same structure to be stored as one model.
const STRUCTURE_SEED: u64 = 0;

/// Most dimensions an exact trace is taken in; each costs a Jacobian-vector product per evaluation.
const EXACT_TRACE_LIMIT: usize = 256;

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
        BridgeKind::FlowMatching => Box::new(flow_matching(
            &recipe.flow_matching,
            dimension,
            modalities,
            &mut registry,
        )?),
    };
    Ok((bridge, registry.finish(seed)))
}

fn refuse(key: &str, reason: impl Into<String>, hint: &str) -> Error {
    Error::Recipe {
        key: key.to_owned(),
        reason: reason.into(),
        hint: hint.to_owned(),
    }
}

fn positive(key: &str, value: usize) -> Result<(), Error> {
    if value == 0 {
        Err(refuse(key, "is 0", "use at least 1"))
    } else {
        Ok(())
    }
}

fn embedding(
    registry: &mut Registry,
    modalities: &[Modality],
    width: usize,
    blocks: usize,
    activation: Activation,
) -> Option<ContextEmbedding> {
    (!modalities.is_empty()).then(|| ContextEmbedding::new(registry, modalities, width, blocks, activation))
}

fn spline_flow(
    recipe: &SplineFlowRecipe,
    dimension: usize,
    modalities: &[Modality],
    registry: &mut Registry,
) -> Result<Flow, Error> {
    positive("spline_flow.transforms", recipe.transforms)?;
    positive("spline_flow.width", recipe.width)?;
    positive("spline_flow.context_width", recipe.context_width)?;
    if !(2..=256).contains(&recipe.bins) {
        return Err(refuse(
            "spline_flow.bins",
            format!("is {}", recipe.bins),
            "use 2 to 256 bins",
        ));
    }
    if !(recipe.bound > 0.0 && recipe.bound.is_finite()) {
        return Err(refuse(
            "spline_flow.bound",
            format!("is {}", recipe.bound),
            "use a positive number such as 5",
        ));
    }
    if recipe.layers == Layers::Coupling && dimension < 2 {
        return Err(refuse(
            "spline_flow.layers",
            "coupling layers need at least two target columns, there is one",
            "use `layers = \"autoregressive\"`",
        ));
    }
    if recipe.base != BaseKind::Normal {
        return Err(refuse(
            "spline_flow.base",
            "splines with linear tails reach the whole line, a uniform base does not",
            "use `base = \"normal\"`",
        ));
    }
    let embedding = embedding(
        registry,
        modalities,
        recipe.context_width,
        recipe.context_blocks,
        recipe.activation,
    );
    let supplier = Supplier {
        context: embedding.as_ref().map_or(0, ContextEmbedding::width),
        width: recipe.width,
        blocks: recipe.blocks,
        activation: recipe.activation,
    };
    let mut transforms: Vec<Box<dyn Transform>> = Vec::new();
    for index in 0..recipe.transforms {
        registry.scope(format!("transform{index}"), |registry| {
            let spline = RationalQuadraticSpline {
                bins: recipe.bins,
                bound: recipe.bound,
                boundary: Boundary::Linear,
            };
            let map: Box<dyn Monotone> = Box::new(spline);
            match recipe.layers {
                Layers::Autoregressive => {
                    let order = alternating_order(dimension, index);
                    transforms.push(Box::new(Autoregressive::new(registry, order, map, supplier)));
                }
                Layers::Coupling => {
                    transforms.push(Box::new(Coupling::new(registry, dimension, map, supplier)));
                    let stream = Stream::new(STRUCTURE_SEED, "rotation", index as u64);
                    transforms.push(Box::new(Rotation::new(registry, dimension, &stream)));
                }
            }
        });
    }
    registry.scope("last", |registry| {
        transforms.push(Box::new(Affine::new(registry, dimension)))
    });
    Ok(Flow {
        dimension,
        base: recipe.base.build(),
        transforms,
        embedding,
    })
}

/// Random orders in pairs: a drawn one, then its reverse.
fn alternating_order(dimension: usize, index: usize) -> Vec<usize> {
    let drawn = Stream::new(STRUCTURE_SEED, "order", (index / 2) as u64).permutation(dimension);
    let place = |at: usize| {
        if index.is_multiple_of(2) {
            at + 1
        } else {
            dimension - at
        }
    };
    drawn.into_iter().map(place).collect()
}

fn flow_matching(
    recipe: &FlowMatchingRecipe,
    dimension: usize,
    modalities: &[Modality],
    registry: &mut Registry,
) -> Result<Continuous, Error> {
    positive("flow_matching.width", recipe.width)?;
    positive("flow_matching.blocks", recipe.blocks)?;
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
    let embedding = embedding(
        registry,
        modalities,
        recipe.context_width,
        recipe.context_blocks,
        recipe.activation,
    );
    let context = embedding.as_ref().map_or(0, ContextEmbedding::width);
    let network: Box<dyn Network> = registry.scope("velocity", |registry| match recipe.network {
        NetworkKind::Residual => Box::new(ResidualMlp::new(
            registry,
            dimension,
            Some(recipe.frequencies),
            context,
            recipe.width,
            recipe.blocks,
            dimension,
            recipe.activation,
        )) as Box<dyn Network>,
        NetworkKind::Mlp => Box::new(Mlp::new(
            registry,
            dimension,
            Some(recipe.frequencies),
            context,
            &vec![recipe.width; recipe.blocks],
            dimension,
            recipe.activation,
        )),
    });
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
