//! Exact networks of every head on every path, walked by every sampler.

use fieldbridge::base::Normal;
use fieldbridge::bridge::{Bridge, Continuous, TimeDraw};
use fieldbridge::coupling::Independent;
use fieldbridge::likelihood::{ExactTrace, VariationalBound};
use fieldbridge::path::{Head, LossWeight, NoiseLevels, PathKind};
use fieldbridge::random::Stream;
use fieldbridge::solver::{Churn, DormandPrince, SamplerKind};

use super::exact::no_weights;
use super::mixture::{Mixture, gaussian, in_two_dimensions};
use super::posterior::{Ends, Exact, Question, Weighted};
use super::{host, log_density, mean_and_error, rows, tensor};

const PATHS: [PathKind; 7] = [
    PathKind::Linear,
    PathKind::ConditionalGaussian { sigma_min: 0.05 },
    PathKind::Trigonometric,
    PathKind::VariancePreserving,
    PathKind::Cosine,
    PathKind::VarianceExploding,
    PathKind::Edm,
];
const HEADS: [Head; 5] = [
    Head::Velocity,
    Head::Noise,
    Head::Score,
    Head::CleanData,
    Head::Preconditioned,
];

fn standard(dimension: usize) -> Mixture {
    gaussian(&vec![0.0; dimension], &vec![1.0; dimension])
}

/// A diffusion whose network is exact.
fn exact(data: &Mixture, path: PathKind, head: Head, sampler: SamplerKind) -> Continuous {
    let dimension = data.dimension();
    Continuous {
        dimension,
        base: Box::new(Normal),
        coupling: Box::new(Independent),
        path: path.build(),
        head,
        weight: LossWeight::Output,
        balance: None,
        time: TimeDraw::Uniform,
        network: Box::new(Exact {
            ends: Ends {
                base: standard(dimension),
                data: data.clone(),
            },
            question: Question::Head(path, head),
        }),
        solver: Box::new(DormandPrince {
            tolerance: 1e-5,
            max_evaluations: 20_000,
        }),
        sampler,
        trace: Box::new(ExactTrace),
        bound: None,
        embedding: None,
        unconditional_share: 0.0,
        guidance: 1.0,
    }
}

/// Log-density of the data with the noise a walk leaves on them.
fn left_with_noise(bridge: &Continuous, data: &Mixture, x: &[f32]) -> f64 {
    let end = bridge.path.schedule(bridge.interval().to);
    let ends = Ends {
        base: standard(data.dimension()),
        data: data.clone(),
    };
    let mix = Weighted {
        base: end.noise_level(),
        data: 1.0,
        latent: 0.0,
    };
    ends.log_density(&x.iter().map(|&x| f64::from(x)).collect::<Vec<_>>(), mix)
}

#[test]
fn every_head_on_every_path_gives_the_exact_density() {
    let data = in_two_dimensions();
    let points = data.sample(60, "points");
    for path in PATHS {
        for head in HEADS {
            let bridge = exact(&data, path, head, SamplerKind::ProbabilityFlow);
            let found = log_density(&bridge, &no_weights(), &rows(&points, 2, &[]));
            // where a walk starts with a share of the data left, it starts from a normal distribution all the same
            let start = bridge.path.schedule(bridge.interval().from);
            let mismatch = 3.0 * start.data / start.radius();
            for (x, (value, error)) in points.chunks_exact(2).zip(&found) {
                let expected = left_with_noise(&bridge, &data, x);
                assert!(
                    (value - expected).abs() < 2e-3 + 3.0 * error + mismatch,
                    "{path:?}, {head:?}: {value} +- {error}, expected {expected}"
                );
                assert!(*error > 0.0 && *error < 0.05, "{path:?}, {head:?}: error {error}");
            }
        }
    }
}

