//! Data that cannot be learned from.

use super::{Catalogue, numbers};
use crate::error::Error;

const ROWS: usize = 60;

fn refusal(columns: &[(&str, Vec<f64>)], recipe: &str) -> Error {
    Catalogue::new("galaxies.parquet", columns, recipe)
        .prepare()
        .unwrap_err()
}

/// The message must name all of these.
fn assert_names(error: &Error, words: &[&str]) {
    let message = error.to_string();
    for word in words {
        assert!(message.contains(word), "`{word}` is not in: {message}");
    }
}

fn recipe(target: &str, context: &str) -> String {
    format!("[data]\n[target]\n{target}\n[context.photometry]\n{context}\n")
}

fn good() -> Vec<(&'static str, Vec<f64>)> {
    vec![
        ("z", numbers("z", ROWS)),
        ("y", numbers("y", ROWS)),
        ("g", numbers("g", ROWS)),
    ]
}

#[test]
fn a_constant_target() {
    for value in [0.0, 1e-40, 3.7, -1e8] {
        let mut columns = good();
        columns[0].1.fill(value);
        let error = refusal(&columns, &recipe("columns = ['y', 'z']", "columns = ['g']"));
        assert!(matches!(error, Error::Data { .. }), "{value}: {error}");
        assert_names(&error, &["galaxies.parquet", "`z`", "constant"]);
    }
}

#[test]
fn a_column_that_repeats_another_cannot_be_whitened() {
    let mut columns = good();
    columns[1].1 = columns[0].1.iter().map(|z| 2.0 * z + 1.0).collect();
    let target = "columns = ['z', 'y']\nscale = 'whiten'";
    let error = refusal(&columns, &recipe(target, "columns = ['g']"));
    assert_names(&error, &["`y`", "linear combination", "standard"]);
}

#[test]
fn a_context_column_that_is_missing_everywhere() {
    let mut columns = good();
    columns[2].1.fill(f64::NAN);
    let error = refusal(&columns, &recipe("columns = ['z']", "columns = ['y', 'g']"));
    assert_names(&error, &["galaxies.parquet", "`g`", "missing in every training row"]);
}

#[test]
fn a_target_outside_its_bounds_is_named_with_its_row() {
    for (value, bounds) in [
        (-0.5, "low = 0.0"),
        (0.0, "low = 0.0"),
        (7.0, "low = 0.0\nhigh = 7.0"),
        (8.5, "low = 0.0\nhigh = 7.0"),
        (-1.0, "low = 0.0\nsoftness = 0.1"),
    ] {
        let mut columns = good();
        columns[0].1.iter_mut().for_each(|z| *z = 1.0 + z.abs());
        columns[0].1[41] = value;
        let target = format!("columns = ['z']\n[target.bounds.z]\n{bounds}");
        let error = refusal(&columns, &recipe(&target, "columns = ['g']"));
        assert_names(
            &error,
            &[
                "galaxies.parquet",
                "`z`",
                "row 41",
                &format!("{value}"),
                "target.bounds.z",
            ],
        );
    }
}

#[test]
fn too_few_rows() {
    for rows in [0, 1, 9] {
        let columns: Vec<(&str, Vec<f64>)> = good()
            .into_iter()
            .map(|(name, values)| (name, values[..rows].to_vec()))
            .collect();
        let error = refusal(&columns, &recipe("columns = ['z']", "columns = ['g']"));
        match &error {
            Error::TooFewRows { found, needed, .. } => assert!(*found == rows && *needed > rows),
            other => panic!("{other}"),
        }
    }
    // enough rows, of which too few are usable
    let mut columns = good();
    columns[0].1[5..].fill(f64::NAN);
    let error = refusal(&columns, &recipe("columns = ['z']", "columns = ['g']"));
    assert!(
        matches!(
            error,
            Error::TooFewRows {
                found: 5,
                needed: 10,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn parts_that_leave_no_training_row_say_how_many_rows_are_needed() {
    let mut catalogue = Catalogue::new(
        "galaxies.parquet",
        &good(),
        &recipe("columns = ['z']", "columns = ['g']"),
    );
    (catalogue.data.test, catalogue.data.validation) = (0.45, 0.45);
    let columns: Vec<(&str, Vec<f64>)> = good()
        .into_iter()
        .map(|(name, values)| (name, values[..10].to_vec()))
        .collect();
    let few = Catalogue::new(
        "galaxies.parquet",
        &columns,
        &recipe("columns = ['z']", "columns = ['g']"),
    );
    catalogue.folder = few.folder;
    match catalogue.prepare() {
        Err(Error::TooFewRows { found, needed, .. }) => assert!(needed > found, "{found} found, {needed} needed"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn nothing_observed_in_any_training_row() {
    // the only observed values are in no training row: every row of the first column is missing but one
    let mut columns = good();
    columns[2].1.fill(f64::NAN);
    let error = refusal(&columns, &recipe("columns = ['z']", "columns = ['g']"));
    assert_names(&error, &["`g`"]);
}

#[test]
fn recipes_that_contradict_themselves() {
    let cases = [
        ("columns = []", "columns = ['g']", "target.columns"),
        ("columns = ['z', 'z']", "columns = ['g']", "twice"),
        ("columns = ['z']", "columns = []", "context.photometry.columns"),
        ("columns = ['z']", "columns = ['z', 'g']", "also a target"),
        (
            "columns = ['z']",
            "columns = ['g']\nvalid = [3.0, 2.0]",
            "context.photometry.valid",
        ),
        (
            "columns = ['z']\nbounds = { y = { low = 0.0 } }",
            "columns = ['g']",
            "target.bounds.y",
        ),
        (
            "columns = ['z']\nbounds = { z = { high = 0.0 } }",
            "columns = ['g']",
            "`low`",
        ),
        (
            "columns = ['z']\nbounds = { z = { low = 2.0, high = 1.0 } }",
            "columns = ['g']",
            "empty",
        ),
        (
            "columns = ['z']\nbounds = { z = { low = 0.0, softness = -1.0 } }",
            "columns = ['g']",
            "softness",
        ),
    ];
    for (target, context, word) in cases {
        let error = refusal(&good(), &recipe(target, context));
        assert!(matches!(error, Error::Recipe { .. }), "{error}");
        assert_names(&error, &[word]);
    }
}

#[test]
fn shares_that_leave_nothing_to_train_on() {
    for (test, validation) in [(0.6, 0.4), (1.0, 0.0), (-0.1, 0.1), (f64::NAN, 0.1)] {
        let mut catalogue = Catalogue::new(
            "galaxies.parquet",
            &good(),
            &recipe("columns = ['z']", "columns = ['g']"),
        );
        (catalogue.data.test, catalogue.data.validation) = (test, validation);
        let error = catalogue.prepare().unwrap_err();
        assert!(matches!(error, Error::Recipe { .. }), "{error}");
    }
}

#[test]
fn a_column_that_is_not_there_suggests_the_nearest() {
    let mut columns = good();
    columns.push(("redshift", numbers("z", ROWS)));
    let error = refusal(&columns, &recipe("columns = ['redshfit']", "columns = ['g']"));
    assert_names(&error, &["redshfit", "redshift"]);
    let error = refusal(&columns, &recipe("columns = ['z']", "columns = ['redshfit']"));
    assert_names(&error, &["redshfit", "redshift"]);
}
