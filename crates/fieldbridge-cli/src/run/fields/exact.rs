//! Draws of a model beside the exact posterior.

use anyhow::Context;
use fieldbridge::check::distance::{ClassifierTest, Distance, Points};
use fieldbridge::random::Stream;
use fieldbridge_sky::Simulator;
use fieldbridge_sky::inference::exact_gaussian::ExactGaussian;
use rayon::prelude::*;

use super::draws::{Summary, moments};
use super::found::{Calibration, Criterion, ExactComparison, ParameterComparison, Spectra};
use fieldbridge::data::fields::FieldGeometry;

/// Cells along each parameter. Twice as many change no posterior by a hundredth of its width.
const CELLS: [usize; 2] = [128, 128];

/// The exact posterior of a simulator, when it is known.
pub(super) struct Exact {
    law: ExactGaussian,
    /// Where each learned column is among its two parameters.
    order: Vec<usize>,
}

/// The exact posterior of one observation beside draws of the model.
pub(super) struct Beside {
    /// As many exact draws as the model made, in the same form.
    pub(super) draws: Vec<f64>,
    /// Other exact draws of the parameters.
    pub(super) others: Vec<f64>,
    pub(super) mean: Vec<f64>,
    pub(super) variance: Vec<f64>,
    /// Mean and deviation of every learned parameter.
    pub(super) parameters: Vec<(f64, f64)>,
}

impl Exact {
    /// None when the fields are not Gaussian, or other parameters are free than the two learned ones.
    pub(super) fn of(simulator: &Simulator, columns: &[String]) -> anyhow::Result<Option<Self>> {
        if !simulator.field.is_gaussian() || ExactGaussian::two_free(simulator.priors.each()).is_none() {
            return Ok(None);
        }
        let law = ExactGaussian::new(simulator, CELLS).context("the exact posterior cannot be computed")?;
        let names = law.names();
        let order = columns.iter().map(|column| names.iter().position(|name| name == column));
        let order: Option<Vec<usize>> = order.collect();
        Ok(order.filter(|order| order.len() == 2).map(|order| Self { law, order }))
    }

    /// The posterior of an observation `[bin, row, column]` with `count` draws.
    pub(super) fn beside(
        &self,
        observation: &[f64],
        geometry: &FieldGeometry,
        count: usize,
        stream: &Stream,
    ) -> Beside {
        let posterior = self.law.posterior(observation);
        let mut random = stream.generator();
        let (mut draws, mut others) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let (parameters, maps) = posterior.draw(&mut random);
            draws.extend(self.order.iter().map(|&at| parameters[at]));
            draws.extend(geometry.by_place(&maps));
            let parameters = posterior.draw_parameters(&mut random);
            others.extend(self.order.iter().map(|&at| parameters[at]));
        }
        let (mean, variance) = posterior.map_moments();
        let (means, deviations) = posterior.parameter_moments();
        Beside {
            draws,
            others,
            mean,
            variance,
            parameters: self.order.iter().map(|&at| (means[at], deviations[at])).collect(),
        }
    }
}

/// Sums over observations.
pub(super) struct Comparison {
    columns: Vec<String>,
    geometry: FieldGeometry,
    draws: usize,
    /// For the model and for exact draws.
    sides: [Side; 2],
    exact_variance: Vec<f64>,
    samples: Vec<[Vec<f64>; 3]>,
}

/// One set of draws beside the exact posterior.
struct Side {
    offsets: Vec<Vec<f64>>,
    widths: Vec<Vec<f64>>,
    /// Of every bin: squared offset of the mean map, with the scatter of the draws taken out.
    squares: Vec<f64>,
    /// Variance of every pixel, summed over observations.
    variance: Vec<f64>,
}

impl Side {
    fn new(parameters: usize, geometry: &FieldGeometry) -> Self {
        Self {
            offsets: vec![Vec::new(); parameters],
            widths: vec![Vec::new(); parameters],
            squares: vec![0.0; geometry.bins],
            variance: vec![0.0; geometry.size()],
        }
    }

    fn add(&mut self, found: &Summary, exact: &Beside, draws: usize) {
        let count = exact.parameters.len();
        for (parameter, (mean, deviation)) in exact.parameters.iter().enumerate() {
            let (own_mean, own_deviation) = found.moments(parameter, count);
            self.offsets[parameter].push((own_mean - mean) / deviation);
            self.widths[parameter].push(own_deviation / deviation);
        }
        let area = self.variance.len() / self.squares.len();
        for at in 0..self.variance.len() {
            self.squares[at / area] +=
                (found.mean[at] - exact.mean[at]).powi(2) - found.variance[at] / draws as f64;
            self.variance[at] += found.variance[at];
        }
    }

