//! Distances between two sets of points: how far is what a model draws from the truth?
//!
//! A [`Distance`] takes a *reference* (draws of the truth) and a *sample* (draws of a model), both [`Points`] of the same
//! dimension `d`, and gives one number:
//!
//! | distance | value | at equality |
//! |---|---|---|
//! | [`SlicedWasserstein`] | `(mean over directions u of W2(u.x, u.y)^2)^(1/2)` | 0 |
//! | [`Wasserstein`] | `(min over couplings of E\|x - y\|^2)^(1/2)` | 0 |
//! | [`Sinkhorn`] | `OT_e(a, b) - OT_e(a, a)/2 - OT_e(b, b)/2` | 0 |
//! | [`MaximumMeanDiscrepancy`] | `E k(x, x') + E k(y, y') - 2 E k(x, y)` | 0 |
//! | [`Frechet`] | `\|m_a - m_b\|^2 + tr(A + B - 2 (A^(1/2) B A^(1/2))^(1/2))` | 0 |
//! | [`ClassifierTest`] | accuracy of a network that tells them apart | 1/2 |
//! | [`NeighbourTest`] | the same of nearest neighbours | 1/2 |
//! | [`Coverage`] | share of the reference with a sample point near | `1 - 2^-k`, nearly |
//! | [`Density`] | neighbourhoods of the reference a sample point lies in, over `k` | 1 |
//!
//! No finite sample of the truth is at distance zero from another, so a value alone says little. [`compare`] puts beside
//! it its standard error and the *floor*: the same distance between two parts of the reference, of as many rows.
//!
//! ```
//! use fieldbridge::check::distance::{CompareSettings, Points, Wasserstein, compare};
//! use fieldbridge::random::Stream;
//!
//! let normals = |index, rows: usize| -> Vec<f64> {
//!     Stream::new(1, "points", index).normals(2 * rows).into_iter().map(f64::from).collect()
//! };
//! let reference = Points::new("reference", &normals(0, 400), 2)?;
//! let moved: Vec<f64> = normals(1, 200).iter().map(|x| x + 1.0).collect();
//! let sample = Points::new("sample", &moved, 2)?;
//! let found = compare(&Wasserstein, &reference, &sample, &CompareSettings::default(), &|| ())?;
//! // the truth is sqrt(2)
//! assert!(found.excess().unwrap() > 10.0 && (found.value - 2_f64.sqrt()).abs() < 0.3);
//! # Ok::<(), fieldbridge::check::CheckError>(())
//! ```

mod classifier;
mod compare;
mod frechet;
mod half_sampling;
mod kind;
mod maximum_mean_discrepancy;
mod neighbour_test;
mod neighbourhood;
mod pairs;
mod perceptron;
mod points;
mod sinkhorn;
mod sliced_wasserstein;
mod symmetric_eigen;
mod wasserstein;

use super::error::CheckError;
use super::point::Estimate;
use crate::random::Stream;

pub use classifier::ClassifierTest;
pub use compare::{CompareSettings, Comparison, compare};
pub use frechet::Frechet;
pub use kind::DistanceKind;
pub use maximum_mean_discrepancy::{Bandwidth, MaximumMeanDiscrepancy, median_distance};
pub use neighbour_test::NeighbourTest;
pub use neighbourhood::{Coverage, Density};
pub use points::Points;
pub use sinkhorn::{Regularisation, Sinkhorn};
pub use sliced_wasserstein::SlicedWasserstein;
pub use wasserstein::Wasserstein;

/// A number that says how far two sets of points are apart.
pub trait Distance: Send + Sync + std::fmt::Debug {
    /// The value. The same points and stream give the same bytes, in any order of rows and with any number of threads.
    ///
    /// # Errors
    /// Sets of different dimension, or with too few rows ([`CheckError::TooFew`]).
    fn between(&self, reference: &Points, sample: &Points, stream: &Stream) -> Result<f64, CheckError>;

    /// The value and its standard error: how it would scatter over other draws of as many rows.
    ///
    /// By default the spread over `resamples` [half samples](https://doi.org/10.1214/aos/1176347263): the value between
    /// halves drawn without replacement from both sets (Shao and Wu 1989, Annals of Statistics 17, 1176). For a smooth
    /// statistic the halves of `n` points scatter by `s^2 (2/n - 1/n) = s^2/n`, as the whole does. The bootstrap with
    /// replacement would put the same point in a sample twice, which nearest neighbours and couplings take for structure.
    /// Halves have neighbours of their own, so for statistics of nearest neighbours it may be too large, at most by `sqrt(2)`.
    ///
    /// # Errors
    /// As [`Distance::between`] for half as many rows; fewer than two resamples.
    fn estimate(
        &self,
        reference: &Points,
        sample: &Points,
        resamples: usize,
        stream: &Stream,
    ) -> Result<Estimate, CheckError> {
        let value = self.between(reference, sample, stream)?;
        let standard_error = half_sampling::standard_error(self, reference, sample, resamples, stream)?;
        Ok(Estimate { value, standard_error })
    }
}

/// Refuses sets that cannot be compared.
fn require_comparable(reference: &Points, sample: &Points, least_rows: usize) -> Result<(), CheckError> {
    if reference.dimension() != sample.dimension() {
        return Err(CheckError::DimensionMismatch {
            reference: reference.dimension(),
            sample: sample.dimension(),
        });
    }
    super::error::require_count("rows of the reference", least_rows, reference.rows())?;
    super::error::require_count("rows of the sample", least_rows, sample.rows())
}
