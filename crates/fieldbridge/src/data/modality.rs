//! The scaling of what is conditioned on, with masks for what is missing.

use serde::{Deserialize, Serialize};

use super::recipe::{ModalityRecipe, ModalityScale};

/// How one modality is encoded: every value scaled to order one, with a mask of 1 where it was observed. Values outside
/// the training range are moved to its edge and flagged, so that a network is never asked about what it has not seen
/// without the user being told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModalityScaling {
    /// Name, as the recipe calls it.
    pub name: String,
    /// Settings.
    pub recipe: ModalityRecipe,
    /// Values in each column.
    pub widths: Vec<usize>,
    /// Mean of each encoded value over the training rows where it was observed.
    pub mean: Vec<f64>,
    /// Deviation likewise; 1 for a constant.
    pub deviation: Vec<f64>,
    /// Smallest and largest encoded value, before mean and deviation are taken out.
    pub range: Vec<[f64; 2]>,
}

/// Why a value is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Absent {
    NotANumber,
    Infinite,
    Sentinel,
    Invalid,
}

/// The value when it was observed, scaled by the recipe, or why it was not.
pub(super) fn observe(recipe: &ModalityRecipe, value: f64) -> Result<f64, Absent> {
    if value.is_nan() {
        return Err(Absent::NotANumber);
    }
    if value.is_infinite() {
        return Err(Absent::Infinite);
    }
    if is_sentinel(&recipe.missing, value) {
        return Err(Absent::Sentinel);
    }
    if recipe.valid.is_some_and(|[low, high]| value < low || value > high) {
        return Err(Absent::Invalid);
    }
    match recipe.scale {
        ModalityScale::Linear => Ok(value),
        ModalityScale::Log if value > 0.0 => Ok(value.ln()),
        ModalityScale::Log => Err(Absent::Invalid),
    }
}

/// Whether a value stands for "missing"; equal to single precision, in which catalogues keep such marks.
pub(super) fn is_sentinel(marks: &[f64], value: f64) -> bool {
    marks.iter().any(|&mark| value == mark || value as f32 == mark as f32)
}

/// The observed values of a row and, when the recipe wants them, differences of neighbours.
pub(super) fn derive(recipe: &ModalityRecipe, row: &[f64]) -> Vec<Result<f64, Absent>> {
    let mut values: Vec<Result<f64, Absent>> = row.iter().map(|&value| observe(recipe, value)).collect();
    if recipe.differences {
        for pair in 1..row.len() {
            let difference = match (values[pair - 1], values[pair]) {
                (Ok(first), Ok(second)) => Ok(first - second),
                (Err(why), _) | (_, Err(why)) => Err(why),
            };
            values.push(difference);
        }
    }
    values
}

/// Moments of each encoded value over training rows.
#[derive(Clone, Debug)]
pub(super) struct ModalitySums {
    count: Vec<f64>,
    mean: Vec<f64>,
    squares: Vec<f64>,
    range: Vec<[f64; 2]>,
}

impl ModalitySums {
    pub(super) fn new(width: usize) -> Self {
        Self {
            count: vec![0.0; width],
            mean: vec![0.0; width],
            squares: vec![0.0; width],
            range: vec![[f64::INFINITY, f64::NEG_INFINITY]; width],
        }
    }

    pub(super) fn add(&mut self, values: &[Result<f64, Absent>]) {
        for (index, value) in values.iter().enumerate() {
            if let Ok(value) = value {
                self.count[index] += 1.0;
                let delta = value - self.mean[index];
                self.mean[index] += delta / self.count[index];
                self.squares[index] += delta * (value - self.mean[index]);
                self.range[index] = [self.range[index][0].min(*value), self.range[index][1].max(*value)];
            }
        }
    }

    /// Number of training rows in which each value was observed.
    pub(super) fn observed(&self) -> &[f64] {
        &self.count
    }
}

/// The nearest finite number.
fn finite(value: f64) -> f64 {
    value.clamp(f64::MIN, f64::MAX)
}

impl ModalityScaling {
    pub(super) fn fit(name: &str, recipe: &ModalityRecipe, widths: Vec<usize>, sums: &ModalitySums) -> Self {
        let deviation = sums
            .squares
            .iter()
            .zip(&sums.count)
            .zip(&sums.mean)
            .map(|((squares, count), mean)| {
                let deviation = (squares / count.max(1.0)).sqrt();
                if deviation > 1e-12 * mean.abs() && deviation.is_normal() {
                    deviation
                } else {
                    1.0
                }
            })
            .collect();
        // JSON, in which models are stored, has no infinities: marks that are no number are absent with or without being
        // named, and the largest numbers bound as well
        let mut recipe = recipe.clone();
        recipe.missing.retain(|mark| mark.is_finite());
        recipe.valid = recipe.valid.map(|ends| ends.map(finite));
        Self {
            name: name.to_owned(),
            recipe,
            widths,
            mean: sums.mean.clone(),
            deviation,
            range: sums.range.iter().map(|ends| ends.map(finite)).collect(),
        }
    }

    /// Number of encoded values.
    pub fn width(&self) -> usize {
        self.mean.len()
    }

    /// Number of values in the columns.
    pub fn inputs(&self) -> usize {
        self.widths.iter().sum()
    }

    /// Name of an encoded value: its column, with the entry when it is a vector, or the difference of two.
    pub fn value_name(&self, index: usize) -> String {
        let mut names = Vec::with_capacity(self.inputs());
        for (column, &width) in self.recipe.columns.iter().zip(&self.widths) {
            if width == 1 {
                names.push(column.clone());
            } else {
                names.extend((0..width).map(|entry| format!("{column}[{entry}]")));
            }
        }
        match index.checked_sub(names.len()) {
            None => names[index].clone(),
            Some(pair) => format!("{} - {}", names[pair], names[pair + 1]),
        }
    }

    /// Scaled values, masks, and the indices of values outside the training range.
    pub fn encode(&self, row: &[f64], values: &mut Vec<f32>, mask: &mut Vec<f32>) -> Vec<usize> {
        let mut outside = Vec::new();
        for (index, value) in derive(&self.recipe, row).into_iter().enumerate() {
            let [low, high] = self.range[index];
            match value {
                Ok(value) if low <= high => {
                    if value < low || value > high {
                        outside.push(index);
                    }
                    values.push(((value.clamp(low, high) - self.mean[index]) / self.deviation[index]) as f32);
                    mask.push(1.0);
                }
                // never observed in training: nothing was learned about it
                _ => {
                    values.push(0.0);
                    mask.push(0.0);
                }
            }
        }
        outside
    }
}
