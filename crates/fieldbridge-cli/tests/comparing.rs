//! `fieldbridge compare`: two tables, told apart or not, and every table that cannot be compared.

mod scene;

use fieldbridge_files::{Column, ColumnValues, Table, write_table};
use scene::{Scene, numbers, write};

/// Two columns, the first moved.
fn table(seed: u64, rows: usize, by: f64) -> Vec<(&'static str, Vec<f64>)> {
    let u: Vec<f64> = numbers(seed, rows).iter().map(|x| x + by).collect();
    vec![("u", u), ("g", numbers(seed + 50, rows))]
}

/// A folder with a reference, a sample of the same law and one of another.
fn scene(name: &str) -> Scene {
    let scene = Scene::new(name);
    write(&scene.path("truth.parquet"), &table(1, 240, 0.0));
    write(&scene.path("same.csv"), &table(2, 120, 0.0));
    write(&scene.path("moved.npz"), &table(3, 120, 0.4));
    scene
}

#[test]
fn samples_of_one_law_are_within_the_floor_and_a_moved_one_is_not() {
    let scene = scene("compare");
    let excesses = |sample: &str| -> Vec<(String, f64)> {
        let found = scene
            .fieldbridge(&["compare", "truth.parquet", sample, "--json"])
            .done()
            .json();
        assert_eq!(found["rows"], 120);
        assert_eq!(found["columns"], serde_json::json!(["u", "g"]));
        let metrics = found["metrics"].as_array().unwrap();
        assert_eq!(metrics.len(), 10);
        let entry = |metric: &serde_json::Value| {
            let name = metric["name"].as_str().unwrap().to_owned();
            (name, metric["excess"].as_f64().unwrap())
        };
        metrics.iter().map(entry).collect()
    };
    for (name, excess) in excesses("same.csv") {
        assert!(excess.abs() < 4.5, "{name}: {excess}");
    }
    for (name, excess) in excesses("moved.npz") {
        assert!(name == "density" || excess.abs() > 3.0, "{name}: {excess}");
    }
}

#[test]
fn words_name_metrics_rows_and_columns_and_threads_change_nothing() {
    let scene = scene("compare-words");
    let words = |threads: &str| {
        let arguments = [
            "compare",
            "truth.parquet",
            "same.csv",
            "--metrics",
            "mmd,c2st",
            "--threads",
            threads,
        ];
        scene.fieldbridge(&arguments).done().stdout
    };
    let found = words("1");
    for word in ["mmd", "c2st", "floor", "120 rows of each", "u, g", "scaled by"] {
        assert!(found.contains(word), "`{word}` is not in {found}");
    }
    assert!(!found.contains("frechet"), "{found}");
    assert_eq!(found, words("3"));
}

#[test]
fn rows_that_are_not_numbers_and_constant_columns_are_reported() {
    let scene = scene("compare-gaps");
    let mut gaps = table(2, 120, 0.0);
    gaps[1].1[7] = f64::NAN;
    gaps[0].1[9] = f64::INFINITY;
    gaps.push(("band", vec![3.0; 120]));
    write(&scene.path("gaps.parquet"), &gaps);
    let mut truth = table(1, 240, 0.0);
    truth.push(("band", vec![3.0; 240]));
    truth.push(("extra", numbers(9, 240)));
    write(&scene.path("truth.parquet"), &truth);
    let ended = scene
        .fieldbridge(&["compare", "truth.parquet", "gaps.parquet", "--metrics", "frechet"])
        .done();
    for word in [
        "2 of 120 rows skipped",
        "row 7 in column `g`",
        "constant in both: band",
        "`extra` is in the reference only",
    ] {
        assert!(ended.stdout.contains(word), "`{word}` is not in {}", ended.stdout);
    }
    // constant in one only: they differ for certain
    truth[2].1 = vec![4.0; 240];
    write(&scene.path("truth.parquet"), &truth);
    scene
        .fieldbridge(&["compare", "truth.parquet", "gaps.parquet", "--metrics", "frechet"])
        .fails_saying(&["truth.parquet", "`band` is 4", "gaps.parquet", "--columns"]);
    scene
        .fieldbridge(&[
            "compare",
            "truth.parquet",
            "gaps.parquet",
            "--metrics",
            "frechet",
            "--columns",
            "u,g",
        ])
        .done();
}

