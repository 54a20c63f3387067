//! Choices that do not fit together.

use fieldbridge::Error;
use fieldbridge::base::BaseKind;
use fieldbridge::bridge::{BridgeKind, BridgeRecipe, DensityKind, InterpolantForm, Layers, TimeDraw, build};
use fieldbridge::coupling::CouplingKind;
use fieldbridge::likelihood::TraceKind;
use fieldbridge::network::{NetworkKind, NetworkRecipe};
use fieldbridge::path::{Head, NoiseLevels, PathKind};
use fieldbridge::solver::{SamplerKind, SolverKind};

use crate::modalities;

#[test]
fn choices_that_do_not_fit_are_refused_with_what_would() {
    type Change = fn(&mut BridgeRecipe);
    let cases: &[(&str, usize, bool, Change)] = &[
        ("affine_flow.transforms", 2, false, |r| r.affine_flow.transforms = 0),
        ("affine_flow.layers", 1, false, |r| {
            r.affine_flow.layers = Layers::Coupling
        }),
        ("affine_flow.base", 3, false, |r| r.affine_flow.base = BaseKind::Uniform),
        ("affine_flow.base", 2, false, |r| {
            r.affine_flow.base = BaseKind::Mixture {
                means: vec![vec![0.0; 2]],
                deviation: 1.0,
            }
        }),
        ("residual_flow.contraction", 2, false, |r| {
            r.residual_flow.contraction = 1.0
        }),
        ("residual_flow.hidden", 2, false, |r| r.residual_flow.hidden = 0),
        ("image_flow.shape", 63, false, |_| {}),
        ("image_flow.scales", 64, false, |r| r.image_flow.scales = 4),
        ("mixture_density.components", 2, false, |r| {
            r.mixture_density.components = 0
        }),
        ("mixture_density.width", 2, true, |r| r.mixture_density.width = 0),
        ("spline_flow.transforms", 2, false, |r| r.spline_flow.transforms = 0),
        ("spline_flow.width", 2, false, |r| r.spline_flow.width = 0),
        ("spline_flow.bins", 2, false, |r| r.spline_flow.bins = 1),
        ("spline_flow.bound", 2, false, |r| r.spline_flow.bound = f32::NAN),
        ("spline_flow.layers", 1, false, |r| {
            r.spline_flow.layers = Layers::Coupling
        }),
        ("spline_flow.base", 2, false, |r| r.spline_flow.base = BaseKind::Uniform),
        ("flow_matching.blocks", 2, false, |r| r.flow_matching.blocks = 0),
        ("flow_matching.frequencies", 2, false, |r| {
            r.flow_matching.frequencies = 0
        }),
        ("flow_matching.network.shape", 2, false, |r| {
            r.flow_matching.network = NetworkKind::UNet.into();
        }),
        ("flow_matching.balance", 2, false, |r| {
            r.flow_matching.balance = vec![1, 2]
        }),
        ("flow_matching.balance", 2, false, |r| {
            r.flow_matching.balance = vec![0, 2]
        }),
        ("flow_matching.network.parameters", 3, true, |r| {
            r.flow_matching.network = NetworkRecipe {
                kind: NetworkKind::JointTransformer,
                shape: Some(vec![2]),
                parameters: Some(2),
                ..NetworkRecipe::default()
            }
            .into();
        }),
        ("flow_matching.network.observed", 3, true, |r| {
            r.flow_matching.network = NetworkRecipe {
                kind: NetworkKind::JointTransformer,
                shape: Some(vec![2]),
                parameters: Some(1),
                observed: Some(4),
                ..NetworkRecipe::default()
            }
            .into();
        }),
        ("flow_matching.network.points", 2, false, |r| {
            r.flow_matching.network = NetworkRecipe {
                kind: NetworkKind::SetTransformer,
                points: Some(3),
                ..NetworkRecipe::default()
            }
            .into();
        }),
        ("flow_matching.network.width", 2, false, |r| {
            r.flow_matching.network = NetworkRecipe {
                width: 0,
                ..NetworkRecipe::default()
            }
            .into();
        }),
        ("flow_matching.width", 2, false, |r| {
            r.flow_matching.network = NetworkRecipe::default().into();
            r.flow_matching.width = 64;
        }),
        ("flow_matching.likelihood", 300, false, |_| {}),
        ("flow_matching.likelihood.probes", 2, false, |r| {
            r.flow_matching.likelihood = TraceKind::Hutchinson { probes: 1 };
        }),
        ("flow_matching.solver.steps", 2, false, |r| {
            r.flow_matching.solver = SolverKind::Euler { steps: 0 };
        }),
        ("flow_matching.solver.steps", 2, false, |r| {
            r.flow_matching.solver = SolverKind::Heun { steps: 0 };
        }),
        ("flow_matching.solver.steps", 2, false, |r| {
            r.flow_matching.solver = SolverKind::RungeKutta { steps: 0 };
        }),
        ("flow_matching.solver.tolerance", 2, false, |r| {
            r.flow_matching.solver = SolverKind::DormandPrince {
                tolerance: 0.0,
                max_evaluations: 100,
            };
        }),
        ("flow_matching.coupling", 2, true, |r| {
            r.flow_matching.coupling = CouplingKind::Assignment
        }),
        ("flow_matching.coupling", 2, false, |r| {
            r.flow_matching.coupling = CouplingKind::Conditional
        }),
        ("flow_matching.coupling", 2, true, |r| {
            r.flow_matching.coupling = CouplingKind::Sinkhorn { deviation: 0.5 }
        }),
        ("flow_matching.coupling.sinkhorn.deviation", 2, false, |r| {
            r.flow_matching.coupling = CouplingKind::Sinkhorn { deviation: 0.0 }
        }),
        ("flow_matching.base", 2, false, |r| {
            (r.flow_matching.path, r.flow_matching.base) = (PathKind::Edm, BaseKind::Uniform)
        }),
        ("flow_matching.base", 2, false, |r| {
            r.flow_matching.base = BaseKind::Mixture {
                means: vec![vec![0.0]],
                deviation: 1.0,
            }
        }),
        ("flow_matching.head", 2, false, |r| {
            (r.flow_matching.head, r.flow_matching.base) = (Head::Score, BaseKind::Uniform)
        }),
        ("flow_matching.path.conditional_gaussian.sigma_min", 2, false, |r| {
            r.flow_matching.path = PathKind::ConditionalGaussian { sigma_min: 1.0 }
        }),
        ("flow_matching.sampler", 2, false, |r| {
            r.flow_matching.coupling = CouplingKind::Assignment;
            r.flow_matching.sampler = SamplerKind::EulerMaruyama { steps: 10, noise: 1.0 };
        }),
        ("flow_matching.sampler", 2, false, |r| {
            r.flow_matching.base = BaseKind::Uniform;
            r.flow_matching.sampler = SamplerKind::EulerMaruyama { steps: 10, noise: 1.0 };
        }),
        ("diffusion.sampler.steps", 2, false, |r| {
            r.diffusion.sampler = SamplerKind::StochasticHeun { steps: 0, noise: 1.0 }
        }),
        ("diffusion.sampler.noise", 2, false, |r| {
            r.diffusion.sampler = SamplerKind::Ddim {
                steps: 4,
                noise: 1.5,
                levels: NoiseLevels::default(),
            }
        }),
        ("diffusion.sampler.levels.highest", 2, false, |r| {
            let levels = NoiseLevels {
                highest: 0.001,
                ..NoiseLevels::default()
            };
            r.diffusion.sampler = SamplerKind::Heun { steps: 4, levels };
        }),
        ("diffusion.base", 2, false, |r| r.diffusion.base = BaseKind::Uniform),
        ("diffusion.likelihood", 10_000, false, |_| {}),
        ("diffusion.density.draws", 2, false, |r| {
            r.diffusion.density = DensityKind::VariationalBound { draws: 1 }
        }),
        ("diffusion.guidance", 2, false, |r| r.diffusion.guidance = 2.0),
        ("diffusion.guidance", 2, true, |r| r.diffusion.guidance = 2.0),
        ("diffusion.guidance", 2, true, |r| {
            (r.diffusion.guidance, r.diffusion.unconditional_share) = (f64::NAN, 0.1)
        }),
        ("diffusion.unconditional_share", 2, false, |r| {
            r.diffusion.unconditional_share = 0.1
        }),
        ("diffusion.network.width", 2, false, |r| r.diffusion.network.width = 0),
        ("interpolant.source", 2, false, |r| {
            r.interpolant.form = InterpolantForm::PointSource
        }),
        ("interpolant.source", 2, false, |r| {
            r.interpolant.source = Some("start".to_owned())
        }),
        ("interpolant.source", 2, true, |r| {
            r.interpolant.source = Some("start".to_owned())
        }),
        ("interpolant.source", 3, true, |r| {
            (r.interpolant.form, r.interpolant.source) = (InterpolantForm::OneSided, Some("start".to_owned()))
        }),
        ("interpolant.coupling", 3, true, |r| {
            r.interpolant.source = Some("start".to_owned());
            r.interpolant.coupling = CouplingKind::Conditional;
        }),
        ("interpolant.paired", 3, true, |r| {
            r.interpolant.source = Some("start".to_owned());
            (r.interpolant.form, r.interpolant.paired) = (InterpolantForm::PointSource, false);
        }),
        ("interpolant.path", 2, false, |r| r.interpolant.path = PathKind::Cosine),
        ("interpolant.sampler", 2, false, |r| {
            r.interpolant.sampler = SamplerKind::Heun {
                steps: 5,
                levels: NoiseLevels::default(),
            }
        }),
        ("interpolant.latent.size", 2, false, |r| r.interpolant.latent.size = 0.0),
        ("interpolant.time", 2, false, |r| {
            r.interpolant.time = TimeDraw::LogNormal
        }),
        ("continuous_flow.base", 2, false, |r| {
            r.continuous_flow.base = BaseKind::Uniform
        }),
        ("continuous_flow.kinetic", 2, false, |r| {
            r.continuous_flow.kinetic = -1.0
        }),
        ("continuous_flow.training_trace.probes", 2, false, |r| {
            r.continuous_flow.training_trace = TraceKind::Hutchinson { probes: 0 }
        }),
        ("continuous_flow.training_solver.steps", 2, false, |r| {
            r.continuous_flow.training_solver = SolverKind::RungeKutta { steps: 0 }
        }),
    ];
    for &(expected, dimension, conditional, change) in cases {
        let mut recipe = BridgeRecipe {
            kind: match expected.split('.').next() {
                Some("spline_flow") => BridgeKind::SplineFlow,
                Some("diffusion") => BridgeKind::Diffusion,
                Some("interpolant") => BridgeKind::Interpolant,
                Some("continuous_flow") => BridgeKind::ContinuousFlow,
                Some("affine_flow") => BridgeKind::AffineFlow,
                Some("residual_flow") => BridgeKind::ResidualFlow,
                Some("image_flow") => BridgeKind::ImageFlow,
                Some("mixture_density") => BridgeKind::MixtureDensity,
                _ => BridgeKind::FlowMatching,
            },
            ..BridgeRecipe::default()
        };
        change(&mut recipe);
        match build(&recipe, dimension, &modalities(conditional), 0) {
            Err(Error::Recipe { key, hint, .. }) => {
                assert_eq!(key, expected);
                assert!(!hint.is_empty());
            }
            other => panic!("{expected}: {:?}", other.map(|_| "accepted")),
        }
    }
    for (kind, dimension) in [(BridgeKind::ResidualFlow, 33), (BridgeKind::MixtureDensity, 65)] {
        let recipe = BridgeRecipe {
            kind,
            ..BridgeRecipe::default()
        };
        let refused = build(&recipe, dimension, &[], 0).map(|_| ());
        assert!(
            matches!(refused, Err(Error::Recipe { .. })),
            "{kind:?} in {dimension} dimensions"
        );
    }
    let mut biased = BridgeRecipe {
        kind: BridgeKind::FlowMatching,
        ..BridgeRecipe::default()
    };
    (
        biased.flow_matching.coupling,
        biased.flow_matching.allow_biased_coupling,
    ) = (CouplingKind::Assignment, true);
    assert!(build(&biased, 2, &modalities(true), 0).is_ok());
}
