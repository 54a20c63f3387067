//! What checks of fields find.

use fieldbridge::check::{Judgement, Mira, Tarp};
use serde::{Deserialize, Serialize};

use super::baselines::found::Baselines;

/// Coverage and score of one kind of posterior.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Scores {
    pub(crate) tarp: Tarp,
    pub(crate) mira: Mira,
}

/// Those of the parameters, and of parameters and maps together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Calibration {
    pub(crate) parameters: Scores,
    pub(crate) joint: Scores,
}

/// Spectra in bands of multipoles, `[pair, band]`, sr.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Spectra {
    pub(crate) multipoles: Vec<f64>,
    /// Mean over observations of the power of the true maps.
    pub(crate) truth: Vec<f64>,
    /// The same of the draws.
    pub(crate) draws: Vec<f64>,
    /// Mean over observations of the power of the draws over that of exact draws.
    pub(crate) ratio: Option<Vec<f64>>,
    /// Standard error of that mean.
    pub(crate) ratio_error: Option<Vec<f64>>,
    /// `draws` over `truth`.
    #[serde(default)]
    pub(crate) over_truth: Ratios,
    /// Errors of the logarithm of the power of true maps over the deviation of that of draws, `[bin, band]`.
    #[serde(default)]
    pub(crate) amplitudes: Ratios,
}

/// Sums over observations of one quantity over those of another, one when draws are like truths.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ratios {
    pub(crate) values: Vec<f64>,
    /// Standard errors from the scatter between observations, in each of which the two belong together.
    pub(crate) errors: Vec<f64>,
}

impl Ratios {
    /// Of some pairs of quantities, each of all observations.
    pub(super) fn of(quantities: impl Iterator<Item = (Vec<f64>, Vec<f64>)>) -> Self {
        let (values, errors) = quantities
            .map(|(above, below)| {
                let sum = below.iter().sum::<f64>();
                let ratio = above.iter().sum::<f64>() / sum;
                let apart = above.iter().zip(&below).map(|(above, below)| above - ratio * below);
                (ratio, apart.map(|apart| apart * apart).sum::<f64>().sqrt() / sum)
            })
            .unzip();
        Self { values, errors }
    }

    /// Where it is farthest from one, of some places.
    pub(crate) fn farthest(&self, places: impl Iterator<Item = usize>) -> Option<usize> {
        let distance = |at: usize| (self.values[at] - 1.0).abs();
        places
            .filter(|&at| at < self.values.len())
            .max_by(|&a, &b| distance(a).total_cmp(&distance(b)))
    }
}

/// One observation with its posterior. Maps are `[bin, row, column]`, convergence.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Example {
    /// Simulation it is.
    pub(crate) row: usize,
    pub(crate) truth: Vec<f64>,
    /// What is observed of the convergence, zero where nothing is; of shear, its `E`.
    pub(crate) observation: Vec<f64>,
    /// Which pixels are hidden, `[row, column]`; empty when none can be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) hidden: Vec<bool>,
    /// Three of the draws.
    pub(crate) draws: Vec<Vec<f64>>,
    pub(crate) mean: Vec<f64>,
    pub(crate) deviation: Vec<f64>,
    pub(crate) exact_mean: Option<Vec<f64>>,
    pub(crate) exact_deviation: Option<Vec<f64>>,
    pub(crate) true_parameters: Vec<f64>,
    /// Draws of every parameter.
    pub(crate) parameters: Vec<Vec<f64>>,
    pub(crate) exact_parameters: Option<Vec<Vec<f64>>>,
    /// Power of the true map, of the observation, and 16th, 50th and 84th percentile of the draws, `[pair, band]`.
    pub(crate) power: [Vec<f64>; 5],
}

/// Shares of pixels in equal bins of convergence, over all observations and tomographic bins.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct OnePoint {
    /// Tomographic bin by tomographic bin: edges, densities of true maps, of draws, of mean maps.
    pub(crate) bins: Vec<[Vec<f64>; 4]>,
    /// Shares of drawn pixels over those of true ones, tomographic bin by tomographic bin.
    #[serde(default)]
    pub(crate) beside: Vec<PixelClasses>,
}

/// Classes of convergence that hold a twentieth of the true pixels or more.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct PixelClasses {
    /// Convergence between one class and the next; the first and the last are open.
    pub(crate) edges: Vec<f64>,
    pub(crate) over_truth: Ratios,
}

