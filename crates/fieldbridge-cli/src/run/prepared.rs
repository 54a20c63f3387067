//! The rows of a recipe: a table, or simulations that are made first.

use std::path::Path;

use fieldbridge::Error;
use fieldbridge::bridge::Bridge;
use fieldbridge::data::fields::{FieldDataset, FieldSimulations, Renewal};
use fieldbridge::data::{DataRecipe, DataReport, Dataset, Part, Scaling};
use fieldbridge::network::Weights;
use fieldbridge::random::Stream;
use fieldbridge::recipe::{Recipe, RecipeFile};
use fieldbridge::train::TrainingRows;
use fieldbridge_files::write_table;
use fieldbridge_sky::Simulator;

use crate::console::Console;
use crate::directory::RunDirectory;
use crate::simulate::making::Making;
use crate::simulate::recipe::SimulationRecipe;
use crate::simulate::simulator::simulator;
use crate::simulate::summaries::{self, Summaries};
use crate::simulate::universes::Maker;

/// Name of the store of simulations in a run directory.
pub(crate) const STORE: &str = "simulations.zarr";
/// Name of the table of their summaries.
pub(crate) const SUMMARIES: &str = "summaries.parquet";

/// What the rows of a recipe are.
pub(crate) enum Origin {
    /// A table.
    Table,
    /// Simulated fields.
    Simulations(Box<(RecipeFile<SimulationRecipe>, Simulator)>),
}

impl Origin {
    /// Looks whether the rows can be had.
    ///
    /// # Errors
    /// For a file that cannot be opened, or what cannot be simulated.
    pub(crate) fn of(recipe: &Recipe) -> anyhow::Result<Self> {
        match recipe.simulations::<SimulationRecipe>()? {
            Some(file) => {
                let simulator = simulator(&file)?;
                require_summaries(recipe, &file.recipe)?;
                Ok(Self::Simulations(Box::new((file, simulator))))
            }
            None => {
                recipe.data.open(&recipe.folder)?;
                Ok(Self::Table)
            }
        }
    }

    /// Makes the simulations that are not there yet; none for a table.
    ///
    /// # Errors
    /// When they cannot be made or written.
    pub(crate) fn simulations(
        &self,
        directory: &RunDirectory,
        console: &Console,
    ) -> anyhow::Result<Option<FieldSimulations>> {
        let Self::Simulations(inner) = self else {
            return Ok(None);
        };
        let (file, simulator) = inner.as_ref();
        let path = directory.file(STORE);
        let made = Making::open(&path, &file.recipe, simulator)?.fill(&path, console)?;
        if made.new > 0 {
            console.note(&format!("{} simulations made: {}", made.new, path.display()));
        }
        Ok(Some(FieldSimulations::open(&path, Some(file.recipe.simulations))?))
    }
}

/// Refuses a context of columns that simulations do not have, before an hour is spent on them.
fn require_summaries(recipe: &Recipe, simulation: &SimulationRecipe) -> Result<(), Error> {
    let known = summaries::column_names(simulation);
    for (name, modality) in &recipe.context {
        if let Some(column) = modality.columns.iter().find(|column| !known.contains(&column.as_str())) {
            return Err(Error::Recipe {
                key: format!("context.{name}.columns"),
                reason: format!("names `{column}`, which is no summary of the maps that [simulation] makes"),
                hint: format!("there are {}; see `simulation.store`", known.join(", ")),
            });
        }
    }
    Ok(())
}

/// What makes the universes of training rows, when they are not those of the store.
///
/// # Errors
/// For what cannot be simulated.
fn renewal(recipe: &Recipe) -> anyhow::Result<Option<Renewal>> {
    let (Some(every), Some(file)) = (recipe.data.renew_every, recipe.simulations::<SimulationRecipe>()?) else {
        return Ok(None);
    };
    let maker = Maker::new(simulator(&file)?);
    Ok(Some(Renewal::new(Box::new(maker), every, recipe.seed)))
}

/// The rows of a model that is told summaries of simulated maps, whose table starts at the run directory; none for other models.
pub(crate) fn summary_rows(recipe: &Recipe) -> Option<DataRecipe> {
    let told = recipe.simulation.is_some() && !recipe.context.is_empty();
    told.then(|| DataRecipe {
        file: Some(SUMMARIES.into()),
        ..recipe.data.clone()
    })
}

