//! Correlated Gaussian and log-normal maps of tomographic bins on a flat, periodic, square patch of sky.
//!
//! White noise `h_j(k)`, one number of unit variance for each bin and mode, becomes
//! `g_i(x) = sum_k sum_j A_ij(k) h_j(k) cas(k x)`, with `cas = cos + sin` and `A A^T = P(k)` the covariance of the bins in
//! that mode (Hartley's transform: real and its own transpose). A Gaussian field has `P = C(l) / area`; a log-normal one is
//! `kappa_i = lambda_i (e^(g_i - v_i/2) - 1)`, and `P` comes from `ln(1 + xi_ij / (lambda_i lambda_j))`, with `xi` the
//! correlation function that `C(l)` has on the pixels (Coles and Jones 1991; Xavier, Abdalla and Joachimi 2016,
//! arXiv:1602.08503). Derivatives go the way back: [`LensingField::pull_back`].

mod adjoint;
mod amplitude;
mod even;
mod hartley;
mod lensing;
mod lognormal;
mod patch;
mod root;
mod shifts;
#[cfg(test)]
pub(crate) mod tests;

pub use adjoint::FieldGradient;
pub use amplitude::Amplitudes;
pub use hartley::HartleyTransform;
pub use lensing::{LensingField, Maps, Universe};
pub(crate) use patch::Octant;
pub use patch::Patch;
pub(crate) use root::triangle;
pub use shifts::Shifts;

/// The distribution of the maps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Law {
    /// Gaussian.
    Gaussian,
    /// `kappa = lambda (e^(g - v/2) - 1)` of a Gaussian `g`.
    #[default]
    LogNormal,
}

/// What is done where there is a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Convention {
    /// The maps have the wanted spectra, exactly, in all modes but that of the mean: `P` of a log-normal field is found with
    /// the variance of the mean that makes `g` have none, and `v` is the variance of `g` over all maps. Where straight
    /// spectra would need correlations no field can have, cross-spectra are lowered by the smallest common factor.
    #[default]
    SelfConsistent,
    /// As `sbi_lens` makes them: spectra are straight lines between multiples of the fundamental mode, the mean of `g` is
    /// dropped, spectra below zero change their sign, negative eigenvalues of `P` are cut, and `v` is the variance of each
    /// map itself.
    SbiLens,
}
