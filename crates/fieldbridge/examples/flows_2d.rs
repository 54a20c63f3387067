//! Flows on six distributions in the plane, for the comparison with zuko: `benches/peers/flows_2d.py` writes the tables
//! of both beside each other.
//!
//! `flows_2d FOLDER STEPS SEEDS [NAME [FLOW]]` writes for every distribution (whose name holds `NAME`) the rows of all
//! batches in turn and the rows held out (`NAME_train.npy`, `NAME_test.npy`), the mean log-density the truth gives the
//! latter, and what the flows (`MAF`, `NSF`, or the one named) gave them, to `FOLDER/fieldbridge.json`. No row is seen twice. The networks are those of zuko: masked
//! perceptrons of two hidden layers of 64, five shifts and scales or three splines of eight bins.

mod training;

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use fieldbridge::base::Normal;
use fieldbridge::bridge::{Bridge, Flow, Rows};
use fieldbridge::data::known::{KnownKind, draw};
use fieldbridge::device::cpu;
use fieldbridge::network::{Activation, MaskedPerceptron, Registry, Weights};
use fieldbridge::random::Stream;
use fieldbridge::transform::{AffineMap, Autoregressive, Boundary, Monotone, RationalQuadraticSpline, Transform};
use fieldbridge_files::{Array, ColumnValues, write_npy};
use rayon::prelude::*;
use serde_json::{Value, json};

use training::Training;

const HELD_OUT: usize = 10_000;
const DRAWS: usize = 100_000;
const BATCH: usize = 512;

const KINDS: [KnownKind; 6] = [
    KnownKind::TwoMoons,
    KnownKind::EightGaussians,
    KnownKind::Checkerboard,
    KnownKind::TwoCircles,
    KnownKind::Pinwheel,
    KnownKind::TwoSpirals,
];

fn flow(spline: bool) -> (Flow, Registry) {
    let mut registry = Registry::new();
    let transforms = (0..if spline { 3 } else { 5 }).map(|index| -> Box<dyn Transform> {
        registry.scope(format!("transform{index}"), |registry| {
            let order = if index % 2 == 0 { vec![1, 2] } else { vec![2, 1] };
            let map: Box<dyn Monotone> = if spline {
                Box::new(RationalQuadraticSpline {
                    bins: 8,
                    bound: 5.0,
                    boundary: Boundary::Linear,
                })
            } else {
                Box::new(AffineMap)
            };
            let network = MaskedPerceptron::new(registry, &order, 0, &[64; 2], map.parameters(), Activation::Relu);
            Box::new(Autoregressive::of(Box::new(network), order, map))
        })
    });
    let transforms = transforms.collect();
    let flow = Flow {
        dimension: 2,
        base: Box::new(Normal),
        transforms,
        embedding: None,
    };
    (flow, registry)
}

fn mean_log_density(flow: &Flow, weights: &Weights, points: &[f32]) -> Result<f64, Box<dyn Error + Send + Sync>> {
    let rows = Rows {
        count: points.len() / 2,
        data: points.to_vec(),
        ..Rows::default()
    };
    let x = rows.tensor(&rows.data, weights.device());
    let found = flow.log_density(weights, x, None, &Stream::new(0, "trace", 0))?;
    let values: Vec<f32> = found
        .value
        .into_data()
        .try_into_vec()
        .map_err(|error| format!("{error:?}"))?;
    Ok(values.iter().map(|&value| f64::from(value)).sum::<f64>() / rows.count as f64)
}

/// Draws all points in parallel pieces.
fn draw_all(flow: &Flow, weights: &Weights) -> Result<(), fieldbridge::Error> {
    const PIECE: usize = 1000;
    (0..DRAWS / PIECE).into_par_iter().try_for_each(|piece| {
        let stream = Stream::new(1, "draws", piece as u64);
        std::hint::black_box(flow.sample(weights, PIECE, None, &stream)?);
        Ok(())
    })
}

fn store(path: &Path, points: &[f32]) -> Result<(), Box<dyn Error + Send + Sync>> {
    let array = Array::new(vec![points.len() / 2, 2], ColumnValues::Float32(points.to_vec()))?;
    Ok(write_npy(path, &array)?)
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, steps, seeds, wanted @ ..] = arguments.as_slice() else {
        return Err("usage: flows_2d FOLDER STEPS SEEDS [NAME [FLOW]]".into());
    };
    let (folder, steps, seeds) = (Path::new(folder), steps.parse::<usize>()?, seeds.parse::<u64>()?);
    let given = |at: usize| wanted.get(at).map_or("", String::as_str);
    let (wanted, wanted_flow) = (given(0), given(1));
    std::fs::create_dir_all(folder)?;
    let mut results: Vec<Value> = Vec::new();
    for kind in KINDS.into_iter().filter(|kind| kind.name().contains(wanted)) {
        let known = kind.build(None)?;
        let points = |purpose: &str, count| draw(known.as_ref(), count, &Stream::new(0, purpose, 0));
        let single = |drawn: &[fieldbridge::data::known::Drawn]| -> Vec<f32> {
            drawn.iter().flat_map(|one| one.point.map(|x| x as f32)).collect()
        };
        let data = single(&points("training", steps * BATCH));
        let held_out = points("held out", HELD_OUT);
        let truth = held_out.iter().map(|one| known.log_density(one.point)).sum::<f64>() / HELD_OUT as f64;
        let held_out = single(&held_out);
        store(&folder.join(format!("{}_train.npy", kind.name())), &data)?;
        store(&folder.join(format!("{}_test.npy", kind.name())), &held_out)?;
        let flows = [("MAF", false), ("NSF", true)];
        for (name, spline) in flows.into_iter().filter(|(name, _)| name.contains(wanted_flow)) {
            for seed in 1..=seeds {
                let (flow, registry) = flow(spline);
                let start = registry.finish(seed);
                let clock = Instant::now();
                let trained = Training {
                    steps,
                    highest_rate: 2e-3,
                    warmup: 50,
                    final_share: 0.01,
                    memory: 0.0,
                    seed,
                }
                .run(&flow, start, &|step| {
                    let first = 2 * BATCH * step as usize;
                    Rows {
                        count: BATCH,
                        data: data[first..first + 2 * BATCH].to_vec(),
                        ..Rows::default()
                    }
                });
                let training = clock.elapsed().as_secs_f64();
                let weights = trained.on(&cpu());
                let found = mean_log_density(&flow, &weights, &held_out)?;
                let clock = Instant::now();
                draw_all(&flow, &weights)?;
                let drawing = clock.elapsed().as_secs_f64();
                eprintln!(
                    "{} {name} seed {seed}: {:.4} nats below the truth, trained in {training:.1} s, 10^5 draws in {drawing:.3} s",
                    kind.name(),
                    truth - found
                );
                results.push(json!({
                    "distribution": kind.name(), "flow": name, "seed": seed, "steps": steps,
                    "truth_nll": -truth, "nll": -found, "train_seconds": training, "draw_seconds": drawing,
                    "parameters": trained.count(),
                }));
            }
        }
    }
    let text = serde_json::to_string_pretty(&results)?;
    Ok(std::fs::write(folder.join("fieldbridge.json"), text)?)
}
