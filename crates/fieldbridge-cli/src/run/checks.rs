//! A model asked about rows it has not seen.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, bail};
use fieldbridge::check::{Asked, HeldOut, held_out_with_answers};
use fieldbridge::data::fields::FieldSimulations;
use fieldbridge::data::{DataRecipe, Encoded};
use fieldbridge::model::Model;
use fieldbridge::recipe::Recipe;
use fieldbridge_files::atomic::write_atomically;
use serde_json::Value;

use super::prepared::{STORE, SUMMARIES, summary_rows, write_summaries};
use super::training::Trained;
use super::{posteriors, split, truth};
use crate::console::Console;
use crate::directory::RunDirectory;
use crate::progress::waiting;
use crate::rows;
use crate::simulate::recipe::SimulationRecipe;

/// Everything the checks found, long vectors included; the report is made of it.
const WHOLE: &str = "cache/held_out.json";
/// What the checks found, without long vectors.
const SHORT: &str = "check.json";

/// The held-out rows of a run, read from its data file or its simulations again.
pub(crate) fn held_out_rows(model: &Model, recipe: &Recipe, directory: &RunDirectory) -> anyhow::Result<Encoded> {
    let in_table = |data: &DataRecipe, folder: &Path| {
        let file = data.open(folder)?;
        let parts = split::held_out(&directory.file("split.npy"), file.rows())?;
        rows::wanted(model, &file, |row| parts[row])
    };
    let Some(file) = recipe.simulations::<SimulationRecipe>()? else {
        return in_table(&recipe.data, &recipe.folder);
    };
    let simulations = FieldSimulations::open(&directory.file(STORE), Some(file.recipe.simulations))?;
    if let Some(told) = summary_rows(recipe) {
        if !directory.file(SUMMARIES).exists() {
            write_summaries(recipe, &simulations, directory)?;
        }
        return in_table(&told, directory.path());
    }
    let held_out = split::held_out(&directory.file("split.npy"), simulations.count)?;
    let rows: Vec<usize> = (0..held_out.len()).filter(|&row| held_out[row]).collect();
    Ok(model.manifest.scaling.encode_simulations(&simulations, &rows)?)
}

/// Checks a trained model on its held-out rows and writes what was found, unless that was done.
pub(crate) fn check(run: &mut Trained, console: &Console) -> anyhow::Result<HeldOut> {
    let inputs = run.recipe.check_identity(&run.fingerprint);
    let files = [SHORT, WHOLE, posteriors::FILE];
    if run.record.is_done(&run.directory, "check", &inputs, &files)
        && let Some(found) = read(&run.directory)
    {
        console.note("the model is checked already");
        return Ok(found);
    }
    if run.model.manifest.data.test < 2 {
        bail!(
            "no rows are held out, so nothing can be checked; raise `data.test` in the recipe, or use `fieldbridge train`"
        );
    }
    let start = Instant::now();
    let encoded = held_out_rows(&run.model, &run.recipe, &run.directory)?;
    let (found, asked) = ask(&run.model, &run.recipe, &encoded, console)?;
    write(&run.directory, &found)?;
    posteriors::write(&run.model, &encoded, &found, &asked, run.recipe.seed, &run.directory)?;
    let seconds = start.elapsed().as_secs_f64();
    run.record.finish(&run.directory, "check", &inputs, seconds)?;
    Ok(found)
}

/// Asks a model about the held-out rows of its recipe.
pub(crate) fn ask(
    model: &Model,
    recipe: &Recipe,
    encoded: &Encoded,
    console: &Console,
) -> anyhow::Result<(HeldOut, Asked)> {
    let (mut found, asked) = waiting(console, "checking on held-out rows", || {
        held_out_with_answers(model, encoded, &recipe.check, recipe.seed)
    })?;
    found.below_truth = truth::below_truth(model, recipe, encoded, &asked.densities);
    Ok((found, asked))
}

/// What was found last time, when it can be read.
pub(crate) fn read(directory: &RunDirectory) -> Option<HeldOut> {
    serde_json::from_str(&std::fs::read_to_string(directory.file(WHOLE)).ok()?).ok()
}

