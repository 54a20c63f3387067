//! The exact posterior of an observation, where it is known.

use anyhow::Context;
use fieldbridge::data::fields::FieldGeometry;
use fieldbridge::random::Stream;
use fieldbridge_sky::Simulator;
use fieldbridge_sky::inference::exact_gaussian::ExactGaussian;

/// Cells along each parameter. Half as many again move means by a hundredth of a width.
pub(super) const CELLS: [usize; 2] = [96, 96];

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
        let order = columns
            .iter()
            .map(|column| names.iter().position(|name| name == column));
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
