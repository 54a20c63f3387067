//! Where a bridge starts: a distribution that can be drawn from, and whose density is mostly known.

mod empirical;
mod mixture;
mod normal;
mod uniform;

use std::path::{Path, PathBuf};

use burn_tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::random::Stream;

pub use empirical::Empirical;
pub use mixture::Mixture;
pub use normal::Normal;
pub use uniform::Uniform;

/// A distribution over points of `dimension` numbers, the start of a bridge.
pub trait Base: Send + Sync + std::fmt::Debug {
    /// `rows` draws, row by row, from this stream.
    fn sample(&self, rows: usize, dimension: usize, stream: &Stream) -> Vec<f32>;

    /// `log p(z)`; `z`: `[batch, dimension]`, output: `[batch]`. Not a number when [`Base::has_density`] says no.
    fn log_density(&self, z: Tensor<2>) -> Tensor<1>;

    /// Whether the density is known: not of a set of points.
    fn has_density(&self) -> bool {
        true
    }
}

/// A base by name, as recipes write it: `"normal"`, or `{ mixture = { means = [[-1.0], [1.0]], deviation = 0.2 } }`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum BaseKind {
    /// Standard normal.
    #[default]
    Normal,
    /// Uniform on the cube `[-1, 1]^D`.
    Uniform,
    /// [`Mixture`]: equal round clouds, in units of the scaled data.
    Mixture {
        /// Means, each as long as a data point.
        means: Vec<Vec<f64>>,
        /// Deviation of every cloud.
        deviation: f64,
    },
    /// [`Empirical`]: points of a set, in units of the scaled data.
    Empirical {
        /// All points, row by row, each as long as a data point.
        points: Vec<f32>,
    },
    /// Rows of a table in units of the data, read once before training: an [`Empirical`] base from there on.
    Table {
        /// The table. A relative path starts at the recipe's folder.
        file: PathBuf,
        /// Its columns, in the order of the target's and in their units; those of the target unless given.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        columns: Vec<String>,
    },
}

impl BaseKind {
    /// The base it names, for data of length `dimension`.
    ///
    /// # Errors
    /// [`Error::Recipe`] under `key` when means or points do not fit the data.
    pub fn build(&self, key: &str, dimension: usize) -> Result<Box<dyn Base>, Error> {
        let refuse = |reason: String, hint: &str| Error::Recipe {
            key: key.to_owned(),
            reason,
            hint: hint.to_owned(),
        };
        Ok(match self {
            Self::Normal => Box::new(Normal),
            Self::Uniform => Box::new(Uniform),
            Self::Mixture { means, deviation } => {
                if means.is_empty() {
                    return Err(refuse("has no means".to_owned(), "give at least one mean"));
                }
                if let Some(mean) = means.iter().find(|mean| mean.len() != dimension) {
                    return Err(refuse(
                        format!("has a mean of {} numbers, the data have {dimension}", mean.len()),
                        "give every mean as many numbers as there are target columns",
                    ));
                }
                if !(deviation.is_finite() && *deviation > 0.0 && means.iter().flatten().all(|mean| mean.is_finite())) {
                    return Err(refuse(
                        format!("has deviation {deviation} or a mean that is not finite"),
                        "give finite means and a positive deviation",
                    ));
                }
                Box::new(Mixture {
                    means: means.clone(),
                    deviation: *deviation,
                })
            }
            Self::Empirical { points } => Box::new(Empirical::new(points.clone(), dimension).ok_or_else(|| {
                refuse(
                    format!(
                        "{} numbers are no table of points of length {dimension}, or some are not finite",
                        points.len()
                    ),
                    "give every point as many finite numbers as there are target columns",
                )
            })?),
            Self::Table { file, .. } => {
                return Err(refuse(
                    format!("is the table {}, which was not read", file.display()),
                    "read it with `data::base_points`, or give its points as `empirical`",
                ));
            }
        })
    }

    /// The table it is still to be read from.
    pub fn table(&self) -> Option<&Path> {
        match self {
            Self::Table { file, .. } => Some(file),
            _ => None,
        }
    }

    /// The name of its kind.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Uniform => "uniform",
            Self::Mixture { .. } => "mixture",
            Self::Empirical { .. } => "empirical",
            Self::Table { .. } => "table",
        }
    }
}
