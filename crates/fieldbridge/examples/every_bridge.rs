//! Trains every bridge on two moons and tells how far its loss stays above the entropy, nats:
//! `every_bridge STEPS SEEDS FILE.json [NAME]`, the steps being those of flow matching, the name a part of a bridge's.
//! The file keeps what other names left there.

mod training;

use std::path::Path;
use std::time::Instant;

use fieldbridge::bridge::{
    Bridge, BridgeKind, BridgeRecipe, InterpolantForm, Layers, Rows, TimeDraw, build, rectified,
};
use fieldbridge::coupling::CouplingKind;
use fieldbridge::data::known::{Known, KnownKind, draw};
use fieldbridge::device::cpu;
use fieldbridge::likelihood::TraceKind;
use fieldbridge::network::{Activation, NetworkKind, NetworkRecipe, Parameters};
use fieldbridge::path::{Head, PathKind};
use fieldbridge::random::Stream;
use fieldbridge::solver::SolverKind;
use rayon::prelude::*;
use serde_json::{Value, json};

use training::Training;

type Fallible<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

const NOISE: f64 = 0.1;
const BATCH: usize = 256;
const HELD_OUT: usize = 4000;
const DRAWS: usize = 100_000;
/// Of a residual flow, whose draws are found by iteration.
const FEW_DRAWS: usize = 10_000;

fn moons(known: &dyn Known, count: usize, index: u64) -> Vec<f32> {
    let drawn = draw(known, count, &Stream::new(3, "moons", index));
    drawn.iter().flat_map(|one| one.point.map(|x| x as f32)).collect()
}

/// Name, recipe, and steps as a share of those of flow matching.
fn bridges() -> Vec<(&'static str, BridgeRecipe, f64)> {
    let mut plain = BridgeRecipe::default();
    let network = NetworkRecipe {
        width: 96,
        blocks: 3,
        ..NetworkRecipe::default()
    };
    (plain.spline_flow.transforms, plain.spline_flow.width) = (4, 64);
    (plain.affine_flow.transforms, plain.affine_flow.width) = (8, 64);
    plain.residual_flow.transforms = 16;
    plain.mixture_density.components = 32;
    (plain.flow_matching.width, plain.flow_matching.blocks) = (network.width, network.blocks);
    plain.diffusion.network = network.clone();
    plain.interpolant.network = network.clone();
    // slow in time, so that the coarse solver of training is not deceived
    plain.continuous_flow.frequencies = 1;
    plain.continuous_flow.network = NetworkRecipe {
        kind: NetworkKind::Mlp,
        width: 64,
        blocks: 3,
        activation: Activation::Tanh,
        ..network
    };
    plain.continuous_flow.training_solver = SolverKind::RungeKutta { steps: 5 };
    plain.continuous_flow.training_trace = TraceKind::Exact;
    let of = |kind, change: &dyn Fn(&mut BridgeRecipe)| {
        let mut recipe = BridgeRecipe { kind, ..plain.clone() };
        change(&mut recipe);
        recipe
    };
    let spline = |layers| of(BridgeKind::SplineFlow, &|r| r.spline_flow.layers = layers);
    let affine = |layers| of(BridgeKind::AffineFlow, &|r| r.affine_flow.layers = layers);
    let matching = |change: &dyn Fn(&mut BridgeRecipe)| of(BridgeKind::FlowMatching, change);
    let coupled = |coupling| matching(&|r| r.flow_matching.coupling = coupling);
    let diffusion = |path, time| {
        of(BridgeKind::Diffusion, &|r| {
            (r.diffusion.path, r.diffusion.time) = (path, time)
        })
    };
    vec![
        ("spline flow", spline(Layers::Autoregressive), 0.2),
        ("spline flow, coupling", spline(Layers::Coupling), 0.5),
        ("masked autoregressive flow", affine(Layers::Autoregressive), 1.0),
        (
            "inverse autoregressive flow",
            affine(Layers::InverseAutoregressive),
            1.0,
        ),
        ("RealNVP", affine(Layers::Coupling), 1.0),
        ("residual flow", of(BridgeKind::ResidualFlow, &|_| {}), 0.5),
        ("mixture density", of(BridgeKind::MixtureDensity, &|_| {}), 1.0),
        ("flow matching", matching(&|_| {}), 1.0),
        (
            "flow matching, towards the data",
            matching(&|r| r.flow_matching.time = TimeDraw::TowardsData),
            1.0,
        ),
        ("flow matching, assignment", coupled(CouplingKind::Assignment), 1.0),
        (
            "flow matching, Sinkhorn",
            coupled(CouplingKind::Sinkhorn { deviation: 0.3 }),
            1.0,
        ),
        (
            "flow matching, trigonometric",
            matching(&|r| {
                (r.flow_matching.path, r.flow_matching.head) = (PathKind::Trigonometric, Head::Preconditioned)
            }),
            1.0,
        ),
        ("diffusion, EDM", of(BridgeKind::Diffusion, &|_| {}), 1.0),
        (
            "diffusion, variance preserving",
            diffusion(PathKind::VariancePreserving, TimeDraw::TowardsData),
            1.0,
        ),
        ("diffusion, cosine", diffusion(PathKind::Cosine, TimeDraw::Uniform), 1.0),
        (
            "diffusion, variance exploding",
            diffusion(PathKind::VarianceExploding, TimeDraw::LogNormal),
            1.0,
        ),
        (
            "interpolant, one-sided",
            of(BridgeKind::Interpolant, &|r| {
                r.interpolant.form = InterpolantForm::OneSided
            }),
            1.0,
        ),
        (
            "interpolant, two-sided",
            of(BridgeKind::Interpolant, &|r| {
                r.interpolant.time = TimeDraw::TowardsData;
                // errors of the denoiser enter the velocity times the rate of the latent noise
                r.interpolant.latent.size = 1.0;
            }),
            1.0,
        ),
        ("continuous flow", of(BridgeKind::ContinuousFlow, &|_| {}), 0.4),
    ]
}

