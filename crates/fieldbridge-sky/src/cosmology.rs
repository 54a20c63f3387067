//! The parameters of a universe, checked.

use crate::constants::{NEUTRINO_TO_PHOTON, PHOTON_DENSITY_AT_ONE_KELVIN, TEMPERATURE_CMB};
use crate::{Dual, Real, SkyError};

/// Names of the parameters derivatives are taken by, in this order.
pub const PARAMETERS: [&str; 6] = ["omega_c", "omega_b", "sigma_8", "h_0", "n_s", "w_0"];

/// Whether photons and neutrinos take part in the expansion.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Radiation {
    /// Matter, curvature and dark energy only.
    Neglected,
    /// Photons of the given temperature and massless neutrinos.
    Massless {
        /// Effective number of neutrino species, 3.044 in the standard model.
        neutrinos: f64,
    },
}

/// A homogeneous universe and the amplitude and slope of its fluctuations. Densities are fractions of the critical
/// density today; what is missing to one is dark energy with `w(a) = w_0 + w_a (1 - a)` (Chevallier and Polarski 2001,
/// Linder 2003).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cosmology<R = f64> {
    /// Cold dark matter.
    pub omega_c: R,
    /// Baryons.
    pub omega_b: R,
    /// Deviation of the linear density in spheres of 8 Mpc/h today.
    pub sigma_8: R,
    /// Hubble constant over 100 km/s/Mpc.
    pub h: R,
    /// Spectral index of the primordial fluctuations.
    pub n_s: R,
    /// Equation of state of dark energy today.
    pub w_0: R,
    /// Its change with the scale factor.
    pub w_a: R,
    /// Curvature; positive is open.
    pub omega_k: R,
    /// Temperature of the microwave background, K. It sets the scales of the transfer function.
    pub temperature_cmb: f64,
    /// Whether radiation expands the universe.
    pub radiation: Radiation,
}

impl<R: Real> Cosmology<R> {
    /// A flat universe of the six parameters in the order of [`PARAMETERS`], without radiation.
    #[must_use]
    pub fn flat([omega_c, omega_b, sigma_8, h, n_s, w_0]: [R; 6]) -> Self {
        let zero = R::from(0.0);
        Self {
            omega_c,
            omega_b,
            sigma_8,
            h,
            n_s,
            w_0,
            w_a: zero,
            omega_k: zero,
            temperature_cmb: TEMPERATURE_CMB,
            radiation: Radiation::Neglected,
        }
    }

    /// All matter.
    pub fn omega_m(&self) -> R {
        self.omega_c + self.omega_b
    }

    /// Photons and massless neutrinos.
    pub fn omega_r(&self) -> R {
        match self.radiation {
            Radiation::Neglected => R::from(0.0),
            Radiation::Massless { neutrinos } => {
                let photons = PHOTON_DENSITY_AT_ONE_KELVIN * self.temperature_cmb.powi(4);
                self.h.square().recip() * (photons * (1.0 + NEUTRINO_TO_PHOTON * neutrinos))
            }
        }
    }

    /// Dark energy: what is missing to one.
    pub fn omega_de(&self) -> R {
        -(self.omega_m() + self.omega_k + self.omega_r()) + 1.0
    }

