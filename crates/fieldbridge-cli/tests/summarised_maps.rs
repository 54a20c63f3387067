//! Posteriors of parameters given spectra and third moments of maps: beside the exact posterior, asked about maps, and clear words for
//! what cannot be.

mod scene;

use fieldbridge_files::ZarrStore;
use scene::{Scene, exact_fields};

const TITLE: &str = r#"title = "Two parameters of small fields by their summaries"
seed = 3
bridge = "spline_flow"

[simulation]
simulations = 150
"#;

const REST: &str = r#"
[simulation.store]
maps = ["observation"]
bands = 6
third_moments = true

[data]
test = 0.4
validation = 0.2

[target]
columns = ["sigma_8", "omega_c"]

[context.spectra]
columns = ["log_powers", "correlations"]

[context.moments]
columns = ["third_moments"]
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
fn a_run_trains_checks_and_reports_and_a_map_is_answered_as_its_summaries_are() {
    let scene = scene("summarised-run");
    let ended = scene
        .fieldbridge(&["run", "recipe.toml", "--out", "run", "--json"])
        .done();
    assert_eq!(ended.json()["columns"].as_array().expect("a table's checks").len(), 2);
    let done = scene.fieldbridge(&["run", "recipe.toml", "--out", "run"]).done();
    assert!(done.stderr.contains("checked already"), "{}", done.stderr);
    scene.fieldbridge(&["check", "run"]).done();

    // a model knows nothing of where it was made
    scene.fieldbridge(&["train", "recipe.toml", "--out", "again"]).done();
    assert!(scene.bytes("again/model.safetensors") == scene.bytes("run/model.safetensors"));

    let store = ZarrStore::open(&scene.path("run/simulations.zarr")).unwrap();
    let map = store.read("observation", 0..1).unwrap().to_f64().unwrap();
    scene.array("planes.npy", vec![2, 16, 16], map.clone());
    scene.array("flat.npy", vec![16, 32], map.clone());
    scene.array("constant.npy", vec![2, 16, 16], vec![0.01; 512]);
    scene.array("missing.npy", vec![2, 16, 16], vec![f64::NAN; 512]);
    scene.array(
        "loud.npy",
        vec![2, 16, 16],
        map.iter().map(|value| 9.0 * value).collect(),
    );
    let ask = |observation: &str, out: &str, more: &[&str]| {
        scene.infer("run", observation, &[&["--draws", "300", "--out", out], more].concat())
    };
    ask("planes.npy", "planes.parquet", &[]).done();
    ask("run/simulations.zarr", "stored.parquet", &[]).done();
    let planes = exact_fields::drawn(&scene, "planes.parquet");
    assert_eq!(planes, exact_fields::drawn(&scene, "stored.parquet"));
    assert!(planes[1].iter().all(|&omega| omega > 0.05), "a draw leaves the prior");
    // the same numbers as the table of summaries, of which the first row is this map; kept in single precision
    let table = [
        "--data",
        "run/summaries.parquet",
        "--draws",
        "300",
        "--out",
        "table.parquet",
    ];
    scene.fieldbridge(&[&["infer", "run"][..], &table].concat()).done();
    let listed = exact_fields::drawn(&scene, "table.parquet");
    for (own, listed) in planes.iter().zip(&listed) {
        let off = own.iter().zip(listed).map(|(one, other)| (one - other).abs());
        assert!(off.fold(0.0, f64::max) < 1e-3);
    }
    let loud = ask("loud.npy", "loud.parquet", &[]).done();
    assert!(
        loud.stderr.contains("lie outside of what the model learned from"),
        "{}",
        loud.stderr
    );
    ask("flat.npy", "no.parquet", &[]).fails_saying(&["[16, 32]", "[2, 16, 16]", "[16, 16, 2]"]);
    ask("missing.npy", "no.parquet", &[]).fails_saying(&["512 of 512", "not finite"]);
    ask("constant.npy", "no.parquet", &[]).fails_saying(&["bin 0", "no power"]);
    ask("planes.npy", "no.parquet", &["--maps", "maps.zarr"]).fails_saying(&["parameters alone", "--maps"]);
}

#[test]
fn what_summaries_cannot_be_is_refused_by_key() {
    let scene = Scene::new("summarised-refused");
    let refused = |from: &str, to: &str, words: &[&str]| {
        let recipe = recipe();
        assert!(recipe.contains(from));
        scene.recipe(&recipe.replace(from, to));
        scene
            .fieldbridge(&["train", "recipe.toml", "--out", "refused"])
            .fails_saying(words);
    };
    refused(
        "third_moments = true",
        "third_moments = 2",
        &["simulation.store", "boolean"],
    );
    refused(
        "test = 0.4",
        "test = 0.4\nrenew_every = 2",
        &["data.renew_every", "whole observed maps"],
    );
    refused(
        "[data]",
        "[observation]\nkind = \"shear\"\n\n[data]",
        &["observation", "whole observed maps"],
    );
    refused("\"third_moments\"", "\"peaks\"", &["peaks", "third_moments"]);
}

#[test]
fn learned_posteriors_of_gaussian_fields_are_the_exact_ones_but_for_what_the_summaries_lost() {
    let scene = scene("summarised-exact");
    let settings = [
        "simulation.simulations=6000",
        "data.test=0.01",
        "data.validation=0.1",
        "train.steps=2500",
        "train.batch=128",
        "train.shard=64",
        "train.learning_rate=2e-3",
        "train.warmup=50",
        "train.average=0.99",
        "train.weight_decay=0.01",
        "train.dropout=0.1",
        "train.evaluate_every=250",
        "train.checkpoint_seconds=60.0",
        "spline_flow.width=32",
        "spline_flow.context_width=64",
        "spline_flow.context_blocks=2",
    ];
    exact_fields::assert_balanced(&scene, &settings, 1.3);
}
