use super::{TITLE, draw_title};
use crate::{
    drawing::{
        Anchor, Axis, Box2, Panel, PanelStyle, PathData, Scale, Svg, draw_polyline, finite_values, is_drawable,
        text_width,
    },
    theme::Theme,
};

/// One posterior of a gallery.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PosteriorPanel {
    /// Which object this is.
    pub label: String,
    /// Increasing values of the parameter.
    pub grid: Vec<f64>,
    /// Density at these values, in any normalisation.
    pub density: Vec<f64>,
    /// The true value, if it is known.
    pub truth: Option<f64>,
}

/// Small multiples of one-dimensional posteriors with their truths.
#[derive(Debug, Clone, PartialEq)]
pub struct PosteriorGallery {
    /// Written above the panels.
    pub title: String,
    /// Name and unit of the parameter.
    pub x_label: String,
    /// The posteriors, row by row.
    pub panels: Vec<PosteriorPanel>,
    /// Panels in a row. Four suit a wide page; [`PosteriorGallery::narrow_svg`] takes two.
    pub columns: usize,
    /// Whether all panels show the same range of the parameter.
    pub shared_range: bool,
}

impl Default for PosteriorGallery {
    fn default() -> Self {
        Self {
            title: "Example posteriors".to_owned(),
            x_label: "redshift z".to_owned(),
            panels: Vec::new(),
            columns: 4,
            shared_range: true,
        }
    }
}

/// Size of one panel with its surroundings.
const CELL: (f64, f64) = (215.0, 150.0);

impl PosteriorGallery {
    /// Draws the gallery. Each density is scaled to its peak; the central 68 % are shaded.
    pub fn svg(&self, theme: Theme) -> String {
        self.with_columns(self.columns.clamp(1, 12), theme)
    }

    /// The same gallery with two panels in a row, for narrow screens.
    pub fn narrow_svg(&self, theme: Theme) -> String {
        self.with_columns(2, theme)
    }

    fn with_columns(&self, columns: usize, theme: Theme) -> String {
        let rows = self.panels.len().div_ceil(columns).max(1);
        let (width, head) = (8.0 + CELL.0 * columns as f64, TITLE + 26.0);
        let height = head + CELL.1 * rows as f64 + 24.0;
        let mut svg = Svg::new(width, height);
        draw_title(&mut svg, &self.title, width);
        draw_key(&mut svg, TITLE + 10.0);
        let everything = self.panels.iter().flat_map(shown_values);
        let shared = Axis::linear("").scale(everything, 0.02);
        for (index, panel) in self.panels.iter().enumerate() {
            let cell = Box2 {
                left: 8.0 + CELL.0 * (index % columns) as f64,
                top: head + CELL.1 * (index / columns) as f64,
                width: CELL.0 - 16.0,
                height: CELL.1 - 32.0,
            };
            let scale = if self.shared_range {
                shared
            } else {
                Axis::linear("").scale(shown_values(panel), 0.02)
            };
            draw_panel(&mut svg, cell, scale, panel);
        }
        if self.panels.is_empty() {
            svg.text("fb-muted", 0.5 * width, 0.5 * height, Anchor::Middle, 13.0, "no data");
        }
        svg.text(
            "fb-text",
            0.5 * width,
            height - 8.0,
            Anchor::Middle,
            13.0,
            &self.x_label,
        );
        svg.finish(theme, &self.title)
    }
}

/// The values a panel must show: where the density matters, and the truth.
fn shown_values(panel: &PosteriorPanel) -> impl Iterator<Item = f64> + '_ {
    let peak = finite_values(&panel.density).fold(0.0, f64::max);
    let grid = panel.grid.iter().zip(&panel.density);
    let matters = grid.filter(move |pair| *pair.1 > 2e-3 * peak).map(|pair| *pair.0);
    matters.chain(panel.truth)
}

/// The key stands under the title, because the panels have no room for it.
fn draw_key(svg: &mut Svg, middle: f64) {
    let mut left = 8.0;
    for (class, text) in [
        ("fb-line fb-s0", "posterior density"),
        ("fb-area", "central 68 %"),
        ("fb-truth", "truth"),
    ] {
        if class == "fb-area" {
            svg.rectangle("fb-f0", left, middle - 5.0, 22.0, 10.0, 0.3);
        } else {
            svg.line(class, left, middle, left + 22.0, middle);
        }
        svg.text("fb-text", left + 27.0, middle + 4.0, Anchor::Start, 11.5, text);
        left += 27.0 + text_width(text, 11.5) + 16.0;
    }
}