/// Draws have the moments of the mixture, to `share` of its deviation beside the scatter of draws.
fn assert_moments(data: &Mixture, drawn: &[f64], share: f64, name: &str) {
    let dimension = data.dimension();
    for d in 0..dimension {
        let (mean, variance) = data.moments(d);
        let values: Vec<f64> = drawn.iter().skip(d).step_by(dimension).copied().collect();
        let (found, error) = mean_and_error(&values);
        let slack = share * variance.sqrt();
        assert!(
            (found - mean).abs() < 4.0 * error + slack,
            "{name}: mean {found} +- {error}, expected {mean}"
        );
        let squares: Vec<f64> = values.iter().map(|x| (x - mean).powi(2)).collect();
        let (found, error) = mean_and_error(&squares);
        assert!(
            (found - variance).abs() < 4.0 * error + 2.0 * share * variance,
            "{name}: variance {found} +- {error}, expected {variance}"
        );
    }
    // the mean log-density of draws is minus the entropy: it sees more than moments
    let points: Vec<f32> = drawn.iter().map(|&x| x as f32).collect();
    let of_draws = mean_and_error(&data.log_densities(&points));
    let of_truth = mean_and_error(&data.log_densities(&data.sample(20_000, "entropy")));
    let error = of_draws.1.hypot(of_truth.1);
    assert!(
        (of_draws.0 - of_truth.0).abs() < 4.0 * error + 2.0 * share,
        "{name}: {of_draws:?} {of_truth:?}"
    );
}

fn draws(bridge: &dyn Bridge, count: usize) -> Vec<f64> {
    host(
        bridge
            .sample(&no_weights(), count, None, &Stream::new(1, "draws", 0))
            .unwrap(),
    )
}

fn samplers(steps: usize) -> Vec<SamplerKind> {
    let levels = NoiseLevels::default();
    vec![
        SamplerKind::ProbabilityFlow,
        SamplerKind::Ancestral { steps, levels },
        SamplerKind::Ddim {
            steps,
            noise: 0.0,
            levels,
        },
        SamplerKind::Ddim {
            steps,
            noise: 0.5,
            levels,
        },
        SamplerKind::Heun { steps, levels },
        SamplerKind::Multistep { steps, levels },
        SamplerKind::Churn {
            steps,
            levels,
            churn: Churn::default(),
        },
        SamplerKind::EulerMaruyama {
            steps: 4 * steps,
            noise: 1.0,
        },
        SamplerKind::StochasticHeun {
            steps: 4 * steps,
            noise: 1.0,
        },
    ]
}

#[test]
fn every_sampler_draws_the_exact_distribution_on_every_path() {
    let data = in_two_dimensions();
    for path in [PathKind::Linear, PathKind::VariancePreserving, PathKind::Edm] {
        for sampler in samplers(60) {
            let bridge = exact(&data, path, Head::Preconditioned, sampler);
            assert_moments(&data, &draws(&bridge, 2000), 0.02, &format!("{path:?}, {sampler:?}"));
        }
    }
    for head in HEADS {
        let levels = NoiseLevels::default();
        let bridge = exact(&data, PathKind::Cosine, head, SamplerKind::Heun { steps: 60, levels });
        assert_moments(&data, &draws(&bridge, 2000), 0.02, &format!("{head:?}"));
    }
}

#[test]
fn the_marginals_are_the_same_for_every_strength_of_the_noise() {
    let data = in_two_dimensions();
    for path in [PathKind::Linear, PathKind::Trigonometric, PathKind::Edm] {
        for noise in [0.0, 0.3, 1.0, 3.0] {
            let sampler = SamplerKind::StochasticHeun { steps: 300, noise };
            let bridge = exact(&data, path, Head::Velocity, sampler);
            assert_moments(&data, &draws(&bridge, 1500), 0.02, &format!("{path:?}, noise {noise}"));
        }
    }
}

