//! Models that learn from shear behind survey masks: the transform beside that of the sky, from simulations to a report, and maps with
//! holes answered or refused with the reason.

mod scene;

use fieldbridge::data::fields::KaiserSquires;
use fieldbridge_files::{Array, ColumnValues, ZarrStore, write_npy};
use fieldbridge_sky::field::Patch;
use scene::Scene;

const RECIPE: &str = r#"title = "A small field behind masks"
seed = 3
bridge = "flow_matching"

[simulation]
simulations = 60

[simulation.patch]
pixels = 8
width_degrees = 5.0

[simulation.sources]
rise = 2.0
fall = 0.68
scale = 0.11
bins = 2
photometric_smearing = 0.05
galaxies_per_arcmin2 = 27.0
ellipticity = 0.26

[simulation.field]
law = "gaussian"

[simulation.prior]
omega_c = { mean = 0.2664, deviation = 0.1, low = 0.05 }
omega_b = 0.0492
sigma_8 = { mean = 0.831, deviation = 0.14 }
h_0 = 0.6727
n_s = 0.9645
w_0 = -1.0

[simulation.store]
bands = 2

[observation]
kind = "shear"

[observation.mask]
edge = 0.2
holes_per_degree2 = 0.06
hole_arcmin = [20.0, 60.0]

[data]
test = 0.2
validation = 0.1

[target]
columns = ["sigma_8", "omega_c"]

[flow_matching]
head = "preconditioned"
weight = "velocity"
balance = [2, 128]
solver = { method = "heun", steps = 4 }
likelihood = { trace = "hutchinson", probes = 2 }

[flow_matching.network]
kind = "joint_transformer"
shape = [8, 8]
channels = 2
observed = 5
observation = "shared"
patch = 4
parameters = 2
width = 16
blocks = 1
heads = 2

[train]
steps = 30
batch = 16
shard = 8
evaluate_every = 10
checkpoint_seconds = 0.0

[check]
draws = 12
rows = 12
"#;

fn scene(name: &str) -> Scene {
    let scene = Scene::new(name);
    scene.recipe(RECIPE);
    scene
}

fn write(scene: &Scene, name: &str, shape: Vec<usize>, values: Vec<f64>) {
    let array = Array::new(shape, ColumnValues::Float64(values)).unwrap();
    write_npy(&scene.path(name), &array).unwrap();
}

#[test]
fn shear_in_single_precision_is_that_of_the_sky() {
    for side in [9, 32] {
        let area = side * side;
        let (e, b): (Vec<f64>, Vec<f64>) = (0..area)
            .map(|at| ((1.7 * at as f64).sin(), (0.9 * (at * at) as f64).cos()))
            .unzip();
        let exact = fieldbridge_sky::survey::KaiserSquires::new(Patch::new(side, 5.0).unwrap());
        let (one, two) = exact.shear(&e, &b);
        let back = exact.convergence(&one, &two);
        let single = |map: &[f64]| map.iter().map(|&value| value as f32).collect::<Vec<f32>>();
        let lens = KaiserSquires::new(side);
        let found = lens.shear(&single(&e), &single(&b));
        let again = lens.convergence(&found.0, &found.1);
        for (found, exact) in [(found, (one, two)), (again, back)] {
            for (found, exact) in found.0.iter().chain(&found.1).zip(exact.0.iter().chain(&exact.1)) {
                assert!((f64::from(*found) - exact).abs() < 1e-5, "{found} {exact}");
            }
        }
    }
}

