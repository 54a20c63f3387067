//! The scaling of the learned columns, with its Jacobian.

use serde::{Deserialize, Serialize};

use super::cholesky::cholesky;
use super::recipe::{TargetRecipe, TargetScale};
use crate::error::Error;
use crate::transform::Bijection;

/// `y = L^-1 (b(x) - m)`: bijections `b` for bounded columns, mean `m`, and a lower triangular `L` (diagonal when
/// columns are scaled apart). `log p(x) = log p(y) + sum_i ln b_i'(x_i) - ln det L`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TargetScaling {
    /// Column names.
    pub columns: Vec<String>,
    /// Units, where the file gave them.
    pub units: Vec<Option<String>>,
    /// One for each column.
    pub bijections: Vec<Bijection>,
    /// Mean of `b(x)` over the training rows.
    pub mean: Vec<f64>,
    /// Rows of `L`, `D * D`.
    pub factor: Vec<f64>,
    /// Smallest and largest value of each column over the training rows.
    pub range: Vec<[f64; 2]>,
    /// Values that stand for "missing".
    pub missing: Vec<f64>,
}

/// Sums over training rows from which a scaling is made.
#[derive(Clone, Debug)]
pub(super) struct TargetSums {
    count: f64,
    mean: Vec<f64>,
    products: Vec<f64>,
    range: Vec<[f64; 2]>,
}

impl TargetSums {
    pub(super) fn new(dimension: usize) -> Self {
        Self {
            count: 0.0,
            mean: vec![0.0; dimension],
            products: vec![0.0; dimension * dimension],
            range: vec![[f64::INFINITY, f64::NEG_INFINITY]; dimension],
        }
    }

    /// Adds one row (Welford 1962, for the whole covariance).
    pub(super) fn add(&mut self, bijections: &[Bijection], row: &[f64]) {
        self.count += 1.0;
        let dimension = row.len();
        let mapped: Vec<f64> = row
            .iter()
            .zip(bijections)
            .map(|(&x, bijection)| bijection.forward(x).0)
            .collect();
        let before: Vec<f64> = mapped.iter().zip(&self.mean).map(|(y, mean)| y - mean).collect();
        for (mean, delta) in self.mean.iter_mut().zip(&before) {
            *mean += delta / self.count;
        }
        for i in 0..dimension {
            let after = mapped[i] - self.mean[i];
            let sums = &mut self.products[i * dimension..(i + 1) * dimension];
            for (sum, before) in sums.iter_mut().zip(&before) {
                *sum += after * before;
            }
            self.range[i] = [self.range[i][0].min(row[i]), self.range[i][1].max(row[i])];
        }
    }
}

impl TargetScaling {
    pub(super) fn bijections(recipe: &TargetRecipe) -> Result<Vec<Bijection>, Error> {
        for column in recipe.bounds.keys() {
            if !recipe.columns.contains(column) {
                return Err(Error::Recipe {
                    key: format!("target.bounds.{column}"),
                    reason: "is not among `target.columns`".to_owned(),
                    hint: format!("the target columns are: {}", recipe.columns.join(", ")),
                });
            }
        }
        recipe
            .columns
            .iter()
            .map(|column| {
                recipe
                    .bounds
                    .get(column)
                    .map_or(Ok(Bijection::Identity), |bounds| bounds.bijection(column))
            })
            .collect()
    }

    pub(super) fn fit(
        recipe: &TargetRecipe,
        bijections: Vec<Bijection>,
        units: Vec<Option<String>>,
        sums: &TargetSums,
        source_name: &str,
    ) -> Result<Self, Error> {
        let dimension = recipe.columns.len();
        let covariance: Vec<f64> = sums.products.iter().map(|sum| sum / sums.count.max(1.0)).collect();
        for (index, column) in recipe.columns.iter().enumerate() {
            let variance = covariance[index * dimension + index];
            let size = sums.mean[index].abs().max(1e-30);
            if variance.is_nan() || variance.sqrt() <= 1e-12 * size || variance <= f64::MIN_POSITIVE {
                return Err(Error::Data {
                    source_name: source_name.to_owned(),
                    column: column.clone(),
                    reason: format!(
                        "is constant ({}) over the {} training rows",
                        sums.range[index][0], sums.count
                    ),
                    hint: "a constant has no density; take the column out of `target.columns`".to_owned(),
                });
            }
        }
        let mut mean = sums.mean.clone();
        let diagonal = |deviation: &dyn Fn(usize) -> f64| {
            let mut diagonal = vec![0.0; dimension * dimension];
            for i in 0..dimension {
                diagonal[i * dimension + i] = deviation(i);
            }
            diagonal
        };
        let factor = match recipe.scale {
            TargetScale::Standard => diagonal(&|i| covariance[i * dimension + i].sqrt()),
            TargetScale::Common => {
                let centre = mean.iter().sum::<f64>() / dimension as f64;
                let spread = |i: usize| covariance[i * dimension + i] + (sums.mean[i] - centre).powi(2);
                let deviation = ((0..dimension).map(spread).sum::<f64>() / dimension as f64).sqrt();
                mean.fill(centre);
                diagonal(&|_| deviation)
            }
            TargetScale::Whiten => cholesky(&covariance, dimension).map_err(|at| Error::Data {
                source_name: source_name.to_owned(),
                column: recipe.columns[at].clone(),
                reason: "is a linear combination of the columns before it".to_owned(),
                hint: "take it out of `target.columns`, or use `target.scale = \"standard\"`".to_owned(),
            })?,
        };
        Ok(Self {
            columns: recipe.columns.clone(),
            units,
            bijections,
            mean,
            factor,
            range: sums.range.clone(),
            // others are left out with or without being named, and JSON cannot hold them
            missing: recipe.missing.iter().copied().filter(|mark| mark.is_finite()).collect(),
        })
    }

    /// Number of columns.
    pub fn dimension(&self) -> usize {
        self.columns.len()
    }

    /// The scaled row and `log |det dy/dx|`.
    pub fn encode(&self, row: &[f64]) -> (Vec<f64>, f64) {
        let dimension = self.dimension();
        let mut scaled = vec![0.0; dimension];
        let mut log_volume = 0.0;
        for i in 0..dimension {
            let (value, log_slope) = self.bijections[i].forward(row[i]);
            let mut rest = value - self.mean[i];
            for (j, earlier) in scaled[..i].iter().enumerate() {
                rest -= self.factor[i * dimension + j] * earlier;
            }
            let diagonal = self.factor[i * dimension + i];
            scaled[i] = rest / diagonal;
            log_volume += log_slope - diagonal.ln();
        }
        (scaled, log_volume)
    }

    /// The row in the user's units.
    pub fn decode(&self, scaled: &[f32]) -> Vec<f64> {
        let dimension = self.dimension();
        (0..dimension)
            .map(|i| {
                let row = &self.factor[i * dimension..i * dimension + i + 1];
                let mixed: f64 = row.iter().zip(scaled).map(|(l, &y)| l * f64::from(y)).sum();
                self.bijections[i].inverse(mixed + self.mean[i])
            })
            .collect()
    }
}

/// Numbers as a network takes them.
pub(super) fn as_single(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&value| value as f32).collect()
}
