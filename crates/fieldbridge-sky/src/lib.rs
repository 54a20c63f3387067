//! Forward models of the sky: from cosmological parameters to the power spectra and maps of weak lensing.
//!
//! All in double precision, distances in Mpc/h, wave numbers in h/Mpc, power in (Mpc/h)^3, angles and multipoles as named.
//! Everything is computed for any [`Real`] number: with [`Dual`] numbers exact derivatives by the cosmological parameters
//! come out beside the values.
//!
//! | module | what |
//! |---|---|
//! | [`cosmology`] | the parameters of a universe, checked |
//! | [`background`] | expansion and distances |
//! | [`growth`] | linear growth |
//! | [`power`] | transfer functions, the linear power spectrum, halofit |
//! | [`redshift_distribution`] | sources and tomographic bins |
//! | [`lensing`] | angular power spectra and shape noise |
//! | [`lognormal_shift`] | shifts of log-normal fields |
//! | [`field`] | Gaussian and log-normal maps |
//! | [`survey`] | shear, noise, masks and edges |
//! | [`statistics`] | summaries of maps |
//! | [`inference`] | the posterior of maps and universe |
//!
//! [`LensingSpectra`] is where to start for spectra, [`field::LensingField`] for maps and [`Simulator`] for simulated surveys.

pub mod background;
pub mod constants;
pub mod cosmology;
mod dual;
mod error;
pub mod field;
pub mod growth;
pub mod inference;
mod interpolation;
pub mod lensing;
pub mod lognormal_shift;
pub mod power;
mod prior;
mod quadrature;
mod real;
pub mod redshift_distribution;
mod simulation;
pub mod statistics;
pub mod survey;

pub use background::Background;
pub use cosmology::{Cosmology, PARAMETERS, Radiation};
pub use dual::Dual;
pub use error::SkyError;
pub use growth::Growth;
pub use lensing::{AngularSpectra, LensingSpectra, Scheme, Settings, Transfer, pixel_noise, shape_noise};
pub use lognormal_shift::{ShiftReading, ShiftTable};
pub use power::{EisensteinHu, EisensteinHuSmooth, Halofit, LinearPower, Nonlinearity, TransferFunction};
pub use prior::{Prior, Priors};
pub use real::Real;
pub use redshift_distribution::{
    PhotometricBin, RedshiftDistribution, Smail, TabulatedRedshifts, TomographicBin, equal_count_bins,
    equal_count_edges,
};
pub use simulation::{Simulation, Simulator};
