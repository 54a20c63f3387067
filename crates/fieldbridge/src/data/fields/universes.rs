//! Universes that are made when they are wanted.

use crate::error::Error;
use crate::random::Stream;

/// A universe with its maps.
#[derive(Clone, Debug, PartialEq)]
pub struct MadeUniverse {
    /// All parameters, in the order of the store of simulations.
    pub parameters: Vec<f64>,
    /// Convergence without noise, `[bin, row, column]`.
    pub convergence: Vec<f64>,
}

/// Makes universes of the law of the stored ones.
pub trait Universes: Send + Sync + std::fmt::Debug {
    /// The universe that a stream decides, the same whatever the thread.
    ///
    /// # Errors
    /// When the prior holds one that cannot be.
    fn make(&self, stream: &Stream) -> Result<MadeUniverse, Error>;
}
