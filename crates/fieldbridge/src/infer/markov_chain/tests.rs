//! Chains in densities whose moments are known.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::*;
use crate::error::Error;

/// A normal distribution of the first two coordinates, with a hard wall far out, and unit normals that bend with the first.
struct Bent {
    dimension: usize,
    evaluations: AtomicU64,
}

const MEAN: [f64; 2] = [3.0, -1.0];
/// Covariance of the two.
const COVARIANCE: [f64; 3] = [4.0, 1.5, 1.0];

impl Bent {
    fn new(dimension: usize) -> Self {
        Self {
            dimension,
            evaluations: AtomicU64::new(0),
        }
    }

    fn start() -> Whitening {
        // a poor guess
        Whitening::new(vec![1.0, 1.0], vec![1.0, 0.0, 0.0, 3.0]).unwrap()
    }
}

impl LogPosterior for Bent {
    fn dimension(&self) -> usize {
        self.dimension
    }

    fn log_density_and_gradient(&self, x: &[f64], gradient: &mut [f64]) -> Result<f64, Rejected> {
        self.evaluations.fetch_add(1, Ordering::Relaxed);
        if x[0] > 13.0 {
            return Err(Rejected {
                reason: "there is a wall at 13".to_owned(),
            });
        }
        let [a, b, c] = COVARIANCE;
        let determinant = a * c - b * b;
        let (p, q) = (x[0] - MEAN[0], x[1] - MEAN[1]);
        let mut value = -0.5 * (c * p * p - 2.0 * b * p * q + a * q * q) / determinant;
        gradient[0] = -(c * p - b * q) / determinant;
        gradient[1] = -(a * q - b * p) / determinant;
        for index in 2..self.dimension {
            // normal about 0.3 p
            let z = x[index] - 0.3 * p;
            value -= 0.5 * z * z;
            gradient[index] = -z;
            gradient[0] += 0.3 * z;
        }
        Ok(value)
    }
}

impl Summary for Bent {
    fn names(&self) -> Vec<String> {
        vec!["first".to_owned(), "second".to_owned()]
    }

    fn field_length(&self) -> usize {
        self.dimension
    }

    fn summarise(&self, position: &[f64]) -> Result<(Vec<f64>, Vec<f64>), Rejected> {
        Ok((position[..2].to_vec(), position.to_vec()))
    }
}

fn settings() -> SamplerSettings {
    SamplerSettings {
        chains: 3,
        warm_up: 200,
        draws: 1000,
        block: 100,
        ..SamplerSettings::default()
    }
}

fn run(
    posterior: &Bent,
    settings: SamplerSettings,
    state: &std::path::Path,
    stop: &AtomicBool,
    saved: impl FnMut(&Chains),
) -> Result<Chains, Error> {
    let sampler = Sampler {
        posterior,
        settings,
        start: Bent::start(),
        identity: "bent".to_owned(),
        stop,
        progress: &AtomicU64::new(0),
    };
    sampler.run(state, saved)
}

#[test]
fn moments_are_those_of_the_density() {
    let folder = tempfile::tempdir().unwrap();
    let posterior = Bent::new(12);
    let stop = AtomicBool::new(false);
    let chains = run(&posterior, settings(), &folder.path().join("state"), &stop, |_| ()).unwrap();
    assert_eq!((chains.draws(), chains.number(0).len()), (1000, 3));
    // one step for all, about which each trajectory has its own
    let step = chains.chains[0].step_size;
    for chain in &chains.chains {
        assert_eq!(chain.step_size, step);
        assert!(
            chain
                .transitions
                .iter()
                .all(|transition| (transition.step_size / step - 1.0).abs() < 0.11)
        );
    }
    for (index, variance) in [(0, COVARIANCE[0]), (1, COVARIANCE[2])] {
        let found = Convergence::of(&chains.number(index)).unwrap();
        assert!(found.r_hat < 1.01, "{found:?}");
        assert!((found.mean - MEAN[index]).abs() < 4.0 * found.error, "{found:?}");
        let error = 4.0 * (variance * (0.5 / found.bulk).sqrt());
        assert!((found.deviation.powi(2) - variance).abs() < 2.0 * error, "{found:?}");
    }
    let moments = chains.moments();
    assert_eq!(moments.count(), 3000);
    // variance of a bent coordinate: 1 + 0.09 * 4
    let deviation = moments.deviation();
    assert!((deviation[7] - 1.36_f64.sqrt()).abs() < 0.1 && moments.mean()[7].abs() < 0.2);
    let divergent = chains
        .chains
        .iter()
        .flat_map(|chain| &chain.transitions)
        .filter(|step| step.divergent);
    assert!(divergent.count() < 30);
}