fn draw_panel(svg: &mut Svg, cell: Box2, x: Scale, posterior: &PosteriorPanel) {
    let axis = Axis::linear("");
    let peak = finite_values(&posterior.density).fold(0.0, f64::max);
    let y = Scale::new(0.0, 1.32, false);
    let style = PanelStyle {
        tick_size: 11.5,
        y_labels: false,
        grid: false,
        ..PanelStyle::default()
    };
    let panel = Panel::at(cell, (&axis, x), (&axis, y), style);
    panel.begin_clip(svg);
    if peak > 0.0 {
        let heights: Vec<f64> = posterior.density.iter().map(|density| density / peak).collect();
        if let Some((low, high)) = central_interval(&posterior.grid, &heights, 0.68) {
            draw_interval(svg, &panel, &posterior.grid, &heights, (low, high));
        }
        draw_polyline(svg, &panel, "fb-line fb-s0", &posterior.grid, &heights);
    }
    if let Some(x) = posterior.truth.and_then(|truth| panel.x_pixel(truth)) {
        svg.line("fb-truth", x, cell.top + 20.0, x, cell.bottom());
    }
    svg.end_clip();
    panel.draw_bottom(svg);
    if peak <= 0.0 {
        panel.draw_no_data(svg);
    }
    let size = 11.5 * ((cell.width - 4.0) / text_width(&posterior.label, 11.5).max(1.0)).min(1.0);
    svg.text(
        "fb-text",
        cell.left + 2.0,
        cell.top + 13.0,
        Anchor::Start,
        size.max(8.0),
        &posterior.label,
    );
}

/// Shades the area under the density between the two values.
fn draw_interval(svg: &mut Svg, panel: &Panel, grid: &[f64], heights: &[f64], (low, high): (f64, f64)) {
    let at = |value: f64| interpolated(grid, heights, value);
    let inside = grid
        .iter()
        .zip(heights)
        .filter(|pair| *pair.0 > low && *pair.0 < high && pair.1.is_finite());
    let stride = grid.len().div_ceil(400).max(1);
    let line = std::iter::once((low, at(low)))
        .chain(inside.map(|pair| (*pair.0, *pair.1)).step_by(stride))
        .chain([(high, at(high)), (high, 0.0), (low, 0.0)]);
    let mut data = PathData::default();
    data.through(line.filter_map(|(x, y)| Some((panel.x_pixel(x)?, panel.y_pixel(y)?))));
    data.close();
    svg.path("fb-f0", &data, 0.3);
}

/// The interval between the quantiles `(1 - mass) / 2` and `(1 + mass) / 2` of a density on a grid (trapezium rule).
fn central_interval(grid: &[f64], density: &[f64], mass: f64) -> Option<(f64, f64)> {
    let usable = |pair: &(&f64, &f64)| is_drawable(*pair.0) && is_drawable(*pair.1) && *pair.1 >= 0.0;
    let points: Vec<(f64, f64)> = grid
        .iter()
        .zip(density)
        .filter(usable)
        .map(|pair| (*pair.0, *pair.1))
        .collect();
    let mut sums = vec![0.0];
    for pair in points.windows(2) {
        let area = 0.5 * (pair[0].1 + pair[1].1) * (pair[1].0 - pair[0].0).max(0.0);
        sums.push(sums[sums.len() - 1] + area);
    }
    let total = *sums.last()?;
    if !is_drawable(total) || total <= 0.0 {
        return None;
    }
    let quantile = |probability: f64| {
        let wanted = probability * total;
        let index = sums.partition_point(|&sum| sum < wanted).clamp(1, sums.len() - 1);
        let (before, after) = (sums[index - 1], sums[index]);
        let part = if after > before {
            (wanted - before) / (after - before)
        } else {
            0.0
        };
        points[index - 1].0 + part * (points[index].0 - points[index - 1].0)
    };
    Some((quantile(0.5 * (1.0 - mass)), quantile(0.5 * (1.0 + mass))))
}

/// Linear interpolation on an increasing grid.
fn interpolated(grid: &[f64], values: &[f64], at: f64) -> f64 {
    let length = grid.len().min(values.len());
    let index = grid[..length]
        .partition_point(|&value| value < at)
        .clamp(1, length.max(2) - 1);
    let (x0, x1, y0, y1) = (grid[index - 1], grid[index], values[index - 1], values[index]);
    if x1 > x0 {
        y0 + (at - x0) / (x1 - x0) * (y1 - y0)
    } else {
        y0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn central_interval_of_a_gaussian_is_one_sigma() {
        let grid: Vec<f64> = (0..=800).map(|index| f64::from(index) * 0.01 - 4.0).collect();
        let density: Vec<f64> = grid.iter().map(|x| (-0.5 * x * x).exp()).collect();
        let (low, high) = central_interval(&grid, &density, 0.682_689_5).expect("a proper density");
        assert!((low + 1.0).abs() < 1e-3 && (high - 1.0).abs() < 1e-3, "{low} {high}");
    }
}
