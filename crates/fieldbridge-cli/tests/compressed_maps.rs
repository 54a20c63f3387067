//! Posteriors of parameters given maps that a network reads: beside the exact posterior, the same bytes however they were made, and
//! clear words for what cannot be.

mod scene;

use std::time::{Duration, Instant};

use fieldbridge_files::ZarrStore;
use scene::{Scene, exact_fields};

const TITLE: &str = r#"title = "Two parameters of small fields"
seed = 3
bridge = "spline_flow"

[simulation]
simulations = 150
"#;

const REST: &str = r#"
[simulation.store]
bands = 2

[data]
renew_every = 2
test = 0.4
validation = 0.2

[target]
columns = ["sigma_8", "omega_c"]

[context.observation]
summaries = 4

[context.observation.network]
kind = "compressor"
shape = [16, 16]
channels = 2
padding = "periodic"
patch = 2
width = 8
blocks = 1
levels = 2
"#;

fn recipe() -> String {
    [TITLE, exact_fields::SIMULATION, REST, exact_fields::LEARNING].concat()
}

fn scene(name: &str) -> Scene {
    let scene = Scene::new(name);
    scene.recipe(&recipe());
    scene
}

#[test]
fn a_run_trains_checks_and_reports_parameters_alone() {
    let scene = scene("compressed-run");
    let ended = scene
        .fieldbridge(&["run", "recipe.toml", "--out", "run", "--json"])
        .done();
    let json = ended.json();
    let columns = json["columns"].as_array().expect("a table's checks");
    assert_eq!(columns.len(), 2);
    let report = String::from_utf8(scene.bytes("run/report.html")).unwrap();
    for words in [
        "p(sigma_8, omega_c | observation)",
        "observed convergence",
        "new universe",
        "posterior",
    ] {
        assert!(report.contains(words), "{words}");
    }
    assert!(scene.path("run/posteriors.parquet").exists());
    let done = scene.fieldbridge(&["run", "recipe.toml", "--out", "run"]).done();
    assert!(done.stderr.contains("checked already"), "{}", done.stderr);
    scene.fieldbridge(&["check", "run"]).done();
    scene.fieldbridge(&["report", "run"]).done();
}

#[test]
fn a_killed_training_on_new_universes_goes_on_to_the_same_bytes_on_any_number_of_threads() {
    let scene = scene("compressed-killed");
    let train = |out: &'static str, threads: &'static str| ["train", "recipe.toml", "--out", out, "--threads", threads];
    scene.fieldbridge(&train("whole", "1")).done();
    let mut child = scene.start(&train("killed", "2"));
    let events = scene.path("killed/events.jsonl");
    let start = Instant::now();
    while std::fs::read_to_string(&events).map_or(0, |text| text.lines().count()) < 2 {
        assert!(start.elapsed() < Duration::from_secs(60), "training does not start");
        std::thread::sleep(Duration::from_millis(1));
        if child.try_wait().unwrap().is_some() {
            break;
        }
    }
    let _ = child.kill();
    scene.wait(child);
    scene.fieldbridge(&train("killed", "2")).done();
    assert!(scene.bytes("killed/model.safetensors") == scene.bytes("whole/model.safetensors"));
    // other universes make another model
    let other = [&train("other", "2")[..], &["--set", "data.renew_every=1"]].concat();
    scene.fieldbridge(&other).done();
    assert!(scene.bytes("other/model.safetensors") != scene.bytes("whole/model.safetensors"));
}

