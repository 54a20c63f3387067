//! Stochastic interpolants between mixtures, and from a known point, with exact networks.

use fieldbridge::base::{Base, Empirical, Mixture as RoundClouds, Normal};
use fieldbridge::bridge::{Bridge, Interpolant, PointSource, Source, TimeDraw};
use fieldbridge::coupling::Independent;
use fieldbridge::device::cpu;
use fieldbridge::likelihood::ExactTrace;
use fieldbridge::network::{Activation, Context, ContextEmbedding, Modality, Network, Registry};
use fieldbridge::path::{Latent, LatentShape, PathKind};
use fieldbridge::random::Stream;
use fieldbridge::solver::{DormandPrince, SamplerKind};

use super::exact::no_weights;
use super::mixture::{Mixture, gaussian, in_two_dimensions};
use super::posterior::{Ends, Exact, Question};
use super::{host, log_density, mean_and_error, rows};

/// Two round clouds, as a mixture and as a base.
fn start() -> (Mixture, RoundClouds) {
    let means = vec![vec![-0.8, 0.4], vec![0.9, -0.5]];
    let mut mixture = gaussian(&means[0], &[0.4, 0.4]);
    mixture.components[0].weight = 0.5;
    mixture.components.push(mixture.components[0].clone());
    mixture.components[1].mean = means[1].clone();
    (mixture, RoundClouds { means, deviation: 0.4 })
}

fn exact(path: PathKind, latent: Latent, base: Box<dyn Base>, sampler: SamplerKind) -> Interpolant {
    let ends = Ends {
        base: start().0,
        data: in_two_dimensions(),
    };
    let network = |question| -> Box<dyn Network> {
        Box::new(Exact {
            ends: ends.clone(),
            question,
        })
    };
    Interpolant {
        dimension: 2,
        base,
        source: None,
        paired: false,
        coupling: Box::new(Independent),
        path: path.build(),
        latent,
        time: TimeDraw::Uniform,
        network: network(Question::Along(path, latent)),
        denoiser: network(Question::Latent(path, latent)),
        solver: Box::new(DormandPrince {
            tolerance: 1e-5,
            max_evaluations: 20_000,
        }),
        sampler,
        trace: Box::new(ExactTrace),
        embedding: None,
    }
}

const SHAPES: [LatentShape; 3] = [LatentShape::Parabola, LatentShape::Root, LatentShape::Sine];

fn latent(shape: LatentShape) -> Latent {
    Latent {
        shape,
        size: if shape == LatentShape::Parabola { 2.0 } else { 0.7 },
    }
}

#[test]
fn mixtures_are_carried_to_mixtures_with_the_exact_density() {
    let data = in_two_dimensions();
    let points = data.sample(80, "points");
    for path in [PathKind::Linear, PathKind::Trigonometric] {
        for shape in SHAPES {
            let bridge = exact(path, latent(shape), Box::new(start().1), SamplerKind::ProbabilityFlow);
            let found = log_density(&bridge, &no_weights(), &rows(&points, 2, &[]));
            // a Brownian bridge leaves out its first and last 1e-4, where its noise is 0.7 * 0.01
            let left_out = if shape == LatentShape::Root { 0.02 } else { 0.0 };
            for ((value, error), expected) in found.iter().zip(data.log_densities(&points)) {
                assert!(
                    (value - expected).abs() < 2e-3 + 3.0 * error + left_out,
                    "{path:?}, {shape:?}: {value} +- {error}, expected {expected}"
                );
            }
        }
    }
}

fn assert_draws(data: &Mixture, drawn: &[f64], name: &str) {
    let dimension = data.dimension();
    for d in 0..dimension {
        let (mean, variance) = data.moments(d);
        let values: Vec<f64> = drawn.iter().skip(d).step_by(dimension).copied().collect();
        let (found, error) = mean_and_error(&values);
        assert!(
            (found - mean).abs() < 4.0 * error + 0.01,
            "{name}: mean {found} +- {error}, expected {mean}"
        );
        let squares: Vec<f64> = values.iter().map(|x| (x - mean).powi(2)).collect();
        let (found, error) = mean_and_error(&squares);
        assert!(
            (found - variance).abs() < 4.0 * error + 0.02 * variance,
            "{name}: variance {found} +- {error}, expected {variance}"
        );
    }
    let points: Vec<f32> = drawn.iter().map(|&x| x as f32).collect();
    let of_draws = mean_and_error(&data.log_densities(&points));
    let of_truth = mean_and_error(&data.log_densities(&data.sample(20_000, "entropy")));
    let error = of_draws.1.hypot(of_truth.1);
    assert!(
        (of_draws.0 - of_truth.0).abs() < 4.0 * error + 0.04,
        "{name}: {of_draws:?} {of_truth:?}"
    );
}

