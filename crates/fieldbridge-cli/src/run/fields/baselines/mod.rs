//! Simpler answers about the same observations: the prior, the observed map as it is, Wiener's filter in the fiducial universe,
//! and what power spectra alone say of the parameters.
//!
//! Errors of means are those of the posterior mean itself: what the number of draws adds to the mean of a sample is taken out.

mod errors;
pub(crate) mod found;
mod spectra;
pub(crate) mod words;

use anyhow::Context;
use fieldbridge::data::fields::FieldScaling;
use fieldbridge_sky::inference::WienerFilter;
use fieldbridge_sky::{PARAMETERS, Simulator};

use self::errors::Errors;
use self::found::{Baselines, MapAnswer, ParameterAnswer, ParameterScore, SpectraMethod};
use self::spectra::Way;
use super::draws::Summary;
use super::exact::Beside;
use crate::console::Console;
use crate::progress::waiting;

/// Sums over observations.
pub(super) struct Sums<'a> {
    simulator: &'a Simulator,
    columns: Vec<String>,
    /// Places of the columns among [`PARAMETERS`].
    places: Vec<usize>,
    /// Mean and deviation of the prior of every column.
    prior: Vec<(f64, f64)>,
    fiducial: [f64; 6],
    /// None behind masks.
    filter: Option<WienerFilter>,
    bins: usize,
    draws: usize,
    of_prior: OfParameters,
    of_model: OfParameters,
    of_exact: OfParameters,
    maps: [OfMaps; 5],
    /// Observations and true parameters.
    kept: Vec<(Vec<f64>, Vec<f64>)>,
}

/// Names of the answers about maps, simplest first.
const MAPS: [&str; 5] = ["prior", "observed map", "Wiener filter", "model", "exact posterior"];

/// Errors of every parameter and sums of its deviations.
#[derive(Default)]
struct OfParameters {
    errors: Vec<Errors>,
    widths: Vec<f64>,
}

impl OfParameters {
    /// Adds mean and deviation of every parameter; a mean of `draws` draws has their scatter in it.
    fn add(&mut self, answer: &[(f64, f64)], truth: &[f64], prior: &[(f64, f64)], draws: Option<usize>) {
        self.errors.resize_with(answer.len(), Errors::default);
        self.widths.resize(answer.len(), 0.0);
        for (at, &(mean, deviation)) in answer.iter().enumerate() {
            let scatter = draws.map_or(0.0, |draws| deviation * deviation / draws as f64);
            self.errors[at].add((mean - truth[at]).powi(2) - scatter, prior[at].1.powi(2));
            self.widths[at] += deviation / prior[at].1;
        }
    }

    fn finish(self, answer: &str, columns: &[String]) -> Option<ParameterAnswer> {
        let observations = self.errors.first()?.count();
        let scores = columns.iter().zip(self.errors.iter().zip(self.widths));
        Some(ParameterAnswer {
            answer: answer.to_owned(),
            observations,
            parameters: scores
                .map(|(name, (errors, width))| ParameterScore {
                    name: name.clone(),
                    error: errors.relative(),
                    width: width / observations as f64,
                })
                .collect(),
        })
    }
}

/// Errors of the maps of every bin.
#[derive(Default)]
struct OfMaps {
    bins: Vec<Errors>,
}

impl OfMaps {
    /// Adds a mean map beside the true one; a mean of draws with their variance over their number.
    fn add(&mut self, bins: usize, answer: impl Fn(usize) -> f64, truth: &[f64], scatter: impl Fn(usize) -> f64) {
        self.bins.resize_with(bins, Errors::default);
        let area = truth.len() / bins;
        for (bin, errors) in self.bins.iter_mut().enumerate() {
            let pixels = || bin * area..(bin + 1) * area;
            let squares = pixels().map(|at| (answer(at) - truth[at]).powi(2) - scatter(at));
            errors.add(squares.sum(), pixels().map(|at| truth[at] * truth[at]).sum());
        }
    }

    fn finish(self, answer: &str) -> Option<MapAnswer> {
        Some(MapAnswer {
            answer: answer.to_owned(),
            observations: self.bins.first()?.count(),
            bins: self.bins.iter().map(Errors::relative).collect(),
        })
    }
}

