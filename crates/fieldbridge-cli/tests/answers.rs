//! What a trained model answers, and about which rows it says so.

mod scene;

use fieldbridge_files::TableFile;
use scene::{RECIPE, ROWS, Scene, catalogue, numbers, write};

/// A run that learned the catalogue.
fn trained(name: &str) -> Scene {
    let scene = Scene::new(name);
    scene.fieldbridge(&["train", "recipe.toml"]).done();
    scene
}

#[test]
fn density_prints_the_fixed_keys_and_skips_with_reason() {
    let scene = trained("density");
    let mut columns = catalogue(50);
    columns[0].1[3] = f64::NAN;
    columns[0].1[4] = -1.0;
    write(&scene.path("asked.csv"), &columns);
    let ended = scene
        .fieldbridge(&[
            "density",
            "runs/recipe",
            "--data",
            "asked.csv",
            "--out",
            "densities.csv",
            "--json",
        ])
        .done();
    let object = ended.json();
    let keys: Vec<&String> = object.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "max_error_estimate",
            "mean_log_density",
            "rows",
            "rows_skipped",
            "standard_error"
        ]
    );
    assert_eq!(
        (object["rows"].as_u64(), object["rows_skipped"].as_u64()),
        (Some(48), Some(2))
    );
    assert!(
        ended.stderr.contains("row 3 cannot be used: `z` is not a number"),
        "{}",
        ended.stderr
    );
    assert!(
        ended
            .stderr
            .contains("row 4 cannot be used: `z` = -1 is outside its bounds"),
        "{}",
        ended.stderr
    );
    let values = scene.column("densities.csv", "log_density");
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    assert!((mean - object["mean_log_density"].as_f64().unwrap()).abs() < 1e-9);
    let rows = scene.column("densities.csv", "row");
    assert_eq!((rows[2], rows[3], rows.len()), (2.0, 5.0, 48));
}

#[test]
fn the_density_of_one_row_integrates_to_one_over_the_target() {
    let scene = trained("integral");
    let count = 4000;
    let step = 6.0 / count as f64;
    let z: Vec<f64> = (0..count).map(|point| (point as f64 + 0.5) * step).collect();
    write(
        &scene.path("grid.csv"),
        &[("z", z), ("u", vec![0.4; count]), ("g", vec![0.6; count])],
    );
    scene
        .fieldbridge(&["density", "runs/recipe", "--data", "grid.csv", "--out", "densities.csv"])
        .done();
    let total: f64 = scene
        .column("densities.csv", "log_density")
        .iter()
        .map(|value| value.exp() * step)
        .sum();
    assert!((total - 1.0).abs() < 1e-3, "{total}");
}

#[test]
fn infer_needs_no_target_flags_strange_rows_and_lists_those_without_an_answer() {
    let scene = trained("infer");
    let nan = f64::NAN;
    write(
        &scene.path("observed.csv"),
        &[
            ("u", vec![0.5, 99.0, 1e6, nan, 0.2, f64::INFINITY]),
            ("g", vec![0.5, 99.0, 0.5, 0.5, -1e6, nan]),
        ],
    );
    let ended = scene
        .fieldbridge(&[
            "infer",
            "runs/recipe",
            "--data",
            "observed.csv",
            "--draws",
            "7",
            "--out",
            "answer.parquet",
            "--json",
        ])
        .done();
    let object = ended.json();
    assert_eq!(
        (object["rows"].as_u64(), object["rows_skipped"].as_u64()),
        (Some(4), Some(2))
    );
    assert_eq!(object["outside_training_range"].as_u64(), Some(2));
    assert_eq!(object["skipped"][0]["row"].as_u64(), Some(1));
    let names: Vec<String> = TableFile::open(&scene.path("answer.parquet"))
        .unwrap()
        .columns()
        .iter()
        .map(|column| column.name.clone())
        .collect();
    assert_eq!(names, ["row", "draw", "z", "outside_training_range"]);
    let rows = scene.column("answer.parquet", "row");
    let flags = scene.column("answer.parquet", "outside_training_range");
    assert_eq!(rows.len(), 28);
    for (row, flag) in rows.iter().zip(&flags) {
        assert_eq!(*flag == 1.0, *row == 2.0 || *row == 4.0, "row {row}");
    }
    assert!(
        scene
            .column("answer.parquet", "z")
            .iter()
            .all(|z| *z > 0.0 && z.is_finite())
    );
    assert_eq!(scene.column("answer.skipped.csv", "row"), [1.0, 5.0]);
}

