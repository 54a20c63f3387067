//! `fieldbridge simulate`: simulated surveys in a store that grows.

use std::time::Instant;

use fieldbridge::recipe::RecipeFile;
use fieldbridge_files::atomic::write_atomically;
use serde_json::json;

use crate::Outcome;
use crate::arguments::RunArguments;
use crate::console::Console;
use crate::directory::RunDirectory;
use crate::run::training::{command, directory_of};
use crate::simulate::making::Making;
use crate::simulate::recipe::SimulationRecipe;
use crate::simulate::simulator::simulator;

pub(crate) fn execute(arguments: &RunArguments, console: &Console) -> anyhow::Result<Outcome> {
    let file = RecipeFile::<SimulationRecipe>::read(&arguments.recipe, &arguments.set)?;
    // what cannot be simulated leaves no directory behind
    let simulator = simulator(&file)?;
    let directory = RunDirectory::create_plain(&directory_of(arguments))?;
    let path = directory.file("simulations.zarr");
    let making = Making::open(&path, &file.recipe, &simulator)?;
    let text = toml::to_string(&file.recipe)?;
    let text = format!("# {}\n{text}", command("simulate", arguments));
    write_atomically(&directory.file("recipe.toml"), |sink| sink.write_all(text.as_bytes()))?;
    let start = Instant::now();
    let made = making.fill(&path, console)?;
    let seconds = start.elapsed().as_secs_f64();
    let object = json!({
        "store": path,
        "simulations": made.simulations,
        "new": made.new,
        "seconds": seconds,
    });
    let words = match made.new {
        0 => format!(
            "{}: {} simulations, all there already",
            path.display(),
            made.simulations
        ),
        new => format!(
            "{}: {} simulations, {new} new in {seconds:.1} s ({:.1} a second)",
            path.display(),
            made.simulations,
            new as f64 / seconds
        ),
    };
    console.result(&words, &object)?;
    Ok(Outcome::Done)
}
