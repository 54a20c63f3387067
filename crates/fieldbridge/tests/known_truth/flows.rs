//! Flows and mixtures of Gaussians on distributions whose densities are known.

use fieldbridge::base::Uniform;
use fieldbridge::bridge::{
    AffineFlowRecipe, BridgeKind, BridgeRecipe, Flow, Layers, MixtureDensityRecipe, ResidualFlowRecipe, Rows,
    SplineFlowRecipe,
};
use fieldbridge::data::known::{Known, KnownKind, draw};
use fieldbridge::device::cpu;
use fieldbridge::network::{Context, Registry};
use fieldbridge::random::Stream;
use fieldbridge::transform::{BoxMuller, Reversed};

use super::mixture::{gaussian, in_one_dimension, in_two_dimensions};
use super::training::trained;
use super::{host, integral, log_density, mean_and_error, normals, rows};

fn sample(known: &dyn Known, count: usize, purpose: &str) -> Vec<f32> {
    let drawn = draw(known, count, &Stream::new(45, purpose, 0));
    drawn.iter().flat_map(|one| one.point.map(|x| x as f32)).collect()
}

fn affine(layers: Layers, transforms: usize) -> BridgeRecipe {
    BridgeRecipe {
        kind: BridgeKind::AffineFlow,
        affine_flow: AffineFlowRecipe {
            layers,
            transforms,
            width: 48,
            context_width: 32,
            ..AffineFlowRecipe::default()
        },
        ..BridgeRecipe::default()
    }
}

fn spline(layers: Layers) -> BridgeRecipe {
    BridgeRecipe {
        kind: BridgeKind::SplineFlow,
        spline_flow: SplineFlowRecipe {
            layers,
            transforms: 3,
            width: 48,
            context_width: 32,
            ..SplineFlowRecipe::default()
        },
        ..BridgeRecipe::default()
    }
}

fn mixture(components: usize) -> BridgeRecipe {
    BridgeRecipe {
        kind: BridgeKind::MixtureDensity,
        mixture_density: MixtureDensityRecipe {
            components,
            width: 32,
            blocks: 1,
            context_width: 32,
            ..MixtureDensityRecipe::default()
        },
        ..BridgeRecipe::default()
    }
}

fn residual() -> BridgeRecipe {
    BridgeRecipe {
        kind: BridgeKind::ResidualFlow,
        residual_flow: ResidualFlowRecipe {
            transforms: 6,
            width: 32,
            context_width: 32,
            ..ResidualFlowRecipe::default()
        },
        ..BridgeRecipe::default()
    }
}

/// Mean log-density less that of the truth on 2000 held-out points, with its error; the trained density must integrate
/// to one and its draws have the mean log-density it gives them.
fn against_truth(name: &str, recipe: &BridgeRecipe, known: &dyn Known, steps: usize) -> (f64, f64) {
    let data = rows(&sample(known, 20_000, "training"), 2, &[]);
    let held_out = sample(known, 2000, "held out");
    let (bridge, weights) = trained(recipe, 2, &data, steps);
    let differences: Vec<f64> = log_density(bridge.as_ref(), &weights, &rows(&held_out, 2, &[]))
        .iter()
        .zip(held_out.chunks_exact(2))
        .map(|((value, error), x)| {
            assert_eq!(*error, 0.0, "{name}");
            value - known.log_density([f64::from(x[0]), f64::from(x[1])])
        })
        .collect();
    let (mean, error) = mean_and_error(&differences);
    let (edge, cells) = (1.5 * known.edge(), 300);
    let total = integral(bridge.as_ref(), &weights, edge, cells, &[]);
    eprintln!("{name}: {mean:.4} +- {error:.4} against the truth, integral {total:.5}");
    assert!((total - 1.0).abs() < 3e-3, "{name}: integral {total}");
    assert!(mean < 4.0 * error, "{name}: {mean} +- {error} above the truth");

    let drawn = host(
        bridge
            .sample(&weights, 2000, None, &Stream::new(5, "draws", 0))
            .unwrap(),
    );
    let drawn: Vec<f32> = drawn.iter().map(|&x| x as f32).collect();
    let of_draws = log_density(bridge.as_ref(), &weights, &rows(&drawn, 2, &[]));
    let of_draws: Vec<f64> = of_draws.iter().map(|(value, _)| *value).collect();
    let (points, volume) = super::grid(2, edge, cells);
    let on_grid = log_density(bridge.as_ref(), &weights, &rows(&points, 2, &[]));
    // far out single precision holds no density at all
    let there = on_grid.iter().filter(|(value, _)| *value > f64::NEG_INFINITY);
    let negative_entropy = there.map(|(value, _)| value.exp() * value).sum::<f64>() * volume;
    let of_draws = mean_and_error(&of_draws);
    assert!(
        (of_draws.0 - negative_entropy).abs() < 4.0 * of_draws.1 + 5e-3,
        "{name}: draws have mean log-density {of_draws:?}, the density gives {negative_entropy}"
    );
    (mean, error)
}

