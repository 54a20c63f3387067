//! A model asked about rows it has not seen: densities, ranks, scores and a verdict.

mod found;

pub use found::{Asked, ColumnChecks, HeldOut, Mean};

use super::point::median;
use super::{
    CheckRecipe, Coverage, Draws, Mira, MiraSettings, RankHistogram, RankKind, RankSet, Tarp, TarpSettings,
    central_coverage, coverage, crps_from_draws, ecdf_difference, equally_spaced_levels, highest_density_ranks, judge,
    mira, pit_values, point_statistics, tarp,
};
use crate::data::Encoded;
use crate::error::Error;
use crate::model::{Density, Model};
use crate::random::Stream;

/// Draws for each checked row when a model is unconditional: the ranks then share one set of draws, which must be much
/// larger than the number of rows.
const SHARED_DRAWS_PER_ROW: usize = 25;

/// Bins of the rank histogram.
const BINS: usize = 20;

/// `count` places spread evenly over `0..rows`.
fn spread(rows: usize, count: usize) -> Vec<usize> {
    let count = count.min(rows);
    (0..count).map(|place| place * rows / count.max(1)).collect()
}

/// Asks a model about held-out rows.
///
/// # Errors
/// When there are no rows, the settings cannot work, or a walk does not arrive.
pub fn held_out(model: &Model, encoded: &Encoded, recipe: &CheckRecipe, seed: u64) -> Result<HeldOut, Error> {
    held_out_with_answers(model, encoded, recipe, seed).map(|(found, _)| found)
}

/// As [`held_out`], with what the model answered on the way.
///
/// # Errors
/// As [`held_out`].
pub fn held_out_with_answers(
    model: &Model,
    encoded: &Encoded,
    recipe: &CheckRecipe,
    seed: u64,
) -> Result<(HeldOut, Asked), Error> {
    recipe.check(model.target_columns())?;
    if encoded.rows.count < 2 {
        return Err(Error::TooFewRows {
            source_name: "the held-out set".to_owned(),
            found: encoded.rows.count,
            needed: 2,
            hint: "give more rows, or raise `data.test`".to_owned(),
        });
    }
    // a bridge from points alone has draws and no density
    let densities = match model.log_density(encoded) {
        Err(Error::NoDensity { .. }) => Vec::new(),
        answered => answered?,
    };
    let values: Vec<f64> = densities.iter().map(|density| density.value).collect();
    let places = spread(encoded.rows.count, recipe.rows);
    let chosen = encoded.choose(&places);
    let draws = recipe.draws;
    let (mut found, drawn) = if model.is_conditional() {
        let drawn = model.posterior(&chosen, draws, seed)?;
        let density_rows = if densities.is_empty() { 0 } else { recipe.density_rows };
        let recipe = CheckRecipe {
            density_rows,
            ..recipe.clone()
        };
        (conditional(model, &chosen, &drawn, &recipe, draws, seed)?, drawn)
    } else {
        (unconditional(model, &chosen, seed)?, Vec::new())
    };
    found.rows = encoded.rows.count;
    found.skipped = encoded.skipped.clone();
    found.outside_training_range = encoded.outside.iter().filter(|names| !names.is_empty()).count();
    found.mean_log_density = Mean::of(&values);
    found.largest_error_estimate = densities
        .iter()
        .map(|density: &Density| density.error)
        .fold(0.0, f64::max);
    let asked = Asked {
        densities,
        places,
        draws: drawn,
    };
    Ok((found, asked))
}

fn column(truth: &[f64], dimension: usize, index: usize) -> Vec<f64> {
    truth.iter().skip(index).step_by(dimension).copied().collect()
}

/// Ranks of one column turned into curves.
fn column_checks(model: &Model, index: usize, pit: Vec<f64>, truth: Vec<f64>) -> Result<ColumnChecks, Error> {
    let target = &model.manifest.scaling.target;
    Ok(ColumnChecks {
        name: target.columns[index].clone(),
        unit: target.units[index].clone(),
        histogram: RankHistogram::new(&pit, BINS)?,
        ecdf: ecdf_difference(&pit)?,
        coverage: central_coverage(&pit, &equally_spaced_levels(19))?,
        pit,
        crps: None,
        point: None,
        median: Vec::new(),
        truth,
    })
}

fn finish(
    columns: Vec<ColumnChecks>,
    draws: usize,
    joint: Option<(&[f64], usize)>,
    highest_density: Option<Coverage>,
    tarp: Option<Tarp>,
    mira: Option<Mira>,
) -> Result<HeldOut, Error> {
    // ranks from left to right see a shift best, ranks from the middle outwards a wrong width
    let outwards: Vec<(String, Vec<f64>)> = columns
        .iter()
        .map(|column| {
            let ranks = column.pit.iter().map(|pit| (2.0 * pit - 1.0).abs()).collect();
            (format!("{} (central intervals)", column.name), ranks)
        })
        .collect();
    let mut sets: Vec<RankSet<'_>> = columns
        .iter()
        .map(|column| RankSet {
            name: &column.name,
            ranks: &column.pit,
            draws: Some(draws),
            kind: RankKind::Parameter,
        })
        .chain(outwards.iter().map(|(name, ranks)| RankSet {
            name,
            ranks,
            draws: Some(draws),
            kind: RankKind::HighestDensity,
        }))
        .collect();
    if let Some((ranks, draws)) = joint {
        sets.push(RankSet {
            name: "all columns",
            ranks,
            draws: Some(draws),
            kind: RankKind::HighestDensity,
        });
    }
    let judgement = judge(&sets)?;
    Ok(HeldOut {
        rows: 0,
        skipped: Vec::new(),
        outside_training_range: 0,
        mean_log_density: None,
        below_truth: None,
        largest_error_estimate: 0.0,
        checked_rows: columns.first().map_or(0, |column| column.pit.len()),
        draws,
        columns,
        highest_density,
        tarp,
        mira,
        judgement,
    })
}

