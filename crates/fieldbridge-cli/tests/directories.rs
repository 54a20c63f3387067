//! Run directories: locked, unwritable, full, and used a second time.

mod scene;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use scene::Scene;

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let scene = Scene::new("unwritable");
    scene
        .fieldbridge(&["train", "recipe.toml", "--out", "rows.csv/inner"])
        .fails_saying(&["cannot make the directory", "rows.csv/inner", "--out"]);
    if cfg!(target_os = "linux") {
        scene
            .fieldbridge(&["train", "recipe.toml", "--out", "/proc/fieldbridge"])
            .fails_saying(&["cannot make the directory", "/proc/fieldbridge"]);
    }
    scene.fieldbridge(&["train", "recipe.toml"]).done();
    scene
        .fieldbridge(&[
            "infer",
            "runs/recipe",
            "--data",
            "rows.csv",
            "--draws",
            "2",
            "--out",
            "nowhere/a.parquet",
        ])
        .fails_saying(&["nowhere"]);
    scene
        .fieldbridge(&[
            "infer",
            "runs/recipe",
            "--data",
            "rows.csv",
            "--draws",
            "2",
            "--out",
            "a.xyz",
        ])
        .fails_saying(&["a.xyz", ".parquet"]);
}

#[test]
fn a_second_run_into_one_directory_is_refused_at_once() {
    let scene = Scene::new("locked");
    let mut first = scene.start(&["train", "recipe.toml", "--set", "train.steps=1000000"]);
    let start = Instant::now();
    while !scene.path("runs/recipe/events.jsonl").exists() {
        assert!(start.elapsed() < Duration::from_secs(30), "training does not start");
        std::thread::sleep(Duration::from_millis(5));
    }
    let asked = Instant::now();
    scene.fieldbridge(&["train", "recipe.toml"]).fails_saying(&[
        "another run",
        &format!("process {}", first.id()),
        "runs/recipe/lock",
        "--out",
    ]);
    assert!(asked.elapsed() < Duration::from_secs(2));
    first.kill().unwrap();
    first.wait().unwrap();
    // the lock file of a dead process is no obstacle
    assert!(scene.path("runs/recipe/lock").exists());
    scene.fieldbridge(&["train", "recipe.toml"]).done();
}

#[test]
fn a_second_run_does_only_what_changed() {
    let scene = Scene::new("again");
    let first = scene.fieldbridge(&["run", "recipe.toml", "--json"]).done();
    let model = scene.bytes("runs/recipe/model.safetensors");
    let second = scene.fieldbridge(&["run", "recipe.toml", "--json"]).done();
    for words in ["trained already", "checked already", "written already"] {
        assert!(second.stderr.contains(words), "{words}: {}", second.stderr);
        assert!(!first.stderr.contains(words), "{words}: {}", first.stderr);
    }
    assert_eq!(first.json()["mean_log_density"], second.json()["mean_log_density"]);
    // one more member is trained beside the first
    let more = scene
        .fieldbridge(&["run", "recipe.toml", "--set", "train.members=2"])
        .done();
    assert!(!more.stderr.contains("starts again"), "{}", more.stderr);
    assert!(!more.stderr.contains("checked already"), "{}", more.stderr);
    // another seed changes everything, and back again gives the same bytes
    let other = scene.fieldbridge(&["run", "recipe.toml", "--set", "seed=8"]).done();
    assert!(other.stderr.contains("training starts again"), "{}", other.stderr);
    scene.fieldbridge(&["run", "recipe.toml"]).done();
    assert!(
        scene.bytes("runs/recipe/model.safetensors") == model,
        "the models differ"
    );
    // the run directory is itself a recipe
    scene
        .fieldbridge(&["train", "runs/recipe/recipe.toml", "--out", "copy"])
        .done();
}

/// A small file system in memory, taken away when the test is over.
struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    /// None where this process may not mount.
    fn new(path: &'a Path, size: &str) -> Option<Self> {
        std::fs::create_dir_all(path).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(path)
            .output();
        mounted
            .is_ok_and(|output| output.status.success())
            .then_some(Self(path))
    }

    fn resize(&self, size: &str) {
        let status = Command::new("mount")
            .args(["-o", &format!("remount,size={size}")])
            .arg(self.0)
            .status();
        assert!(status.unwrap().success());
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).status();
    }
}

#[test]
fn a_full_disk_is_told_and_the_run_goes_on_when_there_is_room() {
    let scene = Scene::new("full");
    let out = scene.path("small");
    let Some(disk) = SmallDisk::new(&out, "32k") else {
        eprintln!("skipped: this process may not mount a small file system");
        return;
    };
    scene
        .fieldbridge(&["train", "recipe.toml", "--out", "small"])
        .fails_saying(&["disk is full", "small/"]);
    assert!(!out.join("model.safetensors").exists());
    disk.resize("16m");
    scene.fieldbridge(&["train", "recipe.toml", "--out", "small"]).done();
    scene.fieldbridge(&["train", "recipe.toml", "--out", "roomy"]).done();
    assert!(
        scene.bytes("small/model.safetensors") == scene.bytes("roomy/model.safetensors"),
        "the models differ"
    );
}
