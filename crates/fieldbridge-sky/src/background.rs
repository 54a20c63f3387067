//! Expansion and distances.

use crate::constants::HUBBLE_DISTANCE;
use crate::quadrature::Panels;
use crate::{Cosmology, Real, SkyError};

/// Steps in `ln a` between the scale factors at which the expansion is checked.
const CHECK_STEP: f64 = 0.25;
/// Smallest scale factor at which the expansion must be real: deep in the era of matter or radiation.
pub(crate) const EARLIEST: f64 = 1e-6;

/// The homogeneous universe: `E(a)^2 = O_r a^-4 + O_m a^-3 + O_k a^-2 + O_de a^(-3(1+w_0+w_a)) e^(3 w_a (a-1))`.
#[derive(Debug, Clone, Copy)]
pub struct Background<R = f64> {
    omega_m: R,
    omega_r: R,
    omega_k: R,
    omega_de: R,
    w_0: R,
    w_a: R,
}

impl<R: Real> Background<R> {
    /// The background of a universe.
    ///
    /// # Errors
    /// [`SkyError::Parameter`] for impossible parameters, [`SkyError::Expansion`] when `E^2` is not positive somewhere
    /// since `a = 1e-6`.
    pub fn new(cosmology: &Cosmology<R>) -> Result<Self, SkyError> {
        cosmology.check()?;
        let background = Self {
            omega_m: cosmology.omega_m(),
            omega_r: cosmology.omega_r(),
            omega_k: cosmology.omega_k,
            omega_de: cosmology.omega_de(),
            w_0: cosmology.w_0,
            w_a: cosmology.w_a,
        };
        let mut log_a = 0.0;
        while log_a > EARLIEST.ln() {
            let scale_factor = f64::exp(log_a);
            let value = background.expansion_squared(scale_factor).value();
            if value <= 0.0 || !value.is_finite() {
                return Err(SkyError::Expansion { scale_factor, value });
            }
            log_a -= CHECK_STEP;
        }
        Ok(background)
    }

    /// Equation of state of dark energy, `w_0 + w_a (1 - a)`.
    pub fn equation_of_state(&self, a: f64) -> R {
        self.w_0 + self.w_a * (1.0 - a)
    }

    /// Density of dark energy over the critical density today.
    fn dark_energy(&self, a: f64) -> R {
        let exponent = (self.w_0 + self.w_a + 1.0) * (-3.0 * a.ln()) + self.w_a * (3.0 * (a - 1.0));
        self.omega_de * exponent.exp()
    }

    /// `E(a)^2 = (H(a) / H0)^2`.
    pub fn expansion_squared(&self, a: f64) -> R {
        self.omega_r * a.powi(-4) + self.omega_m * a.powi(-3) + self.omega_k * a.powi(-2) + self.dark_energy(a)
    }

    /// `d ln E / d ln a`.
    pub fn expansion_slope(&self, a: f64) -> R {
        let change = self.omega_r * (-4.0 * a.powi(-4))
            + self.omega_m * (-3.0 * a.powi(-3))
            + self.omega_k * (-2.0 * a.powi(-2))
            + (self.equation_of_state(a) + 1.0) * self.dark_energy(a) * -3.0;
        change / self.expansion_squared(a) * 0.5
    }

    /// Fraction of matter at scale factor `a`.
    pub fn omega_m(&self, a: f64) -> R {
        self.omega_m * a.powi(-3) / self.expansion_squared(a)
    }

    /// Fraction of dark energy at scale factor `a`.
    pub fn omega_de(&self, a: f64) -> R {
        self.dark_energy(a) / self.expansion_squared(a)
    }

    /// Fraction of curvature today.
    pub fn omega_k(&self) -> R {
        self.omega_k
    }

    /// Scale factor at which matter and radiation are equal; zero without radiation.
    pub(crate) fn equality(&self) -> R {
        self.omega_r / self.omega_m
    }

    /// `d chi / d ln(1+z)`, Mpc/h: what is integrated for distances.
    pub fn distance_slope(&self, ln_one_plus_z: f64) -> R {
        let a = (-ln_one_plus_z).exp();
        self.expansion_squared(a).sqrt().recip() * (HUBBLE_DISTANCE / a)
    }

    /// Comoving distance along the line of sight, Mpc/h: `chi = c/H0 int dz / E`.
    ///
    /// # Errors
    /// [`SkyError::Parameter`] for a redshift that is negative or not finite.
    pub fn comoving_distance(&self, redshift: f64) -> Result<R, SkyError> {
        if !(0.0..=1e5).contains(&redshift) {
            let hint = "distances are measured into the past";
            let expected = "a redshift from 0 to 100,000";
            return Err(SkyError::Parameter {
                name: "redshift",
                value: redshift,
                expected,
                hint,
            });
        }
        let end = redshift.ln_1p();
        if end == 0.0 {
            return Ok(R::from(0.0));
        }
        let panels = Panels::uniform(0.0, end, (end / 0.2).ceil() as usize, 8);
        let slopes: Vec<R> = panels.nodes().iter().map(|&u| self.distance_slope(u)).collect();
        Ok(panels.integral(&slopes))
    }

