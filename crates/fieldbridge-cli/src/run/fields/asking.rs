//! A model of fields asked about held-out simulations.

use std::sync::atomic::Ordering;
use std::time::Instant;

use anyhow::bail;
use fieldbridge::check::{Draws, RankKind, RankSet, judge, pit_values};
use fieldbridge::data::fields::FieldSimulations;
use fieldbridge::model::Model;
use fieldbridge::random::Stream;
use fieldbridge::recipe::Recipe;
use fieldbridge_sky::Simulator;
use rayon::prelude::*;

use super::amplitudes::Amplitudes;
use super::baselines;
use super::comparison::Comparison;
use super::draws::{Summary, mean_and_error};
use super::exact::Exact;
use super::extremes::ExtremeRanks;
use super::found::{Example, FieldFound, Ratios, Spectra};
use super::histograms::Histograms;
use super::regions::Regions;
use super::scoring::{Row, Scoring};
use crate::console::Console;
use crate::interrupt::STOP;
use crate::progress::{TaskProgress, waiting};

/// Observations asked about together.
const TOGETHER: usize = 8;
/// Deviations of a pixel from its mean to the ends of the cube in which centres of regions lie.
const WIDE: f64 = 3.0;

/// Draws posteriors of held-out simulations `rows` and compares them with truths, and with the exact posterior where there is one.
pub(super) fn ask(
    model: &Model,
    recipe: &Recipe,
    (simulations, simulator): (&FieldSimulations, &Simulator),
    rows: &[usize],
    console: &Console,
) -> anyhow::Result<FieldFound> {
    let scaling = &model.manifest.scaling;
    let Some(fields) = &scaling.fields else {
        bail!("the model learned no fields");
    };
    if rows.len() < 2 {
        bail!("fewer than two simulations are held out; raise `data.test` or `check.rows` in the recipe");
    }
    let (geometry, columns) = (fields.geometry, model.target_columns().to_vec());
    let (parameters, width, draws) = (columns.len(), scaling.dimension(), recipe.check.draws);
    let bands = &simulator.bands;
    // what is known exactly is the posterior of convergence with white noise in every pixel
    let exact = match fields.observation.is_plain() {
        true => waiting(console, "looking for the exact posterior", || {
            Exact::of(simulator, &columns)
        })?,
        false => None,
    };
    let encoded = scaling.encode_simulations(simulations, rows)?;
    let truths: Vec<f64> = encoded
        .target
        .chunks_exact(width)
        .flat_map(|row| row[..parameters].iter().copied())
        .collect();
    let of_columns = scaling.target.range.iter().map(|&[low, high]| (low, high - low));
    let of_maps = (0..geometry.size()).map(|at| {
        let (mean, deviation) = (fields.mean[at % geometry.bins], fields.deviation[at % geometry.bins]);
        (mean - WIDE * deviation, 2.0 * WIDE * deviation)
    });
    let ranges: Vec<(f64, f64)> = of_columns.chain(of_maps).collect();
    let scoring = Scoring::new((&truths, parameters), (&encoded.target, width), &ranges, recipe.seed)?;
    let mut scored: [Vec<Row>; 2] = [Vec::new(), Vec::new()];
    let mut comparison = exact.as_ref().map(|_| Comparison::new(&columns, geometry, draws));
    let mut simpler = baselines::Sums::new(simulator, &columns, fields, draws)?;
    let mut regions = (!fields.observation.is_plain()).then(|| Regions::new(fields));
    let mut amplitudes = Amplitudes::new(geometry.bins, bands.multipoles().len());
    let mut extremes = ExtremeRanks::new(geometry.bins);
    let mut histograms = Histograms::new(geometry, &fields.deviation);
    let (mut truth_power, mut draw_power) = (Vec::new(), Vec::new());
    let mut ratios: Vec<Vec<f64>> = Vec::new();
    let (mut all_parameters, mut example) = (Vec::new(), Example::default());
    let mut drawing_seconds = 0.0;
    let mut progress = TaskProgress::new(console, "observations");
    for start in (0..rows.len()).step_by(TOGETHER) {
        if STOP.load(Ordering::SeqCst) {
            bail!("interrupted while checking; the same command starts the checks again");
        }
        let places: Vec<usize> = (start..(start + TOGETHER).min(rows.len())).collect();
        let clock = Instant::now();
        let drawn = model.posterior(&encoded.choose(&places), draws, recipe.seed)?;
        drawing_seconds += clock.elapsed().as_secs_f64();
        let found: Vec<_> = places
            .par_iter()
            .zip(drawn.par_chunks_exact(draws * width))
            .map(|(&place, own)| -> anyhow::Result<_> {
                let summary = Summary::of(own, parameters, &geometry, bands);
                let observed = fields.simulated(simulations, rows[place])?;
                let observation = geometry.by_bin(&fields.shown(&observed));
                let seen = fields.seen(&observed);
                let ranked = regions.as_ref().map(|regions| {
                    let truth = &encoded.target[place * width + parameters..(place + 1) * width];
                    let stream = Stream::new(recipe.seed, "ranks of pixels", rows[place] as u64);
                    regions.row(truth, (own, width), &seen, &stream)
                });
                let beside = exact.as_ref().map(|exact| {
                    let stream = Stream::new(recipe.seed, "exact draws", rows[place] as u64);
                    let beside = exact.beside(&observation, &geometry, draws, &stream);
                    let summary = Summary::of(&beside.draws, parameters, &geometry, bands);
                    let row = scoring.row(place, &beside.draws);
                    (beside, summary, row)
                });
                Ok((summary, scoring.row(place, own), (observation, seen, ranked), beside))
            })
            .collect::<anyhow::Result<_>>()?;
        for (&place, ((summary, row, (observation, seen, ranked), beside), own)) in places
            .iter()
            .zip(found.into_iter().zip(drawn.chunks_exact(draws * width)))
        {
            let point = &encoded.target[place * width..(place + 1) * width];
            let truth = geometry.by_bin(&point[parameters..]);
            scored[0].push(row);
            if let (Some(regions), Some(ranked)) = (&mut regions, ranked) {
                regions.add(ranked);
            }
            let maps = own.chunks_exact(width).map(|draw| geometry.by_bin(&draw[parameters..]));
            histograms.add(&truth, maps, &summary.mean);
            let exactly = beside.as_ref().map(|(beside, ..)| beside);
            simpler.add((&point[..parameters], &truth), &observation, &summary, exactly);
            let own_power = summary.mean_power(draws);
            truth_power.push(bands.measure(&truth));
            amplitudes.add(&truth_power[place], &summary.power);
            extremes.add(&truth, &summary.extremes);
            if place == 0 {
                let map = |draw: usize| geometry.by_bin(&own[draw * width + parameters..(draw + 1) * width]);
                let column = |values: &[f64], at: usize| -> Vec<f64> {
                    values.iter().skip(at).step_by(parameters).copied().collect()
                };
                let root = |values: &[f64]| values.iter().map(|value| value.sqrt()).collect::<Vec<f64>>();
                example = Example {
                    row: rows[place],
                    power: [
                        bands.measure(&truth),
                        bands.measure(&observation),
                        summary.power_percentile(draws, 0.16),
                        summary.power_percentile(draws, 0.5),
                        summary.power_percentile(draws, 0.84),
                    ],
                    truth,
                    observation,
                    hidden: match fields.observation.mask {
                        Some(_) => seen.iter().map(|seen| !seen).collect(),
                        None => Vec::new(),
                    },
                    draws: (0..3.min(draws)).map(map).collect(),
                    mean: summary.mean.clone(),
                    deviation: root(&summary.variance),
                    exact_mean: beside.as_ref().map(|(beside, ..)| beside.mean.clone()),
                    exact_deviation: beside.as_ref().map(|(beside, ..)| root(&beside.variance)),
                    true_parameters: point[..parameters].to_vec(),
                    parameters: (0..parameters).map(|at| column(&summary.parameters, at)).collect(),
                    exact_parameters: beside
                        .as_ref()
                        .map(|(_, drawn, _)| (0..parameters).map(|at| column(&drawn.parameters, at)).collect()),
                };
            }
            if let (Some((beside, drawn, row)), Some(comparison)) = (beside, &mut comparison) {
                scored[1].push(row);
                let exact_power = drawn.mean_power(draws);
                ratios.push(
                    own_power
                        .iter()
                        .zip(&exact_power)
                        .map(|(own, exact)| own / exact)
                        .collect(),
                );
                comparison.add(&summary, &drawn, &beside);
            }
            draw_power.push(own_power);
            all_parameters.extend(summary.parameters);
        }
        let done = (start + places.len()) as u64;
        progress.at(done, rows.len() as u64, || format!("{draws} draws each"));
    }
    let averaged = |all: &[Vec<f64>]| -> (Vec<f64>, Vec<f64>) {
        (0..all[0].len())
            .map(|at| mean_and_error(all.iter().map(|values| values[at])))
            .unzip()
    };
    let (ratio, ratio_error) = match ratios.is_empty() {
        true => (None, None),
        false => {
            let (mean, error) = averaged(&ratios);
            (Some(mean), Some(error))
        }
    };
    let spectra = Spectra {
        multipoles: bands.multipoles().to_vec(),
        truth: averaged(&truth_power).0,
        draws: averaged(&draw_power).0,
        ratio,
        ratio_error,
        over_truth: Ratios::of((0..truth_power[0].len()).map(|at| {
            let [draws, truth] = [&draw_power, &truth_power].map(|all| all.iter().map(|row| row[at]).collect());
            (draws, truth)
        })),
        amplitudes: amplitudes.finish(),
    };
    let calibration = scoring.finish(&scored[0], draws)?;
    let exact = match comparison {
        None => None,
        Some(comparison) => {
            let of_exact = scoring.finish(&scored[1], draws)?;
            Some(waiting(console, "telling draws from exact draws", || {
                comparison.judged((&calibration, of_exact), &spectra, recipe.seed)
            })?)
        }
    };
    let view = Draws::new(&all_parameters, rows.len(), draws, parameters)?;
    let ranks: Vec<Vec<f64>> = (0..parameters)
        .map(|parameter| pit_values(&view, &truths, parameter, recipe.seed))
        .collect::<Result<_, _>>()?;
    let sets: Vec<RankSet<'_>> = columns
        .iter()
        .zip(&ranks)
        .map(|(name, ranks)| RankSet {
            name,
            ranks,
            draws: Some(draws),
            kind: RankKind::Parameter,
        })
        .collect();
    Ok(FieldFound {
        observations: rows.len(),
        draws,
        bins: geometry.bins,
        pixels: geometry.pixels,
        width_degrees: geometry.width_degrees,
        judgement: judge(&sets)?,
        columns,
        calibration,
        spectra,
        one_point: histograms.finish(),
        extremes: extremes.finish(),
        example,
        exact,
        baselines: simpler.finish(recipe.seed, console)?,
        regions: regions.map(Regions::finish).unwrap_or_default(),
        drawing_seconds,
    })
}