/// Writes their table.
///
/// # Errors
/// When summaries cannot be read or written.
pub(crate) fn write_summaries(
    recipe: &Recipe,
    simulations: &FieldSimulations,
    directory: &RunDirectory,
) -> anyhow::Result<()> {
    if let Some(file) = recipe.simulations::<SimulationRecipe>()? {
        let table = Summaries::of(&file.recipe)?.of_simulations(simulations)?;
        write_table(&directory.file(SUMMARIES), &table)?;
    }
    Ok(())
}

/// Bounds of the learned parameters where their priors are cut, unless the recipe gives others.
pub(crate) fn bound_by_priors(recipe: &mut Recipe, origin: &Origin) {
    if let Origin::Simulations(inner) = origin {
        for column in &recipe.target.columns {
            if let Some(bounds) = inner.0.recipe.prior.bounds(column) {
                recipe.target.bounds.entry(column.clone()).or_insert(bounds);
            }
        }
    }
}

/// Rows ready for training.
pub(crate) enum Prepared {
    /// Of a table.
    Table(Box<Dataset>),
    /// Of simulated fields.
    Fields(Box<FieldDataset>),
}

impl Prepared {
    /// Divides, scales and encodes the rows.
    ///
    /// # Errors
    /// Those of [`Dataset::prepare`] and [`FieldDataset::prepare`].
    pub(crate) fn new(
        recipe: &Recipe,
        simulations: Option<&FieldSimulations>,
        fingerprint: &str,
        directory: &RunDirectory,
    ) -> anyhow::Result<Self> {
        let cache = directory.file("cache/rows");
        let table = |data: &DataRecipe, folder: &Path| {
            Dataset::prepare(data, &recipe.target, &recipe.context, folder, &cache)
                .map(|dataset| Self::Table(Box::new(dataset)))
        };
        Ok(match (simulations, summary_rows(recipe)) {
            (None, _) => table(&recipe.data, &recipe.folder)?,
            (Some(simulations), Some(told)) => {
                write_summaries(recipe, simulations, directory)?;
                table(&told, directory.path())?
            }
            (Some(simulations), None) => Self::Fields(Box::new(FieldDataset::prepare(
                &recipe.data,
                &recipe.target,
                simulations,
                fingerprint,
                &cache,
                (&recipe.observation.clone().unwrap_or_default(), recipe.reading.as_ref()),
                renewal(recipe)?,
            )?)),
        })
    }

    pub(crate) fn rows(&self) -> &dyn TrainingRows {
        match self {
            Self::Table(dataset) => dataset.as_ref(),
            Self::Fields(dataset) => dataset.as_ref(),
        }
    }

    pub(crate) fn scaling(&self) -> &Scaling {
        match self {
            Self::Table(dataset) => &dataset.scaling,
            Self::Fields(dataset) => &dataset.scaling,
        }
    }

    pub(crate) fn report(&self) -> &DataReport {
        match self {
            Self::Table(dataset) => &dataset.report,
            Self::Fields(dataset) => &dataset.report,
        }
    }

    pub(crate) fn parts_by_source_row(&self) -> Vec<Option<Part>> {
        match self {
            Self::Table(dataset) => dataset.parts_by_source_row(),
            Self::Fields(dataset) => dataset.parts_by_source_row(),
        }
    }

    /// Puts pairs of the bridge's own walks in place of the data.
    ///
    /// # Errors
    /// When a walk does not arrive; for simulated fields, whose observation is new at every use.
    pub(crate) fn rectify(&mut self, bridge: &dyn Bridge, weights: &Weights, stream: &Stream) -> Result<(), Error> {
        match self {
            Self::Table(dataset) => dataset.rectify(bridge, weights, stream),
            Self::Fields(_) => Err(Error::Recipe {
                key: "flow_matching.rectify".to_owned(),
                reason: "asks for pairs of fixed rows, but simulated fields are observed anew at every step".to_owned(),
                hint: "leave it out".to_owned(),
            }),
        }
    }

    /// Returns to the data themselves.
    pub(crate) fn forget_pairs(&mut self) {
        if let Self::Table(dataset) = self {
            dataset.forget_pairs();
        }
    }
}
