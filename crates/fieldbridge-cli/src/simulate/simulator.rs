//! The simulator that a recipe describes.

use anyhow::Context;
use fieldbridge::recipe::RecipeFile;
use fieldbridge_files::read_array;
use fieldbridge_sky::field::{Law, Shifts};
use fieldbridge_sky::{ShiftReading, ShiftTable, Simulator, SkyError};

use super::recipe::{FITTED, LawName, ReadingName, ShiftsRecipe, SimulationRecipe};
use super::survey::Survey;

/// The simulator of a recipe.
///
/// # Errors
/// With file, line and key for what cannot be simulated.
pub(crate) fn simulator(file: &RecipeFile<SimulationRecipe>) -> anyhow::Result<Simulator> {
    let recipe = &file.recipe;
    let within = |table: &'static str| {
        move |error: SkyError| match &error {
            SkyError::Prior {
                name,
                what,
                value,
                expected,
                hint,
            } => file.refused(
                &format!("prior.{name}"),
                format!("has the {what} {value}, expected {expected}"),
                *hint,
            ),
            SkyError::Survey {
                name,
                value,
                expected,
                hint,
            } => file.refused(table, format!("{name} = {value}, expected {expected}"), *hint),
            _ => file.refused(table, format!("cannot be used: {error}"), "see docs/src/simulate.md"),
        }
    };
    if recipe.simulations == 0 {
        return Err(file
            .refused("simulations", "is 0, expected at least 1", "say how many to make")
            .into());
    }
    let survey = Survey::of(recipe).map_err(|(table, error)| within(table)(error))?;
    let law = match recipe.field.law {
        LawName::LogNormal => Law::LogNormal,
        LawName::Gaussian => Law::Gaussian,
    };
    let shifts = (law == Law::LogNormal).then(|| shifts(file)).transpose()?;
    let field = survey.field(law, shifts).map_err(within("field"))?;
    // any root gives fields of the same law, and triangles cost a fraction of symmetric ones
    let field = field.with_triangular_roots();
    Ok(Simulator {
        field,
        bands: recipe.store.bands(survey.patch).map_err(within("store.bands"))?,
        third_moments: survey.third_moments(recipe).map_err(within("store.third_moments"))?,
        noise: survey.noise,
        priors: survey.priors,
    })
}

fn shifts(file: &RecipeFile<SimulationRecipe>) -> anyhow::Result<Shifts> {
    let key = "field.shifts";
    match &file.recipe.field.shifts {
        ShiftsRecipe::Named(name) if name == FITTED => Ok(Shifts::LsstYear10),
        ShiftsRecipe::Named(name) => {
            let path = file.folder().join(name);
            let place = || {
                file.refused(
                    key,
                    "is no table of shifts",
                    "name an npy file, \"lsst_year_10\", or numbers",
                )
            };
            let array = read_array(&path)
                .map_err(anyhow::Error::new)
                .with_context(|| place().to_string())?;
            let reading = match file.recipe.field.reading {
                ReadingName::Labelled => ShiftReading::Labelled,
                ReadingName::SbiLens => ShiftReading::SbiLens,
            };
            let values = array.to_f64().with_context(|| place().to_string())?;
            let table = ShiftTable::new(&array.shape, &values, reading);
            Ok(Shifts::Table(
                table.with_context(|| format!("{}: {}", place(), path.display()))?,
            ))
        }
        ShiftsRecipe::Constant(values) => {
            if let Some((bin, value)) = values
                .iter()
                .enumerate()
                .find(|(_, value)| !(**value > 0.0 && value.is_finite()))
            {
                let reason = format!("has {value} for bin {bin}, expected a positive convergence");
                let hint = "a log-normal field is never below minus its shift; LSST year 10 has 0.005 to 0.1";
                return Err(file.refused(key, reason, hint).into());
            }
            Ok(Shifts::Constant(values.clone()))
        }
    }
}
