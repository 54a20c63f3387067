//! Simulated fields as data: parameters and maps to learn, and what is observed of the maps to condition on.
//!
//! A data point is `[parameters, maps]`, the maps place by place in row-major order with a number for each tomographic bin;
//! the context is the observed map in the same order, or what an [`ObservationRecipe`] makes of it: shear, and masks with holes.
//! [`FieldSimulations`] reads a store that `fieldbridge simulate` made,
//! [`FieldDataset`] divides and scales it, makes the noise of training rows anew at every use and moves them by the
//! [symmetries](PatchSymmetry) of the periodic patch, under which the law of the fields does not change. Where a network
//! [reads](crate::network::Reading) the observation, a data point is the parameters alone.

mod dataset;
mod encoding;
mod logarithm;
mod mask;
mod observation;
mod observing;
mod plane;
mod scaling;
mod shear;
mod shift_fit;
mod simulations;
mod symmetry;
#[cfg(test)]
mod tests;
mod universes;
mod waves;

pub use dataset::FieldDataset;
pub use logarithm::ShiftedLogarithm;
pub use mask::MaskRecipe;
pub use observation::{Observable, ObservationRecipe};
pub use scaling::{FieldGeometry, FieldScaling};
pub use shear::KaiserSquires;
pub use simulations::FieldSimulations;
pub use symmetry::PatchSymmetry;
pub use universes::{MadeUniverse, Renewal, Universes};
pub use waves::WaveScaling;