#[test]
fn a_run_on_masked_shear_judges_pixels_inside_and_outside_and_is_the_same_on_any_number_of_threads() {
    let scene = scene("masked-run");
    let ended = scene
        .fieldbridge(&["run", "recipe.toml", "--out", "run", "--json", "--threads", "2"])
        .done();
    let json = ended.json();
    // the exact posterior is not that of masked shear
    assert!(json["exact"].is_null());
    // neither is what a filter of modes gives, nor do spectra of the patch exist
    let baselines = &json["baselines"];
    assert!(baselines["spectra"].is_null());
    for (kind, expected) in [
        ("parameters", &["prior", "model"][..]),
        ("maps", &["prior", "observed map", "model"]),
    ] {
        let answers = baselines[kind].as_array().unwrap().iter();
        let names: Vec<&str> = answers.map(|answer| answer["answer"].as_str().unwrap()).collect();
        assert_eq!(names, expected);
    }
    let regions = json["pixels"].as_array().unwrap();
    let names: Vec<&str> = regions.iter().map(|region| region["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["observed", "hidden"]);
    let shares: Vec<f64> = regions.iter().map(|region| region["share"].as_f64().unwrap()).collect();
    assert!(
        (shares[0] + shares[1] - 1.0).abs() < 1e-9 && shares[1] > 0.1,
        "{shares:?}"
    );
    for region in regions {
        let coverage = region["coverage"].as_array().unwrap();
        assert_eq!(coverage.len(), 19);
        assert!(region["maximum_deviation"].as_f64().unwrap() < 0.9);
        assert!(region["spread"].as_f64().unwrap() > 0.0);
    }
    let report = String::from_utf8(scene.bytes("run/report.html")).unwrap();
    for words in [
        "Inside and outside of the observed area",
        "What simpler answers give",
        "Behind masks there are no power spectra",
        "hidden pixels",
        "Grey: hidden",
        "E mode",
        "survey masks",
    ] {
        assert!(report.contains(words), "{words}");
    }
    let recipe = String::from_utf8(scene.bytes("run/recipe.toml")).unwrap();
    assert!(
        recipe.contains("[observation.mask]") && recipe.contains("kind = \"shear\""),
        "{recipe}"
    );
    scene
        .fieldbridge(&["train", "recipe.toml", "--out", "alone", "--threads", "1"])
        .done();
    assert!(scene.bytes("alone/model.safetensors") == scene.bytes("run/model.safetensors"));
    // what was found is read again
    let done = scene.fieldbridge(&["run", "recipe.toml", "--out", "run"]).done();
    assert!(done.stderr.contains("checked already"), "{}", done.stderr);
    // a trained model brings what it observes with it
    let text = RECIPE
        .replace("bridge = \"flow_matching\"", "pretrained = \"run/model.safetensors\"")
        .replace("simulations = 60", "simulations = 4\nseed = 9");
    let (first, rest) = text.split_once("[observation]").unwrap();
    let rest = &rest[rest.find("[data]").unwrap()..];
    std::fs::write(scene.path("again.toml"), format!("{first}{rest}")).unwrap();
    let ended = scene
        .fieldbridge(&["run", "again.toml", "--out", "again", "--json"])
        .done();
    assert_eq!(ended.json()["pixels"].as_array().unwrap().len(), 2);
    let words = ["run", "again.toml", "--out", "other", "--set", "observation.kind=shear"];
    scene
        .fieldbridge(&words)
        .fails_saying(&["observation", "pretrained", "leave it out"]);
}

#[test]
fn observed_shear_with_holes_is_answered_and_an_empty_one_refused() {
    let scene = scene("masked-infer");
    scene.fieldbridge(&["train", "recipe.toml", "--out", "run"]).done();
    let ask = |run: &str, observation: &str, more: &[&str]| {
        let words = [
            "infer",
            run,
            "--observation",
            observation,
            "--draws",
            "5",
            "--out",
            "draws.csv",
            "--json",
        ];
        scene.fieldbridge(&[&words[..], more].concat())
    };
    // components of noise like that of training, with a hole; one number that is missing hides its place
    let noise = ZarrStore::open(&scene.path("run/simulations.zarr")).unwrap();
    let noise = noise.read("noise", 0..2).unwrap().to_f64().unwrap();
    let wave = |at: usize| noise[at / 64 % 2] * 1.4 * (2.4 * at as f64 + (at * at % 17) as f64).sin();
    let whole: Vec<f64> = (0..256).map(wave).collect();
    let mut holes = whole.clone();
    for (at, value) in holes.iter_mut().enumerate() {
        if at % 64 % 8 < 2 {
            *value = f64::NAN;
        }
    }
    holes[63] = f64::NAN;
    write(&scene, "holes.npy", vec![2, 2, 8, 8], holes.clone());
    let answered = ask("run", "holes.npy", &["--maps", "maps.zarr"]).done();
    assert_eq!(answered.json()["masked_places"].as_u64(), Some(17));
    let drawn = ZarrStore::open(&scene.path("maps.zarr")).unwrap();
    let values = drawn.read("convergence", 0..5).unwrap().to_f64().unwrap();
    assert!(values.len() == 5 * 128 && values.iter().all(|value| value.is_finite()));
    let table = scene.bytes("draws.csv");
    // what stands beside a missing number does not matter
    holes[127] = 5.0;
    write(&scene, "same.npy", vec![2, 2, 8, 8], holes);
    ask("run", "same.npy", &[]).done();
    assert!(scene.bytes("draws.csv") == table);
    ask("run", "run/simulations.zarr", &["--row", "1"]).done();
    write(&scene, "empty.npy", vec![2, 2, 8, 8], vec![f64::NAN; 256]);
    ask("run", "empty.npy", &[]).fails_saying(&["empty.npy", "all of its 64 places are masked"]);
    write(&scene, "map.npy", vec![2, 8, 8], vec![0.0; 128]);
    ask("run", "map.npy", &[]).fails_saying(&["[2, 8, 8]", "[2, 2, 8, 8]", "shear"]);
    write(
        &scene,
        "loud.npy",
        vec![2, 2, 8, 8],
        whole.iter().map(|value| 9.0 * value).collect(),
    );
    let loud = ask("run", "loud.npy", &[]).done();
    assert!(
        loud.stderr.contains("component 2 of the shear in bin 1"),
        "{}",
        loud.stderr
    );
}

#[test]
fn observed_convergence_with_holes_is_answered_by_a_model_that_learned_masks() {
    let scene = scene("masked-convergence");
    let words = [
        "train",
        "recipe.toml",
        "--out",
        "run",
        "--set",
        "observation.kind=convergence",
        "--set",
        "flow_matching.network.observed=2",
        "--set",
        "train.steps=5",
    ];
    scene.fieldbridge(&words).done();
    let store = ZarrStore::open(&scene.path("run/simulations.zarr")).unwrap();
    let mut map = store.read("observation", 0..1).unwrap().to_f64().unwrap();
    let ask = |observation: &str| {
        let words = [
            "infer",
            "run",
            "--observation",
            observation,
            "--draws",
            "5",
            "--out",
            "draws.csv",
            "--json",
        ];
        scene.fieldbridge(&words)
    };
    map[10] = f64::NAN;
    map[64 + 11] = f64::NAN;
    write(&scene, "holes.npy", vec![2, 8, 8], map.clone());
    let answered = ask("holes.npy").done();
    assert!(!answered.stderr.contains("warning"), "{}", answered.stderr);
    assert_eq!(answered.json()["masked_places"].as_u64(), Some(2));
    map[20] = f64::INFINITY;
    write(&scene, "infinite.npy", vec![2, 8, 8], map);
    ask("infinite.npy").fails_saying(&["1 of 128 pixels are infinite", "NaN"]);
    write(&scene, "empty.npy", vec![2, 8, 8], vec![f64::NAN; 128]);
    ask("empty.npy").fails_saying(&["all of its 64 places are masked"]);
    // the network must be told how many numbers a place has
    let words = [
        "train",
        "recipe.toml",
        "--out",
        "other",
        "--set",
        "flow_matching.network.observed=2",
    ];
    scene.fieldbridge(&words).fails_saying(&["observed", "64 places of 2"]);
}
