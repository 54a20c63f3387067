//! Every implementation of every trait through the same checks.

use burn_tensor::{Tensor, TensorData};
use fieldbridge::Error;
use fieldbridge::base::BaseKind;
use fieldbridge::bridge::{Bridge, BridgeKind, BridgeRecipe, Layers, NetworkKind, Rows, TimeDraw, build};
use fieldbridge::coupling::{Batch, CouplingKind};
use fieldbridge::device::cpu;
use fieldbridge::likelihood::TraceKind;
use fieldbridge::network::{Activation, Modality, Parameters};
use fieldbridge::path::PathKind;
use fieldbridge::random::Stream;
use fieldbridge::solver::SolverKind;
use fieldbridge::train::gradient;

fn tensor(values: &[f32], columns: usize) -> Tensor<2> {
    Tensor::from_data(
        TensorData::new(values.to_vec(), [values.len() / columns, columns]),
        &cpu(),
    )
}

fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().as_slice::<f32>().unwrap().to_vec()
}

fn normals(purpose: &str, count: usize) -> Vec<f32> {
    Stream::new(61, purpose, 0).normals(count)
}

#[test]
fn bases_draw_from_the_density_they_state() {
    for (kind, edge) in [(BaseKind::Normal, 7.0_f32), (BaseKind::Uniform, 1.0)] {
        let base = kind.build();
        let stream = Stream::new(1, "base", 0);
        assert_eq!(base.sample(50, 3, &stream), base.sample(50, 3, &stream));
        assert_ne!(
            base.sample(50, 3, &stream),
            base.sample(50, 3, &Stream::new(1, "base", 1))
        );
        // more rows begin with the same rows
        assert_eq!(base.sample(10, 3, &stream), base.sample(50, 3, &stream)[..30]);
        let drawn = base.sample(20_000, 1, &stream);
        let of_draws = host(base.log_density(tensor(&drawn, 1)));
        assert!(of_draws.iter().all(|value| value.is_finite()));
        let cells = 20_000;
        let width = f64::from(2.0 * edge) / f64::from(cells);
        let points: Vec<f32> = (0..cells)
            .map(|at| (f64::from(-edge) + (f64::from(at) + 0.5) * width) as f32)
            .collect();
        let on_grid = host(base.log_density(tensor(&points, 1)));
        let (mut total, mut negative_entropy) = (0.0, 0.0);
        for value in on_grid {
            let density = f64::from(value).exp();
            total += density * width;
            negative_entropy += density * f64::from(value) * width;
        }
        assert!((total - 1.0).abs() < 1e-4, "{kind:?}: {total}");
        let mean = of_draws.iter().map(|&value| f64::from(value)).sum::<f64>() / 20_000.0;
        // the log-density of the normal distribution has deviation 0.71
        assert!(
            (mean - negative_entropy).abs() < 4.0 * 0.71 / 20_000_f64.sqrt() + 1e-5,
            "{kind:?}: {mean} {negative_entropy}"
        );
        // dimensions are independent
        let three = host(base.log_density(tensor(&[0.3, -0.8, 0.1], 3)))[0];
        let apart: f32 = host(base.log_density(tensor(&[0.3, -0.8, 0.1], 1))).iter().sum();
        assert!((three - apart).abs() < 1e-5);
    }
    let outside = BaseKind::Uniform.build().log_density(tensor(&[0.5, 1.5, 0.2, 0.3], 2));
    let outside = host(outside);
    assert!(outside[0] == f32::NEG_INFINITY && outside[1].is_finite());
}

#[test]
fn couplings_are_permutations_that_a_stream_fixes() {
    let rows = 64;
    let (base, data, context) = (
        normals("base", 2 * rows),
        normals("data", 2 * rows),
        normals("context", rows),
    );
    let cost = |pairs: &[usize]| -> f32 {
        let each = pairs.iter().enumerate();
        each.map(|(j, &i)| (0..2).map(|d| (base[2 * i + d] - data[2 * j + d]).powi(2)).sum::<f32>())
            .sum()
    };
    let mut costs = Vec::new();
    for kind in [
        CouplingKind::Independent,
        CouplingKind::Conditional,
        CouplingKind::Assignment,
    ] {
        let batch = Batch {
            base: &base,
            data: &data,
            context: &context,
            rows,
        };
        let pair = |index| kind.build().pair(&batch, &Stream::new(2, "pair", index));
        let mut sorted = pair(0);
        sorted.sort_unstable();
        assert_eq!(sorted, (0..rows).collect::<Vec<_>>(), "{kind:?}");
        assert_eq!(pair(0), pair(0), "{kind:?}");
        costs.push(cost(&pair(0)));
        let empty = Batch {
            base: &[],
            data: &[],
            context: &[],
            rows: 0,
        };
        assert!(
            kind.build().pair(&empty, &Stream::new(2, "pair", 0)).is_empty(),
            "{kind:?}"
        );
    }
    assert!(costs[2] <= costs[1] && costs[1] < costs[0], "{costs:?}");
}

