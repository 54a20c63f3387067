//! Settings of the checks, table `[check]` of a recipe.

use fieldbridge_files::nearest_name;
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// Fewest draws whose ranks and intervals say anything.
const LEAST_DRAWS: usize = 10;

/// How a model is asked about held-out rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CheckRecipe {
    /// Posterior draws for each held-out row, at least 10.
    pub draws: usize,
    /// Most rows whose posteriors are drawn from, at least 2; densities are taken of all.
    pub rows: usize,
    /// Most rows for highest-density regions, which need the density of every draw; none are made when it is 0.
    pub density_rows: usize,
    /// Share beyond which `|predicted - true| / (1 + true)` counts as an outlier.
    pub outlier_threshold: f64,
    /// Target columns for which bias, scatter and outliers of `(predicted - true) / (1 + true)` are given: redshifts.
    pub redshift_columns: Vec<String>,
}

impl Default for CheckRecipe {
    fn default() -> Self {
        Self {
            draws: 200,
            rows: 4000,
            density_rows: 400,
            outlier_threshold: 0.15,
            redshift_columns: Vec::new(),
        }
    }
}

impl CheckRecipe {
    /// Refuses settings that cannot work for a model that learns `target_columns`.
    ///
    /// # Errors
    /// [`Error::Recipe`] naming the key, and the nearest column for a redshift column that is not learned.
    pub fn check(&self, target_columns: &[String]) -> Result<(), Error> {
        let refuse = |key: &str, reason: String, hint: String| {
            Err(Error::Recipe {
                key: format!("check.{key}"),
                reason,
                hint,
            })
        };
        for (key, value, least) in [("draws", self.draws, LEAST_DRAWS), ("rows", self.rows, 2)] {
            if value < least {
                return refuse(key, format!("is {value}"), format!("use at least {least}"));
            }
        }
        if self.density_rows == 1 {
            return refuse(
                "density_rows",
                "is 1".to_owned(),
                "use at least 2, or 0 for no highest-density regions".to_owned(),
            );
        }
        if !(self.outlier_threshold > 0.0 && self.outlier_threshold.is_finite()) {
            return refuse(
                "outlier_threshold",
                format!("is {}", self.outlier_threshold),
                "use a positive number such as 0.15".to_owned(),
            );
        }
        for column in &self.redshift_columns {
            if !target_columns.contains(column) {
                let names = target_columns.iter().map(String::as_str);
                let near = nearest_name(column, names).map(|near| format!("did you mean `{near}`? "));
                return refuse(
                    "redshift_columns",
                    format!("names `{column}`, which is not learned"),
                    format!(
                        "{}the target columns are {}",
                        near.unwrap_or_default(),
                        target_columns.join(", ")
                    ),
                );
            }
        }
        Ok(())
    }
}
