//! One distance with its error and its floor.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::half_sampling::mean_and_spread;
use super::{Distance, Points, require_comparable};
use crate::check::error::{CheckError, require_count};
use crate::random::Stream;

/// How a comparison is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompareSettings {
    /// Most rows of each set, at least 4. The reference needs twice as many for its floor.
    pub rows: usize,
    /// Half samples for the standard error, at least 2.
    pub resamples: usize,
    /// Ways in which the reference is cut in two for the floor, at least 2.
    pub splits: usize,
    /// Seed of all choices.
    pub seed: u64,
}

impl Default for CompareSettings {
    fn default() -> Self {
        Self {
            rows: 1000,
            resamples: 20,
            splits: 10,
            seed: 1,
        }
    }
}

impl CompareSettings {
    /// Rows of each set that are compared: no more than asked for, nor than the sample and half the reference have.
    pub fn rows_of_each(&self, reference: &Points, sample: &Points) -> usize {
        self.rows.min(reference.rows() / 2).min(sample.rows())
    }
}

/// A distance between a reference and a sample, and what it is for two parts of the reference.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The distance between `rows` points of the reference and as many of the sample.
    pub value: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// The mean distance between two disjoint parts of the reference, each of `rows` points.
    pub floor: f64,
    /// The standard deviation of that distance over the ways to cut: the scatter of a value when there is no difference.
    pub floor_spread: f64,
    /// Points on either side.
    pub rows: usize,
}

impl Comparison {
    /// `(value - floor) / floor_spread`: how many standard deviations of a pair of true samples the value is off. For
    /// [`Coverage`](super::Coverage), which falls when samples differ, it is negative then. None when the floor does not
    /// scatter.
    pub fn excess(&self) -> Option<f64> {
        let excess = (self.value - self.floor) / self.floor_spread;
        excess.is_finite().then_some(excess)
    }
}

/// Compares a sample with a reference: value, error and floor. Both sides have the same number of rows in all of them, for
/// most distances depend on it. `told` is called after the value and after each part of the floor.
///
/// # Errors
/// Sets of different dimension or with too few rows for the distance; fewer than two resamples or splits.
pub fn compare(
    distance: &dyn Distance,
    reference: &Points,
    sample: &Points,
    settings: &CompareSettings,
    told: &(dyn Fn() + Sync),
) -> Result<Comparison, CheckError> {
    require_comparable(reference, sample, 2)?;
    require_count(
        "rows of the reference, halves of which are compared,",
        8,
        reference.rows(),
    )?;
    require_count("rows of the sample, halves of which are compared,", 4, sample.rows())?;
    require_count("rows of each set to compare", 4, settings.rows)?;
    require_count("splits of the reference", 2, settings.splits)?;
    let rows = settings.rows_of_each(reference, sample);
    let stream = Stream::new(settings.seed, "distance", 0);
    let chosen = stream.child("sample", 0).permutation(sample.rows());
    let cut = |split: usize| {
        let order = stream.child("split", split as u64).permutation(reference.rows());
        let part = |range: std::ops::Range<usize>| reference.choose(&order[range]);
        (part(0..rows), part(rows..2 * rows))
    };
    let estimate = distance.estimate(&cut(0).0, &sample.choose(&chosen[..rows]), settings.resamples, &stream)?;
    told();
    let floors = (0..settings.splits)
        .into_par_iter()
        .map(|split| {
            let (one, other) = cut(split);
            let value = distance.between(&one, &other, &stream);
            told();
            value
        })
        .collect::<Result<Vec<f64>, _>>()?;
    let (floor, floor_spread) = mean_and_spread(&floors);
    Ok(Comparison {
        value: estimate.value,
        standard_error: estimate.standard_error,
        floor,
        floor_spread,
        rows,
    })
}
