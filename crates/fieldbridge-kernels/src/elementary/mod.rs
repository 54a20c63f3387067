//! Elementary functions of vectors of single-precision numbers.
//!
//! Each takes one vector of whatever instructions are in use, so that kernels inline them; [`slice`] applies them to
//! slices. Errors are bounds measured against double precision in units in the last place (ulp), over values spread
//! through all exponents of both signs; the tests hold them.
//!
//! | function | largest error in ulp |
//! |---|---|
//! | `exp` | 1.01 |
//! | `ln` | 0.9 |
//!
//! All give what IEEE 754 asks at infinities and domain edges, round results below the normal range gradually, and pass
//! NaN on.

mod exp;
mod ln;
mod polynomial;
pub mod slice;
#[cfg(test)]
mod sweep;

pub(crate) use exp::exp;
pub(crate) use ln::ln;
