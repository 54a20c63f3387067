//! Posteriors: what is known of the parameters of a model once there are data.

pub mod markov_chain;
