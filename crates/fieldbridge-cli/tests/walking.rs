//! Where draws were on their way: the pictures of a report, and `sample --walk`.

mod scene;

use fieldbridge_files::TableFile;
use scene::Scene;

/// Two columns drawn from a known distribution; trains in a fraction of a second.
const MOONS: &str = r#"title = "Two moons"
bridge = "flow_matching"

[data]
generate = "two_moons"
rows = 400

[target]
columns = ["x", "y"]

[flow_matching]
width = 8
blocks = 1
solver = { method = "heun", steps = 12 }

[spline_flow]
transforms = 3
bins = 4
width = 8

[train]
steps = 30
batch = 32
shard = 16
evaluate_every = 15
warmup = 5
"#;

fn moons(name: &str, settings: &[&str]) -> Scene {
    let scene = Scene::new(name);
    scene.recipe(MOONS);
    let mut words = vec!["run", "recipe.toml"];
    for setting in settings {
        words.extend(["--set", setting]);
    }
    scene.fieldbridge(&words).done();
    scene
}

/// Frames of an animated PNG, by its animation control chunk.
fn frames(file: &[u8]) -> u32 {
    assert_eq!(&file[..8], b"\x89PNG\r\n\x1a\n");
    let at = file
        .windows(4)
        .position(|window| window == b"acTL")
        .expect("it is animated");
    u32::from_be_bytes(file[at + 4..at + 8].try_into().unwrap())
}

#[test]
fn a_run_of_two_columns_shows_the_way() {
    // (settings, frames): a frame for each step and the start, or some between jumps, of which the last scaling is one
    for (name, settings, expected) in [
        ("way-walked", vec![], 13),
        ("way-jumps", vec!["bridge=spline_flow"], 37),
        ("way-one-jump", vec!["bridge=mixture_density"], 37),
    ] {
        let scene = moons(name, &settings);
        let figures = |name: &str| scene.bytes(&format!("runs/recipe/figures/{name}"));
        assert!(figures("walk.png").starts_with(b"\x89PNG"));
        assert_eq!(frames(&figures("walk.apng")), expected, "{name}");
        let report = String::from_utf8(scene.bytes("runs/recipe/report.html")).unwrap();
        for text in [
            "id=\"walk\"",
            "id=\"walk-moving\"",
            "data:image/png;base64,",
            "times as long as straight lines",
        ] {
            assert!(report.contains(text), "{name}: {text}");
        }
        let found: serde_json::Value = serde_json::from_slice(&scene.bytes("runs/recipe/check.json")).unwrap();
        let below = found["below_truth"]["value"].as_f64().unwrap();
        assert!(below > 0.0, "{name}: 30 steps learned two moons to {below}");
    }
}

#[test]
fn other_runs_show_none() {
    let scene = Scene::new("no-way");
    scene.fieldbridge(&["run", "recipe.toml"]).done();
    assert!(!scene.path("runs/recipe/figures/walk.png").exists());
    let report = String::from_utf8(scene.bytes("runs/recipe/report.html")).unwrap();
    assert!(!report.contains("The way"));
}

#[test]
fn sample_tells_the_way_of_its_draws() {
    let scene = moons("sample-walk", &[]);
    let sample = |more: &[&str]| {
        let words = [&["sample", "runs/recipe", "--count", "30", "--json"], more].concat();
        scene.fieldbridge(&words).done().json()
    };
    sample(&["--out", "draws.csv"]);
    let object = sample(&["--walk", "4", "--out", "way.csv"]);
    assert_eq!(object["rows"].as_u64(), Some(30 * 5));
    let times = scene.column("way.csv", "t");
    assert_eq!(times[..6], [0.0, 0.25, 0.5, 0.75, 1.0, 0.0]);
    assert_eq!(scene.column("way.csv", "draw")[4..6], [0.0, 1.0]);
    for name in ["x", "y"] {
        let ends: Vec<f64> = scene.column("way.csv", name).into_iter().skip(4).step_by(5).collect();
        // fixed steps: the very same walk
        assert_eq!(ends, scene.column("draws.csv", name));
    }
    scene
        .fieldbridge(&["sample", "runs/recipe", "--count", "3", "--walk", "0"])
        .code(2);
}

