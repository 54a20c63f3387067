//! Catalogues that cannot be learned from: the error names file, row and column, and what to do.

mod scene;

use fieldbridge_files::{Column, ColumnValues, Table, write_table};
use scene::{ROWS, Scene, catalogue, numbers, write};

#[test]
fn a_missing_file_is_named_with_the_nearest() {
    let scene = Scene::new("missing-file");
    scene
        .fieldbridge(&["run", "recipe.toml", "--set", "data.file=rosw.csv"])
        .fails_saying(&["rosw.csv", "does not exist", "rows.csv"]);
    assert!(!scene.path("runs").exists(), "a run that cannot start leaves nothing");
    scene
        .fieldbridge(&["run", "recipy.toml"])
        .fails_saying(&["recipy.toml", "does not exist"]);
}

#[test]
fn a_directory_is_not_a_file() {
    let scene = Scene::new("directory");
    std::fs::create_dir(scene.path("folder.csv")).unwrap();
    scene
        .fieldbridge(&["run", "recipe.toml", "--set", "data.file=folder.csv"])
        .fails_saying(&["folder.csv", "is a directory"]);
    scene.fieldbridge(&["run", "."]).fails_saying(&["is a directory"]);
    scene
        .fieldbridge(&["density", "recipe.toml", "--data", "rows.csv"])
        .fails_saying(&["is a file"]);
    scene
        .fieldbridge(&["density", "nowhere", "--data", "rows.csv"])
        .fails_saying(&["nowhere", "fieldbridge run"]);
}

#[test]
fn a_truncated_file_is_told_from_a_sound_one() {
    let scene = Scene::new("truncated");
    write(&scene.path("rows.parquet"), &catalogue(ROWS));
    let whole = scene.bytes("rows.parquet");
    for keep in [whole.len() / 2, whole.len() - 1, 3] {
        std::fs::write(scene.path("rows.parquet"), &whole[..keep]).unwrap();
        scene
            .fieldbridge(&["train", "recipe.toml", "--set", "data.file=rows.parquet"])
            .fails_saying(&["rows.parquet"]);
    }
    std::fs::write(scene.path("rows.parquet"), &whole).unwrap();
    scene
        .fieldbridge(&["train", "recipe.toml", "--set", "data.file=rows.parquet"])
        .done();
}

#[test]
fn a_wrong_column_is_named_with_the_nearest() {
    let scene = Scene::new("wrong-column");
    let mut columns = catalogue(ROWS);
    columns[1].0 = "mag_u_lsst";
    scene.catalogue(&columns);
    scene
        .fieldbridge(&[
            "train",
            "recipe.toml",
            "--set",
            "context.photometry.columns=[\"mag_u_lst\"]",
        ])
        .fails_saying(&["rows.csv", "mag_u_lst", "mag_u_lsst"]);
    scene
        .fieldbridge(&["train", "recipe.toml", "--set", "target.columns=[\"mag_u_lstt\"]"])
        .fails_saying(&["rows.csv", "mag_u_lstt", "mag_u_lsst"]);
}

#[test]
fn a_column_of_text_is_refused() {
    let scene = Scene::new("text-column");
    let mut table = Table::new();
    for (name, values) in catalogue(ROWS) {
        table.push(Column::new(name, ColumnValues::Float64(values))).unwrap();
    }
    let words = vec!["spiral".to_owned(); ROWS];
    table.push(Column::new("kind", ColumnValues::Text(words))).unwrap();
    write_table(&scene.path("rows.csv"), &table).unwrap();
    scene
        .fieldbridge(&["train", "recipe.toml", "--set", "context.photometry.columns=[\"kind\"]"])
        .fails_saying(&["kind", "spiral"]);
    scene
        .fieldbridge(&[
            "train",
            "recipe.toml",
            "--set",
            "target.columns=[\"kind\"]",
            "--set",
            "target.bounds={}",
        ])
        .fails_saying(&["kind"]);
}

#[test]
fn too_few_rows_are_refused() {
    let scene = Scene::new("few-rows");
    for rows in [0, 1, 9] {
        scene.catalogue(&catalogue(rows));
        scene
            .fieldbridge(&["train", "recipe.toml"])
            .fails_saying(&["rows.csv", &format!("{rows} usable rows")]);
    }
}

#[test]
fn a_constant_target_has_no_density() {
    let scene = Scene::new("constant");
    let mut columns = catalogue(ROWS);
    columns[0].1 = vec![0.5; ROWS];
    scene.catalogue(&columns);
    scene
        .fieldbridge(&["train", "recipe.toml"])
        .fails_saying(&["rows.csv", "`z`", "constant (0.5)"]);
}

#[test]
fn a_column_that_was_never_observed_is_told() {
    let scene = Scene::new("all-missing");
    let mut columns = catalogue(ROWS);
    columns[2].1 = vec![99.0; ROWS];
    scene.catalogue(&columns);
    scene
        .fieldbridge(&["train", "recipe.toml"])
        .fails_saying(&["rows.csv", "`g`"]);
    columns[1].1 = vec![f64::NAN; ROWS];
    scene.catalogue(&columns);
    scene.fieldbridge(&["train", "recipe.toml"]).fails_saying(&["rows.csv"]);
}

#[test]
fn what_is_not_a_number_is_left_out_and_counted() {
    let scene = Scene::new("not-a-number");
    let mut columns = catalogue(ROWS);
    columns[0].1[5] = f64::NAN;
    columns[0].1[6] = f64::INFINITY;
    columns[1].1[7] = f64::NAN;
    columns[2].1[7] = f64::NEG_INFINITY;
    columns[1].1[8] = f64::INFINITY;
    scene.catalogue(&columns);
    let ended = scene.fieldbridge(&["train", "recipe.toml"]).done();
    for words in [
        "left out 1 rows: `z` is not a number",
        "left out 1 rows: `z` is infinite",
        "nothing of the context",
    ] {
        assert!(ended.stderr.contains(words), "{words}: {}", ended.stderr);
    }
    // the array's header is 128 bytes; every row has one
    let split = scene.bytes("runs/recipe/split.npy");
    let parts = &split[split.len() - ROWS..];
    let left_out: Vec<usize> = (0..ROWS).filter(|&row| parts[row] as i8 == -1).collect();
    assert_eq!(left_out, [5, 6, 7]);
    let held_out = parts.iter().filter(|&&part| part == 2).count();
    assert!(held_out.abs_diff(ROWS / 5) <= 2, "{held_out}");
}

#[test]
fn a_target_outside_its_bounds_names_its_row() {
    let scene = Scene::new("bounds");
    let mut columns = catalogue(ROWS);
    columns[0].1[123] = -0.25;
    scene.catalogue(&columns);
    scene.fieldbridge(&["train", "recipe.toml"]).fails_saying(&[
        "rows.csv",
        "`z`",
        "row 123",
        "-0.25",
        "target.bounds.z",
    ]);
}

#[test]
fn columns_that_depend_on_each_other_cannot_be_whitened() {
    let scene = Scene::new("dependent");
    let mut columns = catalogue(ROWS);
    let double = columns[1].1.iter().map(|value| 2.0 * value).collect();
    columns.push(("twice", double));
    columns.push(("other", numbers(9, ROWS)));
    scene.catalogue(&columns);
    let settings = [
        "--set",
        "target={columns=[\"u\",\"twice\"],scale=\"whiten\"}",
        "--set",
        "context={o={columns=[\"other\"]}}",
    ];
    scene
        .fieldbridge(&[&["train", "recipe.toml"][..], &settings].concat())
        .fails_saying(&["`twice`", "linear combination"]);
}
