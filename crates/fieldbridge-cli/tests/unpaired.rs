//! A bridge between two tables whose rows have no partners.

mod scene;

use std::collections::BTreeSet;

use fieldbridge_files::TableFile;
use scene::{Scene, numbers, write};

const BASE: &str = r#"flow_matching.base={ table = { file = "start.csv", columns = ["elsewhere"] } }"#;

fn scene(name: &str) -> Scene {
    let scene = Scene::new(name);
    let start = numbers(9, 150).into_iter().map(|number| 2.0 + 0.1 * number).collect();
    write(&scene.path("start.csv"), &[("elsewhere", start)]);
    scene
}

fn column(scene: &Scene, file: &str, name: &str) -> Vec<f64> {
    let file = TableFile::open(&scene.path(file)).unwrap();
    let table = file.read(&[name], 0..file.rows()).unwrap();
    table.columns()[0].to_f64().unwrap()
}

#[test]
fn walks_start_at_rows_of_the_other_table_and_follow_it_when_it_changes() {
    let scene = scene("unpaired");
    let run = [
        "run",
        "recipe.toml",
        "--set",
        "bridge=flow_matching",
        "--set",
        BASE,
        "--out",
        "there",
    ];
    scene.fieldbridge(&run).done();
    // the walk's first stop is where it starts
    let words = [
        "sample",
        "there",
        "--data",
        "rows.csv",
        "--draws",
        "1",
        "--walk",
        "2",
        "--seed",
        "5",
        "--out",
        "walk.parquet",
    ];
    scene.fieldbridge(&words).done();
    let known: BTreeSet<i64> = column(&scene, "start.csv", "elsewhere")
        .iter()
        .map(|x| (x * 1e4).round() as i64)
        .collect();
    let (times, places) = (
        column(&scene, "walk.parquet", "time"),
        column(&scene, "walk.parquet", "z"),
    );
    let starts: Vec<f64> = times
        .iter()
        .zip(&places)
        .filter(|(time, _)| **time == 0.0)
        .map(|(_, z)| *z)
        .collect();
    assert!(starts.len() >= 100, "{}", starts.len());
    // single precision, scaled and back
    let near = |z: f64| (-2..=2).any(|shift| known.contains(&((z * 1e4).round() as i64 + shift)));
    assert!(starts.iter().all(|&z| near(z)), "a walk starts elsewhere");
    let words = ["density", "there", "--data", "rows.csv", "--out", "density.parquet"];
    scene.fieldbridge(&words).fails_saying(&["density", "set of points"]);

    let trained = std::fs::read(scene.path("there/model.safetensors")).unwrap();
    let again = scene.fieldbridge(&run).done();
    assert!(again.stderr.contains("trained already"), "{}", again.stderr);
    write(
        &scene.path("start.csv"),
        &[("elsewhere", numbers(10, 80).iter().map(|x| x + 0.1).collect())],
    );
    scene.fieldbridge(&run).done();
    assert_ne!(std::fs::read(scene.path("there/model.safetensors")).unwrap(), trained);
}

#[test]
fn a_base_that_cannot_be_is_refused_with_its_row() {
    let scene = scene("unpaired-bad");
    let run = ["train", "recipe.toml", "--set", "bridge=flow_matching", "--set", BASE];
    write(&scene.path("start.csv"), &[("elsewhere", vec![1.0, -2.0])]);
    scene
        .fieldbridge(&run)
        .fails_saying(&["start.csv", "elsewhere", "row 1", "-2", "above 0"]);
    std::fs::remove_file(scene.path("start.csv")).unwrap();
    scene.fieldbridge(&run).fails_saying(&["start.csv"]);
}
