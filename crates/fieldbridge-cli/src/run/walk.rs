//! Draws on their way, for the report.

use fieldbridge::data::Encoded;
use fieldbridge::model::{Model, Passed};

/// Draws shown.
const DRAWS: usize = 1000;
/// Pieces of a walk.
const PIECES: usize = 32;

/// Draws of a model of two columns on their way from the base; of a conditional one, one for each of some rows spread
/// evenly over those given. None for other models.
pub(crate) fn walk(model: &Model, encoded: &Encoded, seed: u64) -> anyhow::Result<Option<Vec<Passed>>> {
    if model.target_columns().len() != 2 {
        return Ok(None);
    }
    if !model.is_conditional() {
        return Ok(Some(model.walk(DRAWS, seed, PIECES)?));
    }
    let rows = encoded.rows.count;
    let count = DRAWS.min(rows);
    let places: Vec<usize> = (0..count).map(|place| place * rows / count).collect();
    Ok(Some(model.walk_given(&encoded.choose(&places), 1, seed, PIECES)?))
}
