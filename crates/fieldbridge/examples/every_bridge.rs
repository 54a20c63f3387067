//! Trains every bridge on two moons and tells how far its loss stays above the entropy, nats:
//! `cargo run --release --example every_bridge -- [STEPS] [NAME]`, the steps being those of flow matching (20000 when
//! none are named), the name a part of a bridge's.

use std::f64::consts::PI;
use std::time::Instant;

use fieldbridge::bridge::{Bridge, BridgeKind, BridgeRecipe, InterpolantForm, Rows, TimeDraw, build, rectified};
use fieldbridge::coupling::CouplingKind;
use fieldbridge::device::cpu;
use fieldbridge::network::{NetworkRecipe, Parameters, Precision};
use fieldbridge::path::{Head, PathKind};
use fieldbridge::random::Stream;
use fieldbridge::solver::SolverKind;
use fieldbridge::train::{AdamW, Average, Step, gradient, schedule::learning_rate};
use rayon::prelude::*;

const NOISE: f64 = 0.1;
const BATCH: usize = 256;
const HELD_OUT: usize = 4000;

/// Two half circles: `(cos a + l - 1/2, sin a + l/2 - 1/4)`, `l = 1` on the lower one.
fn centre(angle: f64) -> [f64; 2] {
    let lower = f64::from(u8::from(angle > PI));
    [angle.cos() + lower - 0.5, angle.sin() + 0.5 * lower - 0.25]
}

fn moons(count: usize, index: u64) -> Vec<f32> {
    let angles = Stream::new(3, "angle", index).uniforms(count);
    let noise = Stream::new(3, "noise", index).normals(2 * count);
    let point = |row: usize| {
        let [x, y] = centre(2.0 * PI * f64::from(angles[row]));
        let moved = |x: f64, at: usize| (x + NOISE * f64::from(noise[2 * row + at])) as f32;
        [moved(x, 0), moved(y, 1)]
    };
    (0..count).flat_map(point).collect()
}

/// By the midpoint rule over the angle.
fn log_density(x: &[f32]) -> f64 {
    let angles = 800;
    let sum: f64 = (0..angles)
        .map(|at| {
            let [u, v] = centre(2.0 * PI * (f64::from(at) + 0.5) / f64::from(angles));
            let squared = (f64::from(x[0]) - u).powi(2) + (f64::from(x[1]) - v).powi(2);
            (-0.5 * squared / (NOISE * NOISE)).exp()
        })
        .sum();
    (sum / f64::from(angles) / (2.0 * PI * NOISE * NOISE)).ln()
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
    (plain.flow_matching.width, plain.flow_matching.blocks) = (network.width, network.blocks);
    plain.diffusion.network = network.clone();
    plain.interpolant.network = network.clone();
    plain.continuous_flow.network = network;
    plain.continuous_flow.training_solver = SolverKind::RungeKutta { steps: 6 };
    let of = |kind, change: &dyn Fn(&mut BridgeRecipe)| {
        let mut recipe = BridgeRecipe { kind, ..plain.clone() };
        change(&mut recipe);
        recipe
    };
    let matching = BridgeKind::FlowMatching;
    vec![
        ("spline flow", of(BridgeKind::SplineFlow, &|_| {}), 0.2),
        ("flow matching", of(matching, &|_| {}), 1.0),
        (
            "flow matching, towards the data",
            of(matching, &|r| r.flow_matching.time = TimeDraw::TowardsData),
            1.0,
        ),
        (
            "flow matching, assignment",
            of(matching, &|r| r.flow_matching.coupling = CouplingKind::Assignment),
            1.0,
        ),
        (
            "flow matching, Sinkhorn",
            of(matching, &|r| {
                r.flow_matching.coupling = CouplingKind::Sinkhorn { deviation: 0.3 }
            }),
            1.0,
        ),
        (
            "flow matching, trigonometric",
            of(matching, &|r| {
                (r.flow_matching.path, r.flow_matching.head) = (PathKind::Trigonometric, Head::Preconditioned)
            }),
            1.0,
        ),
        ("diffusion, EDM", of(BridgeKind::Diffusion, &|_| {}), 1.0),
        (
            "diffusion, variance preserving",
            of(BridgeKind::Diffusion, &|r| {
                (r.diffusion.path, r.diffusion.time) = (PathKind::VariancePreserving, TimeDraw::Uniform)
            }),
            1.0,
        ),
        (
            "interpolant, one-sided",
            of(BridgeKind::Interpolant, &|r| {
                r.interpolant.form = InterpolantForm::OneSided
            }),
            1.0,
        ),
        ("interpolant, two-sided", of(BridgeKind::Interpolant, &|_| {}), 1.0),
        ("continuous flow", of(BridgeKind::ContinuousFlow, &|_| {}), 0.1),
    ]
}

