//! Field-level chains: the same bytes however they were made, and clear words for what cannot be.

#[macro_use]
mod scene;

use fieldbridge_files::{TableFile, read_array};
use scene::Scene;

const RECIPE: &str = concat!(
    r#"title = "A small survey"
seed = 5
simulations = 1

[patch]
pixels = 8
width_degrees = 5.0

[sources]
"#,
    galaxies!(2, "27.0"),
    r#"
[field]
shifts = [0.02, 0.06]

[prior]
omega_c = { mean = 0.2664, deviation = 0.05, low = 0.1 }
omega_b = 0.0492
sigma_8 = { low = 0.6, high = 1.0 }
h_0 = 0.6727
n_s = 0.9645
w_0 = -1.0

[store]
bands = 2

[mcmc]
chains = 2
warmup = 40
draws = 40
block = 20
"#
);

fn scene(name: &str) -> Scene {
    let scene = Scene::new(name);
    scene.recipe(RECIPE);
    scene
}

fn map(scene: &Scene, name: &str, shape: &[usize], change: impl Fn(&mut Vec<f64>)) {
    let count = shape.iter().product();
    let mut values: Vec<f64> = scene::numbers(7, count)
        .iter()
        .map(|value| 0.04 * (value - 0.5))
        .collect();
    change(&mut values);
    scene.array(name, shape.to_vec(), values);
}

#[test]
fn draws_do_not_depend_on_threads_or_on_how_often_the_chains_were_asked_for() {
    let scene = scene("field-chains");
    let whole = ["mcmc", "recipe.toml", "--out", "whole", "--threads", "2", "--json"];
    let found = scene.fieldbridge(&whole).done().json();
    assert_eq!((found["chains"].as_u64(), found["draws"].as_u64()), (Some(2), Some(40)));
    assert!(found["parameters"]["sigma_8"]["mean"].as_f64().unwrap() > 0.6);
    assert!(found["parameters"]["omega_b"].is_null());
    for part in ["20", "40"] {
        scene
            .fieldbridge(&[
                "mcmc",
                "recipe.toml",
                "--out",
                "parts",
                "--threads",
                "1",
                "--draws",
                part,
            ])
            .done();
    }
    for file in [
        "posterior.parquet",
        "chains/recipe_1.txt",
        "chains/recipe_2.txt",
        "chains/recipe.paramnames",
        "chains/recipe.ranges",
        "convergence_mean.npy",
        "convergence_deviation.npy",
        "powers.csv",
    ] {
        assert!(
            scene.bytes(&format!("whole/{file}")) == scene.bytes(&format!("parts/{file}")),
            "{file} differs"
        );
    }
    let page = String::from_utf8(scene.bytes("whole/report.html")).unwrap();
    assert!(page.contains("R-hat") && page.contains("sigma_8"));
    let table = TableFile::open(&scene.path("whole/posterior.parquet")).unwrap();
    let names: Vec<String> = table.columns().iter().map(|column| column.name.clone()).collect();
    let expected = ["chain", "draw", "omega_c", "omega_b", "sigma_8", "h_0", "n_s", "w_0"];
    assert_eq!(names, expected);
    let table = table.read(&["chain", "draw", "sigma_8", "omega_b"], 0..80).unwrap();
    let column = |name: &str| table.column(name).unwrap().to_f64().unwrap();
    assert_eq!(column("chain")[40], 1.0);
    assert!(column("sigma_8").iter().all(|&value| value > 0.6 && value < 1.0));
    assert!(column("omega_b").iter().all(|&value| value == 0.0492));
    assert_eq!(
        read_array(&scene.path("whole/convergence_mean.npy")).unwrap().shape,
        [2, 8, 8]
    );
    // other settings are not laid over these chains
    scene
        .fieldbridge(&["mcmc", "recipe.toml", "--out", "whole", "--simulation", "1"])
        .fails_saying(&["chains.safetensors", "--out"]);
}