#[test]
fn deterministic_samplers_converge_at_their_order() {
    let (mean, deviation) = (0.7, 0.5);
    let data = gaussian(&[mean], &[deviation]);
    let levels = NoiseLevels::default();
    let z = Stream::new(2, "z", 0).normals(64);
    type Named = (&'static str, f64, usize, fn(usize, NoiseLevels) -> SamplerKind);
    let named: [Named; 3] = [
        ("DDIM", 1.0, 40, |steps, levels| SamplerKind::Ddim {
            steps,
            noise: 0.0,
            levels,
        }),
        ("Heun", 2.0, 20, |steps, levels| SamplerKind::Heun { steps, levels }),
        ("multistep", 2.0, 40, |steps, levels| SamplerKind::Multistep {
            steps,
            levels,
        }),
    ];
    for (name, order, steps, kind) in named {
        for path in [PathKind::Linear, PathKind::VariancePreserving, PathKind::Edm] {
            let error = |steps: usize| {
                let bridge = exact(&data, path, Head::Preconditioned, kind(steps, levels));
                let times = levels.times(bridge.path.as_ref(), bridge.interval(), steps);
                let (start, end) = (
                    bridge.path.schedule(times[0]),
                    bridge.path.schedule(times[steps - 1]).noise_level(),
                );
                let spread = |a: f64, b: f64| (a * deviation).hypot(b);
                let streams: Vec<Stream> = (0..64).map(|row| Stream::new(3, "walk", row)).collect();
                let found = host(bridge.draw(&no_weights(), tensor(&z, 1), None, &streams).unwrap());
                // the exact walk keeps the place within the normal distribution; then the mean of the data
                let worst = z.iter().zip(found).map(|(&z, found)| {
                    let place = (f64::from(z) * start.radius() - start.data * mean) / spread(start.data, start.base);
                    let clean = deviation.powi(2) / spread(1.0, end).powi(2) * spread(1.0, end) * place + mean;
                    (found - clean).abs()
                });
                worst.fold(0.0, f64::max)
            };
            let measured = (error(steps) / error(2 * steps)).log2();
            eprintln!(
                "{name} on {path:?}: order {measured:.2}, errors {:.1e} {:.1e}",
                error(steps),
                error(2 * steps)
            );
            assert!(
                (order - 0.35..order + 0.8).contains(&measured),
                "{name} on {path:?}: order {measured}, errors {:e} {:e}",
                error(steps),
                error(2 * steps)
            );
        }
    }
}

#[test]
fn the_variational_bound_of_exact_networks_is_the_density() {
    let data = in_two_dimensions();
    let points = data.sample(200, "points");
    for path in [PathKind::Linear, PathKind::VariancePreserving, PathKind::Edm] {
        let mut bridge = exact(&data, path, Head::Preconditioned, SamplerKind::ProbabilityFlow);
        bridge.bound = Some(VariationalBound {
            draws: 200,
            levels: NoiseLevels::default(),
        });
        let found = log_density(&bridge, &no_weights(), &rows(&points, 2, &[]));
        let scores: Vec<f64> = points
            .chunks_exact(2)
            .zip(&found)
            .map(|(x, (value, error))| (value - data.log_density(x)) / error)
            .collect();
        let differences: Vec<f64> = points
            .chunks_exact(2)
            .zip(&found)
            .map(|(x, (value, _))| value - data.log_density(x))
            .collect();
        let (mean, error) = mean_and_error(&differences);
        let spread = (scores.iter().map(|score| score * score).sum::<f64>() / scores.len() as f64).sqrt();
        eprintln!("bound on {path:?}: {mean:.4} +- {error:.4} against the density, spread over error {spread:.2}");
        // 0.002 and 0.007: noise left on the data, and the normal distribution a walk starts from
        assert!(mean.abs() < 4.0 * error + 0.02, "{path:?}: {mean} +- {error}");
        assert!((0.6..1.6).contains(&spread), "{path:?}: {spread}");
    }
}

#[test]
fn noise_belongs_to_its_row() {
    let data = in_two_dimensions();
    for sampler in samplers(10) {
        let bridge = exact(&data, PathKind::Linear, Head::Preconditioned, sampler);
        let base = bridge.draw_base(8, &Stream::new(4, "base", 0));
        let streams: Vec<Stream> = (0..8).map(|row| Stream::new(5, "walk", row)).collect();
        let walk = |from: usize, to: usize| {
            let base = tensor(&base[2 * from..2 * to], 2);
            host(bridge.draw(&no_weights(), base, None, &streams[from..to]).unwrap())
        };
        let whole = walk(0, 8);
        let parts = [walk(0, 3), walk(3, 8)].concat();
        for (one, other) in whole.iter().zip(parts) {
            assert!((one - other).abs() < 1e-5, "{sampler:?}: {one} {other}");
        }
    }
}
