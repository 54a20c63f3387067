//! Every implementation of every trait through the same checks.

use burn_tensor::{Tensor, TensorData};
use fieldbridge::Error;
use fieldbridge::base::BaseKind;
use fieldbridge::bridge::{
    Bridge, BridgeKind, BridgeRecipe, DensityKind, InterpolantForm, Layers, Rows, TimeDraw, build,
};
use fieldbridge::coupling::{Batch, CouplingKind};
use fieldbridge::device::cpu;
use fieldbridge::likelihood::TraceKind;
use fieldbridge::network::{Activation, Modality, NetworkKind, NetworkRecipe, Padding, Parameters, Precision};
use fieldbridge::path::{Head, LatentShape, LossWeight, NoiseLevels, PathKind};
use fieldbridge::random::Stream;
use fieldbridge::solver::{Churn, SamplerKind, SolverKind};
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
    let clouds = |dimension: usize| BaseKind::Mixture {
        means: vec![vec![-1.5; dimension], vec![0.5; dimension]],
        deviation: 0.6,
    };
    for (index, edge) in [7.0_f32, 1.0, 7.0].into_iter().enumerate() {
        let kind = |dimension| [BaseKind::Normal, BaseKind::Uniform, clouds(dimension)][index].clone();
        let build = |dimension| kind(dimension).build("base", dimension).unwrap();
        let (kind, base) = (kind(3), build(3));
        let stream = Stream::new(1, "base", 0);
        assert_eq!(base.sample(50, 3, &stream), base.sample(50, 3, &stream));
        assert_ne!(
            base.sample(50, 3, &stream),
            base.sample(50, 3, &Stream::new(1, "base", 1))
        );
        // more rows begin with the same rows
        assert_eq!(base.sample(10, 3, &stream), base.sample(50, 3, &stream)[..30]);
        assert!(base.has_density());
        let (base, in_three) = (build(1), base);
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
        // the log-densities have deviations up to 0.71
        assert!(
            (mean - negative_entropy).abs() < 4.0 * 0.71 / 20_000_f64.sqrt() + 1e-5,
            "{kind:?}: {mean} {negative_entropy}"
        );
        // dimensions are independent, but for the choice of a cloud
        if !matches!(kind, BaseKind::Mixture { .. }) {
            let three = host(in_three.log_density(tensor(&[0.3, -0.8, 0.1], 3)))[0];
            let apart: f32 = host(base.log_density(tensor(&[0.3, -0.8, 0.1], 1))).iter().sum();
            assert!((three - apart).abs() < 1e-5);
        }
    }
    let outside = BaseKind::Uniform
        .build("base", 2)
        .unwrap()
        .log_density(tensor(&[0.5, 1.5, 0.2, 0.3], 2));
    let outside = host(outside);
    assert!(outside[0] == f32::NEG_INFINITY && outside[1].is_finite());
}

