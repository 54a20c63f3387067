//! Recipes of every family, network, coupling, base, path, head, sampler, trace and time draw, with small networks.

use fieldbridge::base::BaseKind;
use fieldbridge::bridge::{BridgeKind, BridgeRecipe, DensityKind, InterpolantForm, Layers, TimeDraw};
use fieldbridge::coupling::CouplingKind;
use fieldbridge::likelihood::TraceKind;
use fieldbridge::network::{Activation, NetworkKind, NetworkRecipe, Padding};
use fieldbridge::path::{Head, LatentShape, LossWeight, NoiseLevels, PathKind};
use fieldbridge::solver::{Churn, SamplerKind, SolverKind};

use crate::DIMENSION;

/// Every family, network, coupling, base, trace and time draw, with small networks.
pub(crate) fn recipes(conditional: bool) -> Vec<(String, BridgeRecipe)> {
    let mut recipe = BridgeRecipe::default();
    (
        recipe.spline_flow.transforms,
        recipe.spline_flow.width,
        recipe.spline_flow.context_width,
    ) = (2, 12, 6);
    (
        recipe.flow_matching.width,
        recipe.flow_matching.blocks,
        recipe.flow_matching.context_width,
    ) = (12, 1, 6);
    let mut all = flows_and_mixtures(&recipe);
    for layers in [Layers::Autoregressive, Layers::InverseAutoregressive, Layers::Coupling] {
        for activation in [Activation::Silu, Activation::Relu] {
            let mut one = recipe.clone();
            one.kind = BridgeKind::SplineFlow;
            (one.spline_flow.layers, one.spline_flow.activation) = (layers, activation);
            all.push((format!("spline flow, {layers:?}, {activation:?}"), one));
        }
    }
    let joined = if conditional {
        CouplingKind::Conditional
    } else {
        CouplingKind::Assignment
    };
    let solvers = [
        SolverKind::default(),
        SolverKind::RungeKutta { steps: 20 },
        SolverKind::Heun { steps: 20 },
        SolverKind::Euler { steps: 20 },
    ];
    for network in [NetworkKind::Residual, NetworkKind::Mlp] {
        for coupling in [CouplingKind::Independent, joined] {
            for solver in solvers {
                for likelihood in [TraceKind::Exact, TraceKind::Hutchinson { probes: 4 }] {
                    let mut one = recipe.clone();
                    one.kind = BridgeKind::FlowMatching;
                    let settings = &mut one.flow_matching;
                    (
                        settings.network,
                        settings.coupling,
                        settings.solver,
                        settings.likelihood,
                    ) = (network.into(), coupling, solver, likelihood);
                    settings.time = if network == NetworkKind::Mlp {
                        TimeDraw::TowardsData
                    } else {
                        TimeDraw::Uniform
                    };
                    all.push((
                        format!("flow matching, {network:?}, {coupling:?}, {solver:?}, {likelihood:?}"),
                        one,
                    ));
                }
            }
        }
    }
    for network in networks() {
        for likelihood in [TraceKind::Exact, TraceKind::Hutchinson { probes: 4 }] {
            let mut one = BridgeRecipe {
                kind: BridgeKind::FlowMatching,
                ..BridgeRecipe::default()
            };
            one.flow_matching.context_width = 6;
            one.flow_matching.network = network.clone().into();
            one.flow_matching.likelihood = likelihood;
            all.push((format!("flow matching, {network:?}, {likelihood:?}"), one));
        }
    }
    let mut one = BridgeRecipe {
        kind: BridgeKind::FlowMatching,
        ..BridgeRecipe::default()
    };
    let settings = &mut one.flow_matching;
    (settings.head, settings.weight, settings.time) = (Head::CleanData, LossWeight::Velocity, TimeDraw::LogitNormal);
    (settings.network, settings.balance) = (joint_network().into(), vec![1, 2]);
    all.push(("flow matching of a parameter and a field".to_owned(), one));
    all.extend(diffusions(&recipe));
    all.extend(interpolants(&recipe, conditional));
    for training_trace in [TraceKind::Exact, TraceKind::Hutchinson { probes: 2 }] {
        let mut one = recipe.clone();
        one.kind = BridgeKind::ContinuousFlow;
        let settings = &mut one.continuous_flow;
        (settings.network, settings.context_width) = (small_network(), 6);
        settings.training_solver = SolverKind::RungeKutta { steps: 3 };
        (settings.training_trace, settings.kinetic, settings.jacobian) = (training_trace, 0.1, 0.1);
        all.push((format!("continuous flow, {training_trace:?}"), one));
    }
    all
}

