//! Zarr, version 3: a folder of arrays that grow along their first axis, which `xarray` and `zarr` of Python open.
//!
//! Only what a set of simulations needs: arrays of numbers or text, cut into chunks along the first axis alone, without
//! compression, each chunk one file that appears whole or not at all. A chunk that is not there reads as not a number, so a
//! store is valid while it grows, and what is there tells what is left to do.

mod array;
mod metadata;
mod store;
#[cfg(test)]
mod tests;

pub use array::{ZarrArray, ZarrKind};
pub use store::ZarrStore;
