//! Checks of models of parameters and fields.

mod amplitudes;
mod asking;
pub(crate) mod baselines;
mod comparison;
mod criteria;
mod draws;
mod exact;
mod extremes;
pub(crate) mod found;
mod histograms;
mod regions;
mod scoring;
pub(crate) mod words;

use std::time::Instant;

use anyhow::bail;
use fieldbridge::data::fields::FieldSimulations;
use fieldbridge::model::Model;
use fieldbridge::recipe::Recipe;
use fieldbridge_files::atomic::write_atomically;

use super::prepared::STORE;
use super::split;
use super::training::Trained;
use crate::console::Console;
use crate::directory::RunDirectory;
use crate::simulate::recipe::SimulationRecipe;
use crate::simulate::simulator::simulator;
use found::FieldFound;

/// Everything the checks found; the report is made of it.
const WHOLE: &str = "cache/fields.json";
/// The same in a few numbers.
const SHORT: &str = "check.json";

/// Checks a trained model on its held-out simulations and writes what was found, unless that was done.
pub(crate) fn check(run: &mut Trained, console: &Console) -> anyhow::Result<FieldFound> {
    let inputs = run.recipe.check_identity(&run.fingerprint);
    if run.record.is_done(&run.directory, "check", &inputs, &[SHORT, WHOLE])
        && let Some(found) = read(&run.directory)
    {
        console.note("the model is checked already");
        return Ok(found);
    }
    if run.model.manifest.data.test < 2 {
        bail!("no simulations are held out, so nothing can be checked; raise `data.test` in the recipe");
    }
    let start = Instant::now();
    let found = ask(&run.model, &run.recipe, &run.directory, console)?;
    let seconds = start.elapsed().as_secs_f64();
    run.record.finish(&run.directory, "check", &inputs, seconds)?;
    Ok(found)
}

/// Asks a model about the held-out simulations of its run, and writes what was found.
pub(crate) fn ask(
    model: &Model,
    recipe: &Recipe,
    directory: &RunDirectory,
    console: &Console,
) -> anyhow::Result<FieldFound> {
    let Some(file) = recipe.simulations::<SimulationRecipe>()? else {
        bail!("the recipe of this run has no [simulation]; checks of fields need their simulator");
    };
    let simulator = simulator(&file)?;
    let simulations = FieldSimulations::open(&directory.file(STORE), Some(file.recipe.simulations))?;
    let held_out = split::held_out(&directory.file("split.npy"), simulations.count)?;
    let rows: Vec<usize> = (0..held_out.len())
        .filter(|&row| held_out[row])
        .take(recipe.check.rows)
        .collect();
    let found = asking::ask(model, recipe, (&simulations, &simulator), &rows, console)?;
    let whole = serde_json::to_string(&found)?;
    write_atomically(&directory.file(WHOLE), |sink| sink.write_all(whole.as_bytes()))?;
    let short = serde_json::to_string_pretty(&words::object(&found)?)?;
    write_atomically(&directory.file(SHORT), |sink| sink.write_all(short.as_bytes()))?;
    Ok(found)
}

/// What was found last time, when it can be read.
pub(crate) fn read(directory: &RunDirectory) -> Option<FieldFound> {
    serde_json::from_str(&std::fs::read_to_string(directory.file(WHOLE)).ok()?).ok()
}
