//! `fieldbridge train`: data, training and model, without checks and report.

use fieldbridge::device::Device;
use serde_json::json;

use crate::Outcome;
use crate::arguments::RunArguments;
use crate::console::Console;
use crate::run::training;

pub(crate) fn execute(arguments: &RunArguments, device: &Device, console: &Console) -> anyhow::Result<Outcome> {
    let run = training::train("train", arguments, device, console)?;
    let path = run.directory.model_path();
    let summary = &run.model.manifest.training;
    let object = json!({
        "directory": run.directory.path(),
        "model": path,
        "parameters": run.model.parameter_count(),
        "steps": summary.steps,
        "best_steps": summary.best_steps,
        "validation_losses": summary.validation_losses,
    });
    console.result(&format!("model: {}", path.display()), &object)?;
    Ok(Outcome::Done)
}
