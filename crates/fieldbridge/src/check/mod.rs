//! Checks.
mod bootstrap;
mod coverage;
mod draws;
mod error;
mod grid;
mod point;
mod rank_statistics;
mod score;
mod simultaneous;
mod special;
mod stream;
mod tarp;
pub use bootstrap::{bootstrap_standard_error, bootstrap_standard_errors};
pub use coverage::{Coverage, central_coverage, coverage, equally_spaced_levels};
pub use draws::Draws;
pub use error::CheckError;
pub use rank_statistics::{
    BAND_LEVEL, EcdfDifference, RankHistogram, ecdf_difference, highest_density_ranks, pit_values, uniformity,
};
pub use tarp::{Tarp, TarpSettings, tarp};
pub use grid::GridDensities;
pub use point::{Estimate, PointStatistics, point_statistics};
pub use score::{Score, crps_from_draws, crps_from_grid, energy_score};