#[test]
fn a_uniform_square_through_box_muller_is_the_normal_distribution_and_back() {
    let weights = Registry::new().finish(0).on(&cpu());
    let normal = Flow {
        dimension: 2,
        base: Box::new(Uniform),
        transforms: vec![Box::new(BoxMuller)],
        embedding: None,
    };
    let truth = gaussian(&[0.0, 0.0], &[1.0, 1.0]);
    let points = truth.sample(1000, "points");
    let found = log_density(&normal, &weights, &rows(&points, 2, &[]));
    for ((value, error), expected) in found.iter().zip(truth.log_densities(&points)) {
        assert!(
            (value - expected).abs() < 1e-5 * (1.0 + expected.abs()),
            "{value} {expected}"
        );
        assert_eq!(*error, 0.0);
    }
    assert!((integral(&normal, &weights, 7.0, 200, &[]) - 1.0).abs() < 1e-4);
    // the other way, from the normal distribution to the square
    let square = Flow {
        dimension: 2,
        base: Box::new(fieldbridge::base::Normal),
        transforms: vec![Box::new(Reversed(Box::new(BoxMuller)))],
        embedding: None,
    };
    let inside: Vec<f32> = Stream::new(1, "square", 0)
        .uniforms(2000)
        .iter()
        .map(|u| 1.99 * u - 0.995)
        .collect();
    for (value, _) in log_density(&square, &weights, &rows(&inside, 2, &[])) {
        assert!((value + 4.0_f64.ln()).abs() < 1e-4, "{value}");
    }
}

#[test]
fn affine_flows_learn_a_correlated_gaussian() {
    let known = KnownKind::CorrelatedNormal.build(None).unwrap();
    let uniform_base = {
        let mut recipe = affine(Layers::Autoregressive, 2);
        recipe.affine_flow.base = fieldbridge::base::BaseKind::Uniform;
        recipe
    };
    for (name, recipe) in [
        ("masked autoregressive flow", affine(Layers::Autoregressive, 2)),
        ("inverse autoregressive flow", affine(Layers::InverseAutoregressive, 2)),
        ("coupling flow", affine(Layers::Coupling, 3)),
        ("affine flow from a uniform base", uniform_base),
        ("one Gaussian", mixture(1)),
    ] {
        let (mean, _) = against_truth(&format!("{name} on a Gaussian"), &recipe, known.as_ref(), 300);
        assert!(mean > -0.01, "{name}: {mean}");
    }
}

