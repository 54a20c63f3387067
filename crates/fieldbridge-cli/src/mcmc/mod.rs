//! Field-level Markov chains of a survey: what is observed, what is sampled, and what is written about it.

mod maps;
pub(crate) mod observation;
pub(crate) mod outputs;
pub(crate) mod page;
pub(crate) mod target;