#[test]
fn infer_refuses_a_file_without_any_answer_and_a_wrong_column() {
    let scene = trained("no-answer");
    write(
        &scene.path("observed.csv"),
        &[("u", vec![99.0, 99.0]), ("g", vec![99.0, 99.0])],
    );
    let infer = |file: &str| {
        scene.fieldbridge(&[
            "infer",
            "runs/recipe",
            "--data",
            file,
            "--draws",
            "2",
            "--out",
            "a.parquet",
        ])
    };
    infer("observed.csv").fails_saying(&["observed.csv", "no row that can be answered", "nothing of the context"]);
    write(&scene.path("renamed.csv"), &[("u", vec![0.5]), ("G_band", vec![0.5])]);
    infer("renamed.csv").fails_saying(&["renamed.csv", "\"g\""]);
    write(&scene.path("empty.csv"), &[("u", vec![]), ("g", vec![])]);
    infer("empty.csv").fails_saying(&["empty.csv", "0 rows"]);
}

#[test]
fn an_output_that_cannot_be_written_is_told_before_any_work() {
    let scene = Scene::new("unwritable");
    std::fs::create_dir(scene.path("folder.csv")).unwrap();
    std::fs::write(scene.path("old.csv"), "kept\n").unwrap();
    // there is no model: whoever complains of the output has not looked for one
    let ask = |out: &str| {
        [
            &["density", "nowhere", "--data", "rows.csv", "--out", out][..],
            &["infer", "nowhere", "--data", "rows.csv", "--draws", "2", "--out", out],
            &["sample", "nowhere", "--count", "2", "--out", out],
        ]
        .map(|words| scene.fieldbridge(words))
    };
    for (out, words) in [
        ("a.fits", &["a.fits", "writing FITS", ".parquet"][..]),
        ("a.hdf5", &["a.hdf5", "writing HDF5"]),
        ("a.txt", &["a.txt", ".npz"]),
        ("absent/a.csv", &["absent", "does not exist"]),
        ("folder.csv", &["folder.csv"]),
    ] {
        for ended in ask(out) {
            ended.fails_saying(words);
        }
    }
    for ended in ask("old.csv") {
        ended.fails_saying(&["there is no directory nowhere"]);
    }
    assert_eq!(scene.bytes("old.csv"), b"kept\n");
    let names: Vec<String> = std::fs::read_dir(scene.path(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(names.iter().all(|name| !name.ends_with(".partial")), "{names:?}");
}

#[test]
fn draws_depend_on_the_seed_and_not_on_the_rows_beside() {
    let scene = trained("seeds");
    let columns = catalogue(20);
    write(&scene.path("all.csv"), &columns);
    let first: Vec<(&str, Vec<f64>)> = columns
        .iter()
        .map(|(name, values)| (*name, values[..5].to_vec()))
        .collect();
    write(&scene.path("first.csv"), &first);
    let draw = |file: &str, seed: &str, out: &str| {
        scene
            .fieldbridge(&[
                "infer",
                "runs/recipe",
                "--data",
                file,
                "--draws",
                "4",
                "--seed",
                seed,
                "--out",
                out,
            ])
            .done();
        scene.column(out, "z")
    };
    let all = draw("all.csv", "5", "a.parquet");
    assert_eq!(draw("first.csv", "5", "b.parquet"), all[..20]);
    assert_ne!(draw("first.csv", "6", "c.parquet"), all[..20]);
}

#[test]
fn samples_go_to_a_file_or_to_standard_output() {
    let scene = Scene::new("samples");
    let unconditional = RECIPE.replace("[context.photometry]\ncolumns = [\"u\", \"g\"]\nmissing = [99.0]\n", "");
    scene.recipe(&unconditional);
    scene
        .fieldbridge(&["run", "recipe.toml", "--set", "target.columns=[\"z\",\"u\"]"])
        .done();
    let ended = scene
        .fieldbridge(&["sample", "runs/recipe", "--count", "5", "--json"])
        .done();
    let lines: Vec<&str> = ended.stdout.lines().collect();
    assert_eq!((lines[0], lines.len()), ("z,u", 7), "{}", ended.stdout);
    assert_eq!(ended.json()["rows"].as_u64(), Some(5));
    scene
        .fieldbridge(&["sample", "runs/recipe", "--count", "600", "--out", "drawn.parquet"])
        .done();
    let drawn = scene.column("drawn.parquet", "u");
    assert_eq!(drawn.len(), 600);
    let first: f64 = lines[1].split(',').nth(1).unwrap().parse().unwrap();
    assert_eq!(
        first, drawn[0],
        "the first draws do not depend on how many are asked for"
    );
    scene
        .fieldbridge(&["sample", "runs/recipe", "--count", "5", "--context", "rows.csv"])
        .fails_saying(&["not conditional"]);
    scene
        .fieldbridge(&[
            "infer",
            "runs/recipe",
            "--data",
            "rows.csv",
            "--draws",
            "5",
            "--out",
            "a.parquet",
        ])
        .fails_saying(&["fieldbridge sample"]);
}

#[test]
fn a_conditional_model_wants_a_context() {
    let scene = trained("conditional");
    scene
        .fieldbridge(&["sample", "runs/recipe", "--count", "5"])
        .fails_saying(&["--context"]);
    scene
        .fieldbridge(&[
            "sample",
            "runs/recipe",
            "--count",
            "5",
            "--context",
            "rows.csv",
            "--out",
            "a.parquet",
        ])
        .done();
    assert_eq!(scene.column("a.parquet", "z").len(), 5 * ROWS);
}

#[test]
fn what_is_not_calibrated_is_code_three() {
    let scene = trained("require");
    let mut columns = catalogue(ROWS);
    columns[0].1.iter_mut().for_each(|z| *z += 1.0);
    write(&scene.path("shifted.csv"), &columns);
    let check = ["check", "runs/recipe", "--data", "shifted.csv", "--json"];
    let ended = scene.fieldbridge(&check).done();
    assert_eq!(ended.json()["verdict"], "biased");
    let required = scene.fieldbridge(&[&check[..], &["--require", "calibrated"]].concat());
    assert_eq!(required.code, Some(3), "{}", required.stderr);
    assert_eq!(required.json()["verdict"], "biased");
    assert!(
        !scene.path("runs/recipe/check.json").exists(),
        "another file's rows are not the run's own check"
    );
}

#[test]
fn a_calibrated_model_passes() {
    let scene = Scene::new("calibrated");
    // nothing to learn from the context: the distribution of z is one Gaussian, nearly
    let rows = 6000;
    let z: Vec<f64> = (0..12)
        .map(|part| numbers(100 + part, rows))
        .fold(vec![0.0; rows], |sum, more| {
            sum.iter().zip(more).map(|(sum, value)| sum + value).collect()
        });
    scene.catalogue(&[("z", z), ("u", numbers(1, rows)), ("g", numbers(2, rows))]);
    scene
        .fieldbridge(&[
            "train",
            "recipe.toml",
            "--set",
            "train.steps=300",
            "--set",
            "check={rows=1200,draws=100,density_rows=10}",
            "--set",
            "train.batch=256",
            "--set",
            "target.bounds={}",
        ])
        .done();
    let words = ["check", "runs/recipe", "--require", "calibrated", "--json"];
    let ended = scene.fieldbridge(&words);
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    assert_eq!(ended.json()["verdict"], "calibrated");
    assert!(scene.path("runs/recipe/check.json").exists());
}

#[test]
fn the_short_checks_have_no_entry_for_each_row() {
    let scene = Scene::new("short-checks");
    scene.recipe(
        &RECIPE
            .replace("[\"u\", \"g\"]", "[\"g\"]")
            .replace("[\"z\"]", "[\"z\", \"u\"]"),
    );
    scene.fieldbridge(&["train", "recipe.toml"]).done();
    let checked = |settings: &[&str]| -> serde_json::Value {
        let words = ["run", "recipe.toml"].into_iter();
        let settings = settings.iter().flat_map(|setting| ["--set", setting]);
        scene.fieldbridge(&words.chain(settings).collect::<Vec<&str>>()).done();
        serde_json::from_slice(&scene.bytes("runs/recipe/check.json")).unwrap()
    };
    let found = checked(&[]);
    assert_eq!(found["checked_rows"], 60);
    let longest = |value: &serde_json::Value| -> usize {
        let mut waiting = vec![value];
        let mut longest = 0;
        while let Some(value) = waiting.pop() {
            longest = longest.max(value.as_array().map_or(0, Vec::len));
            waiting.extend(value.as_array().into_iter().flatten());
            waiting.extend(value.as_object().into_iter().flat_map(|object| object.values()));
        }
        longest
    };
    assert!(longest(&found) < 60, "{found}");
    assert!(found["tarp"]["expected_coverage"].is_array() && found["highest_density"].is_object());
    let sets = |found: &serde_json::Value| found["judgement"]["findings"].as_array().unwrap().len();
    assert_eq!(sets(&found), 5);
    let without = checked(&["check.density_rows=0"]);
    assert!(without["highest_density"].is_null() && without["tarp"].is_object());
    assert_eq!(sets(&without), 4);
}

#[test]
fn the_report_is_written_again() {
    let scene = Scene::new("report");
    scene.fieldbridge(&["run", "recipe.toml"]).done();
    let report = scene.bytes("runs/recipe/report.html");
    std::fs::remove_file(scene.path("runs/recipe/report.html")).unwrap();
    scene.fieldbridge(&["report", "runs/recipe"]).done();
    assert!(scene.bytes("runs/recipe/report.html").len() > report.len() / 2);
    scene.fieldbridge(&["report", "nowhere"]).fails_saying(&["nowhere"]);
}

#[test]
fn a_million_rows_are_answered_piece_by_piece() {
    let scene = trained("million");
    let rows = 1_000_000;
    write(
        &scene.path("observed.parquet"),
        &[("u", numbers(1, rows)), ("g", numbers(2, rows))],
    );
    let words = [
        "infer",
        "runs/recipe",
        "--data",
        "observed.parquet",
        "--draws",
        "1",
        "--out",
        "a.parquet",
        "--json",
    ];
    let ended = scene.fieldbridge(&words).done();
    assert_eq!(ended.json()["rows"].as_u64(), Some(1_000_000));
    let file = TableFile::open(&scene.path("a.parquet")).unwrap();
    assert_eq!(file.rows(), rows);
    let last = file.read(&["row", "z"], rows - 1..rows).unwrap();
    assert_eq!(last.columns()[0].to_f64().unwrap(), [999_999.0]);
    assert!(last.columns()[1].to_f64().unwrap()[0] > 0.0);
}

#[test]
fn rows_kept_on_disk_teach_the_same() {
    let scene = trained("on-disk");
    scene
        .fieldbridge(&["train", "recipe.toml", "--set", "data.memory_limit=0", "--out", "disk"])
        .done();
    assert!(scene.bytes("disk/cache/rows").len() > ROWS);
    assert!(scene.bytes("disk/events.jsonl") == scene.bytes("runs/recipe/events.jsonl"));
}

#[test]
fn scores_on_rows_learned_from_are_called_too_kind() {
    let scene = trained("kind");
    let ended = scene
        .fieldbridge(&["density", "runs/recipe", "--data", "rows.csv", "--json"])
        .done();
    assert!(
        ended.stderr.contains("is the file the model was trained on"),
        "{}",
        ended.stderr
    );
    write(&scene.path("others.csv"), &catalogue(50));
    let ended = scene
        .fieldbridge(&["density", "runs/recipe", "--data", "others.csv", "--json"])
        .done();
    assert!(!ended.stderr.contains("trained on"), "{}", ended.stderr);
}