impl<'a> Sums<'a> {
    /// For learned parameters `columns` and `draws` draws of the model for every observation.
    pub(super) fn new(
        simulator: &'a Simulator,
        columns: &[String],
        fields: &FieldScaling,
        draws: usize,
    ) -> anyhow::Result<Self> {
        let place = |column: &String| PARAMETERS.iter().position(|name| name == column);
        let places: Option<Vec<usize>> = columns.iter().map(place).collect();
        let places = places.with_context(|| {
            format!(
                "the model learned {}, expected some of {}",
                columns.join(", "),
                PARAMETERS.join(", ")
            )
        })?;
        let priors = simulator.priors.each();
        let fiducial = simulator.priors.centre();
        Ok(Self {
            simulator,
            columns: columns.to_vec(),
            prior: places.iter().map(|&at| priors[at].mean_and_deviation()).collect(),
            places,
            filter: match fields.observation.mask {
                Some(_) => None,
                None => Some(
                    WienerFilter::new(simulator, &fiducial)
                        .context("the universe at the centre of the prior cannot be; the Wiener filter needs it")?,
                ),
            },
            fiducial: fiducial.parameters(),
            bins: fields.geometry.bins,
            draws,
            of_prior: OfParameters::default(),
            of_model: OfParameters::default(),
            of_exact: OfParameters::default(),
            maps: Default::default(),
            kept: Vec::new(),
        })
    }

    /// Adds an observation: its true parameters and maps, what it shows of the maps, and the answers of the model and of the exact
    /// posterior. Maps are `[bin, row, column]`.
    pub(super) fn add(
        &mut self,
        (parameters, truth): (&[f64], &[f64]),
        observation: &[f64],
        model: &Summary,
        exact: Option<&Beside>,
    ) {
        let count = parameters.len();
        let moments: Vec<(f64, f64)> = (0..count).map(|at| model.moments(at, count)).collect();
        self.of_prior.add(&self.prior, parameters, &self.prior, None);
        self.of_model.add(&moments, parameters, &self.prior, Some(self.draws));
        let (bins, draws) = (self.bins, self.draws as f64);
        let [prior, observed, wiener, of_model, of_exact] = &mut self.maps;
        prior.add(bins, |_| 0.0, truth, |_| 0.0);
        observed.add(bins, |at| observation[at], truth, |_| 0.0);
        if let Some(filter) = &self.filter {
            let filtered = filter.mean(observation);
            wiener.add(bins, |at| filtered[at], truth, |_| 0.0);
            self.kept.push((observation.to_vec(), parameters.to_vec()));
        }
        of_model.add(bins, |at| model.mean[at], truth, |at| model.variance[at] / draws);
        if let Some(exact) = exact {
            self.of_exact.add(&exact.parameters, parameters, &self.prior, None);
            of_exact.add(bins, |at| exact.mean[at], truth, |_| 0.0);
        }
    }

    /// All answers.
    pub(super) fn finish(self, seed: u64, console: &Console) -> anyhow::Result<Baselines> {
        let columns = &self.columns;
        let of_prior = self.of_prior.finish("prior", columns);
        let of_exact = self.of_exact.finish("exact posterior", columns);
        let (spectra, of_spectra) = match &of_exact {
            Some(exact) => {
                let mut same = exact.clone();
                same.answer = SPECTRA.to_owned();
                (Some(SpectraMethod::Exact), Some(same))
            }
            None if self.filter.is_none() => (None, None),
            None => {
                let label = "answering from power spectra alone";
                let answers = waiting(console, label, || -> anyhow::Result<_> {
                    let way = Way::of(self.simulator)?;
                    let maps: Vec<Vec<f64>> = self.kept.iter().take(way.most()).map(|(map, _)| map.clone()).collect();
                    way.answer(self.simulator, &maps, &self.places, seed)
                })?;
                let mut found = OfParameters::default();
                for (moments, (_, truth)) in answers.moments.iter().zip(&self.kept) {
                    found.add(moments, truth, &self.prior, None);
                }
                (Some(answers.method), found.finish(SPECTRA, columns))
            }
        };
        let of_model = self.of_model.finish("model", columns);
        let maps = self
            .maps
            .into_iter()
            .zip(MAPS)
            .filter_map(|(maps, name)| maps.finish(name));
        Ok(Baselines {
            prior_deviation: columns
                .iter()
                .zip(&self.prior)
                .map(|(name, (_, deviation))| (name.clone(), *deviation))
                .collect(),
            fiducial: PARAMETERS.map(str::to_owned).into_iter().zip(self.fiducial).collect(),
            spectra,
            parameters: [of_prior, of_spectra, of_model, of_exact]
                .into_iter()
                .flatten()
                .collect(),
            maps: maps.collect(),
        })
    }
}

/// Name of the answer from power spectra.
const SPECTRA: &str = "power spectra";