/// Averages of the last five hundred steps or so.
fn training(steps: usize, seed: u64) -> Training {
    Training {
        steps,
        highest_rate: 3e-3,
        warmup: 100,
        final_share: 0.005,
        memory: 0.998,
        seed,
    }
}

/// Seconds that training and drawing took.
struct Seconds {
    training: f64,
    drawing: f64,
    draws: usize,
}

impl Seconds {
    /// After a training that began at `clock`.
    fn of(
        clock: Instant,
        (bridge, kind): (&dyn Bridge, BridgeKind),
        parameters: &Parameters,
    ) -> Result<Self, fieldbridge::Error> {
        let training = clock.elapsed().as_secs_f64();
        let draws = if kind == BridgeKind::ResidualFlow {
            FEW_DRAWS
        } else {
            DRAWS
        };
        let clock = Instant::now();
        bridge.sample(&parameters.on(&cpu()), draws, None, &Stream::new(9, "draws", 0))?;
        let drawing = clock.elapsed().as_secs_f64();
        Ok(Self {
            training,
            drawing,
            draws,
        })
    }
}

/// How a bridge did on held-out points.
struct Lost {
    /// Mean and standard error of `log p - log q`.
    nats: f64,
    error: f64,
    /// Mean error estimate of the densities.
    solver: f64,
}

impl Lost {
    fn of(known: &dyn Known, bridge: &dyn Bridge, parameters: &Parameters) -> Result<Self, fieldbridge::Error> {
        let weights = parameters.on(&cpu());
        let points = moons(known, HELD_OUT, u64::MAX);
        let parts: Vec<Result<Vec<(f64, f64)>, fieldbridge::Error>> = points
            .par_chunks(2 * 500)
            .map(|part| {
                let rows = rows_of(part.to_vec());
                let x = rows.tensor(&rows.data, &cpu());
                let found = bridge.log_density(&weights, x, None, &Stream::new(6, "trace", 0))?;
                let values: Vec<f32> = found.value.into_data().try_into_vec().expect("f32");
                let errors: Vec<f32> = found.error.into_data().try_into_vec().expect("f32");
                let truths = part
                    .chunks_exact(2)
                    .map(|x| known.log_density([x[0], x[1]].map(f64::from)));
                let differences = truths.zip(values).zip(errors);
                Ok(differences
                    .map(|((truth, value), error)| (truth - f64::from(value), f64::from(error)))
                    .collect())
            })
            .collect();
        let mut all = Vec::new();
        for part in parts {
            all.extend(part?);
        }
        let count = all.len() as f64;
        let nats = all.iter().map(|(difference, _)| difference).sum::<f64>() / count;
        let variance = all
            .iter()
            .map(|(difference, _)| (difference - nats).powi(2))
            .sum::<f64>()
            / (count - 1.0);
        let solver = all.iter().map(|(_, error)| error).sum::<f64>() / count;
        Ok(Self {
            nats,
            error: (variance / count).sqrt(),
            solver,
        })
    }
}

fn rows_of(data: Vec<f32>) -> Rows {
    Rows {
        count: data.len() / 2,
        data,
        ..Rows::default()
    }
}

/// What was measured, in a file that is written again after every bridge.
struct Results<'a> {
    path: &'a Path,
    all: Vec<Value>,
}