#[test]
fn a_base_of_points_draws_its_points_and_knows_no_density() {
    let points = normals("points", 2 * 50);
    let base = BaseKind::Empirical { points: points.clone() }.build("base", 2).unwrap();
    let stream = Stream::new(1, "base", 0);
    let drawn = base.sample(400, 2, &stream);
    assert_eq!(drawn, base.sample(400, 2, &stream));
    assert_eq!(base.sample(10, 2, &stream), drawn[..20]);
    assert!(
        drawn
            .chunks_exact(2)
            .all(|draw| points.chunks_exact(2).any(|point| point == draw))
    );
    let distinct: std::collections::BTreeSet<u32> = drawn.iter().step_by(2).map(|x| x.to_bits()).collect();
    // 50 (1 - exp(-8)) on average
    assert!(distinct.len() >= 48, "{}", distinct.len());
    assert!(
        !base.has_density()
            && host(base.log_density(tensor(&drawn, 2)))
                .iter()
                .all(|value| value.is_nan())
    );
    for broken in [vec![], vec![0.0; 3], vec![0.0, f32::NAN]] {
        let refused = BaseKind::Empirical { points: broken }.build("interpolant.base", 2);
        assert!(matches!(refused, Err(Error::Recipe { key, .. }) if key == "interpolant.base"));
    }
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
    let paths = [
        PathKind::Linear,
        PathKind::ConditionalGaussian { sigma_min: 0.1 },
        PathKind::Trigonometric,
        PathKind::VariancePreserving,
        PathKind::Cosine,
        PathKind::VarianceExploding,
        PathKind::Edm,
    ];
    for kind in paths {
        let path = kind.build();
        let (x0, x1) = (normals("x0", 10), normals("x1", 10));
        let at = |t: f32| path.at(tensor(&x0, 2), tensor(&x1, 2), &[t; 5]);
        if matches!(kind, PathKind::Linear | PathKind::Trigonometric) {
            assert_eq!(host(at(0.0).0), x0, "{kind:?}");
            assert_eq!(host(at(1.0).0), x1, "{kind:?}");
        }
        for t in [0.1, 0.5, 0.9] {
            let step = 1e-2;
            let numeric = host((at(t + step).0 - at(t - step).0) / (2.0 * step));
            for (velocity, numeric) in host(at(t).1).iter().zip(numeric) {
                // central differences of steps this long: the logarithm of the noise falls by 10.6
                assert!(
                    (velocity - numeric).abs() < 5e-3 * (1.0 + velocity.abs()),
                    "{kind:?} at {t}"
                );
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
        vec![
            modality("magnitudes", 2),
            modality("errors", 1),
            modality("start", DIMENSION),
        ]
    } else {
        Vec::new()
    }
}

fn rows(count: usize, dimension: usize, conditional: bool) -> Rows {
    let width = if conditional { 3 + DIMENSION } else { 0 };
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
            let whole = gradient(
                bridge.as_ref(),
                &parameters,
                &batch,
                48,
                (0.0, &stream),
                Precision::Single,
                &cpu(),
            );
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
            // rounded factors change the gradient by about their own error, 2^-8
            let half = gradient(
                bridge.as_ref(),
                &parameters,
                &batch,
                48,
                (0.0, &stream),
                Precision::Bf16,
                &cpu(),
            );
            let distance = |of: &dyn Fn(f32, f32) -> f32| {
                let both = whole.values.iter().zip(&half.values);
                both.map(|(one, other)| of(*one, *other).powi(2)).sum::<f32>().sqrt()
            };
            let share = distance(&|one, other| one - other) / distance(&|one, _| one);
            // contractions are not rounded, since their bound would not hold, and a mixture alone has no products
            let without_products = recipe.kind == BridgeKind::MixtureDensity && !conditional;
            let expected = if recipe.kind == BridgeKind::ResidualFlow || without_products {
                0.0..=0.05
            } else {
                1e-4..=0.05
            };
            assert!(expected.contains(&share), "{name}: off by {share}");
            // shards change the rounding alone
            let sharded = gradient(
                bridge.as_ref(),
                &parameters,
                &batch,
                7,
                (0.0, &stream),
                Precision::Single,
                &cpu(),
            );
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
            let exact = matches!(
                recipe.kind,
                BridgeKind::SplineFlow
                    | BridgeKind::AffineFlow
                    | BridgeKind::ResidualFlow
                    | BridgeKind::ImageFlow
                    | BridgeKind::MixtureDensity
            );
            assert!(
                errors.iter().all(|&error| if exact {
                    error == 0.0
                } else {
                    // the bound of an untrained network is far away, and so is its scatter
                    let by_bound = recipe.kind == BridgeKind::Diffusion
                        && recipe.diffusion.density != DensityKind::ProbabilityFlow;
                    error > 0.0 && error.is_finite() && (by_bound || error < 5.0)
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

#[test]
fn pairs_that_come_with_the_rows_are_kept() {
    for (name, mut recipe) in recipes(true) {
        if recipe.kind != BridgeKind::Interpolant && recipe.kind != BridgeKind::FlowMatching {
            continue;
        }
        let paired = recipe.kind == BridgeKind::Interpolant && recipe.interpolant.form == InterpolantForm::TwoSided;
        if paired {
            recipe.interpolant.source = Some("start".to_owned());
            unpaired_sources_are_shuffled(&recipe);
        }
        let (bridge, parameters) = built(&recipe, true);
        let mut batch = rows(20, DIMENSION, true);
        let given = normals("pairs", 20 * DIMENSION);
        batch.base = given.clone();
        bridge.join(&mut batch, &Stream::new(4, "join", 0));
        if recipe.kind == BridgeKind::FlowMatching {
            assert_eq!(batch.base, given, "{name}");
        } else if recipe.interpolant.source.is_some() {
            // the base points are columns of the context, at zero where they were not observed
            for row in 0..20 {
                for d in 0..DIMENSION {
                    let at = row * (3 + DIMENSION) + 3 + d;
                    let expected = if batch.mask[at] == 0.0 { 0.0 } else { batch.context[at] };
                    assert_eq!(batch.base[row * DIMENSION + d], expected, "{name}");
                }
            }
        }
        if paired {
            let (weights, context) = (parameters.on(&cpu()), batch.context_on(&cpu()));
            let refused = bridge.log_density(
                &weights,
                tensor(&batch.data, DIMENSION),
                context.as_ref(),
                &Stream::new(5, "trace", 0),
            );
            assert!(refused.unwrap_err().to_string().contains("point_source"), "{name}");
        }
    }
}

fn unpaired_sources_are_shuffled(recipe: &BridgeRecipe) {
    let mut recipe = recipe.clone();
    recipe.interpolant.paired = false;
    let (bridge, _) = built(&recipe, true);
    let mut batch = rows(200, DIMENSION, true);
    batch.mask.fill(1.0);
    bridge.join(&mut batch, &Stream::new(4, "join", 0));
    let own = |row: usize| &batch.context[row * (3 + DIMENSION) + 3..(row + 1) * (3 + DIMENSION)];
    let joined: Vec<usize> = batch
        .base
        .chunks_exact(DIMENSION)
        .map(|point| (0..200).find(|&row| own(row) == point).unwrap())
        .collect();
    let kept = joined.iter().enumerate().filter(|(row, from)| row == *from).count();
    let mut sorted = joined.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, (0..200).collect::<Vec<_>>());
    assert!(kept < 8, "{kept} of 200 keep their own");
}

#[test]
fn guidance_of_one_is_the_model_and_of_zero_the_model_without_context() {
    let mut recipe = recipes(true)
        .into_iter()
        .find(|(_, recipe)| recipe.kind == BridgeKind::Diffusion)
        .unwrap()
        .1;
    recipe.diffusion.unconditional_share = 0.3;
    let batch = rows(12, DIMENSION, true);
    let mut masked = batch.clone();
    masked.mask.fill(0.0);
    let answers = |guidance: f64, rows: &Rows| {
        let mut recipe = recipe.clone();
        recipe.diffusion.guidance = guidance;
        let (bridge, parameters) = built(&recipe, true);
        let (weights, context) = (parameters.on(&cpu()), rows.context_on(&cpu()));
        let stream = Stream::new(7, "draws", 0);
        let drawn = host(bridge.sample(&weights, 12, context.as_ref(), &stream).unwrap());
        let x = tensor(&rows.data, DIMENSION);
        let density = bridge.log_density(&weights, x, context.as_ref(), &stream).unwrap();
        [drawn, host(density.value)].concat()
    };
    let close = |one: &[f32], other: &[f32]| {
        let pairs = one.iter().zip(other);
        pairs
            .map(|(one, other)| (one - other).abs() / (1.0 + one.abs()))
            .fold(0.0, f32::max)
    };
    let plain = answers(1.0, &batch);
    assert!(close(&answers(0.0, &batch), &answers(1.0, &masked)) < 1e-4);
    assert!(close(&answers(0.0, &batch), &plain) > 1e-3);
    assert!(close(&answers(2.0, &batch), &plain) > 1e-3);
    // rows of training lose their context in the share asked for
    let (bridge, _) = built(&recipe, true);
    let mut many = rows(2000, DIMENSION, true);
    let before = many.mask.clone();
    bridge.join(&mut many, &Stream::new(8, "join", 0));
    let width = before.len() / 2000;
    let lost = (0..2000)
        .filter(|row| {
            many.mask[row * width..(row + 1) * width]
                .iter()
                .all(|&seen| seen == 0.0)
        })
        .count();
    assert!((500..700).contains(&lost), "{lost}");
}
