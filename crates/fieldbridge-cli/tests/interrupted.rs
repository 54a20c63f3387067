//! Runs that are stopped go on to the very bytes of a run that was not.

#![cfg(unix)]

mod scene;

use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::time::{Duration, Instant};

use scene::{Scene, numbers};

const LONG: [&str; 8] = [
    "train",
    "recipe.toml",
    "--set",
    "train.steps=150",
    "--set",
    "train.members=2",
    "--set",
    "train.checkpoint_seconds=0",
];

fn to(out: &str) -> Vec<&str> {
    [&LONG[..], &["--out", out]].concat()
}

#[test]
fn ctrl_c_saves_the_state_and_the_same_command_goes_on() {
    let scene = Scene::new("ctrl-c");
    scene.fieldbridge(&to("whole")).done();
    let child = scene.start(&to("stopped"));
    let events = scene.path("stopped/events.jsonl");
    let start = Instant::now();
    while std::fs::read_to_string(&events).map_or(0, |text| text.lines().count()) < 3 {
        assert!(start.elapsed() < Duration::from_secs(30), "training does not start");
        std::thread::sleep(Duration::from_millis(2));
    }
    let killed = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    let ended = scene.wait(child);
    assert_eq!(ended.code, Some(130), "{}", ended.stderr);
    assert!(ended.stderr.contains("interrupted at step"), "{}", ended.stderr);
    assert!(!scene.path("stopped/model.safetensors").exists());
    scene.fieldbridge(&to("stopped")).done();
    assert!(
        scene.bytes("stopped/model.safetensors") == scene.bytes("whole/model.safetensors"),
        "the models differ"
    );
    assert!(
        scene.bytes("stopped/events.jsonl") == scene.bytes("whole/events.jsonl"),
        "the events differ"
    );
}

#[test]
fn killed_twenty_times_at_random_the_model_is_the_same_bytes() {
    let scene = Scene::new("killed");
    let start = Instant::now();
    scene.fieldbridge(&to("whole")).done();
    let length = start.elapsed().as_secs_f64();
    let mut killed_midway = 0;
    // killed runs add up to about one and a half whole ones, so that some die in every phase
    for moment in numbers(77, 20) {
        let mut child = scene.start(&to("killed"));
        std::thread::sleep(Duration::from_secs_f64(0.15 * length * moment));
        // the process may have come to its end
        let _ = child.kill();
        let ended = child.wait().unwrap();
        killed_midway += usize::from(ended.signal() == Some(9));
    }
    eprintln!("{killed_midway} of 20 runs were killed midway; a whole run takes {length:.2} s");
    assert!(killed_midway >= 5, "only {killed_midway} runs were killed midway");
    scene.fieldbridge(&to("killed")).done();
    assert!(
        scene.bytes("killed/model.safetensors") == scene.bytes("whole/model.safetensors"),
        "the models differ"
    );
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    let scene = Scene::new("threads");
    for bridge in ["spline_flow", "flow_matching"] {
        let set = format!("bridge={bridge}");
        for threads in ["1", "2"] {
            scene
                .fieldbridge(&[
                    "run",
                    "recipe.toml",
                    "--set",
                    &set,
                    "--threads",
                    threads,
                    "--out",
                    threads,
                ])
                .done();
        }
        for file in [
            "model.safetensors",
            "events.jsonl",
            "check.json",
            "posteriors.parquet",
            "split.npy",
        ] {
            assert!(
                scene.bytes(&format!("1/{file}")) == scene.bytes(&format!("2/{file}")),
                "{bridge}: {file} differs"
            );
        }
    }
    let spline = scene.bytes("1/model.safetensors");
    scene
        .fieldbridge(&[
            "train",
            "recipe.toml",
            "--set",
            "bridge=flow_matching",
            "--set",
            "seed=4",
            "--out",
            "1",
        ])
        .done();
    assert!(
        scene.bytes("1/model.safetensors") != spline,
        "another seed gives another model"
    );
}