impl<'a> Results<'a> {
    fn open(path: &'a Path) -> Fallible<Self> {
        let all = match path.exists() {
            true => serde_json::from_str(&std::fs::read_to_string(path)?)?,
            false => Vec::new(),
        };
        Ok(Self { path, all })
    }

    /// Takes the place of an earlier result of the same bridge and seed.
    fn push(&mut self, name: &str, seed: u64, steps: usize, seconds: &Seconds, lost: &Lost) -> Fallible<()> {
        eprintln!(
            "{name:32} seed {seed} {:8.4} +- {:.4} nats above the entropy, solver {:.1e}; {steps} steps in {:.0} s, {} draws in {:.1} s",
            lost.nats, lost.error, lost.solver, seconds.training, seconds.draws, seconds.drawing
        );
        self.all.retain(|one| one["bridge"] != name || one["seed"] != seed);
        self.all.push(json!({
            "bridge": name, "seed": seed, "steps": steps, "batch": BATCH, "train_seconds": seconds.training,
            "draws": seconds.draws, "draw_seconds": seconds.drawing,
            "nats_above_entropy": lost.nats, "standard_error": lost.error, "mean_error_estimate": lost.solver,
        }));
        Ok(std::fs::write(
            self.path,
            serde_json::to_string_pretty(&self.all)? + "\n",
        )?)
    }
}

fn main() -> Fallible<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [steps, seeds, path, wanted @ ..] = arguments.as_slice() else {
        return Err("usage: every_bridge STEPS SEEDS FILE.json [NAME]".into());
    };
    let (steps, seeds) = (steps.parse::<f64>()?, seeds.parse::<u64>()?);
    let wanted = wanted.first().map_or("", String::as_str);
    let mut results = Results::open(Path::new(path))?;
    let known = KnownKind::TwoMoons.build(Some(NOISE))?;
    for (name, recipe, share) in bridges().into_iter().filter(|(name, ..)| name.contains(wanted)) {
        for seed in 1..=seeds {
            let fresh = |step: u64| rows_of(moons(known.as_ref(), BATCH, (seed << 32) + step));
            let (bridge, start) = build(&recipe, 2, &[], seed)?;
            let clock = Instant::now();
            let steps = (steps * share) as usize;
            let parameters = training(steps, seed).run(bridge.as_ref(), start, &fresh);
            let seconds = Seconds::of(clock, (bridge.as_ref(), recipe.kind), &parameters)?;
            let lost = Lost::of(known.as_ref(), bridge.as_ref(), &parameters)?;
            results.push(name, seed, steps, &seconds, &lost)?;
            if name != "flow matching" {
                continue;
            }
            let weights = parameters.on(&cpu());
            let rows = rows_of(moons(known.as_ref(), 60_000, u64::MAX - 1));
            let pairs = rectified(bridge.as_ref(), &weights, &rows, &Stream::new(7, "rectify", seed))?;
            let clock = Instant::now();
            let again = training(steps / 2, seed).run(bridge.as_ref(), parameters.clone(), &|step| {
                let first = (step as usize * BATCH) % (pairs.count - BATCH);
                pairs.slice(first, first + BATCH)
            });
            let seconds = Seconds::of(clock, (bridge.as_ref(), recipe.kind), &again)?;
            let lost = Lost::of(known.as_ref(), bridge.as_ref(), &again)?;
            results.push("flow matching rectified once", seed, steps / 2, &seconds, &lost)?;
            for (name, parameters) in [("as trained", &parameters), ("rectified once", &again)] {
                let bend = curvature(&recipe, parameters)?;
                eprintln!("  {name:30} one Euler step ends {bend:.4} from the whole walk (root mean square)");
            }
        }
    }
    Ok(())
}

/// Root mean square distance between the ends of one Euler step and of the adaptive walk: zero for straight walks.
fn curvature(recipe: &BridgeRecipe, parameters: &Parameters) -> Result<f64, fieldbridge::Error> {
    let weights = parameters.on(&cpu());
    let walk = |solver| {
        let mut recipe = recipe.clone();
        recipe.flow_matching.solver = solver;
        let (bridge, _) = build(&recipe, 2, &[], 1)?;
        let base = bridge.draw_base(2000, &Stream::new(8, "base", 0));
        let rows = Rows {
            count: 2000,
            base,
            ..Rows::default()
        };
        bridge.transport(&weights, rows.tensor(&rows.base, &cpu()), None)
    };
    let difference = walk(SolverKind::Euler { steps: 1 })? - walk(SolverKind::default())?;
    let squared: f32 = difference.square().sum_dim(1).mean().into_scalar();
    Ok(f64::from(squared).sqrt())
}