fn conditional(
    model: &Model,
    chosen: &Encoded,
    values: &[f64],
    recipe: &CheckRecipe,
    draws: usize,
    seed: u64,
) -> Result<HeldOut, Error> {
    let (rows, dimension) = (chosen.rows.count, model.target_columns().len());
    let all = Draws::new(values, rows, draws, dimension)?;
    let mut columns = Vec::with_capacity(dimension);
    for (index, name) in model.target_columns().iter().enumerate() {
        let pit = pit_values(&all, &chosen.target, index, seed)?;
        let truth = column(&chosen.target, dimension, index);
        let mut checks = column_checks(model, index, pit, truth)?;
        checks.crps = Some(crps_from_draws(&all, &chosen.target, index)?);
        checks.median = values
            .chunks_exact(draws * dimension)
            .map(|row| median(&mut column(row, dimension, index)))
            .collect();
        if recipe.redshift_columns.contains(name) {
            let statistics = point_statistics(&checks.median, &checks.truth, recipe.outlier_threshold, 200, seed)?;
            checks.point = Some(statistics);
        }
        columns.push(checks);
    }
    let tarp = (dimension > 1)
        .then(|| {
            tarp(
                &all,
                &chosen.target,
                &TarpSettings {
                    references: None,
                    levels: None,
                    resamples: 100,
                    seed,
                },
            )
        })
        .transpose()?;
    let mira = (draws > 1)
        .then(|| {
            mira(
                &all,
                &chosen.target,
                &MiraSettings {
                    seed,
                    ..MiraSettings::default()
                },
            )
        })
        .transpose()?;
    let ranked = (recipe.density_rows > 0)
        .then(|| joint_ranks(model, chosen, values, draws, recipe, seed))
        .transpose()?;
    let highest_density = ranked
        .as_ref()
        .map(|(ranks, _)| coverage(ranks, &equally_spaced_levels(19)))
        .transpose()?;
    // with one column its ranks say all there is to say
    let joint = ranked
        .as_ref()
        .filter(|_| dimension > 1)
        .map(|(ranks, ranked_draws)| (ranks.as_slice(), *ranked_draws));
    finish(columns, draws, joint, highest_density, tarp, mira)
}

/// Ranks of the truth's density among those of the first draws of some rows.
fn joint_ranks(
    model: &Model,
    chosen: &Encoded,
    values: &[f64],
    draws: usize,
    recipe: &CheckRecipe,
    seed: u64,
) -> Result<(Vec<f64>, usize), Error> {
    let dimension = model.target_columns().len();
    let ranked_draws = draws.min(100);
    let places = spread(chosen.rows.count, recipe.density_rows);
    let mut questions = Encoded::default();
    for &place in &places {
        let first = place * draws * dimension;
        for draw in values[first..first + ranked_draws * dimension].chunks_exact(dimension) {
            questions.push_answer(&model.manifest.scaling.target, chosen, place, draw);
        }
    }
    let of_draws: Vec<f64> = model
        .log_density(&questions)?
        .iter()
        .map(|density| density.value)
        .collect();
    let of_truths: Vec<f64> = model
        .log_density(&chosen.choose(&places))?
        .iter()
        .map(|density| density.value)
        .collect();
    Ok((
        highest_density_ranks(&of_draws, &of_truths, ranked_draws, seed)?,
        ranked_draws,
    ))
}

fn unconditional(model: &Model, chosen: &Encoded, seed: u64) -> Result<HeldOut, Error> {
    let dimension = model.target_columns().len();
    let count = chosen.rows.count * SHARED_DRAWS_PER_ROW;
    let values = model.sample(count, seed)?;
    let mut columns = Vec::with_capacity(dimension);
    for index in 0..dimension {
        let mut drawn = column(&values, dimension, index);
        drawn.sort_by(f64::total_cmp);
        let truth = column(&chosen.target, dimension, index);
        let jitter = Stream::new(seed, "rank", index as u64).uniforms(truth.len());
        let pit = truth
            .iter()
            .zip(jitter)
            .map(|(&value, jitter)| {
                let below = drawn.partition_point(|&draw| draw < value);
                let equal = drawn[below..].partition_point(|&draw| draw <= value);
                (below as f64 + f64::from(jitter) * (equal as f64 + 1.0)) / (count as f64 + 1.0)
            })
            .collect();
        columns.push(column_checks(model, index, pit, truth)?);
    }
    finish(columns, count, None, None, None, None)
}