fn small_network() -> NetworkRecipe {
    NetworkRecipe {
        width: 12,
        blocks: 1,
        ..NetworkRecipe::default()
    }
}

/// Every path, head, sampler, weight and density of a diffusion, and flow matching on another path with another head.
fn diffusions(recipe: &BridgeRecipe) -> Vec<(String, BridgeRecipe)> {
    let levels = NoiseLevels::default();
    let (steps, noise) = (8, 1.0);
    let samplers = [
        SamplerKind::ProbabilityFlow,
        SamplerKind::Ancestral { steps, levels },
        SamplerKind::Ddim { steps, noise, levels },
        SamplerKind::Heun { steps, levels },
        SamplerKind::Multistep { steps, levels },
        SamplerKind::Churn {
            steps,
            levels,
            churn: Churn::default(),
        },
        SamplerKind::EulerMaruyama { steps, noise },
        SamplerKind::StochasticHeun { steps, noise },
    ];
    let paths = [
        PathKind::Linear,
        PathKind::ConditionalGaussian { sigma_min: 0.1 },
        PathKind::Trigonometric,
        PathKind::VariancePreserving,
        PathKind::Cosine,
        PathKind::VarianceExploding,
        PathKind::Edm,
    ];
    let heads = [
        Head::Velocity,
        Head::Noise,
        Head::Score,
        Head::CleanData,
        Head::Preconditioned,
    ];
    let mut all = Vec::new();
    for (index, path) in paths.into_iter().enumerate() {
        for (other, head) in heads.into_iter().enumerate() {
            let mut one = recipe.clone();
            one.kind = BridgeKind::Diffusion;
            let settings = &mut one.diffusion;
            (settings.network, settings.context_width) = (small_network(), 6);
            (settings.path, settings.head) = (path, head);
            settings.sampler = samplers[(index + 3 * other) % samplers.len()];
            settings.time = [TimeDraw::Uniform, TimeDraw::LogNormal][index % 2];
            settings.weight = [LossWeight::Output, LossWeight::Likelihood][other % 2];
            // an untrained network multiplies errors where a head divides by little
            settings.solver = SolverKind::RungeKutta { steps: 40 };
            settings.density = DensityKind::VariationalBound { draws: 16 };
            if head == Head::Preconditioned || head == Head::Velocity {
                settings.density = DensityKind::ProbabilityFlow;
                settings.solver = SolverKind::default();
            }
            all.push((format!("diffusion, {path:?}, {head:?}, {:?}", settings.sampler), one));
        }
    }
    let mut one = recipe.clone();
    one.kind = BridgeKind::FlowMatching;
    (one.flow_matching.path, one.flow_matching.head) = (PathKind::Trigonometric, Head::Preconditioned);
    one.flow_matching.sampler = SamplerKind::Multistep { steps, levels };
    all.push(("flow matching, trigonometric path, preconditioned head".to_owned(), one));
    let mut one = recipe.clone();
    one.kind = BridgeKind::FlowMatching;
    one.flow_matching.base = BaseKind::Mixture {
        means: vec![vec![-1.0; DIMENSION], vec![1.0; DIMENSION]],
        deviation: 0.7,
    };
    all.push(("flow matching, mixture base".to_owned(), one));
    all
}

