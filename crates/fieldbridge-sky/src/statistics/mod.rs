//! What maps are summarised by.

mod band_powers;

pub use band_powers::{BandPowers, PixelWindow};
