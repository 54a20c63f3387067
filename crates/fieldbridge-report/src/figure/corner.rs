use super::draw_title;
use crate::{
    drawing::{
        Anchor, Axis, Box2, Grid, Panel, PanelStyle, PathData, Scale, Svg, central_range, closed_contours, equal_bins,
        is_drawable, text_width,
    },
    theme::{SERIES, Theme},
};

/// Named points in several dimensions.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SampleSet {
    /// Name in the legend.
    pub name: String,
    /// One vector of values per dimension, all of the same length.
    pub columns: Vec<Vec<f64>>,
}

/// All one- and two-dimensional marginals of one or more sets of points.
///
/// Contours hold 68 % and 95 % of the points of a set. The first set is filled, the others are lines.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Corner {
    /// Written above the panels.
    pub title: String,
    /// Names and units of the dimensions.
    pub names: Vec<String>,
    /// The sets, drawn over each other; two are easy to tell apart.
    pub sets: Vec<SampleSet>,
    /// True values, marked by lines.
    pub truth: Option<Vec<f64>>,
}

/// Side of one panel and the distance to the next, in pixels.
const SIDE: f64 = 96.0;
const GAP: f64 = 6.0;
const LEFT: f64 = 66.0;
const TOP: f64 = 34.0;
/// Cells of the density along each side and width of its smoothing in cells.
const CELLS: usize = 40;
const SMOOTHING: f64 = 1.3;
const BINS: usize = 32;

impl Corner {
    /// Draws the figure.
    pub fn svg(&self, theme: Theme) -> String {
        let dimensions = self.names.len().max(1);
        let span = dimensions as f64 * (SIDE + GAP);
        let (width, height) = ((LEFT + span + 10.0).max(300.0), TOP + span + 52.0);
        let mut svg = Svg::new(width, height);
        draw_title(&mut svg, &self.title, width);
        let scales: Vec<Scale> = (0..dimensions).map(|dimension| self.scale(dimension)).collect();
        for row in 0..dimensions {
            for column in 0..=row {
                self.draw_panel(&mut svg, (row, column), dimensions, &scales);
            }
        }
        self.draw_key(&mut svg, width);
        svg.finish(theme, &self.title)
    }

    /// Range of one dimension that holds nearly all points of all sets.
    fn scale(&self, dimension: usize) -> Scale {
        let columns = self
            .sets
            .iter()
            .filter_map(|set| set.columns.get(dimension))
            .map(Vec::as_slice);
        let (low, high) = central_range(columns, 0.003).unwrap_or((0.0, 1.0));
        let truth = self
            .truth
            .as_ref()
            .and_then(|truth| truth.get(dimension))
            .copied()
            .filter(|&value| is_drawable(value));
        let (low, high) = truth.map_or((low, high), |truth| (low.min(truth), high.max(truth)));
        let margin = 0.06 * (high - low);
        Scale::new(low - margin, high + margin, false)
    }

    fn draw_panel(&self, svg: &mut Svg, (row, column): (usize, usize), dimensions: usize, scales: &[Scale]) {
        let area = Box2 {
            left: LEFT + column as f64 * (SIDE + GAP),
            top: TOP + row as f64 * (SIDE + GAP),
            width: SIDE,
            height: SIDE,
        };
        let diagonal = row == column;
        let name = |dimension: usize| Axis::linear(self.names.get(dimension).cloned().unwrap_or_default());
        let y = if diagonal {
            Scale::new(0.0, 1.1, false)
        } else {
            scales[row]
        };
        let style = PanelStyle {
            tick_size: 10.5,
            label_size: 12.0,
            x_labels: row + 1 == dimensions,
            y_labels: column == 0 && !diagonal,
            grid: false,
        };
        let panel = Panel::at(area, (&name(column), scales[column]), (&name(row), y), style);
        panel.begin_clip(svg);
        for (index, set) in self.sets.iter().enumerate() {
            if diagonal {
                draw_marginal(svg, &panel, set.columns.get(column).map_or(&[], Vec::as_slice), index);
            } else if let (Some(x), Some(y)) = (set.columns.get(column), set.columns.get(row)) {
                draw_contours(svg, &panel, x, y, index);
            }
        }
        let truth = |dimension: usize| self.truth.as_ref()?.get(dimension).copied();
        if let Some(x) = truth(column).and_then(|value| panel.x_pixel(value)) {
            svg.line("fb-thin fb-truth", x, area.top, x, area.bottom());
        }
        if let Some(y) = truth(row).filter(|_| !diagonal).and_then(|value| panel.y_pixel(value)) {
            svg.line("fb-thin fb-truth", area.left, y, area.right(), y);
        }
        svg.end_clip();
        if diagonal {
            panel.draw_frame_without_heights(svg);
        } else {
            panel.draw_frame(svg);
        }
        let empty = self.sets.iter().all(|set| {
            !set.columns
                .get(column)
                .is_some_and(|values| values.iter().any(|&value| is_drawable(value)))
        });
        if empty && diagonal {
            panel.draw_no_data(svg);
        }
    }

