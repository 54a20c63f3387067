//! Flow matching between eight Gaussians and two moons, and with a context, for the comparison with torchcfm:
//! `benches/peers/eight_gaussians_moons.py` starts this program, and scores what it writes.
//!
//! `eight_gaussians_moons plain FOLDER STEPS SEEDS [COUPLING]` trains with the independent coupling, with optimal transport, and again on pairs of the latter's own walks,
//! or one of these alone, and carries the points of `FOLDER/base.npy` over in 1, 2, 5 and 100 Euler steps and with adaptive ones.
//! `eight_gaussians_moons conditional FOLDER STEPS SEEDS` is described in `conditional.rs`. What was measured is
//! in `FOLDER/fieldbridge_PART.json`.

mod conditional;
mod sets;
#[path = "../training/mod.rs"]
mod training;

use std::path::Path;
use std::time::Instant;

use burn_tensor::{Tensor, TensorData};
use fieldbridge::bridge::{Bridge, Continuous, Rows, TimeDraw, rectified};
use fieldbridge::coupling::CouplingKind;
use fieldbridge::device::cpu;
use fieldbridge::likelihood::TraceKind;
use fieldbridge::network::{Activation, Mlp, Parameters, Registry, Weights};
use fieldbridge::path::{Head, Linear, LossWeight};
use fieldbridge::random::Stream;
use fieldbridge::solver::{DormandPrince, SamplerKind};
use fieldbridge_files::{Array, ColumnValues, read_array, write_npy};
use rayon::prelude::*;
use serde_json::{Value, json};

use training::Training;

type Fallible<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

const BATCH: usize = 256;
const DRAWS: usize = 100_000;
/// Pairs a bridge is rectified with.
const PAIRS: usize = 100_000;
const EULER: [usize; 4] = [1, 2, 5, 100];
/// Three hidden layers, the sizes of torchcfm's perceptron.
const HIDDEN: [usize; 3] = [64; 3];

fn training(steps: usize, seed: u64) -> Training {
    Training {
        steps,
        highest_rate: 2e-3,
        warmup: 100,
        final_share: 0.01,
        memory: 0.0,
        seed,
    }
}

fn bridge(coupling: CouplingKind, registry: &mut Registry) -> Fallible<Continuous> {
    Ok(Continuous {
        dimension: 2,
        base: sets::eight_gaussians().build("base", 2)?,
        coupling: coupling.build(),
        path: Box::new(Linear),
        head: Head::Velocity,
        weight: LossWeight::Output,
        balance: None,
        time: TimeDraw::Uniform,
        network: Box::new(Mlp::new(registry, 2, Some(1), 0, &HIDDEN, 2, Activation::Silu)),
        solver: Box::new(DormandPrince {
            tolerance: 1e-5,
            max_evaluations: 20_000,
        }),
        sampler: SamplerKind::ProbabilityFlow,
        trace: TraceKind::Exact.build(),
        bound: None,
        embedding: None,
        unconditional_share: 0.0,
        guidance: 1.0,
    })
}

/// The points before the first and after every Euler step, `[steps + 1, rows, 2]`.
fn euler(bridge: &Continuous, weights: &Weights, base: &[f32], steps: usize) -> Vec<f32> {
    let rows = base.len() / 2;
    let mut x = Tensor::<2>::from_data(TensorData::new(base.to_vec(), [rows, 2]), &cpu());
    let mut all = base.to_vec();
    for step in 0..steps {
        let t = Tensor::full([rows, 1], step as f32 / steps as f32, &cpu());
        x = x.clone() + bridge.velocity(weights, x, t, None) / steps as f64;
        all.extend_from_slice(x.to_data().as_slice::<f32>().expect("single precision"));
    }
    all
}

/// `DRAWS` points by `walk`, in parallel pieces; the seconds they took.
fn seconds_of_draws(
    bridge: &Continuous,
    walk: impl Fn(Vec<f32>) -> Result<(), fieldbridge::Error> + Sync,
) -> Fallible<f64> {
    const PIECE: usize = 1000;
    let clock = Instant::now();
    (0..DRAWS / PIECE)
        .into_par_iter()
        .try_for_each(|piece| walk(bridge.draw_base(PIECE, &Stream::new(1, "draws", piece as u64))))?;
    Ok(clock.elapsed().as_secs_f64())
}

/// The points of a file, row by row.
fn points(path: &Path) -> Fallible<Vec<f32>> {
    Ok(read_array(path)?.to_f64()?.into_iter().map(|x| x as f32).collect())
}

fn store(path: &Path, shape: Vec<usize>, points: Vec<f32>) -> Fallible<()> {
    Ok(write_npy(path, &Array::new(shape, ColumnValues::Float32(points))?)?)
}

