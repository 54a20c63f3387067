//! Universes that are made when they are wanted.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

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

/// The last universe of each place, scaled, with its number. What is not there is made again.
type Kept = HashMap<usize, (usize, Arc<Vec<f32>>)>;

/// Training rows that become other universes as training goes on.
///
/// The universe of a row is decided by the seed, its place and how often it was renewed, so that a training that was stopped goes on
/// with the same ones. Rows take turns: an `every`-th of them is renewed in each epoch.
#[derive(Debug)]
pub struct Renewal {
    universes: Box<dyn Universes>,
    every: usize,
    seed: u64,
    kept: Mutex<Kept>,
}

impl Renewal {
    /// Universes that are used `every` times.
    pub fn new(universes: Box<dyn Universes>, every: usize, seed: u64) -> Self {
        Self {
            universes,
            every: every.max(1),
            seed,
            kept: Mutex::default(),
        }
    }

    /// The universe of a place in an epoch, as `scale` makes it.
    pub(super) fn row(
        &self,
        place: usize,
        epoch: usize,
        scale: impl FnOnce(&MadeUniverse) -> Result<Vec<f32>, Error>,
    ) -> Result<Arc<Vec<f32>>, Error> {
        let number = (epoch + place % self.every) / self.every;
        let kept = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, row)) = kept().get(&place).filter(|(own, _)| *own == number) {
            return Ok(Arc::clone(row));
        }
        let stream = Stream::new(self.seed, "new universe", place as u64).child("number", number as u64);
        let row = Arc::new(scale(&self.universes.make(&stream)?)?);
        if self.every > 1 {
            kept().insert(place, (number, Arc::clone(&row)));
        }
        Ok(row)
    }
}
