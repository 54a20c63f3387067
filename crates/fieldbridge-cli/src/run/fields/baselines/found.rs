//! What simpler answers than the model's give.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// An error relative to a scale.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct RelativeError {
    /// Root mean square over observations of what is wrong, over that of the scale.
    pub(crate) error: f64,
    /// Standard error of that number, from the scatter of the observations.
    pub(crate) standard_error: f64,
}

/// What an answer says of one parameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ParameterScore {
    pub(crate) name: String,
    /// Of the mean, over the deviation of the prior.
    #[serde(flatten)]
    pub(crate) error: RelativeError,
    /// Mean deviation of the answer, over that of the prior.
    pub(crate) width: f64,
}

/// An answer about the parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ParameterAnswer {
    pub(crate) answer: String,
    pub(crate) observations: usize,
    pub(crate) parameters: Vec<ParameterScore>,
}

/// An answer about the maps: error of every tomographic bin over the root mean square of its true pixels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct MapAnswer {
    pub(crate) answer: String,
    pub(crate) observations: usize,
    pub(crate) bins: Vec<RelativeError>,
}

/// How the posterior of the spectra was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case")]
pub(crate) enum SpectraMethod {
    /// The fields are Gaussian, whose exact posterior of the parameters depends on the spectra alone.
    Exact,
    /// A sum over a grid of two parameters.
    Grid { cells: [usize; 2] },
    /// Weighted draws for each observation, with the effective number of them in the median and at least.
    WeightedDraws {
        draws: usize,
        median_effective: f64,
        least_effective: f64,
    },
}

/// All answers, simplest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Baselines {
    /// Deviation of the prior of every learned parameter, by its name.
    pub(crate) prior_deviation: BTreeMap<String, f64>,
    /// Parameters of the universe of the Wiener filter, the medians of the prior.
    pub(crate) fiducial: BTreeMap<String, f64>,
    /// None behind masks, where spectra of the patch are not seen and the filter is not the best.
    pub(crate) spectra: Option<SpectraMethod>,
    pub(crate) parameters: Vec<ParameterAnswer>,
    pub(crate) maps: Vec<MapAnswer>,
}
