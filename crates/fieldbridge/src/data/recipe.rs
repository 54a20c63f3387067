//! What a recipe says of its data.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::known::KnownKind;
use crate::error::Error;
use crate::recipe::is_default;
use crate::transform::Bijection;

/// Table `[data]`: where the rows are and how they are divided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataRecipe {
    /// Table to learn from: Parquet, HDF5, FITS, npy, npz or CSV. A relative path starts at the recipe's folder. Either
    /// this or `generate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// A known distribution in the plane to draw the rows from; its columns are `x`, `y` and `part`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generate: Option<KnownKind>,
    /// A second known distribution whose points the rows start from: columns `start_x`, `start_y` and `start_part`. The
    /// point of a row is drawn given its start: from the part of the distribution with the number of the start's part,
    /// counted around.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<KnownKind>,
    /// Rows to draw with `generate`; 20,000 unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<usize>,
    /// Deviation across the curve, for those distributions that are curves with noise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise: Option<f64>,
    /// Seed of the rows of `generate` alone, so that runs with other seeds learn from the same rows; 0 unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draw_seed: Option<u64>,
    /// Group of an HDF5 file or extension of a FITS file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Share of the rows held out for the checks.
    #[serde(default = "default_test")]
    pub test: f64,
    /// Share of the rows that decide when to stop.
    #[serde(default = "default_validation")]
    pub validation: f64,
    /// Seed of the division alone, so that runs with other seeds hold out the same rows.
    #[serde(default)]
    pub split_seed: u64,
    /// Beside `[simulation]`: epochs after which a training row becomes another universe, 1 for a new one at every use. Without it
    /// training rows are those of the store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renew_every: Option<usize>,
    /// Encoded rows beyond this size are kept on disk, MiB.
    #[serde(default = "default_memory")]
    pub memory_limit: u64,
}

fn default_test() -> f64 {
    0.2
}

fn default_validation() -> f64 {
    0.1
}

fn default_memory() -> u64 {
    2048
}

/// Table `[target]`: the columns whose distribution is learned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetRecipe {
    /// Column names, in order.
    pub columns: Vec<String>,
    /// Bounds by column name: no draw ever leaves them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub bounds: BTreeMap<String, Bounds>,
    /// Values that stand for "missing".
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<f64>,
    /// How columns are brought to order one.
    #[serde(default)]
    pub scale: TargetScale,
    /// How maps that are learned beside the columns are brought to order one.
    #[serde(default, skip_serializing_if = "is_default")]
    pub maps: MapScale,
}

/// An interval, open at its ends.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// Everything is above this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// Everything is below this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    /// With a lower bound alone: where the map turns from logarithmic to linear, in units of the column. Without it the
    /// map is logarithmic everywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub softness: Option<f64>,
}

impl Bounds {
    /// The bijection onto the real line.
    ///
    /// # Errors
    /// [`Error::Recipe`] for an empty interval or an upper bound alone.
    pub fn bijection(&self, column: &str) -> Result<Bijection, Error> {
        let refuse = |reason: String, hint: &str| Error::Recipe {
            key: format!("target.bounds.{column}"),
            reason,
            hint: hint.to_owned(),
        };
        match (self.low, self.high, self.softness) {
            (Some(low), Some(high), None) if low < high && low.is_finite() && high.is_finite() => {
                Ok(Bijection::Logit { low, high })
            }
            (Some(low), Some(high), None) => Err(refuse(
                format!("the interval ({low}, {high}) is empty"),
                "give low < high, both finite",
            )),
            (Some(_), Some(_), Some(_)) => Err(refuse(
                "`softness` has no meaning with two bounds".to_owned(),
                "leave `softness` out",
            )),
            (Some(low), None, None) if low.is_finite() => Ok(Bijection::Log { low }),
            (Some(low), None, Some(scale)) if low.is_finite() && scale > 0.0 && scale.is_finite() => {
                Ok(Bijection::Softplus { low, scale })
            }
            (Some(low), None, softness) => Err(refuse(
                format!("low = {low} with softness = {softness:?}"),
                "give a finite `low` and a positive `softness`",
            )),
            (None, Some(_), _) => Err(refuse(
                "there is an upper bound and no lower one".to_owned(),
                "give `low` as well",
            )),
            (None, None, _) => Err(refuse(
                "no bound is given".to_owned(),
                "give `low`, or `low` and `high`",
            )),
        }
    }
}

/// How target columns are brought to order one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetScale {
    /// Each column: minus its mean, over its deviation.
    #[default]
    Standard,
    /// Every column: minus the mean of all, over the deviation of all, so that columns of one kind (pixels, coordinates of
    /// points) stay comparable.
    Common,
    /// All columns together: minus the mean, times the inverse Cholesky factor of the covariance.
    Whiten,
}

/// How maps are brought to order one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MapScale {
    /// Each bin: minus its mean, over the deviation of its pixels.
    #[default]
    Pixels,
    /// And each wave over the mean amplitude of waves of its length, so that long waves, which are few, weigh as much as what is
    /// known of them says.
    Waves,
    /// And through a [logarithm](super::fields::ShiftedLogarithm) whose shift hangs on the parameters, which makes log-normal maps Gaussian.
    Logarithm,
}

/// Table `[context.NAME]`: a named modality to condition on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModalityRecipe {
    /// Column names, in order; a vector column counts with all its entries.
    pub columns: Vec<String>,
    /// Values that stand for "not observed".
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<f64>,
    /// Values outside this interval count as not observed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid: Option<[f64; 2]>,
    /// How values are brought to order one.
    #[serde(default)]
    pub scale: ModalityScale,
    /// Adds the difference of every column to the next one: colours, when the columns are magnitudes.
    #[serde(default)]
    pub differences: bool,
}

/// How context values are brought to order one, before mean and deviation are taken out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModalityScale {
    /// As they are.
    #[default]
    Linear,
    /// Natural logarithm; values not above zero count as not observed.
    Log,
}