#[test]
fn a_mixture_with_the_true_number_of_components_reaches_the_entropy() {
    for (truth, components) in [(in_one_dimension(), 2), (in_two_dimensions(), 3)] {
        let dimension = truth.dimension();
        let data = rows(&truth.sample(20_000, "training"), dimension, &[]);
        let (bridge, weights) = trained(&mixture(components), dimension, &data, 800);
        let held_out = truth.sample(4000, "held out");
        let differences: Vec<f64> = log_density(bridge.as_ref(), &weights, &rows(&held_out, dimension, &[]))
            .iter()
            .zip(truth.log_densities(&held_out))
            .map(|((value, _), expected)| value - expected)
            .collect();
        let (mean, error) = mean_and_error(&differences);
        eprintln!("mixture on {}: {mean:.4} +- {error:.4} against the truth", truth.name);
        assert!(mean < 4.0 * error && mean > -0.02, "{}: {mean} +- {error}", truth.name);
    }
}

#[test]
fn flows_come_near_the_entropy_of_the_moons() {
    let known = KnownKind::TwoMoons.build(Some(0.1)).unwrap();
    for (name, recipe, steps, lost) in [
        (
            "inverse autoregressive flow",
            affine(Layers::InverseAutoregressive, 6),
            1600,
            0.2,
        ),
        (
            "masked autoregressive flow",
            affine(Layers::Autoregressive, 12),
            2500,
            0.05,
        ),
        ("coupling flow", affine(Layers::Coupling, 10), 2000, 0.05),
        ("autoregressive spline flow", spline(Layers::Autoregressive), 1200, 0.05),
        ("coupling spline flow", spline(Layers::Coupling), 1200, 0.05),
        ("mixture of twenty Gaussians", mixture(20), 1500, 0.05),
    ] {
        let (mean, error) = against_truth(&format!("{name} on two moons"), &recipe, known.as_ref(), steps);
        assert!(mean > -lost, "{name}: {mean} +- {error}");
    }
}

/// `theta ~ N(0, 1)`, seen as `theta + N(0, 0.5^2)`: given `c` it is normal with mean `c / 1.25` and variance `0.2`.
#[test]
fn mixtures_and_residual_flows_learn_the_analytic_posterior() {
    let count = 20_000;
    let (theta, noise) = (normals("theta", count), normals("noise", count));
    let seen: Vec<f32> = theta
        .iter()
        .zip(&noise)
        .map(|(theta, noise)| theta + 0.5 * noise)
        .collect();
    let data = Rows {
        count,
        data: theta,
        context: seen,
        mask: vec![1.0; count],
        ..Rows::default()
    };
    for (name, recipe) in [
        ("mixture", mixture(3)),
        ("masked autoregressive flow", affine(Layers::Autoregressive, 2)),
        ("residual flow", residual()),
    ] {
        let (bridge, weights) = trained(&recipe, 1, &data, 600);
        for c in [-1.5_f32, 0.0, 1.0] {
            let truth = gaussian(&[f64::from(c) / 1.25], &[0.2_f64.sqrt()]);
            let points = truth.sample(2000, "posterior");
            let found = log_density(bridge.as_ref(), &weights, &rows(&points, 1, &[c]));
            let differences: Vec<f64> = found
                .iter()
                .zip(truth.log_densities(&points))
                .map(|((value, _), expected)| value - expected)
                .collect();
            let (mean, error) = mean_and_error(&differences);
            eprintln!("{name} given {c}: {mean:.4} +- {error:.4} against the truth");
            assert!(
                mean < 4.0 * error && mean > -0.02,
                "{name} given {c}: {mean} +- {error}"
            );
            assert!((integral(bridge.as_ref(), &weights, 6.0, 400, &[c]) - 1.0).abs() < 1e-3);
            let draws = 2000;
            let context = Context::from_host(&vec![c; draws], &vec![1.0; draws], draws, &cpu());
            let drawn = host(
                bridge
                    .sample(&weights, draws, Some(&context), &Stream::new(6, "draws", 0))
                    .unwrap(),
            );
            let (mean, error) = mean_and_error(&drawn);
            assert!(
                (mean - f64::from(c) / 1.25).abs() < 4.0 * error + 0.05,
                "{name} given {c}: {mean} +- {error}"
            );
        }
    }
}