#[test]
fn the_marginals_are_the_same_for_every_strength_of_the_noise() {
    for shape in SHAPES {
        for noise in [0.0, 0.5, 2.0] {
            let sampler = SamplerKind::StochasticHeun { steps: 300, noise };
            let bridge = exact(PathKind::Linear, latent(shape), Box::new(start().1), sampler);
            let drawn = bridge
                .sample(&no_weights(), 2000, None, &Stream::new(1, "draws", 0))
                .unwrap();
            assert_draws(&in_two_dimensions(), &host(drawn), &format!("{shape:?}, noise {noise}"));
        }
    }
}

#[test]
fn a_base_of_points_is_carried_and_has_no_density() {
    let points = start().0.sample(3000, "base");
    let base = Box::new(Empirical::new(points, 2).unwrap());
    let sampler = SamplerKind::StochasticHeun { steps: 200, noise: 1.0 };
    let bridge = exact(PathKind::Linear, Latent::default(), base, sampler);
    let drawn = bridge
        .sample(&no_weights(), 2000, None, &Stream::new(1, "draws", 0))
        .unwrap();
    assert_draws(&in_two_dimensions(), &host(drawn.clone()), "base of points");
    let refused = bridge.log_density(&no_weights(), drawn, None, &Stream::new(2, "trace", 0));
    assert!(refused.unwrap_err().to_string().contains("set of points"));
}

/// `p(x1 | x0)` for one `x0`: a mixture.
fn from_a_point(sampler: SamplerKind) -> (PointSource, fieldbridge::network::Weights, Context, usize) {
    let (x0, size, count) = ([0.3_f32, -0.6], 0.9, 2000);
    let mut registry = Registry::new();
    let modality = Modality::new("start", 2);
    let embedding =
        ContextEmbedding::new(&mut registry, std::slice::from_ref(&modality), 4, 0, Activation::Silu).unwrap();
    let network = Exact {
        ends: Ends {
            base: gaussian(&[f64::from(x0[0]), f64::from(x0[1])], &[0.0, 0.0]),
            data: in_two_dimensions(),
        },
        question: Question::PointSource(size),
    };
    let bridge = PointSource {
        dimension: 2,
        source: Source::find("start", &[modality], 2).unwrap(),
        size,
        time: TimeDraw::Uniform,
        network: Box::new(network),
        solver: Box::new(DormandPrince {
            tolerance: 1e-5,
            max_evaluations: 20_000,
        }),
        sampler,
        trace: Box::new(ExactTrace),
        embedding,
    };
    let context = Context::from_host(&x0.repeat(count), &vec![1.0; 2 * count], count, &cpu());
    (bridge, registry.finish(0).on(&cpu()), context, count)
}

#[test]
fn a_known_point_is_carried_to_the_data_for_every_strength_of_the_noise() {
    for noise in [0.0, 1.0, 2.5] {
        let (bridge, weights, context, count) = from_a_point(SamplerKind::StochasticHeun { steps: 300, noise });
        let drawn = bridge
            .sample(&weights, count, Some(&context), &Stream::new(1, "draws", 0))
            .unwrap();
        assert_draws(
            &in_two_dimensions(),
            &host(drawn),
            &format!("point source, noise {noise}"),
        );
    }
}

#[test]
fn a_known_point_gives_the_exact_density_of_the_data() {
    let data = in_two_dimensions();
    let points = data.sample(100, "points");
    let (bridge, weights, _, _) = from_a_point(SamplerKind::ProbabilityFlow);
    let found = log_density(&bridge, &weights, &rows(&points, 2, &[0.3, -0.6]));
    for ((value, error), expected) in found.iter().zip(data.log_densities(&points)) {
        assert!(
            (value - expected).abs() < 3.0 * error + 2e-3,
            "{value} +- {error}, expected {expected}"
        );
        assert!(*error < 0.05);
    }
    let base = Normal.sample(2000, 2, &Stream::new(3, "base", 0));
    assert_eq!(bridge.draw_base(2000, &Stream::new(3, "base", 0)), base);
}
