//! What a model file says of itself.

use serde::{Deserialize, Serialize};

use crate::bridge::BridgeRecipe;
use crate::data::{DataReport, Scaling};
use crate::recipe::is_default;

use super::Stored;

/// Version of the file format written by this release; every release reads all versions up to its own.
pub const FORMAT_VERSION: u32 = 1;

/// One question with its answer, asked again when the model is loaded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KnownAnswer {
    /// Scaled data point.
    pub data: Vec<f32>,
    /// Scaled context.
    pub context: Vec<f32>,
    /// Mask of the context.
    pub mask: Vec<f32>,
    /// Log-density of the scaled point.
    pub log_density: f64,
}

/// How training went.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrainingSummary {
    /// Members of the mixture.
    pub members: usize,
    /// Steps each member took.
    pub steps: Vec<usize>,
    /// Step whose parameters each member kept.
    pub best_steps: Vec<usize>,
    /// Validation loss of each member there.
    pub validation_losses: Vec<Option<f64>>,
}

/// Everything about a model but its parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the format.
    pub format_version: u32,
    /// Release that wrote the file.
    pub fieldbridge_version: String,
    /// Title of the recipe.
    pub title: String,
    /// Seed of the run.
    pub seed: u64,
    /// The bridge.
    pub bridge: BridgeRecipe,
    /// What was fitted to the training rows.
    pub scaling: Scaling,
    /// What it was learned from.
    pub data: DataReport,
    /// How training went.
    pub training: TrainingSummary,
    /// Precision of the weights in the file.
    #[serde(default, skip_serializing_if = "is_default")]
    pub stored: Stored,
    /// The recipe as it ran, TOML.
    pub recipe: String,
    /// Questions with answers.
    pub known_answers: Vec<KnownAnswer>,
}
