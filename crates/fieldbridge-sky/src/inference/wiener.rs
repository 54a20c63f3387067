//! The best linear estimate of maps in one universe.

use super::block::wiener;
use super::mode_filter::ModeFilter;
use super::signal::{noise_of_a_mode, packed_powers};
use crate::{Cosmology, Simulator, SkyError};

/// Wiener's filter of all bins together, mode by mode: from an observation `d = kappa + n`, with signal and noise of covariances
/// `P(k) = C(l) / area` and `N = diag(sigma_i^2) / pixels^2` over the bins, it makes
///
/// `m(k) = P (P + N)^-1 d(k)`,
///
/// of all linear estimates the one with the smallest squared error (Wiener 1949; for fields Zaroubi et al. 1995,
/// arXiv:astro-ph/9410080), and the posterior mean where the field is Gaussian and the universe known. The mean of a map has no
/// power and is filtered to zero.
///
/// ```
/// use std::sync::Arc;
/// use fieldbridge_sky::field::{Convention, Law, LensingField, Patch};
/// use fieldbridge_sky::inference::WienerFilter;
/// use fieldbridge_sky::statistics::{BandPowers, PixelWindow};
/// use fieldbridge_sky::{Priors, RedshiftDistribution, Settings, Simulator, Smail, equal_count_bins};
///
/// let sources: Arc<dyn RedshiftDistribution> = Arc::new(Smail::lsst_y10());
/// let bins = equal_count_bins(&sources, 2, 0.05, 27.0)?;
/// let patch = Patch::new(8, 5.0)?;
/// let simulator = Simulator {
///     priors: Priors::lsst_y10(),
///     field: LensingField::new(patch, &bins, Settings::default(), Law::Gaussian, Convention::default(), None)?,
///     noise: vec![0.01, 0.01],
///     bands: BandPowers::logarithmic(patch, 2, PixelWindow::None)?,
///     third_moments: None,
/// };
/// let filter = WienerFilter::new(&simulator, &simulator.priors.centre())?;
/// assert_eq!(filter.mean(&vec![0.0; 128]), vec![0.0; 128]);
/// # Ok::<(), fieldbridge_sky::SkyError>(())
/// ```
#[derive(Debug)]
pub struct WienerFilter {
    filter: ModeFilter,
}

impl WienerFilter {
    /// The filter with the spectra and the noise of a simulator in a universe.
    ///
    /// # Errors
    /// Those of [`LensingField::spectra`](crate::field::LensingField::spectra), for a universe that cannot be.
    pub fn new(simulator: &Simulator, cosmology: &Cosmology) -> Result<Self, SkyError> {
        let field = &simulator.field;
        let noise = noise_of_a_mode(field, &simulator.noise);
        let powers = packed_powers(field, cosmology)?;
        Ok(Self {
            filter: ModeFilter::new(field, &powers, |power| wiener(power, &noise).0),
        })
    }

    /// The estimate from an observation, both `[bin, row, column]`.
    ///
    /// # Panics
    /// When the observation has another size.
    #[must_use]
    pub fn mean(&self, observation: &[f64]) -> Vec<f64> {
        self.filter.maps(&self.filter.modes(observation))
    }
}

#[cfg(test)]
mod tests {
    use super::super::exact_gaussian::tests::{covariance, observed, simulator, solve, with_noise};
    use super::*;

    /// `S (S + N)^-1 d` with the covariance of all pixels of both bins, from the simulator's own maps.
    #[test]
    fn the_filter_solves_the_dense_system_of_all_pixels() {
        let mut simulator = simulator(6);
        // bins of unlike noise, so that the order of the bins matters
        simulator.noise[1] *= 3.0;
        let cosmology = simulator.priors.centre();
        let signal = covariance(&simulator, &cosmology);
        let whole = with_noise(&simulator, &signal);
        let size = simulator.field.size();
        let filter = WienerFilter::new(&simulator, &cosmology).unwrap();
        for index in 0..3 {
            let observation = observed(&simulator, index).observation;
            let (solved, _) = solve(&whole, &observation);
            let largest = observation.iter().fold(0.0, |most: f64, value| most.max(value.abs()));
            for (at, found) in filter.mean(&observation).into_iter().enumerate() {
                let exact: f64 = (0..size).map(|k| signal[at * size + k] * solved[k]).sum();
                assert!((found - exact).abs() < 1e-10 * largest, "{at}: {found} {exact}");
            }
        }
    }

    /// Over universes and noise, no other strength of the same filter does better.
    #[test]
    fn errors_are_the_smallest_where_the_universe_is_known() {
        let mut simulator = simulator(8);
        let cosmology = simulator.priors.centre();
        let fixed = cosmology.parameters().map(crate::Prior::Fixed);
        simulator.priors = crate::Priors::new(fixed).unwrap();
        let filter = WienerFilter::new(&simulator, &cosmology).unwrap();
        let mut errors = [0.0; 3];
        for index in 0..200 {
            let made = observed(&simulator, index);
            let mean = filter.mean(&made.observation);
            for (error, strength) in errors.iter_mut().zip([0.9, 1.0, 1.1]) {
                let squares = mean
                    .iter()
                    .zip(&made.convergence)
                    .map(|(m, truth)| (strength * m - truth).powi(2));
                *error += squares.sum::<f64>();
            }
        }
        assert!(errors[1] < errors[0] && errors[1] < errors[2], "{errors:?}");
    }
}
