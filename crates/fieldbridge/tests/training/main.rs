//! Training and trained models: the same bytes however they are run, and densities in the user's units.

mod model;
mod repeating;
mod stopping;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use fieldbridge::Error;
use fieldbridge::bridge::{Bridge, BridgeKind, BridgeRecipe, FlowMatchingRecipe, SplineFlowRecipe, build};
use fieldbridge::data::{Dataset, Part};
use fieldbridge::device::cpu;
use fieldbridge::model::{FORMAT_VERSION, Manifest, Model, Stored, TrainingSummary};
use fieldbridge::random::Stream;
use fieldbridge::train::{Checkpoint, Progress, Status, TrainRecipe, Training};
use fieldbridge_files::{Column, ColumnValues, Table, write_table};

fn numbers(purpose: &str, count: usize) -> Vec<f64> {
    Stream::new(51, purpose, 0)
        .normals(count)
        .into_iter()
        .map(f64::from)
        .collect()
}

fn table(columns: &[(&str, Vec<f64>)]) -> Table {
    let mut table = Table::new();
    for (name, values) in columns {
        table
            .push(Column::new(*name, ColumnValues::Float64(values.clone())))
            .unwrap();
    }
    table
}

/// Two dependent columns, one of them a share, with two magnitudes that tell of them.
fn galaxies(count: usize) -> Vec<(&'static str, Vec<f64>)> {
    let (a, b, n) = (numbers("a", count), numbers("b", count), numbers("n", count));
    let mut r: Vec<f64> = (0..count).map(|at| 23.0 + a[at] - 0.5 * b[at] + 0.3 * n[at]).collect();
    for at in (0..count).step_by(17) {
        r[at] = 99.0;
    }
    vec![
        ("mass", a.iter().map(|a| 10.0 + 0.5 * a).collect()),
        (
            "share",
            (0..count).map(|at| 1.0 / (1.0 + (0.7 * a[at] + b[at]).exp())).collect(),
        ),
        (
            "g",
            (0..count).map(|at| 24.0 + b[at] + 0.2 * n[count - 1 - at]).collect(),
        ),
        ("r", r),
    ]
}

/// The catalogue prepared, conditional or not.
fn prepared(folder: &Path, conditional: bool) -> Dataset {
    write_table(&folder.join("galaxies.parquet"), &table(&galaxies(400))).unwrap();
    let data = toml::from_str("file = 'galaxies.parquet'").unwrap();
    let target = "columns = ['mass', 'share']\nscale = 'whiten'\nbounds = { share = { low = 0.0, high = 1.0 } }";
    let context = if conditional {
        "[photometry]\ncolumns = ['g', 'r']\nmissing = [99.0]\ndifferences = true"
    } else {
        ""
    };
    Dataset::prepare(
        &data,
        &toml::from_str(target).unwrap(),
        &toml::from_str(context).unwrap(),
        folder,
        &folder.join("cache"),
    )
    .unwrap()
}

fn recipes() -> [(&'static str, BridgeRecipe); 2] {
    let spline_flow = SplineFlowRecipe {
        transforms: 2,
        width: 16,
        context_width: 8,
        ..SplineFlowRecipe::default()
    };
    let flow_matching = FlowMatchingRecipe {
        width: 16,
        blocks: 1,
        context_width: 8,
        ..FlowMatchingRecipe::default()
    };
    let recipe = |kind| BridgeRecipe {
        kind,
        spline_flow: spline_flow.clone(),
        flow_matching: flow_matching.clone(),
        ..BridgeRecipe::default()
    };
    [
        ("spline flow", recipe(BridgeKind::SplineFlow)),
        ("flow matching", recipe(BridgeKind::FlowMatching)),
    ]
}

fn short() -> TrainRecipe {
    TrainRecipe {
        steps: Some(60),
        batch: 64,
        shard: 16,
        warmup: 5,
        dropout: 0.1,
        evaluate_every: Some(20),
        ..TrainRecipe::default()
    }
}

/// Stops after a step; never when it is none.
struct StopAfter<'a> {
    stop: &'a AtomicBool,
    step: Option<usize>,
}

impl Progress for StopAfter<'_> {
    fn update(&mut self, status: &Status) {
        if Some(status.step) == self.step {
            self.stop.store(true, Ordering::Relaxed);
        }
    }
}

/// Trains in a folder, stopping after some step.
fn train(
    folder: &Path,
    dataset: &Dataset,
    (bridge, recipe): (&BridgeRecipe, &TrainRecipe),
    member: usize,
    stop_after: Option<usize>,
) -> Result<Checkpoint, Error> {
    let (built, start) = build(bridge, 2, &dataset.scaling.modalities(), 7 + member as u64).unwrap();
    run(folder, dataset, (built.as_ref(), start, recipe), member, stop_after)
}

fn run(
    folder: &Path,
    dataset: &Dataset,
    (bridge, start, recipe): (&dyn Bridge, fieldbridge::network::Parameters, &TrainRecipe),
    member: usize,
    stop_after: Option<usize>,
) -> Result<Checkpoint, Error> {
    let stop = AtomicBool::new(false);
    let training = Training {
        bridge,
        dataset,
        recipe,
        seed: 7,
        member,
        identity: "this run".to_owned(),
        device: &cpu(),
        stop: &stop,
    };
    let mut progress = StopAfter {
        stop: &stop,
        step: stop_after,
    };
    training.run(
        start,
        &folder.join("checkpoint"),
        &folder.join("events.jsonl"),
        &mut progress,
    )
}

/// A model of one checkpoint or several.
fn model(dataset: &Dataset, bridge: &BridgeRecipe, checkpoints: &[Checkpoint]) -> Model {
    let manifest = Manifest {
        format_version: FORMAT_VERSION,
        fieldbridge_version: "test".to_owned(),
        title: "galaxies".to_owned(),
        seed: 7,
        bridge: bridge.clone(),
        scaling: dataset.scaling.clone(),
        data: dataset.report.clone(),
        training: TrainingSummary {
            validation_losses: checkpoints
                .iter()
                .map(|checkpoint| checkpoint.state.best_loss)
                .collect(),
            ..TrainingSummary::default()
        },
        stored: Stored::Single,
        recipe: String::new(),
        known_answers: Vec::new(),
    };
    let parameters = checkpoints
        .iter()
        .map(|checkpoint| checkpoint.parameters.with_values(checkpoint.best.clone()))
        .collect();
    let examples = dataset.gather(&dataset.places(Part::Test)[..5]).unwrap();
    Model::new(manifest, parameters, &examples, &cpu()).unwrap()
}
