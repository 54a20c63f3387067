//! What the checks of held-out rows find.

use serde::{Deserialize, Serialize};

use crate::check::{Coverage, EcdfDifference, Judgement, Mira, PointStatistics, RankHistogram, Score, Tarp};
use crate::model::Density;

/// A mean with its standard error.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mean {
    /// The mean.
    pub value: f64,
    /// Its standard error.
    pub standard_error: f64,
}

impl Mean {
    /// Mean and standard error of values; none of an empty set.
    pub fn of(values: &[f64]) -> Option<Self> {
        let count = values.len() as f64;
        if values.is_empty() {
            return None;
        }
        let value = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|found| (found - value).powi(2)).sum();
        Some(Self {
            value,
            standard_error: (squares / (count - 1.0).max(1.0) / count).sqrt(),
        })
    }
}

/// What was found for one learned column.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ColumnChecks {
    /// Name.
    pub name: String,
    /// Unit.
    pub unit: Option<String>,
    /// Rank of the truth among the draws, one for each row, uniform when calibrated.
    pub pit: Vec<f64>,
    /// Histogram of the ranks with a simultaneous band.
    pub histogram: RankHistogram,
    /// Distribution of the ranks minus the uniform one, with a simultaneous band.
    pub ecdf: EcdfDifference,
    /// Coverage of central intervals.
    pub coverage: Coverage,
    /// Continuous ranked probability score, in the column's unit; conditional models only.
    pub crps: Option<Score>,
    /// Redshift statistics of the posterior median.
    pub point: Option<PointStatistics>,
    /// Posterior median of each row; empty for an unconditional model.
    pub median: Vec<f64>,
    /// Truth of each row.
    pub truth: Vec<f64>,
}

/// Everything found on held-out rows.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HeldOut {
    /// Rows that were asked about.
    pub rows: usize,
    /// Rows that could not be used, with the reason.
    pub skipped: Vec<(usize, String)>,
    /// Rows with a context value outside the training range.
    pub outside_training_range: usize,
    /// Mean log-density, nats per row, in the user's units; none for a bridge without a density.
    pub mean_log_density: Option<Mean>,
    /// Mean of `log p - log q` with the true density `p` and the model's `q`, nats per row; where the rows were drawn from a
    /// known distribution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below_truth: Option<Mean>,
    /// Largest error estimate of a log-density.
    pub largest_error_estimate: f64,
    /// Rows whose posteriors were drawn from.
    pub checked_rows: usize,
    /// Draws for each of them, or in all for an unconditional model.
    pub draws: usize,
    /// Column by column.
    pub columns: Vec<ColumnChecks>,
    /// Coverage of highest-density regions of all columns together; conditional models only, and none when
    /// [`CheckRecipe::density_rows`](crate::check::CheckRecipe::density_rows) is 0.
    pub highest_density: Option<Coverage>,
    /// Coverage of random regions (TARP) of all columns together; conditional models of several columns only.
    pub tarp: Option<Tarp>,
    /// Mira score of all columns together; conditional models with at least two draws only.
    pub mira: Option<Mira>,
    /// The verdict.
    pub judgement: Judgement,
}

/// What the checks asked of a model, row by row.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Log-density of every row; empty for a bridge without a density.
    pub densities: Vec<Density>,
    /// Places of the checked rows, spread evenly over all.
    pub places: Vec<usize>,
    /// Posterior draws of the checked rows, `places * draws * D`; empty for an unconditional model.
    pub draws: Vec<f64>,
}