#[test]
fn a_stopped_run_goes_on_as_if_it_had_not_been_and_threads_do_not_matter() {
    let folder = tempfile::tempdir().unwrap();
    let posterior = Bent::new(6);
    let small = SamplerSettings {
        draws: 60,
        block: 20,
        warm_up: 40,
        ..settings()
    };
    let never = AtomicBool::new(false);
    let whole = folder.path().join("whole");
    let whole = crate::threads::on_threads(Some(3), || run(&posterior, small.clone(), &whole, &never, |_| ()));
    let whole = whole.unwrap().unwrap();
    let parts = folder.path().join("parts");
    // stops in the warm-up, in the middle, and near the end
    let mut seen = 0;
    for last in [2, 5, 6, 100] {
        let stop = AtomicBool::new(false);
        let result = crate::threads::on_threads(Some(1), || {
            run(&posterior, small.clone(), &parts, &stop, |chains| {
                stop.store(chains.blocks >= last, Ordering::Relaxed);
            })
        });
        match result.unwrap() {
            Ok(chains) => {
                seen += 1;
                let without_time = |chains: &Chains| Chains {
                    seconds: 0.0,
                    ..chains.clone()
                };
                assert_eq!(without_time(&chains), without_time(&whole));
            }
            Err(Error::Interrupted { step, .. }) => assert_eq!(step, last),
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(seen, 1);
    // more draws go on from those
    let more = SamplerSettings {
        draws: 80,
        ..small.clone()
    };
    let longer = run(&posterior, more, &parts, &never, |_| ()).unwrap();
    assert_eq!(longer.draws(), 80);
    assert_eq!(longer.chains[1].numbers[..120], whole.chains[1].numbers);
    // another seed is another run
    let other = SamplerSettings { seed: 2, ..small };
    let error = run(&posterior, other, &parts, &never, |_| ()).unwrap_err();
    assert!(
        error.to_string().contains("seed 1") && error.to_string().contains("seed 2"),
        "{error}"
    );
}

#[test]
fn damaged_states_and_impossible_settings_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let posterior = Bent::new(4);
    let never = AtomicBool::new(false);
    let path = folder.path().join("state");
    std::fs::write(&path, b"not a state").unwrap();
    let error = run(&posterior, settings(), &path, &never, |_| ()).unwrap_err();
    assert!(error.to_string().contains("cannot be read"), "{error}");
    let path = folder.path().join("none");
    type Change = fn(&mut SamplerSettings);
    let cases: [(&str, Change); 5] = [
        ("mcmc", |settings| settings.chains = 0),
        ("mcmc", |settings| settings.draws = 0),
        ("mcmc.warmup", |settings| settings.warm_up = 10),
        ("mcmc.target_acceptance", |settings| {
            settings.target_acceptance = f64::NAN
        }),
        ("mcmc.most_doublings", |settings| settings.most_doublings = 0),
    ];
    for (key, change) in cases {
        let mut bad = settings();
        change(&mut bad);
        match run(&posterior, bad, &path, &never, |_| ()) {
            Err(Error::Recipe { key: found, .. }) => assert_eq!(found, key),
            other => panic!("{other:?}"),
        }
    }
}

/// Nowhere possible.
struct Nowhere;

impl LogPosterior for Nowhere {
    fn dimension(&self) -> usize {
        2
    }

    fn log_density_and_gradient(&self, _: &[f64], _: &mut [f64]) -> Result<f64, Rejected> {
        Err(Rejected {
            reason: "matter power is not positive".to_owned(),
        })
    }
}

impl Summary for Nowhere {
    fn names(&self) -> Vec<String> {
        Vec::new()
    }

    fn field_length(&self) -> usize {
        0
    }

    fn summarise(&self, _: &[f64]) -> Result<(Vec<f64>, Vec<f64>), Rejected> {
        Ok((Vec::new(), Vec::new()))
    }
}

#[test]
fn a_chain_that_finds_no_place_to_begin_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let sampler = Sampler {
        posterior: &Nowhere,
        settings: settings(),
        start: Bent::start(),
        identity: String::new(),
        stop: &AtomicBool::new(false),
        progress: &AtomicU64::new(0),
    };
    let error = sampler
        .run(&folder.path().join("state"), |_| ())
        .unwrap_err()
        .to_string();
    assert!(error.contains("matter power is not positive"), "{error}");
}
