//! Bridges between two probability distributions: trained, sampled, and asked for a log-density.
//!
//! A **bridge** carries a *base* distribution to the *data*. See [`bridge`] for the five nouns that describe one, and
//! [`model`] for a trained one in the units of its user.

mod angle;
pub mod base;
pub mod bridge;
pub mod check;
pub mod coupling;
pub mod data;
#[cfg(test)]
mod determinant;
pub mod device;
pub mod error;
pub mod infer;
pub mod likelihood;
pub mod model;
pub mod network;
pub mod path;
pub mod random;
pub mod recipe;
pub mod solver;
pub mod threads;
pub mod train;
pub mod transform;

pub use error::Error;
