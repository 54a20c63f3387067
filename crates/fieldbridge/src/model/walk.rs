//! Draws on their way from base to data, in the user's units.

use super::Model;
use super::density::shifted;
use super::draw::{Questions, in_chunks};
use crate::data::Encoded;
use crate::error::Error;

/// Where draws are at one time.
#[derive(Clone, Debug, PartialEq)]
pub struct Passed {
    /// When, from 0 (base) to 1 (data).
    pub time: f64,
    /// Where: `draws * D` numbers in the units of the target. At time 0 a point of the base, which has no units, is the
    /// point of the target it stands for.
    pub points: Vec<f64>,
}

impl Model {
    /// The draws of [`Model::sample`] on their way, as [`Bridge::on_the_way`](crate::bridge::Bridge::on_the_way) tells it:
    /// ascending times, at the last of which they are draws.
    ///
    /// # Errors
    /// [`Error::Solver`] when a walk does not arrive.
    ///
    /// # Panics
    /// When the model is conditional; use [`Model::walk_given`].
    pub fn walk(&self, count: usize, seed: u64, pieces: usize) -> Result<Vec<Passed>, Error> {
        self.walks(count, pieces, 1, |between| self.unconditional(seed, between))
    }

    /// The draws of [`Model::posterior`] on their way.
    ///
    /// # Errors
    /// [`Error::Solver`] when a walk does not arrive.
    pub fn walk_given(&self, encoded: &Encoded, each: usize, seed: u64, pieces: usize) -> Result<Vec<Passed>, Error> {
        let count = encoded.rows.count * each;
        self.walks(count, pieces, each, |between| self.given(encoded, each, seed, between))
    }

    fn walks(
        &self,
        count: usize,
        pieces: usize,
        each: usize,
        questions: impl Fn((usize, usize)) -> Questions + Sync + Send,
    ) -> Result<Vec<Passed>, Error> {
        let parts = in_chunks(count, |start, end| {
            self.by_member(&questions((start, end)), |weights, base, context, streams| {
                self.bridge.on_the_way(weights, base, context, streams, pieces)
            })
            .map_err(|error| shifted(error, start / each))
        });
        let mut all: Vec<Passed> = Vec::new();
        for part in parts {
            let part = part?;
            if all.is_empty() {
                all = part;
                continue;
            }
            for (whole, more) in all.iter_mut().zip(part) {
                whole.points.extend(more.points);
            }
        }
        Ok(all)
    }
}
