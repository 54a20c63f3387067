//! Observed maps as a model of their summaries is told them.

use anyhow::bail;
use fieldbridge::data::Encoded;
use fieldbridge::model::Model;

use super::other_simulations;
use crate::simulate::summaries::Summaries;

/// What a model is told of maps, when that is a summary of them.
pub(super) fn told(model: &Model) -> anyhow::Result<Option<Summaries>> {
    if model.manifest.scaling.context.is_empty() {
        return Ok(None);
    }
    let learned = other_simulations::learned(model);
    Ok(learned.map(|recipe| Summaries::of(&recipe)).transpose()?)
}

/// One observation, `[row, column, bin]`, as a model of summaries is told it.
pub(super) fn encode(model: &Model, summaries: &Summaries, maps: &[f32], number: usize) -> anyhow::Result<Encoded> {
    let missing = maps.iter().filter(|value| !value.is_finite()).count();
    if missing > 0 {
        bail!(
            "{missing} of {} pixels are not finite, and this model learned from summaries of whole maps",
            maps.len()
        );
    }
    let planes: Vec<f64> = summaries.geometry.by_bin(maps).into_iter().map(f64::from).collect();
    let encoded = model.encode(&summaries.of_maps(&planes)?, number, false)?;
    match encoded.skipped.first() {
        Some((_, reason)) => bail!("it cannot be answered: {reason}"),
        None => Ok(encoded),
    }
}

/// A warning about summaries unlike all that a model learned from.
pub(super) fn oddity(encoded: &Encoded) -> Option<String> {
    let outside = encoded.outside.first()?;
    let first = outside.first()?;
    Some(format!(
        "{} of its summaries, the first in `{first}`, lie outside of what the model learned from; if the noise, the pixels or the \
         prior are others, its posterior is wrong",
        outside.len()
    ))
}
