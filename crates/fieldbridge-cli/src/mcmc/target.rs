//! The posterior of a survey, as the sampler wants it.

use fieldbridge::infer::markov_chain::{LogPosterior, Rejected, Summary};
use fieldbridge_sky::PARAMETERS;
use fieldbridge_sky::inference::FieldPosterior;
use fieldbridge_sky::statistics::BandPowers;

/// A posterior and the bands in which the power of its maps is kept.
pub(crate) struct Target {
    pub(crate) posterior: FieldPosterior,
    pub(crate) bands: BandPowers,
}

/// Numbers of a draw before the powers: the parameters and the logarithm of the density.
pub(crate) const BEFORE_POWERS: usize = PARAMETERS.len() + 1;

impl LogPosterior for Target {
    fn dimension(&self) -> usize {
        self.posterior.dimension()
    }

    fn log_density_and_gradient(&self, position: &[f64], gradient: &mut [f64]) -> Result<f64, Rejected> {
        let value = self.posterior.log_density_and_gradient(position, gradient);
        value.map_err(|error| Rejected {
            reason: error.to_string(),
        })
    }
}

impl Summary for Target {
    fn names(&self) -> Vec<String> {
        let bands = self.bands.multipoles().len();
        let powers = (0..self.posterior.field().bins())
            .flat_map(|bin| (0..bands).map(move |band| format!("power of bin {bin} in band {band}")));
        PARAMETERS
            .iter()
            .map(|&name| name.to_owned())
            .chain(["log_density".to_owned()])
            .chain(powers)
            .collect()
    }

    fn field_length(&self) -> usize {
        self.posterior.field().size()
    }

    fn summarise(&self, position: &[f64]) -> Result<(Vec<f64>, Vec<f64>), Rejected> {
        let point = self.posterior.point(position).map_err(|error| Rejected {
            reason: error.to_string(),
        })?;
        let mut numbers = point.cosmology.parameters().to_vec();
        numbers.push(point.log_density);
        for map in point
            .convergence
            .chunks_exact(self.posterior.field().patch().area_pixels())
        {
            numbers.extend(self.bands.measure(map));
        }
        Ok((numbers, point.convergence))
    }
}
