//! Simulated surveys in a store that grows.

pub(crate) mod arrays;
pub(crate) mod making;
pub(crate) mod recipe;
pub(crate) mod summaries;
pub(crate) mod universes;
