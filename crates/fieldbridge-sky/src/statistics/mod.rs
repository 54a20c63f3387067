//! What maps are summarised by. Maps are square planes of a [`Patch`](crate::field::Patch), `[row, column]`, last index
//! fastest.

mod band_powers;
mod bispectrum;
mod minkowski;
mod one_point;
mod peaks;
#[cfg(test)]
mod tests;
mod waves;

pub use band_powers::{BandPowers, PixelWindow};
pub use bispectrum::EquilateralBispectrum;
pub use minkowski::{Minkowski, MinkowskiFunctionals};
pub use one_point::{Moments, histogram, moments};
pub use peaks::peak_counts;
pub use waves::Waves;