#[test]
fn an_observed_map_in_either_order_of_axes_is_answered_or_refused_with_the_reason() {
    let scene = scene("compressed-infer");
    scene.fieldbridge(&["train", "recipe.toml", "--out", "run"]).done();
    let store = ZarrStore::open(&scene.path("run/simulations.zarr")).unwrap();
    let map = store.read("observation", 0..1).unwrap().to_f64().unwrap();
    scene.array("planes.npy", vec![2, 16, 16], map.clone());
    let places = (0..512).map(|at| map[(at % 2) * 256 + at / 2]).collect();
    scene.array("places.npy", vec![16, 16, 2], places);
    scene.array("flat.npy", vec![16, 32], map.clone());
    scene.array("missing.npy", vec![2, 16, 16], vec![f64::NAN; 512]);
    let ask = |observation: &str, out: &str, more: &[&str]| {
        scene.infer("run", observation, &[&["--draws", "300", "--out", out], more].concat())
    };
    ask("planes.npy", "planes.parquet", &[]).done();
    ask("places.npy", "places.parquet", &[]).done();
    ask("run/simulations.zarr", "stored.parquet", &[]).done();
    let planes = exact_fields::drawn(&scene, "planes.parquet");
    assert_eq!(planes, exact_fields::drawn(&scene, "places.parquet"));
    assert_eq!(planes, exact_fields::drawn(&scene, "stored.parquet"));
    assert_eq!(planes[0].len(), 300);
    assert!(planes[1].iter().all(|&omega| omega > 0.05), "a draw leaves the prior");
    ask("flat.npy", "no.parquet", &[]).fails_saying(&["[16, 32]", "[2, 16, 16]", "[16, 16, 2]"]);
    ask("missing.npy", "no.parquet", &[]).fails_saying(&["512 of 512", "not finite"]);
    ask("planes.npy", "no.parquet", &["--maps", "maps.zarr"]).fails_saying(&["parameters alone", "--maps"]);
    scene
        .fieldbridge(&["sample", "run", "--count", "3"])
        .fails_saying(&["--observation"]);
}

#[test]
fn networks_that_do_not_fit_the_maps_are_refused_by_key() {
    let scene = Scene::new("compressed-refused");
    let refused = |from: &str, to: &str, words: &[&str]| {
        let recipe = recipe();
        assert!(recipe.contains(from));
        scene.recipe(&recipe.replace(from, to));
        scene
            .fieldbridge(&["train", "recipe.toml", "--out", "refused"])
            .fails_saying(words);
    };
    let key = "context.observation.network";
    refused("patch = 2", "patch = 3", &[&format!("{key}.patch"), "do not fill"]);
    refused("levels = 2", "levels = 4", &[&format!("{key}.levels"), "levels = 3"]);
    refused("shape = [16, 16]", "shape = [16, 8]", &[&format!("{key}.shape"), "512"]);
    refused("channels = 2", "heads = 2", &[&format!("{key}.heads"), "compressor"]);
    refused("summaries = 4", "summaries = 0", &["context.observation.summaries"]);
    refused(
        "summaries = 4",
        "columns = [\"a\"]",
        &["context.observation", "columns"],
    );
    refused(
        "[context.observation]\nsummaries = 4",
        "[context.powers]\ncolumns = [\"log_powers\"]\n\n[context.observation]\nsummaries = 4",
        &["context.powers", "[context.observation]"],
    );
    refused("renew_every = 2", "renew_every = 0", &["data.renew_every"]);
}

#[test]
fn learned_posteriors_of_gaussian_fields_are_the_exact_ones_but_for_what_the_summary_lost() {
    let scene = scene("compressed-exact");
    let settings = [
        "context.observation.network.patch=1",
        "context.observation.network.bands=6",
        "train.steps=2000",
        "train.batch=64",
        "train.shard=32",
        "train.learning_rate=3e-3",
        "train.warmup=50",
        "train.average=0.99",
        "train.evaluate_every=250",
        "train.checkpoint_seconds=60.0",
        "simulation.simulations=1000",
        "data.renew_every=4",
        "data.test=0.03",
        "data.validation=0.2",
        "spline_flow.width=32",
        "spline_flow.context_width=32",
    ];
    // most of what the map tells is kept, in so short a training
    exact_fields::assert_balanced(&scene, &settings, 1.5);
}
