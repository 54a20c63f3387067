//! Constants, with units. Lengths are in Mpc/h unless said otherwise.

/// Hubble distance `c / H0`, Mpc/h.
pub const HUBBLE_DISTANCE: f64 = 2_997.924_58;

/// Square arc minutes in a steradian.
pub const ARCMIN2_PER_STERADIAN: f64 = 10_800.0 * 10_800.0 / (std::f64::consts::PI * std::f64::consts::PI);

/// Temperature of the cosmic microwave background, K (Fixsen 2009, arXiv:0911.1955).
pub const TEMPERATURE_CMB: f64 = 2.7255;

/// `Omega_gamma h^2` of black-body photons at 1 K: `4 sigma_SB / c^3` over the critical density for h = 1 (CODATA 2018).
pub const PHOTON_DENSITY_AT_ONE_KELVIN: f64 = 4.481_62e-7;

/// Density of one species of massless neutrinos over that of photons, `7/8 (4/11)^(4/3)`.
pub const NEUTRINO_TO_PHOTON: f64 = 0.227_107_317_660_239;