    fn mean_offset(&self) -> f64 {
        let all = || self.offsets.iter().flatten();
        all().map(|offset| offset.abs()).sum::<f64>() / all().count() as f64
    }

    fn map_offset(&self, exact_variance: &[f64]) -> Vec<f64> {
        let area = exact_variance.len() / self.squares.len();
        let total = |bin: usize| exact_variance[bin * area..(bin + 1) * area].iter().sum::<f64>();
        let squares = self.squares.iter().enumerate();
        squares.map(|(bin, sum)| (sum / total(bin)).max(0.0).sqrt()).collect()
    }

    /// Ratio over all pixels of each bin, and scatter of the pixels about one.
    fn variance_ratio(&self, exact_variance: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let area = exact_variance.len() / self.squares.len();
        let bins = self.variance.chunks_exact(area).zip(exact_variance.chunks_exact(area));
        bins.map(|(own, exact)| {
            let ratio = own.iter().sum::<f64>() / exact.iter().sum::<f64>();
            let squares = own.iter().zip(exact).map(|(own, exact)| (own / exact - 1.0).powi(2));
            (ratio, (squares.sum::<f64>() / area as f64).sqrt())
        })
        .unzip()
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The middle value.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let half = sorted.len() / 2;
    if sorted.len().is_multiple_of(2) {
        0.5 * (sorted[half - 1] + sorted[half])
    } else {
        sorted[half]
    }
}

impl Comparison {
    pub(super) fn new(columns: &[String], geometry: FieldGeometry, draws: usize) -> Self {
        Self {
            columns: columns.to_vec(),
            geometry,
            draws,
            sides: [0, 1].map(|_| Side::new(columns.len(), &geometry)),
            exact_variance: vec![0.0; geometry.size()],
            samples: Vec::new(),
        }
    }

    /// Adds an observation: draws of the model and exact ones.
    pub(super) fn add(&mut self, model: &Summary, drawn: &Summary, exact: &Beside) {
        self.sides[0].add(model, exact, self.draws);
        self.sides[1].add(drawn, exact, self.draws);
        for (sum, value) in self.exact_variance.iter_mut().zip(&exact.variance) {
            *sum += value;
        }
        self.samples.push([
            model.parameters.clone(),
            drawn.parameters.clone(),
            exact.others.clone(),
        ]);
    }

    /// How well classifiers tell draws of the model, and other exact draws, from exact draws.
    fn classifiers(&self, seed: u64) -> anyhow::Result<(Vec<f64>, Vec<f64>)> {
        let width = self.columns.len();
        let accuracies: Vec<(f64, f64)> = self
            .samples
            .par_iter()
            .enumerate()
            .map(|(row, [model, exact, others])| {
                let points = |name, values: &Vec<f64>| Points::new(name, values, width);
                let reference = points("exact draws", exact)?;
                let test = ClassifierTest::default();
                let stream = Stream::new(seed, "classifiers", row as u64);
                Ok((
                    test.between(&reference, &points("draws", model)?, &stream)?,
                    test.between(&reference, &points("other exact draws", others)?, &stream)?,
                ))
            })
            .collect::<Result<_, fieldbridge::check::CheckError>>()?;
        Ok(accuracies.into_iter().unzip())
    }

