//! Angular power spectra of all pairs of bins.

use super::converged::ConvergedRule;
use super::jax_cosmo::JaxCosmoRule;
use super::limber::pairs;
use super::multipoles::Multipoles;
use crate::power::{EisensteinHu, EisensteinHuSmooth, LinearPower, Nonlinearity, TransferFunction};
use crate::redshift_distribution::{RedshiftDistribution, TomographicBin};
use crate::{Cosmology, Real, SkyError};

/// How the integrals are done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scheme {
    /// So finely that a finer rule changes nothing.
    #[default]
    Converged,
    /// As `jax_cosmo` 0.1 does them, for comparing with what was made by it.
    JaxCosmo,
}

/// Which fit of Eisenstein and Hu (1998) is the transfer function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Transfer {
    /// With acoustic oscillations.
    #[default]
    EisensteinHu,
    /// Its smooth shape.
    EisensteinHuSmooth,
}

impl Transfer {
    /// The fit for one universe.
    #[must_use]
    pub fn of<R: Real>(self, cosmology: &Cosmology<R>) -> Box<dyn TransferFunction<R>> {
        match self {
            Self::EisensteinHu => Box::new(EisensteinHu::new(cosmology)),
            Self::EisensteinHuSmooth => Box::new(EisensteinHuSmooth::new(cosmology)),
        }
    }
}

/// Choices for [`LensingSpectra`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Settings {
    /// How the integrals are done.
    pub scheme: Scheme,
    /// Linear theory or halofit.
    pub nonlinearity: Nonlinearity,
    /// Transfer function.
    pub transfer: Transfer,
}

/// A survey whose convergence spectra can be had for any universe. What does not depend on the universe is done once.
///
/// ```
/// use std::sync::Arc;
/// use fieldbridge_sky::{Cosmology, LensingSpectra, RedshiftDistribution, Settings, Smail, equal_count_bins};
///
/// let sources: Arc<dyn RedshiftDistribution> = Arc::new(Smail::lsst_y10());
/// let bins = equal_count_bins(&sources, 5, 0.05, 27.0)?;
/// let survey = LensingSpectra::new(&bins, &[100.0, 1000.0], Settings::default())?;
/// let spectra = survey.at(&Cosmology::lsst_y10())?;
/// assert!(spectra.between(4, 4)[0] > spectra.between(0, 0)[0]);
/// // the same with exact derivatives by omega_c, omega_b, sigma_8, h, n_s and w_0
/// let spectra = survey.at(&Cosmology::lsst_y10().with_derivatives())?;
/// assert!(spectra.between(0, 4)[1].slope[2] > 0.0);
/// # Ok::<(), fieldbridge_sky::SkyError>(())
/// ```
#[derive(Debug)]
pub struct LensingSpectra {
    bins: usize,
    multipoles: Multipoles,
    settings: Settings,
    rule: Rule,
}

#[derive(Debug)]
enum Rule {
    Converged(ConvergedRule),
    JaxCosmo(JaxCosmoRule),
}

/// Spectra `C_ij(l)` of convergence, dimensionless (per steradian of multipole space), for `i <= j`.
#[derive(Debug, Clone, PartialEq)]
pub struct AngularSpectra<R = f64> {
    bins: usize,
    multipoles: Vec<f64>,
    values: Vec<Vec<R>>,
}

impl LensingSpectra {
    /// Prepares a survey for multipoles that are zero or at least one, in any order.
    ///
    /// # Errors
    /// [`SkyError::Multipole`] for an impossible multipole; [`SkyError::RedshiftDistribution`] for no bins, or a bin that is
    /// empty or not a density.
    pub fn new(bins: &[TomographicBin], multipoles: &[f64], settings: Settings) -> Result<Self, SkyError> {
        if bins.is_empty() {
            return Err(SkyError::RedshiftDistribution {
                bin: None,
                what: "the number of bins",
                value: 0.0,
                expected: "at least 1",
                hint: "a survey has galaxies",
            });
        }
        let distributions: Vec<&dyn RedshiftDistribution> = bins.iter().map(|bin| bin.distribution.as_ref()).collect();
        let rule = match settings.scheme {
            Scheme::Converged => Rule::Converged(ConvergedRule::new(&distributions)?),
            Scheme::JaxCosmo => Rule::JaxCosmo(JaxCosmoRule::new(&distributions)?),
        };
        Ok(Self {
            bins: bins.len(),
            multipoles: Multipoles::new(multipoles)?,
            settings,
            rule,
        })
    }

    /// The spectra in one universe. With [`Dual`](crate::Dual) numbers the derivatives come out exactly.
    ///
    /// # Errors
    /// [`SkyError::Parameter`] or [`SkyError::Expansion`] for an impossible universe, [`SkyError::MatterPower`] for matter power
    /// that is not positive, [`SkyError::NonlinearScale`] for an absurd amplitude, [`SkyError::Conflict`] for radiation with the
    /// scheme of `jax_cosmo`.
    pub fn at<R: Real>(&self, cosmology: &Cosmology<R>) -> Result<AngularSpectra<R>, SkyError> {
        cosmology.check()?;
        let Settings {
            nonlinearity, transfer, ..
        } = self.settings;
        let line = match &self.rule {
            Rule::Converged(rule) => {
                let linear = LinearPower::new(cosmology, transfer.of(cosmology).as_ref())?;
                rule.line_of_sight(cosmology, linear, nonlinearity)?
            }
            Rule::JaxCosmo(rule) => rule.line_of_sight(cosmology, transfer, nonlinearity)?,
        };
        let mut logarithms = vec![Vec::with_capacity(self.multipoles.nodes().len()); pairs(self.bins).count()];
        for &ln_ell in self.multipoles.nodes() {
            for (logarithms, value) in logarithms.iter_mut().zip(line.logarithms(ln_ell)?) {
                logarithms.push(value);
            }
        }
        Ok(AngularSpectra {
            bins: self.bins,
            multipoles: self.multipoles.values().to_vec(),
            values: logarithms
                .iter()
                .map(|logarithms| self.multipoles.spread(logarithms))
                .collect(),
        })
    }
}

impl<R: Real> AngularSpectra<R> {
    /// Number of tomographic bins.
    pub fn bins(&self) -> usize {
        self.bins
    }

    /// The multipoles, as they were asked for.
    pub fn multipoles(&self) -> &[f64] {
        &self.multipoles
    }

    /// The spectrum of two bins, in either order, one value for each multipole.
    ///
    /// # Panics
    /// When a bin does not exist.
    pub fn between(&self, first: usize, second: usize) -> &[R] {
        let (low, high) = (first.min(second), first.max(second));
        assert!(high < self.bins, "there are {} bins, not {}", self.bins, high + 1);
        &self.values[low * self.bins - low * (low + 1) / 2 + high]
    }

    /// All spectra: (0,0), (0,1), ..., (1,1), ...
    pub fn all(&self) -> impl Iterator<Item = ((usize, usize), &[R])> {
        pairs(self.bins).zip(self.values.iter().map(Vec::as_slice))
    }
}
