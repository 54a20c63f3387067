//! Elementary functions of vectors of single-precision numbers.
//!
//! Each takes one vector of whatever instructions are in use, so that kernels inline them; [`slice`](mod@slice) applies them to
//! slices. Errors are bounds measured against double precision in units in the last place (ulp), over values spread
//! through all exponents of both signs; the tests hold them.
//!
//! | function | largest error in ulp |
//! |---|---|
//! | `exp` | 1.01 |
//! | `ln` | 0.9 |
//! | `tanh` | 1.6 |
//! | `erf` | 1.8 |
//! | `sigmoid` | 2.4 |
//! | `softplus` | 1.8 |
//!
//! All give what IEEE 754 asks at infinities and domain edges, round results below the normal range gradually, and pass
//! NaN on.

mod erf;
mod exp;
mod ln;
mod oscillation;
mod polynomial;
mod sigmoid;
pub mod slice;
mod softplus;
#[cfg(test)]
pub(crate) mod sweep;
mod tanh;

pub(crate) use erf::erf;
pub(crate) use exp::exp;
pub(crate) use ln::ln;
pub use oscillation::sine_and_cosine;
pub(crate) use polynomial::polynomial;
pub(crate) use sigmoid::sigmoid;
pub(crate) use softplus::softplus;
pub(crate) use tanh::tanh;
