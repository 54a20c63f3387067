//! `fieldbridge report`: the report of a finished run, written again.

use std::time::Instant;

use anyhow::Context;
use fieldbridge::device::Device;
use fieldbridge::recipe::Recipe;
use serde_json::json;

use crate::Outcome;
use crate::arguments::ReportArguments;
use crate::console::Console;
use crate::directory::RunDirectory;
use crate::run::found::Found;
use crate::run::record::Record;

pub(crate) fn execute(arguments: &ReportArguments, device: &Device, console: &Console) -> anyhow::Result<Outcome> {
    let start = Instant::now();
    let directory = RunDirectory::existing(&arguments.directory)?;
    let model = directory.model(device)?;
    let recipe = Recipe::read(&directory.file("recipe.toml"), &[]).context("the run directory is not complete")?;
    let record = Record::read(&directory);
    let found = match Found::read(&model, &directory) {
        Some(found) => found,
        None => Found::asked(&model, &recipe, &directory, console)?,
    };
    found.report(&directory, &recipe, &model, &record)?;
    let path = directory.file("report.html");
    let object = json!({ "report": path, "seconds": start.elapsed().as_secs_f64() });
    console.result(&format!("report: {}", path.display()), &object)?;
    Ok(Outcome::Done)
}