    /// All numbers, and whether they are as they ought to be.
    pub(super) fn finish(
        self,
        calibrations: (&Calibration, Calibration),
        spectra: &Spectra,
        seed: u64,
    ) -> anyhow::Result<ExactComparison> {
        let (c2st, c2st_floor) = self.classifiers(seed)?;
        let [model, exact] = &self.sides;
        let (variance, variance_scatter) = model.variance_ratio(&self.exact_variance);
        let (floor_variance, floor_scatter) = exact.variance_ratio(&self.exact_variance);
        let (map_offset, floor_offset) = (
            model.map_offset(&self.exact_variance),
            exact.map_offset(&self.exact_variance),
        );
        let most = |values: &[f64]| values.iter().copied().fold(0.0, f64::max);
        let off = |values: &[f64]| values.iter().map(|value| (value - 1.0).abs()).fold(0.0, f64::max);
        let widths = |side: &Side| side.widths.iter().map(|widths| mean(widths)).collect::<Vec<f64>>();
        let farthest = |values: &[f64]| {
            let by_distance = |a: &&f64, b: &&f64| (*a - 1.0).abs().total_cmp(&(*b - 1.0).abs());
            values.iter().max_by(by_distance).copied().unwrap_or(f64::NAN)
        };
        let mut criteria = Vec::new();
        let mut ask = |name: &str, value: f64, exact_draws: Option<f64>, demand: &str, met: bool| {
            criteria.push(Criterion {
                name: name.to_owned(),
                value,
                exact_draws,
                demand: demand.to_owned(),
                met,
            });
        };
        let offset = model.mean_offset();
        ask(
            "means of parameters, exact deviations away",
            offset,
            Some(exact.mean_offset()),
            "at most 0.2 on average",
            offset <= 0.2,
        );
        let width = farthest(&widths(model));
        ask(
            "widths of parameters over the exact ones, farthest",
            width,
            Some(farthest(&widths(exact))),
            "0.9 to 1.1",
            (0.9..=1.1).contains(&width),
        );
        let accuracy = median(&c2st);
        ask(
            "classifier on parameters, median",
            accuracy,
            Some(median(&c2st_floor)),
            "at most 0.60",
            accuracy <= 0.6,
        );
        let (own, exact_own) = (calibrations.0, &calibrations.1);
        for (name, scores, floor) in [
            ("parameters", &own.parameters, &exact_own.parameters),
            ("parameters and maps", &own.joint, &exact_own.joint),
        ] {
            let deviation = scores.tarp.maximum_deviation;
            ask(
                &format!("coverage of {name}, largest deviation"),
                deviation,
                Some(floor.tarp.maximum_deviation),
                "below 0.06",
                deviation < 0.06,
            );
        }
        for (name, scores, floor) in [
            ("parameters", &own.parameters, &exact_own.parameters),
            ("parameters and maps", &own.joint, &exact_own.joint),
        ] {
            let errors = scores.mira.deviation / scores.mira.standard_error;
            ask(
                &format!("Mira of {name}, standard errors from what is expected"),
                errors,
                Some(floor.mira.deviation / floor.mira.standard_error),
                "within 2",
                errors.abs() <= 2.0,
            );
        }
        if let Some(ratio) = &spectra.ratio {
            // auto-spectra alone: a ratio of cross-spectra means little where they cross zero
            let bands = spectra.multipoles.len();
            let autos: Vec<f64> = autos(self.geometry.bins)
                .flat_map(|pair| ratio[pair * bands..(pair + 1) * bands].to_vec())
                .collect();
            let power = farthest(&autos);
            ask(
                "power of drawn maps over that of exact draws, farthest band",
                power,
                None,
                "0.95 to 1.05",
                (0.95..=1.05).contains(&power),
            );
        }
        ask(
            "mean maps, root mean square in exact deviations",
            most(&map_offset),
            Some(most(&floor_offset)),
            "at most 0.10",
            most(&map_offset) <= 0.1,
        );
        let field = farthest(&variance);
        ask(
            "variance of maps over the exact one, all pixels",
            field,
            Some(farthest(&floor_variance)),
            "0.9 to 1.1",
            off(&variance) <= 0.1,
        );
        ask(
            "variance of maps over the exact one, scatter of pixels",
            most(&variance_scatter),
            Some(most(&floor_scatter)),
            "at most 0.10",
            most(&variance_scatter) <= 0.1,
        );
        let parameters = self.columns.iter().enumerate().map(|(at, name)| {
            let offsets = &model.offsets[at];
            ParameterComparison {
                name: name.clone(),
                offset: offsets.iter().map(|offset| offset.abs()).sum::<f64>() / offsets.len() as f64,
                bias: moments(offsets.iter().copied()).0,
                width: mean(&model.widths[at]),
            }
        });
        Ok(ExactComparison {
            cells: CELLS,
            parameters: parameters.collect(),
            c2st,
            c2st_floor,
            map_offset,
            variance,
            variance_scatter,
            calibration: calibrations.1,
            criteria,
        })
    }
}

/// Places of the auto-spectra among all pairs of bins.
pub(super) fn autos(bins: usize) -> impl Iterator<Item = usize> {
    (0..bins).map(move |bin| bin * bins - bin * bin.saturating_sub(1) / 2)
}
