//! The posterior of the parameters given power spectra alone.

use anyhow::Context;
use fieldbridge::random::Stream;
use fieldbridge_sky::inference::exact_gaussian::ExactGaussian;
use fieldbridge_sky::inference::{Observation, SpectrumPosterior};
use fieldbridge_sky::{PARAMETERS, Simulator};
use rayon::prelude::*;

use super::found::SpectraMethod;
use crate::run::fields::exact::CELLS;

/// Numbers of a grid above which observations are answered by draws instead: half a gigabyte of them.
const MOST_NUMBERS: usize = 1 << 25;
/// Draws that an observation is answered by where there is no grid.
const DRAWS: usize = 300;
/// Observations that are answered so: one costs about half a second of a core with five bins of 64 by 64 pixels.
const ANSWERED: usize = 60;

/// How observations are answered.
pub(super) enum Way {
    /// On a grid of the two free parameters.
    Grid(Box<ExactGaussian>),
    /// By draws for every observation.
    Draws,
}

/// Means and deviations of every learned parameter given every observation.
pub(super) struct Answers {
    pub(super) method: SpectraMethod,
    pub(super) moments: Vec<Vec<(f64, f64)>>,
}

impl Way {
    pub(super) fn of(simulator: &Simulator) -> anyhow::Result<Self> {
        let two = ExactGaussian::two_free(simulator.priors.each()).is_some();
        if !two || ExactGaussian::numbers(simulator, CELLS) > MOST_NUMBERS {
            return Ok(Self::Draws);
        }
        let law = ExactGaussian::of_same_spectra(simulator, CELLS);
        Ok(Self::Grid(Box::new(
            law.context("the spectra of the prior cannot be computed")?,
        )))
    }

    /// Most observations that are answered.
    pub(super) fn most(&self) -> usize {
        match self {
            Self::Grid(_) => usize::MAX,
            Self::Draws => ANSWERED,
        }
    }

    /// Answers observations `[bin, row, column]` for the parameters at these places among all.
    pub(super) fn answer(
        &self,
        simulator: &Simulator,
        observations: &[Vec<f64>],
        parameters: &[usize],
        seed: u64,
    ) -> anyhow::Result<Answers> {
        match self {
            Self::Grid(law) => {
                let names = law.names();
                let place = |&at: &usize| names.iter().position(|name| *name == PARAMETERS[at]);
                let places: Option<Vec<usize>> = parameters.iter().map(place).collect();
                let places = places.context("a learned parameter has a prior without width")?;
                let answer = |observation: &Vec<f64>| {
                    let (mean, deviation) = law.posterior(observation).parameter_moments();
                    places.iter().map(|&at| (mean[at], deviation[at])).collect()
                };
                Ok(Answers {
                    method: SpectraMethod::Grid { cells: CELLS },
                    moments: observations.par_iter().map(answer).collect(),
                })
            }
            Self::Draws => drawn(simulator, observations, parameters, seed),
        }
    }
}

/// By weighted draws of the posterior of each.
fn drawn(simulator: &Simulator, observations: &[Vec<f64>], parameters: &[usize], seed: u64) -> anyhow::Result<Answers> {
    let answers: Vec<(Vec<(f64, f64)>, f64)> = observations
        .par_iter()
        .enumerate()
        .map(|(row, observation)| -> anyhow::Result<_> {
            let observation = Observation::new(&simulator.field, observation, &simulator.noise)?;
            let posterior = SpectrumPosterior::new(&simulator.field, simulator.priors, &observation);
            let names = posterior.parameters().names();
            let place = |&at: &usize| names.iter().position(|name| *name == PARAMETERS[at]);
            let places: Option<Vec<usize>> = parameters.iter().map(place).collect();
            let places = places.context("a learned parameter has a prior without width")?;
            let mut random = Stream::new(seed, "draws given spectra", row as u64).generator();
            let found = posterior
                .moments(DRAWS, &mut random)
                .context("the posterior of the spectra of an observation cannot be found")?;
            let moments = places.iter().map(|&at| (found.mean[at], found.deviation[at])).collect();
            Ok((moments, found.effective))
        })
        .collect::<anyhow::Result<_>>()?;
    let (moments, mut effective): (Vec<_>, Vec<f64>) = answers.into_iter().unzip();
    Ok(Answers {
        method: SpectraMethod::WeightedDraws {
            draws: DRAWS,
            least_effective: effective.iter().copied().fold(f64::INFINITY, f64::min),
            median_effective: fieldbridge::check::median(&mut effective),
        },
        moments,
    })
}
