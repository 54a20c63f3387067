//! Normalisation over groups of channels with modulation and SiLU.

mod layout;
mod slices;
mod statistics;
mod sweeps;
#[cfg(test)]
mod tests;

pub use layout::Layout;
pub use slices::{Gradients, Parameters, backward, forward};
