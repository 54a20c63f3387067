//! Universes for training, made when they are wanted.

use fieldbridge::Error;
use fieldbridge::data::fields::{MadeUniverse, Universes};
use fieldbridge::random::Stream;
use fieldbridge_sky::Simulator;

use super::making::named;

/// The simulator of a recipe, as training asks it.
#[derive(Debug)]
pub(crate) struct Maker {
    simulator: Simulator,
}

impl Maker {
    pub(crate) fn new(simulator: Simulator) -> Self {
        Self { simulator }
    }
}

impl Universes for Maker {
    fn make(&self, stream: &Stream) -> Result<MadeUniverse, Error> {
        let random = |purpose| stream.child(purpose, 0).generator();
        let cosmology = self.simulator.priors.sample(&mut random("parameters"));
        let parameters = cosmology.parameters();
        let convergence = self
            .simulator
            .convergence(&cosmology, &mut random("fluctuations"))
            .map_err(|error| Error::Data {
                source_name: "a new universe".to_owned(),
                column: "convergence".to_owned(),
                reason: format!("{} cannot be made: {error}", named(parameters)),
                hint: "cut the prior so that it holds no such universe".to_owned(),
            })?;
        Ok(MadeUniverse {
            parameters: parameters.to_vec(),
            convergence,
        })
    }
}
