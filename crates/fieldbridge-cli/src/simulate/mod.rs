//! Simulated surveys in a store that grows.

pub(crate) mod arrays;
pub(crate) mod making;
mod priors;
pub(crate) mod recipe;
pub(crate) mod simulator;
pub(crate) mod summaries;
mod survey;
pub(crate) mod universes;
