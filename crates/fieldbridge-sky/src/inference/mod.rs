//! The posterior of all of a convergence map and of the universe, given a noisy map.
//!
//! [`FieldPosterior`] is the joint density of the parameters and the white noise of every mode, with its gradient by the
//! adjoint of the forward model. Its coordinates are chosen so that it is nearly a unit normal; see there.
//! [`exact_gaussian`] is the same posterior in closed form, of Gaussian fields. [`SpectrumPosterior`] is the posterior of the
//! parameters that a Gaussian field would have: a place to start from, and what power spectra alone say. [`WienerFilter`] is the
//! best linear estimate of the maps in one universe, and [`ThirdMoments`] summarise what filtered maps have beside their spectra.

mod block;
mod dense;
pub mod exact_gaussian;
mod field_posterior;
mod mode_blocks;
mod mode_filter;
mod observation;
mod sampled_parameters;
mod signal;
mod spectrum_moments;
mod spectrum_posterior;
#[cfg(test)]
mod tests;
mod third_moments;
mod wiener;

pub use field_posterior::{FieldPosterior, Point};
pub use observation::Observation;
pub use sampled_parameters::SampledParameters;
pub use spectrum_moments::SpectrumMoments;
pub use spectrum_posterior::{Peak, SpectrumPosterior};
pub use third_moments::ThirdMoments;
pub use wiener::WienerFilter;