    /// The key takes the empty corner.
    fn draw_key(&self, svg: &mut Svg, width: f64) {
        let mut rows: Vec<(String, bool, usize)> = self
            .sets
            .iter()
            .enumerate()
            .map(|(index, set)| (set.name.clone(), index == 0, index))
            .collect();
        rows.retain(|row| !row.0.is_empty());
        let note = "contours: 68 % and 95 %";
        let single = self.names.len() < 2;
        let widest = rows
            .iter()
            .map(|row| text_width(&row.0, 12.0) + 30.0)
            .fold(text_width(note, 11.0), f64::max);
        let (left, mut y) = (width - widest - 12.0, if single { 16.0 } else { TOP + 10.0 });
        for (name, filled, index) in rows {
            let colour = index % SERIES;
            if filled {
                svg.rectangle(&format!("fb-f{colour}"), left, y - 6.0, 22.0, 12.0, 0.35);
            }
            svg.line(&format!("fb-line fb-s{colour}"), left, y, left + 22.0, y);
            svg.text("fb-text", left + 30.0, y + 4.3, Anchor::Start, 12.0, &name);
            y += 19.0;
        }
        if !single && !self.sets.is_empty() {
            svg.text("fb-muted", left, y + 4.0, Anchor::Start, 11.0, note);
        }
    }
}

/// A histogram scaled to its highest bin, filled for the first set.
fn draw_marginal(svg: &mut Svg, panel: &Panel, values: &[f64], index: usize) {
    let (low, high) = (panel.x.low, panel.x.high);
    let counts = equal_bins(values, low, high, BINS);
    let most = counts.iter().copied().fold(0.0, f64::max);
    if most <= 0.0 {
        return;
    }
    let mut data = PathData::default();
    let edge = |bin: usize| low + (high - low) * bin as f64 / BINS as f64;
    let steps = counts
        .iter()
        .enumerate()
        .flat_map(|(bin, count)| [(edge(bin), count / most), (edge(bin + 1), count / most)]);
    let corners = std::iter::once((low, 0.0)).chain(steps).chain([(high, 0.0)]);
    data.through(corners.filter_map(|(x, y)| Some((panel.x_pixel(x)?, panel.y_pixel(y)?))));
    let colour = index % SERIES;
    if index == 0 {
        svg.path("fb-f0", &data, 0.25);
    }
    svg.path(&format!("fb-thin fb-s{colour}"), &data, 1.0);
}

/// Closed contours around 68 % and 95 % of the points.
fn draw_contours(svg: &mut Svg, panel: &Panel, x: &[f64], y: &[f64], index: usize) {
    let Some(grid) = Grid::of_points(x, y, (panel.x, panel.y), CELLS, SMOOTHING) else {
        return;
    };
    let colour = index % SERIES;
    for (level, opacity) in grid.levels_enclosing(&[0.95, 0.68]).into_iter().zip([0.18, 0.32]) {
        let mut data = PathData::default();
        for contour in closed_contours(&grid, level) {
            let area = panel.area;
            data.through(
                contour
                    .iter()
                    .map(|&(u, v)| (area.left + u * area.width, area.bottom() - v * area.height)),
            );
            data.close();
        }
        if index == 0 {
            svg.path("fb-f0", &data, opacity);
        }
        svg.path(&format!("fb-thin fb-s{colour}"), &data, 1.0);
    }
}
