use super::{TITLE, draw_title};
use crate::{
    drawing::{
        Anchor, Axis, Box2, Panel, PanelStyle, PathData, Scale, Svg, central_range, equal_bins, is_drawable, text_width,
    },
    theme::Theme,
};

/// One marginal of data and of model.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PairedPanel {
    /// Name and unit of the quantity.
    pub label: String,
    /// Values in the data.
    pub data: Vec<f64>,
    /// Values drawn from the model.
    pub model: Vec<f64>,
}

/// Small multiples of marginal histograms: data filled, model as a line, both normalised to the same area.
#[derive(Debug, Clone, PartialEq)]
pub struct PairedHistograms {
    /// Written above the panels.
    pub title: String,
    /// Name of the data in the key.
    pub data_name: String,
    /// Name of the model in the key.
    pub model_name: String,
    /// One panel per quantity.
    pub panels: Vec<PairedPanel>,
    /// Panels in a row; [`PairedHistograms::narrow_svg`] takes two.
    pub columns: usize,
    /// Bins in each panel.
    pub bins: usize,
}

impl Default for PairedHistograms {
    fn default() -> Self {
        Self {
            title: "Marginals of data and model".to_owned(),
            data_name: "data".to_owned(),
            model_name: "model".to_owned(),
            panels: Vec::new(),
            columns: 4,
            bins: 40,
        }
    }
}

const CELL: (f64, f64) = (215.0, 168.0);

impl PairedHistograms {
    /// Draws the histograms. Each panel shows the central 99.8 % of data and model.
    pub fn svg(&self, theme: Theme) -> String {
        self.with_columns(self.columns.clamp(1, 12), theme)
    }

    /// The same figure with two panels in a row, for narrow screens.
    pub fn narrow_svg(&self, theme: Theme) -> String {
        self.with_columns(2, theme)
    }

    fn with_columns(&self, columns: usize, theme: Theme) -> String {
        let rows = self.panels.len().div_ceil(columns).max(1);
        let (width, head) = (8.0 + CELL.0 * columns as f64, TITLE + 28.0);
        let height = head + CELL.1 * rows as f64;
        let mut svg = Svg::new(width, height);
        draw_title(&mut svg, &self.title, width);
        let middle = TITLE + 10.0;
        svg.rectangle("fb-f0", 8.0, middle - 5.0, 22.0, 10.0, 0.35);
        svg.text("fb-text", 35.0, middle + 4.0, Anchor::Start, 11.5, &self.data_name);
        let left = 51.0 + text_width(&self.data_name, 11.5);
        svg.line("fb-line fb-s1", left, middle, left + 22.0, middle);
        svg.text(
            "fb-text",
            left + 27.0,
            middle + 4.0,
            Anchor::Start,
            11.5,
            &self.model_name,
        );
        for (index, panel) in self.panels.iter().enumerate() {
            let cell = Box2 {
                left: 8.0 + CELL.0 * (index % columns) as f64,
                top: head + CELL.1 * (index / columns) as f64,
                width: CELL.0 - 16.0,
                height: CELL.1 - 48.0,
            };
            self.draw_panel(&mut svg, cell, panel);
        }
        if self.panels.is_empty() {
            svg.text(
                "fb-muted",
                0.5 * width,
                0.5 * (head + height),
                Anchor::Middle,
                13.0,
                "no data",
            );
        }
        svg.finish(theme, &self.title)
    }

    fn draw_panel(&self, svg: &mut Svg, cell: Box2, paired: &PairedPanel) {
        let range = central_range([paired.data.as_slice(), paired.model.as_slice()], 0.001);
        let (low, high) = range.unwrap_or((0.0, 1.0));
        let x = Scale::new(low, high, false);
        let bins = self.bins.clamp(1, 200);
        let heights = [&paired.data, &paired.model].map(|values| normalised(values, x, bins));
        let most = heights.iter().flatten().copied().fold(0.0, f64::max);
        let axis = Axis::linear("");
        let style = PanelStyle {
            tick_size: 11.5,
            y_labels: false,
            grid: false,
            ..PanelStyle::default()
        };
        let panel = Panel::at(cell, (&axis, x), (&axis, Scale::new(0.0, 1.08 * most, false)), style);
        panel.begin_clip(svg);
        for (index, heights) in heights.iter().enumerate() {
            let mut data = PathData::default();
            let edge = |bin: usize| x.low + (x.high - x.low) * bin as f64 / bins as f64;
            let steps = heights
                .iter()
                .enumerate()
                .flat_map(|(bin, &height)| [(edge(bin), height), (edge(bin + 1), height)]);
            let corners = std::iter::once((x.low, 0.0)).chain(steps).chain([(x.high, 0.0)]);
            data.through(corners.filter_map(|(x, y)| Some((panel.x_pixel(x)?, panel.y_pixel(y)?))));
            match index {
                _ if heights.is_empty() => {}
                0 => svg.path("fb-f0", &data, 0.35),
                _ => svg.path("fb-line fb-s1", &data, 1.0),
            }
        }
        svg.end_clip();
        panel.draw_bottom(svg);
        let size = 12.0 * ((CELL.0 - 8.0) / text_width(&paired.label, 12.0).max(1.0)).min(1.0);
        let centre = cell.left + 0.5 * cell.width;
        svg.text(
            "fb-text",
            centre,
            cell.bottom() + 34.0,
            Anchor::Middle,
            size.max(8.0),
            &paired.label,
        );
        if range.is_none() {
            panel.draw_no_data(svg);
        }
    }
}

/// Fraction of all drawable values in each bin; empty if there are none.
fn normalised(values: &[f64], x: Scale, bins: usize) -> Vec<f64> {
    let total = values.iter().filter(|&&value| is_drawable(value)).count();
    if total == 0 {
        return Vec::new();
    }
    equal_bins(values, x.low, x.high, bins)
        .into_iter()
        .map(|count| count / total as f64)
        .collect()
}
