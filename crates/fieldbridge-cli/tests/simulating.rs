//! Sets of simulations: the same bytes however they were made, and clear words for what cannot be.

#[macro_use]
mod scene;

use fieldbridge_files::{ColumnValues, ZarrStore};
use scene::Scene;

const RECIPE: &str = concat!(
    r#"title = "A small survey"
seed = 5
simulations = 7

[patch]
pixels = 16
width_degrees = 5.0

[sources]
"#,
    galaxies!(2, "27.0"),
    r#"
[prior]
omega_c = { mean = 0.2664, deviation = 0.05, low = 0.1 }
omega_b = 0.0492
sigma_8 = { low = 0.6, high = 1.0 }
h_0 = 0.6727
n_s = 0.9645
w_0 = { mean = -1.0, deviation = 0.9, low = -2.0, high = -0.3 }

[store]
bands = 4
simulations_per_chunk = 2
"#
);

fn scene(name: &str) -> Scene {
    let scene = Scene::new(name);
    scene.recipe(RECIPE);
    scene
}

fn numbers(scene: &Scene, out: &str, array: &str) -> Vec<f64> {
    let store = ZarrStore::open(&scene.path(out).join("simulations.zarr")).unwrap();
    let rows = store.array(array).unwrap().shape[0];
    store.read(array, 0..rows).unwrap().to_f64().unwrap()
}

/// Every file of a store, with its bytes.
fn bytes(scene: &Scene, out: &str) -> Vec<(String, Vec<u8>)> {
    let root = scene.path(out).join("simulations.zarr");
    let mut folders = vec![root.clone()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
                files.push((name, std::fs::read(&path).unwrap()));
            }
        }
    }
    files.sort();
    files
}

#[test]
fn the_bytes_do_not_depend_on_threads_interruptions_or_how_the_set_grew() {
    let scene = scene("simulating");
    let ended = scene
        .fieldbridge(&["simulate", "recipe.toml", "--out", "whole", "--threads", "1", "--json"])
        .done();
    let json = ended.json();
    assert_eq!((json["simulations"].as_u64(), json["new"].as_u64()), (Some(7), Some(7)));
    // a smaller set with two threads, of which a chunk is then lost and another cut, grows
    scene
        .fieldbridge(&[
            "simulate",
            "recipe.toml",
            "--out",
            "grown",
            "--threads",
            "2",
            "--set",
            "simulations=3",
        ])
        .done();
    let chunks = scene.path("grown").join("simulations.zarr/observation/c");
    std::fs::remove_file(chunks.join("0/0/0/0")).unwrap();
    std::fs::write(chunks.join("1/0/0/0"), [1, 2, 3]).unwrap();
    scene
        .fieldbridge(&["simulate", "recipe.toml", "--out", "grown", "--threads", "2"])
        .done();
    assert!(bytes(&scene, "whole") == bytes(&scene, "grown"));
    let again = scene
        .fieldbridge(&["simulate", "recipe.toml", "--out", "whole", "--json"])
        .done();
    assert_eq!(again.json()["new"].as_u64(), Some(0));
}

#[test]
fn the_arrays_hold_what_they_say() {
    let scene = scene("simulated-arrays");
    scene.fieldbridge(&["simulate", "recipe.toml", "--out", "run"]).done();
    let store = ZarrStore::open(&scene.path("run").join("simulations.zarr")).unwrap();
    assert_eq!(store.array("convergence").unwrap().shape, [7, 2, 16, 16]);
    assert_eq!(
        store.array("convergence").unwrap().dimensions,
        ["simulation", "bin", "y", "x"]
    );
    assert_eq!(store.array("theory").unwrap().attributes["units"], "sr");
    let parameters = numbers(&scene, "run", "parameters");
    for universe in parameters.chunks_exact(6) {
        assert!(universe[0] > 0.1 && universe[1] == 0.0492 && (0.6..1.0).contains(&universe[2]));
        assert!((-2.0..=-0.3).contains(&universe[5]));
    }
    assert!(parameters[0] != parameters[6]);
    let (convergence, observation) = (
        numbers(&scene, "run", "convergence"),
        numbers(&scene, "run", "observation"),
    );
    assert!(convergence.iter().all(|value| value.is_finite()));
    // the noise is what it is said to be: 7 * 256 pixels of each bin
    let ColumnValues::Float64(noise) = store.read("noise", 0..2).unwrap() else {
        panic!("another type")
    };
    for (bin, noise) in noise.iter().enumerate() {
        let mean_square: f64 = (0..7 * 256)
            .map(|index| {
                let place = (index / 256 * 2 + bin) * 256 + index % 256;
                (observation[place] - convergence[place]).powi(2) / (7.0 * 256.0)
            })
            .sum();
        assert!((mean_square / (noise * noise) - 1.0).abs() < 4.0 * (2.0_f64 / (7.0 * 256.0)).sqrt());
    }
    assert!(
        numbers(&scene, "run", "theory")
            .iter()
            .zip(numbers(&scene, "run", "spectra"))
            .all(|(a, b)| *a > 0.0 && b.is_finite())
    );
}

