//! Models that learn from shear behind survey masks: the transform beside that of the sky, from simulations to a report, and maps with
//! holes answered or refused with the reason.

mod scene;

use fieldbridge::data::fields::KaiserSquires;
use fieldbridge_files::ZarrStore;
use fieldbridge_sky::field::Patch;
use scene::small_field::RECIPE;
use scene::{Ended, Scene};

/// What a survey sees of the small field.
const SURVEY: &str = r#"[observation]
kind = "shear"

[observation.mask]
edge = 0.2
holes_per_degree2 = 0.06
hole_arcmin = [20.0, 60.0]

[data]
"#;

/// The recipe of the small field, learned from its shear behind masks.
fn masked_recipe() -> String {
    RECIPE
        .replace("A small field", "A small field behind masks")
        .replace("[data]\n", SURVEY)
        .replace(
            "channels = 2\n",
            "channels = 2\nobserved = 5\nobservation = \"shared\"\n",
        )
        .replace("steps = 40", "steps = 30")
}

/// Five draws given an observation.
fn ask(scene: &Scene, observation: &str, more: &[&str]) -> Ended {
    let words = ["--draws", "5", "--out", "draws.csv", "--json"];
    scene.infer("run", observation, &[&words, more].concat())
}

fn scene(name: &str) -> Scene {
    let scene = Scene::new(name);
    scene.recipe(&masked_recipe());
    scene
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
    let text = masked_recipe()
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
    scene.array("holes.npy", vec![2, 2, 8, 8], holes.clone());
    let answered = ask(&scene, "holes.npy", &["--maps", "maps.zarr"]).done();
    assert_eq!(answered.json()["masked_places"].as_u64(), Some(17));
    let drawn = ZarrStore::open(&scene.path("maps.zarr")).unwrap();
    let values = drawn.read("convergence", 0..5).unwrap().to_f64().unwrap();
    assert!(values.len() == 5 * 128 && values.iter().all(|value| value.is_finite()));
    let table = scene.bytes("draws.csv");
    // what stands beside a missing number does not matter
    holes[127] = 5.0;
    scene.array("same.npy", vec![2, 2, 8, 8], holes);
    ask(&scene, "same.npy", &[]).done();
    assert!(scene.bytes("draws.csv") == table);
    ask(&scene, "run/simulations.zarr", &["--row", "1"]).done();
    scene.array("empty.npy", vec![2, 2, 8, 8], vec![f64::NAN; 256]);
    ask(&scene, "empty.npy", &[]).fails_saying(&["empty.npy", "all of its 64 places are masked"]);
    scene.array("map.npy", vec![2, 8, 8], vec![0.0; 128]);
    ask(&scene, "map.npy", &[]).fails_saying(&["[2, 8, 8]", "[2, 2, 8, 8]", "shear"]);
    scene.array(
        "loud.npy",
        vec![2, 2, 8, 8],
        whole.iter().map(|value| 9.0 * value).collect(),
    );
    let loud = ask(&scene, "loud.npy", &[]).done();
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
    map[10] = f64::NAN;
    map[64 + 11] = f64::NAN;
    scene.array("holes.npy", vec![2, 8, 8], map.clone());
    let answered = ask(&scene, "holes.npy", &[]).done();
    assert!(!answered.stderr.contains("warning"), "{}", answered.stderr);
    assert_eq!(answered.json()["masked_places"].as_u64(), Some(2));
    map[20] = f64::INFINITY;
    scene.array("infinite.npy", vec![2, 8, 8], map);
    ask(&scene, "infinite.npy", &[]).fails_saying(&["1 of 128 pixels are infinite", "NaN"]);
    scene.array("empty.npy", vec![2, 8, 8], vec![f64::NAN; 128]);
    ask(&scene, "empty.npy", &[]).fails_saying(&["all of its 64 places are masked"]);
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