    /// Refuses what the formulas cannot describe.
    ///
    /// # Errors
    /// [`SkyError::Parameter`] for the first parameter at fault.
    pub fn check(&self) -> Result<(), SkyError> {
        let parameter = |name, value: f64, expected, hint| SkyError::Parameter {
            name,
            value,
            expected,
            hint,
        };
        let finite = [
            ("omega_c", self.omega_c),
            ("omega_b", self.omega_b),
            ("sigma_8", self.sigma_8),
            ("h_0", self.h),
            ("n_s", self.n_s),
            ("w_0", self.w_0),
            ("w_a", self.w_a),
            ("omega_k", self.omega_k),
        ];
        for (name, number) in finite {
            if !number.value().is_finite() {
                return Err(parameter(
                    name,
                    number.value(),
                    "a finite number",
                    "look at what computed it",
                ));
            }
        }
        let positive = [
            ("omega_c", self.omega_c.value(), "cut its prior at zero"),
            (
                "omega_b",
                self.omega_b.value(),
                "the transfer function needs baryons; cut its prior at zero",
            ),
            ("sigma_8", self.sigma_8.value(), "it is a standard deviation"),
            ("h_0", self.h.value(), "it is in units of 100 km/s/Mpc, near 0.7"),
            ("temperature_cmb", self.temperature_cmb, "it is in kelvin, near 2.7255"),
        ];
        for (name, value, hint) in positive {
            if value <= 0.0 || value.is_nan() {
                return Err(parameter(name, value, "a positive number", hint));
            }
        }
        if self.h.value() > 10.0 {
            let hint = "it is in units of 100 km/s/Mpc, near 0.7";
            return Err(parameter("h_0", self.h.value(), "less than 10", hint));
        }
        let early = self.w_0.value() + self.w_a.value();
        if early >= 0.0 {
            let hint = "dark energy would not fade into the past and there would be no matter era to start growth from";
            return Err(parameter("w_0 + w_a", early, "a negative number", hint));
        }
        if let Radiation::Massless { neutrinos } = self.radiation
            && !(0.0..100.0).contains(&neutrinos)
        {
            return Err(parameter(
                "neutrinos",
                neutrinos,
                "a number of species from 0",
                "the standard model has 3.044",
            ));
        }
        Ok(())
    }
}

impl Cosmology<f64> {
    /// The fiducial universe of the LSST year 10 mock of `sbi_lens` (Zeghal et al. 2024, arXiv:2409.17975).
    #[must_use]
    pub fn lsst_y10() -> Self {
        Self::flat([0.2664, 0.0492, 0.831, 0.6727, 0.9645, -1.0])
    }

    /// The six parameters of [`PARAMETERS`].
    #[must_use]
    pub fn parameters(&self) -> [f64; 6] {
        [self.omega_c, self.omega_b, self.sigma_8, self.h, self.n_s, self.w_0]
    }

    /// The same universe, with derivatives by the six [`PARAMETERS`].
    #[must_use]
    pub fn with_derivatives(&self) -> Cosmology<Dual<6>> {
        let values = self.parameters();
        Cosmology {
            w_a: self.w_a.into(),
            omega_k: self.omega_k.into(),
            temperature_cmb: self.temperature_cmb,
            radiation: self.radiation,
            ..Cosmology::flat(std::array::from_fn(|index| Dual::parameter(values[index], index)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn densities_add_to_one() {
        let mut universe = Cosmology::lsst_y10();
        universe.omega_k = 0.02;
        universe.radiation = Radiation::Massless { neutrinos: 3.044 };
        let sum = universe.omega_m() + universe.omega_r() + universe.omega_k + universe.omega_de();
        assert!((sum - 1.0).abs() < 1e-15);
        // Omega_gamma h^2 = 2.473e-5 at 2.7255 K (Review of Particle Physics)
        universe.radiation = Radiation::Massless { neutrinos: 0.0 };
        assert!((universe.omega_r() * universe.h * universe.h / 2.473e-5 - 1.0).abs() < 2e-4);
    }

    #[test]
    fn each_impossible_parameter_is_named() {
        type Change = fn(&mut Cosmology);
        let cases: [(&str, Change); 9] = [
            ("omega_c", |u| u.omega_c = -0.1),
            ("omega_b", |u| u.omega_b = 0.0),
            ("sigma_8", |u| u.sigma_8 = -0.8),
            ("h_0", |u| u.h = 70.0),
            ("n_s", |u| u.n_s = f64::NAN),
            ("w_0", |u| u.w_0 = f64::INFINITY),
            ("w_0 + w_a", |u| u.w_a = 1.5),
            ("temperature_cmb", |u| u.temperature_cmb = 0.0),
            ("neutrinos", |u| u.radiation = Radiation::Massless { neutrinos: -1.0 }),
        ];
        assert_eq!(Cosmology::lsst_y10().check(), Ok(()));
        for (expected, change) in cases {
            let mut universe = Cosmology::lsst_y10();
            change(&mut universe);
            match universe.check() {
                Err(SkyError::Parameter { name, .. }) => assert_eq!(name, expected),
                other => panic!("{expected}: {other:?}"),
            }
        }
    }
}
