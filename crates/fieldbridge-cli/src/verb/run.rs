//! `fieldbridge run`: everything a recipe names.

use std::time::Instant;

use fieldbridge::device::Device;
use serde_json::json;

use crate::Outcome;
use crate::arguments::RunArguments;
use crate::console::Console;
use crate::run::found::Found;
use crate::run::training;

pub(crate) fn execute(arguments: &RunArguments, device: &Device, console: &Console) -> anyhow::Result<Outcome> {
    let start = Instant::now();
    let mut run = training::train("run", arguments, device, console)?;
    let found = Found::of(&mut run, console)?;
    let (mut words, mut object) = (found.words(), found.object()?);
    let inputs = run.recipe.check_identity(&run.fingerprint);
    if run.record.is_done(&run.directory, "report", &inputs, &["report.html"]) {
        console.note("the report is written already");
    } else {
        let clock = Instant::now();
        console.note("writing the report");
        found.report(&run.directory, &run.recipe, &run.model, &run.record)?;
        let seconds = clock.elapsed().as_secs_f64();
        run.record.finish(&run.directory, "report", &inputs, seconds)?;
    }
    words.push_str(&format!(
        "\nreport: {}\ntime: {:.1} s",
        run.directory.file("report.html").display(),
        start.elapsed().as_secs_f64()
    ));
    object["directory"] = json!(run.directory.path());
    object["model"] = json!(run.directory.model_path());
    object["report"] = json!(run.directory.file("report.html"));
    object["seconds"] = json!(start.elapsed().as_secs_f64());
    console.result(&words, &object)?;
    Ok(Outcome::Done)
}
