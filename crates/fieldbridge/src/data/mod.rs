//! From catalogues to rows a bridge can learn from, and back to the user's units.
//!
//! A [`DataRecipe`] says which columns are learned ([`TargetRecipe`]) and which are conditioned on
//! ([`ModalityRecipe`]). [`Scaling`] is what was fitted to the training rows: bijections for bounded columns, means and
//! deviations; it is stored with the model and every density includes its Jacobian. [`Dataset`] holds the encoded rows,
//! in memory or on disk. Rows may also be drawn from a distribution whose density is [`known`].

mod base_points;
mod cholesky;
mod columns;
mod dataset;
pub mod fields;
mod fingerprint;
pub mod known;
mod modality;
mod recipe;
mod report;
mod rows;
mod scaling;
mod source;
mod split;
mod target;

pub use base_points::base_points;
pub use dataset::Dataset;
pub use fingerprint::fingerprint;
pub use modality::ModalityScaling;
pub use recipe::{Bounds, DataRecipe, MapScale, ModalityRecipe, ModalityScale, TargetRecipe, TargetScale};
pub use report::{ColumnReport, DataReport};
pub use rows::RowStore;
pub use scaling::{Encoded, Scaling};
pub use split::{Part, Split};
pub use target::TargetScaling;

#[cfg(test)]
mod tests;
