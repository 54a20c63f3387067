//! A bridge between two tables whose rows have no partners.

mod scene;

use std::collections::BTreeSet;

use scene::{Scene, numbers, write};

const RECIPE: &str = r#"title = "From a table to two moons"
bridge = "flow_matching"

[data]
generate = "two_moons"
rows = 400

[target]
columns = ["x", "y"]
bounds = { x = { low = -9.0 } }

[flow_matching]
width = 8
blocks = 1
solver = { method = "heun", steps = 4 }
base = { table = { file = "start.csv", columns = ["a", "b"] } }

[train]
steps = 30
batch = 32
shard = 16
evaluate_every = 15
warmup = 5
"#;

fn scene(name: &str) -> Scene {
    let scene = Scene::new(name);
    scene.recipe(RECIPE);
    write_start(&scene, 9);
    scene
}

/// Writes the table the walks start from.
fn write_start(scene: &Scene, seed: u64) {
    let columns = [("a", numbers(seed, 150)), ("b", numbers(seed + 100, 150))];
    write(&scene.path("start.csv"), &columns);
}

#[test]
fn walks_start_at_rows_of_the_other_table_and_follow_it_when_it_changes() {
    let scene = scene("unpaired");
    let run = ["run", "recipe.toml", "--out", "there"];
    scene.fieldbridge(&run).done();
    let words = [
        "sample",
        "there",
        "--count",
        "200",
        "--walk",
        "2",
        "--out",
        "walk.parquet",
    ];
    scene.fieldbridge(&words).done();
    let rounded = |value: f64| (value * 1e4).round() as i64;
    let [a, b] = ["a", "b"].map(|name| scene.column("start.csv", name));
    let [time, x, y] = ["t", "x", "y"].map(|name| scene.column("walk.parquet", name));
    let starts: Vec<usize> = (0..time.len()).filter(|&at| time[at] == 0.0).collect();
    assert_eq!(starts.len(), 200);
    let near = |one: f64, other: f64| (rounded(one) - rounded(other)).abs() <= 1;
    let row = |at: usize| (0..a.len()).find(|&row| near(a[row], x[at]) && near(b[row], y[at]));
    let rows: BTreeSet<Option<usize>> = starts.into_iter().map(row).collect();
    assert!(!rows.contains(&None), "a walk starts elsewhere");
    assert!(rows.len() > 90, "{} rows of 150 were drawn in 200 walks", rows.len());
    write(
        &scene.path("places.csv"),
        &[("x", vec![0.1, 0.2]), ("y", vec![0.1, 0.2])],
    );
    let words = ["density", "there", "--data", "places.csv", "--out", "density.parquet"];
    scene.fieldbridge(&words).fails_saying(&["density", "set of points"]);

    let model = || std::fs::read(scene.path("there/model.safetensors")).unwrap();
    let trained = model();
    let again = scene.fieldbridge(&run).done();
    assert!(again.stderr.contains("trained already"), "{}", again.stderr);
    write_start(&scene, 10);
    scene.fieldbridge(&run).done();
    assert_ne!(model(), trained);
}

#[test]
fn a_base_that_cannot_be_is_refused_with_its_row() {
    let scene = scene("unpaired-bad");
    let run = ["train", "recipe.toml"];
    write(
        &scene.path("start.csv"),
        &[("a", vec![1.0, -10.0]), ("b", vec![1.0, 2.0])],
    );
    scene
        .fieldbridge(&run)
        .fails_saying(&["start.csv", "`a`", "row 1", "-10", "above -9"]);
    std::fs::remove_file(scene.path("start.csv")).unwrap();
    scene.fieldbridge(&run).fails_saying(&["start.csv"]);
}
