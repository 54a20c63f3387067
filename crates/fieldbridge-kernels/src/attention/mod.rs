//! Scaled dot-product attention of several heads, forward and backward, without ever holding all scores.
//!
//! For each example and head, with queries `q`, keys `k` and values `v` of `width` components,
//!
//! ```text
//! o_i = sum over j of p_ij v_j,    p_ij = exp(q_i . k_j / sqrt(width)) / sum over l of exp(q_i . k_l / sqrt(width))
//! ```
//!
//! Queries are taken in panels and keys in blocks, with a running maximum and a running sum of the softmax (Rabe and
//! Staats 2021, arXiv:2112.05682; Dao et al. 2022, arXiv:2205.14135). The backward pass computes the scores again from
//! the logarithm of each row's sum. Options: queries and keys divided by their root mean square and multiplied with
//! learned weights (Henry et al. 2020, arXiv:2010.04245; Zhang and Sennrich 2019, arXiv:1910.07467), rotary positions
//! (Su et al. 2021, arXiv:2104.09864), and keys that do not exist.
//!
//! Each (example, head) is computed by one thread in one order, so results do not depend on the number of threads.

mod backward;
mod destination;
mod forward;
mod heads;
mod inputs;
mod panel;
mod power;
mod scratch;
mod tile;
mod transpose;

#[cfg(test)]
mod tests;

pub use backward::{WeightGradients, backward};
pub use destination::Destination;
pub use forward::forward;
pub use inputs::{Inputs, Normalisation, Rotation, Sizes, Source};
