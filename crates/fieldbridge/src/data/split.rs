//! Which rows train, which decide when to stop, and which are held out.

use serde::{Deserialize, Serialize};

use super::recipe::DataRecipe;
use crate::error::Error;
use crate::random::Stream;

/// What a row is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Learned from.
    Train,
    /// Decides when to stop.
    Validation,
    /// Held out for the checks.
    Test,
}

/// The part of every usable row, in file order.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    parts: Vec<Part>,
}

impl Split {
    /// Draws the parts of `rows` rows; the same seed and number of rows give the same split.
    ///
    /// # Errors
    /// [`Error::Recipe`] for shares that leave nothing to train on, [`Error::TooFewRows`] when a part would be empty.
    pub fn draw(recipe: &DataRecipe, rows: usize, source_name: &str) -> Result<Self, Error> {
        let (test, validation) = (recipe.test, recipe.validation);
        let share = |value: f64| (0.0..1.0).contains(&value);
        if !share(test) || !share(validation) || test + validation > 0.9 {
            return Err(Error::Recipe {
                key: "data.test".to_owned(),
                reason: format!(
                    "test = {test} and validation = {validation} do not leave a tenth of the rows to train on"
                ),
                hint: "use shares such as test = 0.2, validation = 0.1".to_owned(),
            });
        }
        let count = |share: f64| {
            if share > 0.0 {
                ((rows as f64 * share).round() as usize).max(1)
            } else {
                0
            }
        };
        let (test, validation) = (count(test), count(validation));
        if rows < 10 || rows <= test + validation {
            return Err(Error::TooFewRows {
                source_name: source_name.to_owned(),
                found: rows,
                needed: 10.max(test + validation + 1),
                hint: "a few hundred rows per learned column are a sensible start".to_owned(),
            });
        }
        let mut parts = vec![Part::Train; rows];
        for (place, row) in Stream::new(recipe.split_seed, "split", 0)
            .permutation(rows)
            .into_iter()
            .enumerate()
        {
            if place < test {
                parts[row] = Part::Test;
            } else if place < test + validation {
                parts[row] = Part::Validation;
            }
        }
        Ok(Self { parts })
    }

    /// A division made elsewhere.
    pub(super) fn from_parts(parts: Vec<Part>) -> Self {
        Self { parts }
    }

    /// The part of a row.
    pub fn part(&self, row: usize) -> Part {
        self.parts[row]
    }

    /// The rows of a part, in file order.
    pub fn rows(&self, part: Part) -> Vec<usize> {
        self.parts
            .iter()
            .enumerate()
            .filter(|(_, found)| **found == part)
            .map(|(row, _)| row)
            .collect()
    }
}