#[test]
fn masked_pixels_are_not_read() {
    let scene = scene("field-chains-masked");
    // axes in the other order, and pixels of the first bin not observed
    map(&scene, "first.npy", &[8, 8, 2], |values| values[0] = f64::NAN);
    map(&scene, "second.npy", &[2, 8, 8], |values| {
        let last = scene::numbers(7, 128);
        let value = |index: usize| 0.04 * (last[index] - 0.5);
        for bin in 0..2 {
            for pixel in 0..64 {
                values[bin * 64 + pixel] = value(pixel * 2 + bin);
            }
        }
        values[0] = -f64::NAN;
    });
    for name in ["first", "second"] {
        let file = format!("{name}.npy");
        scene
            .fieldbridge(&[
                "mcmc",
                "recipe.toml",
                "--observation",
                &file,
                "--out",
                name,
                "--draws",
                "20",
            ])
            .done();
    }
    assert!(scene.bytes("first/posterior.parquet") == scene.bytes("second/posterior.parquet"));
}

#[test]
fn what_cannot_be_sampled_is_refused_with_its_place() {
    let scene = scene("field-chains-refused");
    let refused = |words: &[&str], expected: &[&str]| {
        scene
            .fieldbridge(&[&["mcmc", "recipe.toml", "--out", "none"], words].concat())
            .fails_saying(expected);
        assert!(!scene.path("none").exists());
    };
    map(&scene, "shape.npy", &[8, 8, 3], |_| ());
    refused(
        &["--observation", "shape.npy"],
        &["shape.npy", "[8, 8, 3]", "[8, 8, 2]", "sources.bins"],
    );
    map(&scene, "masked.npy", &[8, 8, 2], |values| values.fill(f64::NAN));
    refused(&["--observation", "masked.npy"], &["masked.npy", "no observed pixel"]);
    map(&scene, "infinite.npy", &[8, 8, 2], |values| values[21] = f64::INFINITY);
    refused(
        &["--observation", "infinite.npy"],
        &["infinite.npy", "bin 1, row 1, column 2"],
    );
    map(&scene, "good.npy", &[8, 8, 2], |_| ());
    refused(
        &[
            "--set",
            "observation.file=good.npy",
            "--set",
            "observation.pixel_arcmin=2.34",
        ],
        &["observation.pixel_arcmin", "2.34", "37.5"],
    );
    refused(&["--observation", "nothing.npy"], &["nothing.npy"]);
    refused(
        &["--set", "prior.sigma_8={ mean = 0.8, deviation = 0.0 }"],
        &["prior.sigma_8", "deviation 0", "NAME = NUMBER"],
    );
    refused(&["--set", "mcmc.colour=blue"], &["colour"]);
    scene
        .fieldbridge(&["mcmc", "recipe.toml", "--out", "few", "--warmup", "3"])
        .fails_saying(&["mcmc.warmup", "at least 40"]);
}

#[cfg(unix)]
#[test]
fn ctrl_c_and_a_kill_lose_nothing_that_was_saved() {
    let scene = scene("field-chains-stopped");
    let words = |out| {
        [
            "mcmc",
            "recipe.toml",
            "--out",
            out,
            "--set",
            "mcmc.draws=400",
            "--set",
            "patch.pixels=16",
        ]
    };
    scene.fieldbridge(&words("whole")).done();
    let saved = scene.path("stopped").join("chains.safetensors");
    for (signal, code) in [("-INT", Some(130)), ("-KILL", None)] {
        let before = saved.metadata().ok().map(|about| about.modified().unwrap());
        let child = scene.start(&words("stopped"));
        let start = std::time::Instant::now();
        while saved.metadata().ok().map(|about| about.modified().unwrap()) == before {
            assert!(start.elapsed().as_secs() < 60, "no draw is saved");
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        let sent = std::process::Command::new("kill")
            .args([signal, &child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
        let ended = scene.wait(child);
        assert_eq!(ended.code, code, "{}", ended.stderr);
        assert!(
            !scene.path("stopped/posterior.parquet").exists(),
            "it was stopped before its end"
        );
    }
    scene.fieldbridge(&words("stopped")).done();
    for file in ["posterior.parquet", "convergence_mean.npy", "powers.csv"] {
        assert!(
            scene.bytes(&format!("whole/{file}")) == scene.bytes(&format!("stopped/{file}")),
            "{file} differs"
        );
    }
}
