//! `fieldbridge check`: whether posteriors are calibrated.

use fieldbridge::check::{Verdict, held_out};
use fieldbridge::device::Device;
use fieldbridge::recipe::Recipe;

use crate::Outcome;
use crate::arguments::CheckArguments;
use crate::console::Console;
use crate::directory::RunDirectory;
use crate::drawing::redrawn;
use crate::progress::waiting;
use crate::rows;
use crate::run::found::Found;

pub(crate) fn execute(arguments: &CheckArguments, device: &Device, console: &Console) -> anyhow::Result<Outcome> {
    let directory = match arguments.data {
        Some(_) => RunDirectory::read_only(&arguments.directory)?,
        None => RunDirectory::existing(&arguments.directory)?,
    };
    let model = redrawn(directory.model(device)?, &arguments.drawing, device)?;
    let recipe = Recipe::read(&directory.file("recipe.toml"), &[])?;
    let found = match &arguments.data {
        Some(path) => {
            super::infer_fields::refuse_columns(&model)?;
            let file = rows::open_for(&model, path, arguments.group.as_deref())?;
            rows::note_if_learned_from(&model, path, console)?;
            let encoded = rows::all(&model, &file)?;
            let found = waiting(console, "checking on the rows given", || {
                held_out(&model, &encoded, &recipe.check, recipe.seed)
            })?;
            Found::Table(Box::new(found))
        }
        None => Found::asked(&model, &recipe, &directory, console)?,
    };
    console.result(&found.words(), &found.object()?)?;
    if arguments.require.is_some() && found.verdict() != Verdict::Calibrated {
        console.note(&format!("not calibrated: the verdict is `{}`", found.verdict()));
        return Ok(Outcome::NotCalibrated);
    }
    Ok(Outcome::Done)
}