    /// Transverse comoving distance, Mpc/h, at a distance `chi` along the line of sight:
    /// `sinh(sqrt(O_k) chi H0/c) c/H0 / sqrt(O_k)`, with a sine when closed.
    pub fn transverse(&self, chi: R) -> R {
        self.curved(chi).0
    }

    /// Transverse distance and its slope by `chi`. Their ratio is the curved `1 / chi`.
    pub(crate) fn curved(&self, chi: R) -> (R, R) {
        let ratio = chi / HUBBLE_DISTANCE;
        let argument = self.omega_k * ratio.square();
        // the series keeps flat universes differentiable by the curvature; its next terms are below 1e-16
        if argument.value().abs() < 1e-5 {
            let sine = chi * (argument * (argument / 120.0 + 1.0 / 6.0) + 1.0);
            return (sine, argument * (argument / 24.0 + 0.5) + 1.0);
        }
        let root = self.omega_k.abs().sqrt();
        let angle = root * ratio;
        let scale = root.recip() * HUBBLE_DISTANCE;
        if self.omega_k.value() > 0.0 {
            (angle.sinh() * scale, angle.cosh())
        } else {
            (angle.sin() * scale, angle.cos())
        }
    }

    /// Angular diameter distance, Mpc/h.
    ///
    /// # Errors
    /// As [`Background::comoving_distance`].
    pub fn angular_diameter_distance(&self, redshift: f64) -> Result<R, SkyError> {
        Ok(self.transverse(self.comoving_distance(redshift)?) / (1.0 + redshift))
    }

    /// Luminosity distance, Mpc/h.
    ///
    /// # Errors
    /// As [`Background::comoving_distance`].
    pub fn luminosity_distance(&self, redshift: f64) -> Result<R, SkyError> {
        Ok(self.transverse(self.comoving_distance(redshift)?) * (1.0 + redshift))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matter_only(omega_k: f64) -> Background {
        let mut universe = Cosmology::flat([0.95 - omega_k, 0.05, 0.8, 0.7, 0.96, -1.0]);
        universe.omega_k = omega_k;
        Background::new(&universe).unwrap()
    }

    #[test]
    fn matter_alone_has_the_distances_of_einstein_and_de_sitter() {
        let background = matter_only(0.0);
        for redshift in [0.01, 0.5, 3.0, 1000.0] {
            let exact = 2.0 * HUBBLE_DISTANCE * (1.0 - 1.0 / (1.0_f64 + redshift).sqrt());
            let found = background.comoving_distance(redshift).unwrap();
            assert!((found / exact - 1.0).abs() < 1e-11, "{redshift}: {found} {exact}");
        }
    }

    #[test]
    fn matter_and_curvature_have_the_distance_of_mattig() {
        for omega_k in [0.4, 0.01, -0.3] {
            let background = matter_only(omega_k);
            let omega = 1.0 - omega_k;
            for redshift in [0.1_f64, 1.0, 5.0] {
                // Mattig (1958)
                let root = (1.0 + omega * redshift).sqrt();
                let exact = 2.0 * HUBBLE_DISTANCE * (omega * redshift + (omega - 2.0) * (root - 1.0))
                    / (omega * omega * (1.0 + redshift));
                let chi = background.comoving_distance(redshift).unwrap();
                assert!((background.transverse(chi) / exact - 1.0).abs() < 1e-10);
            }
        }
    }

    #[test]
    fn an_empty_past_is_refused() {
        let mut universe = Cosmology::lsst_y10();
        universe.omega_k = -1.2;
        assert!(matches!(Background::new(&universe), Err(SkyError::Expansion { .. })));
        let background = Background::new(&Cosmology::lsst_y10()).unwrap();
        assert!(background.comoving_distance(-0.5).is_err());
        assert!(background.comoving_distance(f64::NAN).is_err());
        assert_eq!(background.comoving_distance(0.0), Ok(0.0));
    }

    #[test]
    fn the_slope_of_the_expansion_is_its_derivative() {
        let mut universe = Cosmology::lsst_y10();
        (universe.w_0, universe.w_a, universe.omega_k) = (-0.8, 0.3, 0.05);
        universe.radiation = crate::Radiation::Massless { neutrinos: 3.044 };
        let background = Background::new(&universe).unwrap();
        for a in [1e-4_f64, 0.1, 0.6, 1.0] {
            let ln_e = |log_a: f64| 0.5 * background.expansion_squared(log_a.exp()).ln();
            let slope = (ln_e(a.ln() + 1e-4) - ln_e(a.ln() - 1e-4)) / 2e-4;
            assert!((background.expansion_slope(a) - slope).abs() < 1e-7);
        }
    }
}