#[test]
fn sample_tells_the_way_given_a_context() {
    let scene = Scene::new("sample-walk-given");
    scene
        .fieldbridge(&["train", "recipe.toml", "--set", "bridge=flow_matching"])
        .done();
    let words = [
        "sample",
        "runs/recipe",
        "--count",
        "2",
        "--context",
        "rows.csv",
        "--walk",
        "3",
        "--out",
        "way.csv",
    ];
    scene.fieldbridge(&words).done();
    let file = TableFile::open(&scene.path("way.csv")).unwrap();
    let names: Vec<&str> = file.columns().iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["row", "draw", "t", "z"]);
    assert_eq!(file.rows(), scene::ROWS * 2 * 4);
    assert_eq!(scene.column("way.csv", "row")[7..9], [0.0, 1.0]);
    assert!(scene.column("way.csv", "z").iter().all(|z| *z > 0.0));
}

#[test]
fn how_draws_are_made_may_be_chosen_after_training() {
    let scene = moons("drawing", &["flow_matching.sampler={method=\"probability_flow\"}"]);
    let draw = |name: &str, more: &[&str]| {
        let words = [&["sample", "runs/recipe", "--count", "40", "--out", name], more].concat();
        scene.fieldbridge(&words).done();
        scene.column(name, "x")
    };
    let as_trained = draw("a.csv", &[]);
    assert_eq!(draw("b.csv", &["--solver", "heun", "--steps", "12"]), as_trained);
    assert_ne!(draw("c.csv", &["--steps", "3"]), as_trained);
    assert_ne!(
        draw(
            "d.csv",
            &["--sampler", "euler_maruyama", "--steps", "12", "--noise", "1"]
        ),
        as_trained
    );
    // the same equation by the same method
    let euler = draw("e.csv", &["--solver", "euler", "--steps", "12"]);
    let quiet = draw(
        "f.csv",
        &["--sampler", "euler_maruyama", "--steps", "12", "--noise", "0"],
    );
    assert!(euler.iter().zip(&quiet).all(|(one, other)| (one - other).abs() < 1e-4));
    let refused = |more: &[&str], words: &[&str]| {
        let all = [&["sample", "runs/recipe", "--count", "4"], more].concat();
        scene.fieldbridge(&all).fails_saying(words);
    };
    refused(&["--guidance", "2"], &["--guidance", "needs a diffusion"]);
    refused(&["--sampler", "ancestral"], &["--steps"]);
    refused(
        &["--sampler", "heun", "--steps", "5", "--noise", "1"],
        &["--noise", "euler_maruyama"],
    );
    scene
        .fieldbridge(&["sample", "runs/recipe", "--count", "4", "--sampler", "huen"])
        .code(2);
}

/// A bridge between two sets of points, known by their points alone.
#[test]
fn a_bridge_without_a_density_is_checked_by_its_draws() {
    let scene = Scene::new("no-density");
    scene.recipe(
        &MOONS
            .replace("rows = 400", "rows = 400\nstart = \"eight_gaussians\"")
            .replace(
                "[flow_matching]",
                "[context.start]\ncolumns = [\"start_x\", \"start_y\"]\n\n[flow_matching]",
            )
            .replace(
                "[spline_flow]",
                "[interpolant]\nsource = \"start\"\npaired = false\nnetwork = { width = 8, blocks = 1 }\n\
                 sampler = { method = \"euler_maruyama\", steps = 10 }\n\n[spline_flow]",
            )
            .replace("bridge = \"flow_matching\"", "bridge = \"interpolant\""),
    );
    let object = scene.fieldbridge(&["run", "recipe.toml", "--json"]).done().json();
    assert!(
        object["mean_log_density"].is_null() && object["verdict"].is_string(),
        "{object}"
    );
    let report = String::from_utf8(scene.bytes("runs/recipe/report.html")).unwrap();
    assert!(report.contains("draws are all it gives") && report.contains("id=\"walk\""));
    let posteriors = TableFile::open(&scene.path("runs/recipe/posteriors.parquet")).unwrap();
    assert!(posteriors.columns().iter().all(|column| column.name != "log_density"));
    scene.fieldbridge(&["report", "runs/recipe"]).done();
    let density = ["density", "runs/recipe", "--data", "rows.csv"];
    scene.fieldbridge(&density).fails_saying(&["x"]);
}
