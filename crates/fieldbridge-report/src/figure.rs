//! One file per figure. Those that are lines on one panel describe a [`LineChart`]; the others draw their panels.

mod corner;
mod coverage_curve;
mod ecdf_difference;
mod histogram;
mod line_chart;
mod loss_curve;
mod paired_histograms;
mod posterior_gallery;
mod predicted_against_truth;
mod rank_histogram;
mod sky_maps;
mod time_slices;

pub use corner::{Corner, SampleSet};
pub use coverage_curve::CoverageCurve;
pub use ecdf_difference::EcdfDifference;
pub use histogram::Histogram;
pub use line_chart::{Curve, CurveBand, CurveStyle, LineChart, Mark};
pub use loss_curve::LossCurve;
pub use paired_histograms::{PairedHistograms, PairedPanel};
pub use posterior_gallery::{PosteriorGallery, PosteriorPanel};
pub use predicted_against_truth::{PredictedAgainstTruth, ResidualScale};
pub use rank_histogram::RankHistogram;
pub use sky_maps::{SkyMap, SkyMaps};
pub use time_slices::TimeSlices;

use crate::drawing::{Anchor, Svg};

/// Size of a figure with one panel. Chosen so that its text stays readable on a telephone.
pub(crate) const WIDTH: f64 = 460.0;
pub(crate) const HEIGHT: f64 = 330.0;
/// Height taken by the title.
pub(crate) const TITLE: f64 = 28.0;
/// Free space at the right, where half a tick label may stick out.
pub(crate) const RIGHT: f64 = 16.0;

/// Writes the title in the upper left corner, smaller if it would not fit.
pub(crate) fn draw_title(svg: &mut Svg, title: &str, width: f64) {
    let size = 14.0 * ((width - 16.0) / crate::drawing::text_width(title, 14.0).max(1.0)).min(1.0);
    svg.text("fb-text", 8.0, 18.0, Anchor::Start, size.max(10.0), title);
}