#[test]
fn paths_begin_and_end_at_their_points_at_the_stated_velocity() {
    for kind in [PathKind::Linear] {
        let path = kind.build();
        let (x0, x1) = (normals("x0", 10), normals("x1", 10));
        let at = |t: f32| path.at(tensor(&x0, 2), tensor(&x1, 2), tensor(&[t; 5], 1));
        assert_eq!(host(at(0.0).0), x0);
        assert_eq!(host(at(1.0).0), x1);
        for t in [0.1, 0.5, 0.9] {
            let step = 1e-2;
            let numeric = host((at(t + step).0 - at(t - step).0) / (2.0 * step));
            for (velocity, numeric) in host(at(t).1).iter().zip(numeric) {
                assert!((velocity - numeric).abs() < 1e-3 * (1.0 + velocity.abs()));
            }
        }
    }
}

const DIMENSION: usize = 3;

/// Every family, network, coupling, base, trace and time draw, with small networks.
fn recipes(conditional: bool) -> Vec<(String, BridgeRecipe)> {
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
                    ) = (network, coupling, solver, likelihood);
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
    all
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

/// Images are of four pixels, pairs for a uniform base too.
fn dimension(recipe: &BridgeRecipe) -> usize {
    let even = recipe.kind == BridgeKind::ImageFlow
        || recipe.kind == BridgeKind::AffineFlow && recipe.affine_flow.base == BaseKind::Uniform;
    if even { 4 } else { DIMENSION }
}

fn modalities(conditional: bool) -> Vec<Modality> {
    let modality = |name: &str, width| Modality {
        name: name.to_owned(),
        width,
    };
    if conditional {
        vec![modality("magnitudes", 2), modality("errors", 1)]
    } else {
        Vec::new()
    }
}

fn rows(count: usize, dimension: usize, conditional: bool) -> Rows {
    let width = if conditional { 3 } else { 0 };
    Rows {
        count,
        data: normals("rows", count * dimension),
        context: normals("contexts", count * width),
        mask: (0..count * width).map(|at| f32::from(u8::from(at % 5 != 0))).collect(),
        ..Rows::default()
    }
}

/// A bridge with its parameters moved off their zeros.
fn built(recipe: &BridgeRecipe, conditional: bool) -> (Box<dyn Bridge>, Parameters) {
    let (bridge, mut parameters) = build(recipe, dimension(recipe), &modalities(conditional), 3).unwrap();
    let noise = normals("perturbation", parameters.count());
    for (value, noise) in parameters.values_mut().iter_mut().zip(noise) {
        *value += 0.1 * noise;
    }
    (bridge, parameters)
}

#[test]
fn bridges_give_finite_losses_whose_gradient_reaches_every_tensor() {
    for conditional in [false, true] {
        for (name, recipe) in recipes(conditional) {
            let (bridge, parameters) = built(&recipe, conditional);
            let dimension = dimension(&recipe);
            assert_eq!(bridge.dimension(), dimension);
            let mut batch = rows(48, dimension, conditional);
            bridge.join(&mut batch, &Stream::new(4, "join", 0));
            let mut again = rows(48, dimension, conditional);
            bridge.join(&mut again, &Stream::new(4, "join", 0));
            assert_eq!(batch, again, "{name}");
            assert!(batch.time.iter().all(|t| (0.0..=1.0).contains(t)));
            let stream = Stream::new(4, "dropout", 0);
            let whole = gradient(bridge.as_ref(), &parameters, &batch, 48, (0.0, &stream), &cpu());
            assert!(whole.loss.is_finite() && whole.non_finite.is_empty(), "{name}");
            let mut start = 0;
            for (entry, values) in parameters.entries() {
                let slopes = &whole.values[start..start + values.len()];
                assert!(slopes.iter().all(|slope| slope.is_finite()), "{name}: {}", entry.name);
                assert!(
                    slopes.iter().any(|&slope| slope != 0.0),
                    "{name}: nothing reaches {}",
                    entry.name
                );
                start += values.len();
            }
            // shards change the rounding alone
            let sharded = gradient(bridge.as_ref(), &parameters, &batch, 7, (0.0, &stream), &cpu());
            assert!(
                (whole.loss - sharded.loss).abs() < 1e-5 * (1.0 + whole.loss.abs()),
                "{name}"
            );
            let norm = whole.values.iter().map(|slope| slope * slope).sum::<f32>().sqrt();
            for (one, other) in whole.values.iter().zip(&sharded.values) {
                assert!((one - other).abs() < 1e-4 * norm, "{name}: {one} {other}");
            }
        }
    }
}

