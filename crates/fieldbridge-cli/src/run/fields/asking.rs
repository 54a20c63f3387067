//! A model of fields asked about held-out simulations.

use std::sync::atomic::Ordering;
use std::time::Instant;

use anyhow::bail;
use fieldbridge::check::{
    Closer, Draws, MiraRows, MiraSettings, RankKind, RankSet, TarpRows, TarpSettings, judge, pit_values,
};
use fieldbridge::data::fields::{FieldGeometry, FieldSimulations};
use fieldbridge::model::Model;
use fieldbridge::random::Stream;
use fieldbridge::recipe::Recipe;
use fieldbridge_sky::Simulator;
use rayon::prelude::*;

use super::draws::{Summary, moments};
use super::exact::{Comparison, Exact};
use super::found::{Calibration, Example, FieldFound, OnePoint, Scores, Spectra};
use crate::console::Console;
use crate::interrupt::STOP;
use crate::progress::{TaskProgress, waiting};

/// Observations asked about together.
const TOGETHER: usize = 8;
/// Balls of the Mira score of parameters and maps together, whose distances cost most.
const JOINT_RUNS: usize = 20;
/// Classes of one-point histograms.
const CLASSES: usize = 60;

/// Calibration row by row.
struct Scoring<'a> {
    tarp: [TarpRows<'a>; 2],
    mira: [MiraRows<'a>; 2],
    parameters: usize,
    width: usize,
}

/// Of one row: coverage and score of the parameters, and of everything.
type Row = [(Closer, f64); 2];

impl<'a> Scoring<'a> {
    fn new(parameters: (&'a [f64], usize), all: (&'a [f64], usize), seed: u64) -> anyhow::Result<Self> {
        let settings = TarpSettings {
            seed,
            ..TarpSettings::default()
        };
        let runs = |runs| MiraSettings {
            runs,
            seed,
            ..MiraSettings::default()
        };
        Ok(Self {
            tarp: [
                TarpRows::new(parameters.0, parameters.1, &settings)?,
                TarpRows::new(all.0, all.1, &settings)?,
            ],
            mira: [
                MiraRows::new(parameters.0, parameters.1, &runs(MiraSettings::default().runs))?,
                MiraRows::new(all.0, all.1, &runs(JOINT_RUNS))?,
            ],
            parameters: parameters.1,
            width: all.1,
        })
    }

    fn row(&self, row: usize, draws: &[f64]) -> Row {
        let parameters: Vec<f64> = draws
            .chunks_exact(self.width)
            .flat_map(|draw| draw[..self.parameters].iter().copied())
            .collect();
        [parameters.as_slice(), draws]
            .into_iter()
            .zip(self.tarp.iter().zip(&self.mira))
            .map(|(draws, (tarp, mira))| (tarp.count(row, draws), mira.score(row, draws)))
            .collect::<Vec<_>>()
            .try_into()
            .expect("two of them")
    }

    fn finish(&self, rows: &[Row], draws: usize) -> anyhow::Result<Calibration> {
        let scores = |at: usize| -> anyhow::Result<Scores> {
            let (counted, scored): (Vec<Closer>, Vec<f64>) = rows.iter().map(|row| row[at]).unzip();
            Ok(Scores {
                tarp: self.tarp[at].finish(&counted, draws)?,
                mira: self.mira[at].finish(&scored, draws)?,
            })
        };
        Ok(Calibration {
            parameters: scores(0)?,
            joint: scores(1)?,
        })
    }
}

/// Histograms of pixels, per tomographic bin.
struct Histograms {
    geometry: FieldGeometry,
    ranges: Vec<(f64, f64)>,
    /// Of true maps, draws and mean maps.
    counts: Vec<[Vec<f64>; 3]>,
}

impl Histograms {
    fn new(geometry: FieldGeometry, deviations: &[f64]) -> Self {
        Self {
            geometry,
            ranges: deviations.iter().map(|deviation| (-4.5 * deviation, 4.5 * deviation)).collect(),
            counts: vec![[0; 3].map(|_| vec![0.0; CLASSES]); geometry.bins],
        }
    }

    /// Adds maps `[bin, row, column]`.
    fn add(&mut self, kind: usize, maps: &[f64]) {
        let area = self.geometry.pixels * self.geometry.pixels;
        for (bin, map) in maps.chunks_exact(area).enumerate() {
            let (low, high) = self.ranges[bin];
            for value in map {
                let place = (value - low) / (high - low) * CLASSES as f64;
                if (0.0..CLASSES as f64).contains(&place) {
                    self.counts[bin][kind][place as usize] += 1.0;
                }
            }
        }
    }

    fn finish(self) -> OnePoint {
        let bins = self.ranges.iter().zip(self.counts).map(|(&(low, high), counts)| {
            let step = (high - low) / CLASSES as f64;
            let edges = (0..=CLASSES).map(|edge| low + edge as f64 * step).collect();
            let [truth, draws, mean] = counts.map(|counts| {
                let total = counts.iter().sum::<f64>() * step;
                counts.into_iter().map(|count| count / total).collect::<Vec<f64>>()
            });
            [edges, truth, draws, mean]
        });
        OnePoint { bins: bins.collect() }
    }
}

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
    let exact = waiting(console, "looking for the exact posterior", || Exact::of(simulator, &columns))?;
    let encoded = scaling.encode_simulations(simulations, rows)?;
    let truths: Vec<f64> = encoded
        .target
        .chunks_exact(width)
        .flat_map(|row| row[..parameters].iter().copied())
        .collect();
    let scoring = Scoring::new((&truths, parameters), (&encoded.target, width), recipe.seed)?;
    let mut scored: [Vec<Row>; 2] = [Vec::new(), Vec::new()];
    let mut comparison = exact.as_ref().map(|_| Comparison::new(&columns, geometry, draws));
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
                let observation = simulations.observation(rows[place]..rows[place] + 1)?;
                let observation: Vec<f64> = observation.iter().map(|&value| f64::from(value)).collect();
                let observation = geometry.by_bin(&observation);
                let beside = exact.as_ref().map(|exact| {
                    let stream = Stream::new(recipe.seed, "exact draws", rows[place] as u64);
                    let beside = exact.beside(&observation, &geometry, draws, &stream);
                    let summary = Summary::of(&beside.draws, parameters, &geometry, bands);
                    let row = scoring.row(place, &beside.draws);
                    (beside, summary, row)
                });
                Ok((summary, scoring.row(place, own), observation, beside))
            })
            .collect::<anyhow::Result<_>>()?;
        for (&place, ((summary, row, observation, beside), own)) in
            places.iter().zip(found.into_iter().zip(drawn.chunks_exact(draws * width)))
        {
            let point = &encoded.target[place * width..(place + 1) * width];
            let truth = geometry.by_bin(&point[parameters..]);
            scored[0].push(row);
            histograms.add(0, &truth);
            histograms.add(2, &summary.mean);
            for draw in own.chunks_exact(width) {
                histograms.add(1, &geometry.by_bin(&draw[parameters..]));
            }
            let own_power = summary.mean_power(draws);
            truth_power.push(bands.measure(&truth));
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
                ratios.push(own_power.iter().zip(&exact_power).map(|(own, exact)| own / exact).collect());
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
            .map(|at| {
                let (mean, deviation) = moments(all.iter().map(|values| values[at]));
                (mean, deviation / (all.len() as f64).sqrt())
            })
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
    };
    let calibration = scoring.finish(&scored[0], draws)?;
    let exact = match comparison {
        None => None,
        Some(comparison) => {
            let of_exact = scoring.finish(&scored[1], draws)?;
            Some(waiting(console, "telling draws from exact draws", || {
                comparison.finish((&calibration, of_exact), &spectra, recipe.seed)
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
        example,
        exact,
        drawing_seconds,
    })
}
