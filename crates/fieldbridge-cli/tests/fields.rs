//! Models of parameters and maps: from simulations to a report, the same bytes however they were made, and clear words for
//! observations that cannot be.

mod scene;

use std::time::{Duration, Instant};

use fieldbridge_files::ZarrStore;
use scene::Scene;
use scene::small_field::RECIPE;

/// Tables of the other bridges, so that one line changes the bridge.
const OTHERS: &str = r#"
[diffusion]
sampler = { method = "heun", steps = 4 }
solver = { method = "heun", steps = 4 }
likelihood = { trace = "hutchinson", probes = 2 }
network = { kind = "joint_transformer", shape = [8, 8], channels = 2, patch = 4, parameters = 2, width = 16, blocks = 1, heads = 2, observation = "shared" }

[interpolant]
form = "one_sided"
solver = { method = "heun", steps = 4 }
likelihood = { trace = "hutchinson", probes = 2 }
network = { kind = "joint_transformer", shape = [8, 8], channels = 2, patch = 4, parameters = 2, width = 16, blocks = 1, heads = 2 }
"#;

fn scene(name: &str) -> Scene {
    let scene = Scene::new(name);
    scene.recipe(RECIPE);
    scene
}

#[test]
fn a_run_simulates_trains_compares_with_the_exact_posterior_and_reports() {
    let scene = scene("fields-run");
    let ended = scene
        .fieldbridge(&["run", "recipe.toml", "--out", "run", "--json"])
        .done();
    let json = ended.json();
    assert_eq!(json["observations"].as_u64(), Some(12));
    let criteria = json["exact"]["criteria"].as_array().unwrap();
    assert_eq!(criteria.len(), 11);
    // an untrained model is told from the truth
    assert!(criteria.iter().any(|criterion| criterion["met"] == false));
    let baselines = &json["baselines"];
    assert_eq!(baselines["spectra"]["method"], "exact");
    let answers = |kind: &str| -> Vec<String> {
        let found = baselines[kind].as_array().unwrap().iter();
        found
            .map(|answer| answer["answer"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        answers("parameters"),
        ["prior", "power spectra", "model", "exact posterior"]
    );
    assert_eq!(
        answers("maps"),
        ["prior", "observed map", "Wiener filter", "model", "exact posterior"]
    );
    let map = |answer: usize, bin: usize| baselines["maps"][answer]["bins"][bin]["error"].as_f64().unwrap();
    for bin in 0..2 {
        assert_eq!(map(0, bin), 1.0);
        // the filter takes noise away, less where there is less, and the exact mean is best
        assert!(map(1, bin) > 1.03 * map(2, bin), "{baselines}");
        assert!(map(2, bin) < 1.0 && map(4, bin) < map(2, bin) + 0.02, "{baselines}");
        assert!(map(4, bin) < map(3, bin), "{baselines}");
    }
    let told = scene.bytes("run/check.json");
    let told: serde_json::Value = serde_json::from_slice(&told).unwrap();
    assert_eq!(told["baselines"], *baselines);
    // draws keep to the prior that is cut
    let report = String::from_utf8(scene.bytes("run/report.html")).unwrap();
    for words in [
        "Convergence in bin 1",
        "exact draws",
        "Mira",
        "degrees",
        "omega_c",
        "What simpler answers give",
        "Wiener filter",
    ] {
        assert!(report.contains(words), "{words}");
    }
    let done = scene.fieldbridge(&["run", "recipe.toml", "--out", "run"]).done();
    assert!(done.stderr.contains("checked already"), "{}", done.stderr);
    scene.fieldbridge(&["check", "run", "--require", "calibrated"]);
    // a trained model is asked about new simulations
    let text = RECIPE
        .replace("bridge = \"flow_matching\"", "pretrained = \"run/model.safetensors\"")
        .replace("simulations = 60", "simulations = 6\nseed = 9");
    std::fs::write(scene.path("again.toml"), text).unwrap();
    let ended = scene
        .fieldbridge(&["run", "again.toml", "--out", "again", "--json"])
        .done();
    assert_eq!(ended.json()["observations"].as_u64(), Some(6));
    let other = std::fs::read_to_string(scene.path("again.toml"))
        .unwrap()
        .replace("bins = 2", "bins = 1");
    std::fs::write(scene.path("other.toml"), other).unwrap();
    scene
        .fieldbridge(&["run", "other.toml", "--out", "other"])
        .fails_saying(&["pretrained", "bins: 1", "bins: 2"]);
}

/// What power spectra alone say where no posterior is exact: on a grid of two parameters, and by draws of three.
#[test]
fn fields_that_are_not_gaussian_stand_beside_the_posterior_of_their_spectra() {
    let scene = scene("fields-spectra");
    let run = |out: &str, more: &[&str]| {
        let words = [
            "run",
            "recipe.toml",
            "--json",
            "--out",
            out,
            "--set",
            "simulation.field.law=log_normal",
            "--set",
            "train.steps=3",
        ];
        let json = scene.fieldbridge(&[&words, more].concat()).done().json();
        assert!(json["exact"].is_null());
        let baselines = json["baselines"].clone();
        assert_eq!(baselines["parameters"][1]["answer"], "power spectra");
        assert_eq!(baselines["maps"].as_array().unwrap().len(), 4);
        let of = |answer: usize, what: &str| {
            let column = &baselines["parameters"][answer]["parameters"][0];
            assert_eq!(column["name"], "sigma_8");
            column[what].as_f64().unwrap()
        };
        // the prior is as wide as it says, and spectra know more
        assert!(
            (of(0, "width") - 1.0).abs() < 1e-9 && (0.4..1.8).contains(&of(0, "error")),
            "{baselines}"
        );
        assert!(of(1, "width") < 0.97 && of(1, "width") > 0.2, "{baselines}");
        baselines
    };
    let two = run("two", &[]);
    assert_eq!(two["spectra"]["cells"], serde_json::json!([96, 96]));
    let three = run(
        "three",
        &["--set", "simulation.prior.n_s={ mean = 0.9645, deviation = 0.02 }"],
    );
    assert_eq!(three["spectra"]["method"], "weighted_draws");
    assert!(three["spectra"]["least_effective"].as_f64().unwrap() > 60.0, "{three}");
    // a narrow third parameter changes little: draws give what the grid gives, of other universes with the same numbers
    let width = |found: &serde_json::Value| found["parameters"][1]["parameters"][0]["width"].as_f64().unwrap();
    assert!((width(&three) / width(&two) - 1.0).abs() < 0.1, "{two} {three}");
}

#[test]
fn a_killed_training_goes_on_to_the_same_bytes_on_any_number_of_threads() {
    let scene = scene("fields-killed");
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
}

#[test]
fn an_observed_map_is_answered_or_refused_with_the_reason() {
    let scene = scene("fields-infer");
    scene.fieldbridge(&["train", "recipe.toml", "--out", "run"]).done();
    let store = ZarrStore::open(&scene.path("run/simulations.zarr")).unwrap();
    let maps = store.read("observation", 0..2).unwrap().to_f64().unwrap();
    let map = &maps[128..];
    scene.array("map.npy", vec![2, 8, 8], map.to_vec());
    scene.array("flat.npy", vec![8, 16], map.to_vec());
    let mut gap = map.to_vec();
    gap[7] = f64::NAN;
    scene.array("gap.npy", vec![2, 8, 8], gap);
    scene.array("loud.npy", vec![2, 8, 8], map.iter().map(|value| 3.0 * value).collect());
    let ask = |observation: &str, more: &[&str]| {
        scene.infer(
            "run",
            observation,
            &[&["--draws", "5", "--out", "draws.csv"], more].concat(),
        )
    };
    // the same observation from a file and from the store it is in
    let plain = ask("map.npy", &["--maps", "maps.zarr"]).done();
    assert!(!plain.stderr.contains("warning"), "{}", plain.stderr);
    let drawn = ZarrStore::open(&scene.path("maps.zarr")).unwrap();
    assert_eq!(drawn.array("convergence").unwrap().shape, [5, 2, 8, 8]);
    let values = drawn.read("convergence", 0..5).unwrap().to_f64().unwrap();
    assert!(values.iter().all(|value| value.is_finite()));
    let table = String::from_utf8(scene.bytes("draws.csv")).unwrap();
    assert!(table.starts_with("draw,sigma_8,omega_c"), "{table}");
    for line in table.lines().skip(1) {
        let omega: f64 = line.split(',').nth(2).unwrap().parse().unwrap();
        assert!(omega > 0.05, "{omega} leaves the prior");
    }
    ask("run/simulations.zarr", &["--row", "1"]).done();
    ask("flat.npy", &[]).fails_saying(&["[8, 16]", "2 bins of 8 by 8"]);
    ask("gap.npy", &[]).fails_saying(&["1 of 128", "not finite", "masked"]);
    ask("run/simulations.zarr", &["--row", "99"]).fails_saying(&["no number 99"]);
    let loud = ask("loud.npy", &[]).done();
    assert!(
        loud.stderr.contains("more than") && loud.stderr.contains("noise"),
        "{}",
        loud.stderr
    );
    scene
        .fieldbridge(&["sample", "run", "--count", "3"])
        .fails_saying(&["--observation"]);
}

#[test]
fn other_bridges_train_on_the_same_rows() {
    let scene = Scene::new("fields-bridges");
    scene.recipe(&format!("{RECIPE}{OTHERS}"));
    for bridge in ["diffusion", "interpolant"] {
        let set = format!("bridge={bridge}");
        let words = [
            "train",
            "recipe.toml",
            "--out",
            bridge,
            "--set",
            &set,
            "--set",
            "train.steps=3",
        ];
        scene.fieldbridge(&words).done();
        let observation = format!("{bridge}/simulations.zarr");
        scene
            .infer(bridge, &observation, &["--draws", "3", "--out", "draws.csv"])
            .done();
    }
}

#[test]
fn what_contradicts_simulations_is_refused_by_line() {
    let scene = Scene::new("fields-refused");
    scene.recipe(&RECIPE.replace("test = 0.2", "file = \"a.csv\"\ntest = 0.2"));
    scene
        .fieldbridge(&["run", "recipe.toml"])
        .fails_saying(&["data.file", "[simulation]"]);
    scene.recipe(&RECIPE.replace("[target]", "[context.noise]\ncolumns = [\"n\"]\n\n[target]"));
    scene
        .fieldbridge(&["run", "recipe.toml"])
        .fails_saying(&["context.noise", "[simulation]"]);
    scene.recipe(&RECIPE.replace("pixels = 8", "pixel = 8"));
    scene
        .fieldbridge(&["run", "recipe.toml"])
        .fails_saying(&["simulation.patch.pixel", "did you mean `pixels`"]);
    scene.recipe(&RECIPE.replace("columns = [\"sigma_8\"", "columns = [\"sigma8\""));
    scene
        .fieldbridge(&["run", "recipe.toml"])
        .fails_saying(&["target.columns", "sigma8", "sigma_8"]);
}