/// Mean ranks of numbers of true maps among those of draws, from zero to one, by tomographic bin.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ranks {
    pub(crate) mean: Vec<f64>,
    /// Standard errors.
    pub(crate) errors: Vec<f64>,
}

/// Those of the lowest and of the highest pixel of a map.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Extremes {
    pub(crate) lowest: Ranks,
    pub(crate) highest: Ranks,
}

/// Pixels of the true maps among those of the draws, over all observations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Region {
    /// Where these pixels are.
    pub(crate) name: String,
    /// Share of all pixels.
    pub(crate) share: f64,
    /// Observations that have such pixels.
    pub(crate) observations: usize,
    /// Shares of pixels in equal classes of the rank of the true pixel among drawn ones.
    pub(crate) ranks: Vec<f64>,
    /// Standard errors of these, from the scatter between observations.
    pub(crate) ranks_error: Vec<f64>,
    /// Credibility of central intervals of the draws.
    pub(crate) credibility: Vec<f64>,
    /// Share of true pixels inside.
    pub(crate) coverage: Vec<f64>,
    pub(crate) coverage_error: Vec<f64>,
    /// Largest deviation of the coverage from the credibility.
    pub(crate) maximum_deviation: f64,
    /// The same in standard errors.
    pub(crate) maximum_errors: f64,
    /// Root mean square of the deviation of the draws, over the deviation of all pixels of the maps.
    pub(crate) spread: f64,
    /// Root mean square of the true pixel minus the mean of the draws, with the scatter from the number of draws taken out, over the
    /// same. Equal to the spread when calibrated.
    pub(crate) error: f64,
}

/// One demand and what was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Criterion {
    pub(crate) name: String,
    pub(crate) value: f64,
    /// The same of as many exact draws, which shows what the number of draws and observations alone does.
    pub(crate) exact_draws: Option<f64>,
    /// What is asked for, in words.
    pub(crate) demand: String,
    pub(crate) met: bool,
}

/// A parameter beside its exact posterior.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ParameterComparison {
    pub(crate) name: String,
    /// Mean over observations of `|mean - exact mean| / exact deviation`.
    pub(crate) offset: f64,
    /// The same with its sign.
    pub(crate) bias: f64,
    /// Mean of `deviation / exact deviation`.
    pub(crate) width: f64,
}

/// Draws beside the exact posterior.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ExactComparison {
    /// Cells of the grid of parameters.
    pub(crate) cells: [usize; 2],
    pub(crate) parameters: Vec<ParameterComparison>,
    /// Accuracy of a classifier that tells parameters of draws from exact ones, for every observation.
    pub(crate) c2st: Vec<f64>,
    /// The same of exact draws beside exact draws.
    pub(crate) c2st_floor: Vec<f64>,
    /// Root mean square of the mean map minus the exact one over the exact deviation, with the scatter from the number of
    /// draws taken out, in each bin.
    pub(crate) map_offset: Vec<f64>,
    /// Variance of the draws over the exact one, over all pixels of each bin.
    pub(crate) variance: Vec<f64>,
    /// Root mean square over pixels of the ratio, averaged over observations, minus one, in each bin.
    pub(crate) variance_scatter: Vec<f64>,
    /// Calibration of as many exact draws of the same observations.
    pub(crate) calibration: Calibration,
    pub(crate) criteria: Vec<Criterion>,
}

/// Everything.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct FieldFound {
    pub(crate) observations: usize,
    pub(crate) draws: usize,
    pub(crate) columns: Vec<String>,
    pub(crate) bins: usize,
    pub(crate) pixels: usize,
    pub(crate) width_degrees: f64,
    pub(crate) judgement: Judgement,
    pub(crate) calibration: Calibration,
    pub(crate) spectra: Spectra,
    pub(crate) one_point: OnePoint,
    #[serde(default)]
    pub(crate) extremes: Extremes,
    pub(crate) example: Example,
    pub(crate) exact: Option<ExactComparison>,
    pub(crate) baselines: Baselines,
    /// Pixels of the observed area and of the hidden one; none of whole maps of convergence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) regions: Vec<Region>,
    /// Seconds of drawing.
    pub(crate) drawing_seconds: f64,
}
