//! The recipe of simulations.

use fieldbridge_sky::SkyError;
use fieldbridge_sky::field::Patch;
use fieldbridge_sky::statistics::{BandPowers, PixelWindow};
use serde::{Deserialize, Serialize};

use super::priors::PriorsRecipe;

/// Everything about a set of simulations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SimulationRecipe {
    /// What it is about, for people.
    pub(crate) title: String,
    /// Seed of every random number.
    #[serde(default = "one")]
    pub(crate) seed: u64,
    /// How many there are to be.
    pub(crate) simulations: usize,
    pub(crate) patch: PatchRecipe,
    pub(crate) sources: SourcesRecipe,
    #[serde(default)]
    pub(crate) spectra: SpectraRecipe,
    #[serde(default)]
    pub(crate) field: FieldRecipe,
    pub(crate) prior: PriorsRecipe,
    #[serde(default)]
    pub(crate) store: StoreRecipe,
    /// What `mcmc` is to explain.
    #[serde(default)]
    pub(crate) observation: ObservationRecipe,
    /// How `mcmc` goes about it.
    #[serde(default)]
    pub(crate) mcmc: McmcRecipe,
}

fn one() -> u64 {
    1
}

/// The square of sky.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PatchRecipe {
    pub(crate) pixels: usize,
    pub(crate) width_degrees: f64,
}

/// The galaxies: `n(z) ~ z^rise e^(-(z/scale)^fall)`, in bins with as many each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SourcesRecipe {
    pub(crate) rise: f64,
    pub(crate) fall: f64,
    pub(crate) scale: f64,
    #[serde(default = "ten")]
    pub(crate) largest_redshift: f64,
    pub(crate) bins: usize,
    /// Deviation of photometric redshifts over `1 + z`.
    pub(crate) photometric_smearing: f64,
    pub(crate) galaxies_per_arcmin2: f64,
    /// Deviation of one component of the ellipticity.
    pub(crate) ellipticity: f64,
}

fn ten() -> f64 {
    10.0
}

/// How spectra are computed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SpectraRecipe {
    pub(crate) scheme: SchemeName,
    pub(crate) nonlinearity: NonlinearityName,
}

/// See [`Scheme`](fieldbridge_sky::Scheme).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SchemeName {
    #[default]
    Converged,
    JaxCosmo,
}

/// See [`Nonlinearity`](fieldbridge_sky::Nonlinearity).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NonlinearityName {
    #[default]
    Halofit,
    Linear,
}

/// What maps are like.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct FieldRecipe {
    pub(crate) law: LawName,
    pub(crate) convention: ConventionName,
    pub(crate) shifts: ShiftsRecipe,
    /// How a table of shifts is read.
    pub(crate) reading: ReadingName,
}

/// See [`Law`](fieldbridge_sky::field::Law).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LawName {
    #[default]
    LogNormal,
    Gaussian,
}

/// See [`Convention`](fieldbridge_sky::field::Convention).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ConventionName {
    #[default]
    SelfConsistent,
    SbiLens,
}

/// See [`ShiftReading`](fieldbridge_sky::ShiftReading).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReadingName {
    #[default]
    Labelled,
    SbiLens,
}

/// `"lsst_year_10"`, the name of an npy file, or a number for each bin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "expected \"lsst_year_10\", the name of an npy file with a table, or a list of a number for each bin"
)]
pub(crate) enum ShiftsRecipe {
    Named(String),
    Constant(Vec<f64>),
}

pub(super) const FITTED: &str = "lsst_year_10";

/// The name of the file with shifts in a table `[simulation]`, when it names one.
pub(crate) fn table_of_shifts(simulation: &mut toml::Table) -> Option<&mut String> {
    match simulation.get_mut("field")?.get_mut("shifts")? {
        toml::Value::String(name) if name != FITTED => Some(name),
        _ => None,
    }
}

impl Default for ShiftsRecipe {
    fn default() -> Self {
        Self::Named(FITTED.to_owned())
    }
}

/// What is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct StoreRecipe {
    /// Maps to keep.
    pub(crate) maps: Vec<MapName>,
    /// Bands of the spectra.
    pub(crate) bands: usize,
    /// Whether third moments of observed maps are kept.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) third_moments: bool,
    /// Simulations in one file of the store; about 4 MiB of maps when it is not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) simulations_per_chunk: Option<usize>,
}

/// The observation of `mcmc`: a file, or a simulation of the recipe.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ObservationRecipe {
    /// An npy file with convergence, `[row, column, bin]`, `[bin, row, column]`, or `[row, column]` for one bin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<String>,
    /// Side of its pixels, arc minutes, when it is to be checked against the patch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pixel_arcmin: Option<f64>,
    /// Number of the simulation when there is no file.
    pub(crate) simulation: u64,
}

/// The chains of `mcmc`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct McmcRecipe {
    pub(crate) chains: usize,
    /// Draws of each chain that are thrown away.
    pub(crate) warmup: usize,
    /// Draws of each chain that are kept.
    pub(crate) draws: usize,
    /// Draws between two savings of the state.
    pub(crate) block: usize,
    /// Mean acceptance that steps are chosen for.
    pub(crate) target_acceptance: f64,
    /// Most doublings of a trajectory.
    pub(crate) most_doublings: u64,
}

impl Default for McmcRecipe {
    fn default() -> Self {
        Self {
            chains: 4,
            warmup: 200,
            draws: 1000,
            block: 25,
            target_acceptance: 0.8,
            most_doublings: 8,
        }
    }
}

impl Default for StoreRecipe {
    fn default() -> Self {
        Self {
            maps: vec![MapName::Convergence, MapName::Observation],
            bands: 12,
            third_moments: false,
            simulations_per_chunk: None,
        }
    }
}

impl StoreRecipe {
    /// Bands of the spectra of maps of a patch.
    pub(super) fn bands(&self, patch: Patch) -> Result<BandPowers, SkyError> {
        BandPowers::logarithmic(patch, self.bands, PixelWindow::None)
    }
}

/// A kind of map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MapName {
    /// Without noise.
    Convergence,
    /// With noise.
    Observation,
}

impl SimulationRecipe {
    /// The recipe without what has no say in a simulation.
    pub(crate) fn of_simulations(&self) -> serde_json::Value {
        let mut value = serde_json::to_value(self).expect("a recipe is plain data");
        if let Some(table) = value.as_object_mut() {
            for key in ["title", "simulations", "observation", "mcmc"] {
                table.remove(key);
            }
            if let Some(store) = table.get_mut("store").and_then(serde_json::Value::as_object_mut) {
                store.remove("simulations_per_chunk");
            }
        }
        value
    }
}
