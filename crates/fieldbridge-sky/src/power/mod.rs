//! The power spectrum of matter.

pub(crate) mod eisenstein_hu;
pub(crate) mod halofit;
mod linear;
mod nonlinear_scale;
#[cfg(test)]
mod tests;

pub use eisenstein_hu::{EisensteinHu, EisensteinHuSmooth, TransferFunction};
pub use halofit::{Halofit, HalofitTerms, Nonlinearity};
pub use linear::LinearPower;
pub(crate) use linear::{top_hat, unnormalised};
pub(crate) use nonlinear_scale::filtered_moments;
pub use nonlinear_scale::{NonlinearScale, NonlinearScales};