#[test]
fn bridges_answer_row_by_row() {
    for conditional in [false, true] {
        for (name, recipe) in recipes(conditional) {
            let (bridge, parameters) = built(&recipe, conditional);
            let weights = parameters.on(&cpu());
            let (dimension, width) = (dimension(&recipe), bridge.base_width());
            let mut batch = rows(9, dimension, conditional);
            batch.base = bridge.draw_base(9, &Stream::new(5, "base", 0));
            assert_eq!(batch.base.len(), 9 * width, "{name}");
            let answers = |part: &Rows| {
                let context = part.context_on(&cpu());
                let stream = Stream::new(5, "trace", 0);
                let density = bridge
                    .log_density(&weights, tensor(&part.data, dimension), context.as_ref(), &stream)
                    .unwrap();
                let base = tensor(&part.base, width);
                let carried = bridge.transport(&weights, base, context.as_ref()).unwrap();
                (host(density.value), host(density.error), host(carried))
            };
            let (values, errors, carried) = answers(&batch);
            assert_eq!(
                (values.len(), errors.len(), carried.len()),
                (9, 9, 9 * dimension),
                "{name}"
            );
            assert!(values.iter().chain(&carried).all(|value| value.is_finite()), "{name}");
            let exact = recipe.kind != BridgeKind::FlowMatching;
            assert!(
                errors.iter().all(|&error| if exact {
                    error == 0.0
                } else {
                    error > 0.0 && error < 5.0
                }),
                "{name}: {errors:?}"
            );
            // the first rows among fewer others; random probes are drawn row by row
            let (fewer, _, fewer_carried) = answers(&batch.slice(0, 4));
            for (one, other) in fewer.iter().zip(&values).chain(fewer_carried.iter().zip(&carried)) {
                assert!((one - other).abs() < 1e-4 * (1.0 + one.abs()), "{name}: {one} {other}");
            }
            if conditional {
                let mut other = batch.clone();
                other.context[1] += 1.0;
                let (moved, _, moved_carried) = answers(&other);
                assert!(
                    (moved[0] - values[0]).abs() > 1e-6 || moved_carried[..dimension] != carried[..dimension],
                    "{name}: the context is not read"
                );
                assert_eq!(moved[1..], values[1..], "{name}");
            }
            let context = batch.context_on(&cpu());
            let drawn = |index| {
                host(
                    bridge
                        .sample(&weights, 9, context.as_ref(), &Stream::new(6, "draw", index))
                        .unwrap(),
                )
            };
            assert_eq!(drawn(0), drawn(0), "{name}");
            assert_ne!(drawn(0), drawn(1), "{name}");
        }
    }
}

#[test]
fn members_of_a_mixture_share_their_structure() {
    for (name, recipe) in recipes(true) {
        let parameters = |seed| build(&recipe, dimension(&recipe), &modalities(true), seed).unwrap().1;
        assert!(parameters(1).has_layout_of(&parameters(2)), "{name}");
        assert_ne!(parameters(1).values(), parameters(2).values(), "{name}");
    }
}

#[test]
fn choices_that_do_not_fit_are_refused_with_what_would() {
    type Change = fn(&mut BridgeRecipe);
    let cases: [(&str, usize, bool, Change); 25] = [
        ("affine_flow.transforms", 2, false, |r| r.affine_flow.transforms = 0),
        ("affine_flow.layers", 1, false, |r| {
            r.affine_flow.layers = Layers::Coupling
        }),
        ("affine_flow.base", 3, false, |r| r.affine_flow.base = BaseKind::Uniform),
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
    ];
    for (expected, dimension, conditional, change) in cases {
        let mut recipe = BridgeRecipe {
            kind: match expected.split('.').next() {
                Some("spline_flow") => BridgeKind::SplineFlow,
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