#[test]
fn tables_that_cannot_be_compared_are_refused() {
    let scene = scene("compare-refused");
    let compare = |reference: &str, sample: &str, more: &[&str]| {
        let words = [&["compare", reference, sample], more].concat();
        scene.fieldbridge(&words)
    };
    compare("truth.parquet", "smae.csv", &[]).fails_saying(&["smae.csv", "does not exist", "same.csv"]);
    compare("truth.parquet", "same.csv", &["--columns", "u,gg"]).fails_saying(&["gg", "truth.parquet"]);
    compare("truth.parquet", "same.csv", &["--columns", "u,u"]).fails_saying(&["`u` is named twice"]);
    write(&scene.path("other.csv"), &[("w", numbers(4, 50))]);
    compare("truth.parquet", "other.csv", &[]).fails_saying(&["no column of numbers in common", "other.csv"]);
    write(&scene.path("short.csv"), &table(5, 1, 0.0));
    compare("truth.parquet", "short.csv", &[]).fails_saying(&["short.csv", "1 usable row(s)", "at least 2"]);
    compare("short.csv", "truth.parquet", &[]).fails_saying(&["short.csv", "at least 2"]);
    write(&scene.path("few.csv"), &table(5, 5, 0.0));
    compare("few.csv", "same.csv", &["--metrics", "coverage"]).fails_saying(&["metric `coverage`", "at least"]);
    let mut spoiled = table(6, 30, 0.0);
    spoiled[0].1 = vec![f64::NAN; 30];
    write(&scene.path("spoiled.csv"), &spoiled);
    compare("truth.parquet", "spoiled.csv", &[]).fails_saying(&["spoiled.csv", "0 usable row(s)", "column `u`"]);
    let mut text = Table::new();
    text.push(Column::new("u", ColumnValues::Text(vec!["spiral".to_owned(); 30])))
        .unwrap();
    text.push(Column::new("g", ColumnValues::Float64(numbers(7, 30))))
        .unwrap();
    write_table(&scene.path("text.csv"), &text).unwrap();
    compare("truth.parquet", "text.csv", &["--columns", "u"]).fails_saying(&["text.csv", "spiral"]);
    let mut vectors = Table::new();
    vectors
        .push(Column::vector("u", 2, ColumnValues::Float64(numbers(8, 60))).unwrap())
        .unwrap();
    write_table(&scene.path("vectors.parquet"), &vectors).unwrap();
    compare("truth.parquet", "vectors.parquet", &[]).fails_saying(&["column `u` has 1 values", "vectors.parquet"]);
    let ended = compare("truth.parquet", "same.csv", &["--metrics", "wassertein"]);
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("wasserstein"), "{}", ended.stderr);
    let ended = compare("truth.parquet", "same.csv", &["--rows", "1"]);
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
}

#[test]
fn fewer_rows_than_there_are_may_be_asked_for() {
    let scene = scene("compare-rows");
    let arguments = [
        "compare",
        "truth.parquet",
        "same.csv",
        "--metrics",
        "wasserstein",
        "--rows",
        "50",
        "--json",
    ];
    let found = |seed: &str| {
        let arguments = [&arguments[..], &["--seed", seed]].concat();
        scene.fieldbridge(&arguments).done().json()
    };
    let one = found("1");
    assert_eq!(one["rows"], 50);
    assert_eq!(one, found("1"));
    assert_ne!(one["metrics"][0]["value"], found("2")["metrics"][0]["value"]);
}
