//! Everything a report is made of.

use std::path::PathBuf;

use fieldbridge::check::HeldOut;
use fieldbridge::model::{Manifest, Passed};
use fieldbridge::recipe::Recipe;
use fieldbridge::train::Evaluation;

/// Values by column: `[column][row]`.
pub(crate) type Columns = Vec<Vec<f64>>;

/// What a finished run hands to its report.
#[derive(Debug)]
pub(crate) struct ReportInput {
    /// Run directory; `report.html` and `figures/` are written here.
    pub(crate) directory: PathBuf,
    /// The recipe as it ran.
    pub(crate) recipe: Recipe,
    /// What the model says of itself.
    pub(crate) manifest: Manifest,
    /// What was found on held-out rows.
    pub(crate) held_out: HeldOut,
    /// Evaluations during training, one list for each member.
    pub(crate) history: Vec<Vec<Evaluation>>,
    /// Densities of some held-out rows; empty unless the model is conditional with one target column.
    pub(crate) gallery: Vec<GalleryRow>,
    /// Columns of the data and of the model's draws, each `[column][row]`; unconditional models only.
    pub(crate) samples: Option<(Columns, Columns)>,
    /// Draws on their way from the base; models of two columns only.
    pub(crate) walk: Option<Vec<Passed>>,
    /// The contents of `run.json`.
    pub(crate) run: serde_json::Value,
    /// Shell command that makes the run again.
    pub(crate) reproduce: String,
}

/// The learned density of one held-out row.
#[derive(Clone, Debug)]
pub(crate) struct GalleryRow {
    /// Which row it is.
    pub(crate) label: String,
    /// Values of the target column, ascending, in its unit.
    pub(crate) grid: Vec<f64>,
    /// Density at each of them, per unit.
    pub(crate) density: Vec<f64>,
    /// The true value, where known.
    pub(crate) truth: Option<f64>,
}