/// The averaged parameters after `steps` steps on rows that `batch` makes.
fn trained(bridge: &dyn Bridge, start: Parameters, steps: usize, batch: &dyn Fn(u64) -> Rows) -> Parameters {
    let mut parameters = start;
    let mut optimiser = AdamW::new(parameters.count());
    let mut average = parameters.values().to_vec();
    for step in 0..steps {
        let mut rows = batch(step as u64);
        let stream = Stream::new(5, "join", step as u64);
        bridge.join(&mut rows, &stream);
        let slope = gradient(
            bridge,
            &parameters,
            &rows,
            BATCH / 2,
            (0.0, &stream),
            Precision::Single,
            &cpu(),
        );
        let how = Step {
            learning_rate: learning_rate(step, steps, 100, 3e-3, 0.005),
            decay: 0.0,
            clip: 5.0,
        };
        let memory = 0.998_f32.min((1.0 + step as f32) / (10.0 + step as f32));
        let values = &mut average;
        optimiser.step(&mut parameters, &slope.values, how, Some(Average { values, memory }));
    }
    parameters.with_values(average)
}

/// Mean and standard error of `log p - log q` over held-out points, and the mean error estimate.
fn lost(bridge: &dyn Bridge, parameters: &Parameters) -> Result<(f64, f64, f64), fieldbridge::Error> {
    let weights = parameters.on(&cpu());
    let points = moons(HELD_OUT, u64::MAX);
    let parts: Vec<Result<Vec<(f64, f64)>, fieldbridge::Error>> = points
        .par_chunks(2 * 500)
        .map(|part| {
            let rows = Rows {
                count: part.len() / 2,
                data: part.to_vec(),
                ..Rows::default()
            };
            let x = rows.tensor(&rows.data, &cpu());
            let found = bridge.log_density(&weights, x, None, &Stream::new(6, "trace", 0))?;
            let values: Vec<f32> = found.value.into_data().try_into_vec().expect("f32");
            let errors: Vec<f32> = found.error.into_data().try_into_vec().expect("f32");
            let differences = part.chunks_exact(2).zip(values).zip(errors);
            Ok(differences
                .map(|((x, value), error)| (log_density(x) - f64::from(value), f64::from(error)))
                .collect())
        })
        .collect();
    let mut all = Vec::new();
    for part in parts {
        all.extend(part?);
    }
    let count = all.len() as f64;
    let mean = all.iter().map(|(difference, _)| difference).sum::<f64>() / count;
    let variance = all
        .iter()
        .map(|(difference, _)| (difference - mean).powi(2))
        .sum::<f64>()
        / (count - 1.0);
    let solver = all.iter().map(|(_, error)| error).sum::<f64>() / count;
    Ok((mean, (variance / count).sqrt(), solver))
}

fn main() -> Result<(), fieldbridge::Error> {
    let mut arguments = std::env::args().skip(1);
    let steps = arguments
        .next()
        .and_then(|text| text.parse().ok())
        .unwrap_or(20_000_usize);
    let wanted = arguments.next().unwrap_or_default();
    let fresh = |step: u64| Rows {
        count: BATCH,
        data: moons(BATCH, step),
        ..Rows::default()
    };
    for (name, recipe, share) in bridges() {
        if !name.contains(&wanted) {
            continue;
        }
        let (bridge, start) = build(&recipe, 2, &[], 1)?;
        let clock = Instant::now();
        let steps = (steps as f64 * share) as usize;
        let parameters = trained(bridge.as_ref(), start, steps, &fresh);
        let seconds = clock.elapsed().as_secs_f64();
        let (mean, error, solver) = lost(bridge.as_ref(), &parameters)?;
        eprintln!(
            "{name:32} {mean:8.4} +- {error:.4} nats above the entropy, solver {solver:.1e}; {steps} steps in {seconds:.0} s"
        );
        if name == "flow matching" {
            let weights = parameters.on(&cpu());
            let pairs = rectified(
                bridge.as_ref(),
                &weights,
                &rows_of(60_000),
                &Stream::new(7, "rectify", 0),
            )?;
            let again = trained(bridge.as_ref(), parameters.clone(), steps / 2, &|step| {
                let first = (step as usize * BATCH) % (pairs.count - BATCH);
                pairs.slice(first, first + BATCH)
            });
            let (mean, error, solver) = lost(bridge.as_ref(), &again)?;
            eprintln!(
                "{:32} {mean:8.4} +- {error:.4} nats above the entropy, solver {solver:.1e}",
                "  rectified once"
            );
            for (name, parameters) in [("as trained", &parameters), ("rectified once", &again)] {
                let bend = curvature(&recipe, parameters)?;
                eprintln!(
                    "{:32} one Euler step ends {bend:.4} from the whole walk (root mean square)",
                    format!("  {name}")
                );
            }
        }
    }
    Ok(())
}

fn rows_of(count: usize) -> Rows {
    Rows {
        count,
        data: moons(count, u64::MAX - 1),
        ..Rows::default()
    }
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
