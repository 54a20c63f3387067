//! Checks of posteriors against held-out truths: are they calibrated, and how good are they?
//!
//! Everything here is plain `f64` arithmetic on the host; it knows nothing of the bridge that made the posteriors.
//! The way from posteriors to a verdict:
//!
//! 1. **Ranks.** [`pit_values`] ranks each truth among the draws of its posterior ([`Draws`], shape
//!    `[rows, draws, parameters]`), [`GridDensities::pit`] does it exactly for densities on a grid, and
//!    [`highest_density_ranks`] ranks log-densities for the joint posterior. Calibrated ranks are uniform on [0, 1].
//! 2. **Curves.** [`RankHistogram`], [`ecdf_difference`], [`coverage()`] and [`tarp()`] show the ranks with simultaneous bands.
//! 3. **Verdict.** [`judge`] tests uniformity ([`uniformity()`], level 1 %, Holm over the sets), names the fault and its size.
//! 4. **Scores.** [`crps_from_draws`], [`crps_from_grid`] and [`energy_score`] also reward sharpness; [`mira()`] has a known value for
//!    calibrated posteriors of any dimension;
//!    [`point_statistics`] are those of photometric redshifts.
//!
//! Whether two sets of points, such as draws of a model and of the truth, have one law is asked by [`distance`]; whether a model
//! repeats its training data by [`memorisation`].
//!
//! All random numbers come from a given or fixed seed through one stream per row, so results do not depend on the
//! number of threads. Bad input is an error naming the row ([`CheckError`]), never a panic.
//!
//! ```
//! use fieldbridge::check::{Draws, RankKind, RankSet, Verdict, judge, pit_values};
//!
//! use rand::{RngExt, SeedableRng};
//!
//! // Truths and draws of 1000 posteriors, all uniform on [0, 1]: calibrated by construction.
//! let (rows, count) = (1000, 50);
//! let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(1);
//! let truths: Vec<f64> = (0..rows).map(|_| random.random()).collect();
//! let values: Vec<f64> = (0..rows * count).map(|_| random.random()).collect();
//!
//! let draws = Draws::new(&values, rows, count, 1)?;
//! let pit = pit_values(&draws, &truths, 0, 7)?;
//! let judgement = judge(&[RankSet { name: "x", ranks: &pit, draws: Some(count), kind: RankKind::Parameter }])?;
//! assert_eq!(judgement.verdict, Verdict::Calibrated, "{}", judgement.sentence);
//! # Ok::<(), fieldbridge::check::CheckError>(())
//! ```

mod bootstrap;
mod coverage;
pub mod distance;
mod draws;
mod error;
mod finding;
mod gaussian_match;
mod grid;
mod held_out;
pub mod memorisation;
mod mira;
mod point;
mod rank_statistics;
mod recipe;
mod scaled;
mod score;
mod sentence;
mod simultaneous;
pub(crate) mod special;
mod stream;
mod tarp;
mod uniformity;
mod verdict;

pub use bootstrap::{bootstrap_standard_error, bootstrap_standard_errors};
pub use coverage::{Coverage, central_coverage, coverage, equally_spaced_levels};
pub use draws::Draws;
pub use error::CheckError;
pub use finding::{RankFinding, RankKind, RankSet};
pub use grid::GridDensities;
pub use held_out::{Asked, ColumnChecks, HeldOut, Mean, held_out, held_out_with_answers};
pub use mira::{Mira, MiraRows, MiraSettings, mira};
pub use point::{Estimate, PointStatistics, median, point_statistics};
pub use rank_statistics::{highest_density_ranks, pit_values};
pub use recipe::CheckRecipe;
pub use score::{Score, crps_from_draws, crps_from_grid, energy_score};
pub use tarp::{Closer, Tarp, TarpRows, TarpSettings, tarp};
pub use uniformity::{BAND_LEVEL, EcdfDifference, RankHistogram, ecdf_difference, uniformity};
pub use verdict::{Judgement, LEAST_ROWS, REJECTION_LEVEL, REQUIRED_WIDTH_SENSITIVITY, Verdict, judge};
