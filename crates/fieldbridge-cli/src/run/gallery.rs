//! Example posteriors and draws for the report.

use anyhow::Context;
use fieldbridge::Error;
use fieldbridge::data::Encoded;
use fieldbridge::model::Model;

use crate::report::GalleryRow;

/// Numbers, `[column][row]`.
type Columns = Vec<Vec<f64>>;

/// Posteriors shown.
const POSTERIORS: usize = 12;
/// Points of a density curve.
const POINTS: usize = 300;
/// Draws that decide how far a curve reaches.
const DRAWS: usize = 400;
/// Most rows of data and of draws shown beside each other.
const SAMPLES: usize = 20_000;

/// Densities of held-out rows spread evenly over the file, for a conditional model of one column.
pub(crate) fn posteriors(model: &Model, encoded: &Encoded, seed: u64) -> anyhow::Result<Vec<GalleryRow>> {
    let [name] = model.target_columns() else {
        return Ok(Vec::new());
    };
    if !model.is_conditional() {
        return Ok(Vec::new());
    }
    let count = POSTERIORS.min(encoded.rows.count);
    let places: Vec<usize> = (0..count).map(|place| place * encoded.rows.count / count).collect();
    let chosen = encoded.choose(&places);
    let draws = model.posterior(&chosen, DRAWS, seed)?;
    let scaling = &model.manifest.scaling.target;
    let bijection = scaling.bijections.first().context("there is one target column")?;
    let mut questions = Encoded::default();
    let mut grids = Vec::with_capacity(count);
    for (place, draws) in draws.chunks_exact(DRAWS).enumerate() {
        let truth = chosen.target[place];
        let lowest = draws.iter().copied().fold(truth, f64::min);
        let highest = draws.iter().copied().fold(truth, f64::max);
        let margin = 0.1 * (highest - lowest);
        let step = (highest - lowest + 2.0 * margin) / (POINTS - 1) as f64;
        let grid: Vec<f64> = (0..POINTS)
            .map(|point| lowest - margin + step * point as f64)
            .filter(|&value| bijection.contains(value))
            .collect();
        for &value in &grid {
            questions.push_answer(scaling, &chosen, place, &[value]);
        }
        grids.push(grid);
    }
    let mut densities = match model.log_density(&questions) {
        Err(Error::NoDensity { .. }) => return Ok(Vec::new()),
        answered => answered?.into_iter(),
    };
    Ok(grids
        .into_iter()
        .enumerate()
        .map(|(place, grid)| GalleryRow {
            label: format!("row {}", chosen.source_rows[place]),
            density: densities
                .by_ref()
                .take(grid.len())
                .map(|density| density.value.exp())
                .collect(),
            grid,
            truth: Some(chosen.target[place]),
        })
        .inspect(|row| debug_assert_eq!(row.grid.len(), row.density.len(), "{name}"))
        .collect())
}

/// Held-out rows and as many draws, column by column, for an unconditional model.
pub(crate) fn samples(model: &Model, encoded: &Encoded, seed: u64) -> anyhow::Result<Option<(Columns, Columns)>> {
    if model.is_conditional() {
        return Ok(None);
    }
    let dimension = model.target_columns().len();
    let by_column = |values: &[f64]| -> Columns {
        (0..dimension)
            .map(|index| values.iter().skip(index).step_by(dimension).copied().collect())
            .collect()
    };
    let count = encoded.rows.count.min(SAMPLES);
    let drawn = model.sample(count, seed)?;
    Ok(Some((
        by_column(&encoded.target[..count * dimension]),
        by_column(&drawn),
    )))
}
