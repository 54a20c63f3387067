//! One simulated survey: a universe from the prior, maps of convergence, and what is observed of them.

use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::field::{LensingField, Universe};
use crate::inference::ThirdMoments;
use crate::statistics::BandPowers;
use crate::{Cosmology, Priors, SkyError};

/// Makes simulations. Each needs random numbers of three kinds, so that one kind can be kept while another is drawn anew.
#[derive(Debug)]
pub struct Simulator {
    /// Where universes come from.
    pub priors: Priors,
    /// What maps of them are like.
    pub field: LensingField,
    /// Deviation of the noise of a pixel in each bin, convergence.
    pub noise: Vec<f64>,
    /// Bands of the spectra.
    pub bands: BandPowers,
    /// Third moments of observed maps, when they are wanted.
    pub third_moments: Option<ThirdMoments>,
}

/// A simulated survey. Maps are `[bin, row, column]`, spectra `[pair, band]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Simulation {
    /// The universe.
    pub cosmology: Cosmology,
    /// Convergence without noise.
    pub convergence: Vec<f64>,
    /// Convergence with noise.
    pub observation: Vec<f64>,
    /// Expectation of the spectra of convergence in this universe.
    pub theory: Vec<f64>,
    /// Shares of the modes whose covariance had to be changed.
    pub changed_share: f64,
}

impl Simulator {
    /// Makes one simulation from three sources of random numbers: of the universe, of its fluctuations, of the noise.
    ///
    /// # Errors
    /// Those of [`LensingField::universe`], for universes of the prior that cannot be.
    pub fn simulate(
        &self,
        universe: &mut impl Rng,
        fluctuations: &mut impl Rng,
        noise: &mut impl Rng,
    ) -> Result<Simulation, SkyError> {
        let cosmology = self.priors.sample(universe);
        let universe = self.field.universe(&cosmology)?;
        let convergence = self.fluctuating(&universe, fluctuations);
        let mut observation = normals(noise, self.field.size());
        let area = self.field.patch().area_pixels();
        let bins = observation.chunks_exact_mut(area).zip(convergence.chunks_exact(area));
        for ((observed, true_map), deviation) in bins.zip(&self.noise) {
            for (pixel, value) in observed.iter_mut().zip(true_map) {
                *pixel = *pixel * deviation + value;
            }
        }
        Ok(Simulation {
            cosmology,
            theory: self.field.band_averages(&universe.spectra, &self.bands),
            convergence,
            observation,
            changed_share: universe.amplitudes.changed_share(),
        })
    }
}

impl Simulator {
    /// Convergence of a universe without noise, `[bin, row, column]`.
    ///
    /// # Errors
    /// As [`Simulator::simulate`].
    pub fn convergence(&self, cosmology: &Cosmology, fluctuations: &mut impl Rng) -> Result<Vec<f64>, SkyError> {
        Ok(self.fluctuating(&self.field.universe(cosmology)?, fluctuations))
    }

    fn fluctuating(&self, universe: &Universe, fluctuations: &mut impl Rng) -> Vec<f64> {
        let white = normals(fluctuations, self.field.size());
        self.field.maps(&universe.amplitudes, &white).convergence
    }
}

fn normals(random: &mut impl Rng, count: usize) -> Vec<f64> {
    (0..count).map(|_| StandardNormal.sample(random)).collect()
}