#[test]
fn another_recipe_leaves_the_store_alone() {
    let scene = scene("simulated-twice");
    scene.fieldbridge(&["simulate", "recipe.toml", "--out", "run"]).done();
    let before = bytes(&scene, "run");
    scene
        .fieldbridge(&[
            "simulate",
            "recipe.toml",
            "--out",
            "run",
            "--set",
            "sources.ellipticity=0.3",
        ])
        .fails_saying(&["sources.ellipticity", "0.26", "0.3", "--out"]);
    assert!(before == bytes(&scene, "run"));
}

#[test]
fn what_cannot_be_simulated_is_refused_with_the_line_and_leaves_nothing() {
    let scene = scene("simulated-nonsense");
    let cases: [(&str, &[&str]); 11] = [
        (
            "prior.sigma_8={ low = 0.8, high = 0.8 }",
            &["recipe.toml", "line", "prior.sigma_8", "width 0", "NAME = NUMBER"],
        ),
        (
            "prior.omega_c={ mean = 0.3, deviation = 0.0 }",
            &["prior.omega_c", "deviation 0"],
        ),
        ("prior.w_0={ men = 1.0 }", &["prior.w_0", "mean", "deviation"]),
        (
            "prior.omega_b=-0.01",
            &["omega_b", "-0.01", "simulation 0", "cut the prior"],
        ),
        ("prior.n_s=-40.0", &["simulation 0"]),
        ("field.shifts=[0.01, -0.02]", &["field.shifts", "-0.02", "bin 1"]),
        ("field.shifts=[0.01]", &["shifts", "at least 2", "1"]),
        ("field.shifts=nothing.npy", &["field.shifts", "nothing.npy"]),
        ("patch.pixels=2", &["patch", "pixels", "2"]),
        ("patch.pixel=2", &["patch.pixel", "did you mean `pixels`"]),
        ("simulations=0", &["simulations", "at least 1"]),
    ];
    for (setting, words) in cases {
        scene
            .fieldbridge(&["simulate", "recipe.toml", "--out", "run", "--set", setting])
            .fails_saying(words);
        // universes that cannot be are met when they are drawn
        if !words.contains(&"simulation 0") {
            assert!(!scene.path("run").exists(), "{setting}");
        } else {
            std::fs::remove_dir_all(scene.path("run")).unwrap();
        }
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_keeps_what_is_made_and_the_same_command_goes_on() {
    let scene = scene("simulated-ctrl-c");
    let words = |out| {
        [
            "simulate",
            "recipe.toml",
            "--out",
            out,
            "--set",
            "simulations=1500",
            "--set",
            "patch.pixels=64",
        ]
    };
    let child = scene.start(&words("stopped"));
    let first = scene.path("stopped").join("simulations.zarr/theory/c/0/0/0");
    let start = std::time::Instant::now();
    while !first.exists() {
        assert!(start.elapsed().as_secs() < 60, "no simulation is made");
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    let killed = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    let ended = scene.wait(child);
    assert_eq!(ended.code, Some(130), "{}", ended.stderr);
    assert!(ended.stderr.contains("the same command continues"), "{}", ended.stderr);
    scene
        .fieldbridge(&[
            "simulate",
            "recipe.toml",
            "--out",
            "stopped",
            "--set",
            "simulations=20",
            "--set",
            "patch.pixels=64",
        ])
        .done();
    scene
        .fieldbridge(&[
            "simulate",
            "recipe.toml",
            "--out",
            "whole",
            "--set",
            "simulations=20",
            "--set",
            "patch.pixels=64",
        ])
        .done();
    let rows = 20 * 2 * 64 * 64;
    assert!(numbers(&scene, "stopped", "observation")[..rows] == numbers(&scene, "whole", "observation")[..rows]);
}