/// Every form of an interpolant; a source needs a modality as long as a data point.
fn interpolants(recipe: &BridgeRecipe, conditional: bool) -> Vec<(String, BridgeRecipe)> {
    let mut all = Vec::new();
    for shape in [LatentShape::Parabola, LatentShape::Root, LatentShape::Sine] {
        for form in [
            InterpolantForm::TwoSided,
            InterpolantForm::OneSided,
            InterpolantForm::PointSource,
        ] {
            let mut one = recipe.clone();
            one.kind = BridgeKind::Interpolant;
            let settings = &mut one.interpolant;
            (settings.network, settings.context_width) = (small_network(), 6);
            (settings.form, settings.latent.shape) = (form, shape);
            settings.sampler = SamplerKind::EulerMaruyama { steps: 8, noise: 1.0 };
            if form == InterpolantForm::PointSource {
                if !conditional {
                    continue;
                }
                settings.source = Some("start".to_owned());
            }
            all.push((format!("interpolant, {form:?}, {shape:?}"), one));
        }
    }
    all
}

/// A parameter and a field of two places, of each of which three numbers are observed.
fn joint_network() -> NetworkRecipe {
    NetworkRecipe {
        kind: NetworkKind::JointTransformer,
        width: 8,
        blocks: 1,
        shape: Some(vec![2]),
        parameters: Some(1),
        observed: Some(3),
        ..NetworkRecipe::default()
    }
}

/// Networks that a table describes, for rows of three numbers.
fn networks() -> Vec<NetworkRecipe> {
    let kind = |kind| NetworkRecipe {
        kind,
        width: 8,
        blocks: 1,
        ..NetworkRecipe::default()
    };
    let line = NetworkRecipe {
        shape: Some(vec![3]),
        levels: Some(0),
        groups: Some(2),
        heads: Some(2),
        padding: Some(Padding::Periodic),
        ..kind(NetworkKind::UNet)
    };
    let points = NetworkRecipe {
        points: Some(3),
        box_side: Some(8.0),
        ..kind(NetworkKind::SetTransformer)
    };
    vec![
        line,
        kind(NetworkKind::Transformer),
        joint_network(),
        points,
        kind(NetworkKind::Residual),
    ]
}

/// Affine, residual and image flows and mixtures of Gaussians.
fn flows_and_mixtures(recipe: &BridgeRecipe) -> Vec<(String, BridgeRecipe)> {
    let mut recipe = recipe.clone();
    let affine = &mut recipe.affine_flow;
    (affine.transforms, affine.width, affine.context_width) = (2, 12, 6);
    let residual = &mut recipe.residual_flow;
    (residual.transforms, residual.width, residual.context_width) = (2, 8, 6);
    let image = &mut recipe.image_flow;
    (image.shape, image.scales, image.steps, image.width, image.context_width) = ([2, 2, 1], 1, 2, 8, 6);
    let mixture = &mut recipe.mixture_density;
    (mixture.components, mixture.width, mixture.context_width) = (3, 12, 6);
    let mut all = Vec::new();
    for layers in [Layers::Autoregressive, Layers::InverseAutoregressive, Layers::Coupling] {
        let mut one = recipe.clone();
        (one.kind, one.affine_flow.layers) = (BridgeKind::AffineFlow, layers);
        all.push((format!("affine flow, {layers:?}"), one));
    }
    for kind in [
        BridgeKind::ResidualFlow,
        BridgeKind::ImageFlow,
        BridgeKind::MixtureDensity,
    ] {
        let one = BridgeRecipe { kind, ..recipe.clone() };
        all.push((format!("{kind:?}"), one));
    }
    let mut single = recipe.clone();
    (single.kind, single.mixture_density.components) = (BridgeKind::MixtureDensity, 1);
    all.push(("one Gaussian".to_owned(), single));
    let mut uniform = recipe;
    (uniform.kind, uniform.affine_flow.base) = (BridgeKind::AffineFlow, BaseKind::Uniform);
    all.push(("affine flow from a uniform base".to_owned(), uniform));
    all
}
