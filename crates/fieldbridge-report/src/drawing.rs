//! What every figure is drawn with: an SVG writer, axes, panels, legends, thinning and contours.

mod axis;
mod contour;
mod legend;
mod panel;
mod polyline;
mod sample;
mod svg;
mod text_width;
mod ticks;

pub use axis::Axis;
pub(crate) use axis::Scale;
pub(crate) use contour::{Grid, closed_contours};
pub(crate) use legend::{Entry, LegendCorner, Swatch, best_corner, draw_legend_in, head_room, legend_place};
pub(crate) use panel::{Box2, Panel, PanelStyle};
pub(crate) use polyline::draw_polyline;
pub(crate) use sample::{central_range, equal_bins, finite_values, is_drawable};
pub(crate) use svg::{Anchor, PAGE_MARK, PathData, Svg, escape};
pub(crate) use text_width::text_width;
