//! What a training reads its rows from.

use crate::bridge::Rows;
use crate::data::{Dataset, Part};
use crate::error::Error;
use crate::random::Stream;

/// Rows to learn from, divided into parts.
pub trait TrainingRows: Sync {
    /// Places of the rows of a part.
    fn places(&self, part: Part) -> Vec<usize>;

    /// Row of the source behind a place.
    fn source_row(&self, place: usize) -> usize;

    /// The rows at these places, in this order: always the same.
    ///
    /// # Errors
    /// When they cannot be read.
    fn gather(&self, places: &[usize]) -> Result<Rows, Error>;

    /// The rows at these places for one step of training, with what chance there is in them drawn from the stream: noise
    /// of an observation, a symmetry. `epoch` says how often all rows were passed before. The rows themselves where there is no chance.
    ///
    /// # Errors
    /// When they cannot be read.
    fn fresh(&self, places: &[usize], _epoch: usize, _stream: &Stream) -> Result<Rows, Error> {
        self.gather(places)
    }
}

impl TrainingRows for Dataset {
    fn places(&self, part: Part) -> Vec<usize> {
        Self::places(self, part)
    }

    fn source_row(&self, place: usize) -> usize {
        Self::source_row(self, place)
    }

    fn gather(&self, places: &[usize]) -> Result<Rows, Error> {
        Self::gather(self, places)
    }
}