/// Writes what was found, whole and short.
pub(crate) fn write(directory: &RunDirectory, found: &HeldOut) -> anyhow::Result<()> {
    let whole = serde_json::to_string(found).context("checks are plain data")?;
    write_atomically(&directory.file(WHOLE), |file| file.write_all(whole.as_bytes()))?;
    let short = serde_json::to_string_pretty(&short(found)?).context("checks are plain data")?;
    Ok(write_atomically(&directory.file(SHORT), |file| {
        file.write_all(short.as_bytes())
    })?)
}

/// What was found, without the vectors that have an entry for each row.
pub(crate) fn short(found: &HeldOut) -> anyhow::Result<Value> {
    let mut value = serde_json::to_value(found).context("checks are plain data")?;
    for column in value["columns"].as_array_mut().into_iter().flatten() {
        if let Some(column) = column.as_object_mut() {
            for key in ["pit", "median", "truth", "ecdf"] {
                column.remove(key);
            }
            if let Some(score) = column.get_mut("crps").and_then(Value::as_object_mut) {
                score.remove("rows");
            }
        }
    }
    if let Some(tarp) = value["tarp"].as_object_mut() {
        tarp.remove("fraction");
    }
    Ok(value)
}

/// What was found, in words.
pub(crate) fn words(found: &HeldOut) -> String {
    let mut lines = vec![
        format!(
            "verdict: {} (p = {:.3})",
            found.judgement.verdict, found.judgement.p_value
        ),
        found.judgement.sentence.clone(),
    ];
    lines.push(match found.mean_log_density {
        Some(mean) => format!(
            "mean log-density: {:.4} +- {:.4} nats per row over {} rows (largest error estimate {:.2e})",
            mean.value, mean.standard_error, found.rows, found.largest_error_estimate
        ),
        None => format!("{} rows; this bridge gives draws and no log-density", found.rows),
    });
    if let Some(below) = found.below_truth {
        lines.push(format!(
            "the distribution the rows were drawn from: {:.4} +- {:.4} nats per row more",
            below.value, below.standard_error
        ));
    }
    if !found.skipped.is_empty() {
        let (row, reason) = &found.skipped[0];
        lines.push(format!(
            "{} rows could not be used, the first being row {row}: {reason}",
            found.skipped.len()
        ));
    }
    if found.outside_training_range > 0 {
        lines.push(format!(
            "{} rows have a context outside the training range",
            found.outside_training_range
        ));
    }
    for column in &found.columns {
        let unit = column.unit.as_ref().map(|unit| format!(" {unit}")).unwrap_or_default();
        if let Some(score) = &column.crps {
            let error = score
                .standard_error
                .map(|error| format!(" +- {error:.5}"))
                .unwrap_or_default();
            lines.push(format!("{}: CRPS {:.5}{error}{unit}", column.name, score.mean));
        }
        if let Some(point) = &column.point {
            lines.push(format!("{}: {}", column.name, point_words(point)));
        }
    }
    lines.join("\n")
}

fn point_words(point: &fieldbridge::check::PointStatistics) -> String {
    let with_error =
        |estimate: fieldbridge::check::Estimate| format!("{:.4} +- {:.4}", estimate.value, estimate.standard_error);
    format!(
        "bias {}, sigma_NMAD {}, outliers beyond {} {}",
        with_error(point.bias),
        with_error(point.sigma_nmad),
        point.outlier_threshold,
        with_error(point.outlier_fraction)
    )
}

/// What was found, for scripts.
pub(crate) fn object(found: &HeldOut) -> anyhow::Result<Value> {
    let columns: Vec<Value> = found
        .columns
        .iter()
        .map(|column| {
            serde_json::json!({
                "name": column.name,
                "unit": column.unit,
                "crps": column.crps.as_ref().map(|score| score.mean),
                "point": column.point,
            })
        })
        .collect();
    Ok(serde_json::json!({
        "verdict": found.judgement.verdict,
        "p_value": found.judgement.p_value,
        "sentence": found.judgement.sentence,
        "rows": found.rows,
        "rows_skipped": found.skipped.len(),
        "outside_training_range": found.outside_training_range,
        "mean_log_density": found.mean_log_density.map(|mean| mean.value),
        "standard_error": found.mean_log_density.map(|mean| mean.standard_error),
        "below_truth": found.below_truth,
        "max_error_estimate": found.mean_log_density.map(|_| found.largest_error_estimate),
        "columns": columns,
    }))
}