/// Trained bridges are asked for their walks and their speed.
struct Measured<'a> {
    folder: &'a Path,
    base: Vec<f32>,
    results: Vec<Value>,
}

impl Measured<'_> {
    fn add(
        &mut self,
        name: &str,
        seed: u64,
        bridge: &Continuous,
        trained: &Parameters,
        mut record: Value,
    ) -> Fallible<()> {
        let weights = trained.on(&cpu());
        let rows = self.base.len() / 2;
        let file = |way: &str| self.folder.join(format!("fieldbridge_{name}_{seed}_{way}.npy"));
        for steps in EULER {
            let walk = euler(bridge, &weights, &self.base, steps);
            store(&file(&steps.to_string()), vec![steps + 1, rows, 2], walk)?;
        }
        let adaptive = |base: &[f32]| -> Result<_, fieldbridge::Error> {
            let x = Tensor::<2>::from_data(TensorData::new(base.to_vec(), [base.len() / 2, 2]), &cpu());
            Ok(bridge.transport(&weights, x, None)?.into_data())
        };
        let ends = adaptive(&self.base)?;
        let ends = ends.as_slice::<f32>().map_err(|error| format!("{error:?}"))?.to_vec();
        store(&file("adaptive"), vec![1, rows, 2], ends)?;
        record["draw_seconds_euler_100"] = json!(seconds_of_draws(bridge, |base| {
            std::hint::black_box(euler(bridge, &weights, &base, 100));
            Ok(())
        })?);
        record["draw_seconds_adaptive"] = json!(seconds_of_draws(bridge, |base| {
            std::hint::black_box(adaptive(&base)?);
            Ok(())
        })?);
        (record["coupling"], record["seed"]) = (json!(name), json!(seed));
        (record["batch"], record["parameters"]) = (json!(BATCH), json!(trained.count()));
        eprintln!("{record}");
        self.results.push(record);
        Ok(())
    }
}

fn plain(folder: &Path, steps: usize, seeds: u64, wanted: &str) -> Fallible<Vec<Value>> {
    let base = points(&folder.join("base.npy"))?;
    let mut measured = Measured {
        folder,
        base,
        results: Vec::new(),
    };
    for (name, coupling) in [
        ("independent", CouplingKind::Independent),
        ("optimal_transport", CouplingKind::Assignment),
    ]
    .into_iter()
    .filter(|(name, _)| name.contains(wanted))
    {
        for seed in 1..=seeds {
            let mut registry = Registry::new();
            let bridge = bridge(coupling, &mut registry)?;
            let fresh = |step: u64| Rows {
                count: BATCH,
                data: sets::moons(BATCH, &Stream::new(seed, "moons", step)),
                ..Rows::default()
            };
            let clock = Instant::now();
            let trained = training(steps, seed).run(&bridge, registry.finish(seed), &fresh);
            let record = json!({"steps": steps, "train_seconds": clock.elapsed().as_secs_f64()});
            measured.add(name, seed, &bridge, &trained, record)?;
            if coupling == CouplingKind::Independent {
                continue;
            }
            // again, on pairs of its own walks
            let clock = Instant::now();
            let rows = Rows {
                count: PAIRS,
                data: vec![0.0; 2 * PAIRS],
                ..Rows::default()
            };
            let pairs = rectified(&bridge, &trained.on(&cpu()), &rows, &Stream::new(seed, "rectify", 0))?;
            let again = training(steps, seed).run(&bridge, trained, &|step| {
                let first = (step as usize * BATCH) % (PAIRS - BATCH);
                pairs.slice(first, first + BATCH)
            });
            let record = json!({"steps": 2 * steps, "train_seconds": clock.elapsed().as_secs_f64()});
            measured.add("optimal_transport_rectified", seed, &bridge, &again, record)?;
        }
    }
    Ok(measured.results)
}

fn main() -> Fallible<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [part, folder, steps, seeds, wanted @ ..] = arguments.as_slice() else {
        return Err("usage: eight_gaussians_moons plain|conditional FOLDER STEPS SEEDS [COUPLING]".into());
    };
    let wanted = wanted.first().map_or("", String::as_str);
    let (folder, steps, seeds) = (Path::new(folder), steps.parse::<usize>()?, seeds.parse::<u64>()?);
    let results = match part.as_str() {
        "plain" => plain(folder, steps, seeds, wanted)?,
        "conditional" => conditional::conditional(folder, steps, seeds)?,
        other => return Err(format!("`{other}` is neither `plain` nor `conditional`").into()),
    };
    let text = serde_json::to_string_pretty(&results)?;
    Ok(std::fs::write(folder.join(format!("fieldbridge_{part}.json")), text)?)
}
