use super::{HEIGHT, RIGHT, TITLE, WIDTH, draw_title};
use crate::{
    drawing::{
        Axis, Box2, Entry, Panel, PanelStyle, PathData, Svg, Swatch, best_corner, central_range, draw_legend_in,
        equal_bins, head_room, is_drawable,
    },
    theme::Theme,
};

/// Bars over bins, optionally with a band in which they are expected.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Histogram {
    /// Written above the panel.
    pub title: String,
    /// Horizontal axis.
    pub x: Axis,
    /// Vertical axis.
    pub y: Axis,
    /// Edges of the bins, increasing, one more than there are bins.
    pub edges: Vec<f64>,
    /// Height of each bar.
    pub heights: Vec<f64>,
    /// Name in the legend; an empty one is left out.
    pub name: String,
    /// Lower and upper end of the expected height of each bar.
    pub band: Option<(Vec<f64>, Vec<f64>)>,
    /// Name of the band in the legend.
    pub band_name: String,
    /// Height of a dashed line to compare with.
    pub reference: Option<f64>,
    /// Lines of text added to the legend.
    pub notes: Vec<String>,
}

impl Histogram {
    /// Counts the finite values in `bins` equal bins from the smallest to the largest.
    pub fn of_values(values: &[f64], bins: usize) -> Self {
        let bins = bins.clamp(1, 1000);
        let Some((low, high)) = central_range([values], 0.0) else {
            return Self::default();
        };
        let (low, high) = if low < high {
            (low, high)
        } else {
            (low - 0.5, high + 0.5)
        };
        let edges = (0..=bins)
            .map(|index| low + (high - low) * index as f64 / bins as f64)
            .collect();
        Self {
            y: Axis::linear("count"),
            edges,
            heights: equal_bins(values, low, high, bins),
            ..Self::default()
        }
    }

    /// Draws the histogram.
    pub fn svg(&self, theme: Theme) -> String {
        let mut svg = Svg::new(WIDTH, HEIGHT);
        draw_title(&mut svg, &self.title, WIDTH);
        let band_heights = self.band.iter().flat_map(|band| band.0.iter().chain(&band.1)).copied();
        let ground = if self.y.logarithmic { None } else { Some(0.0) };
        let heights = self
            .heights
            .iter()
            .copied()
            .chain(band_heights)
            .chain(self.reference)
            .chain(ground);
        let outer = Box2 {
            left: 8.0,
            top: TITLE,
            width: WIDTH - 8.0 - RIGHT,
            height: HEIGHT - TITLE,
        };
        let entries = self.legend();
        // The plotting area is lower than `outer` by the labels below it.
        let room = head_room(
            Box2 {
                height: outer.height - 45.0,
                ..outer
            },
            &entries,
        )
        .max(0.06);
        let highest = heights
            .clone()
            .filter(|&height| is_drawable(height))
            .fold(0.0, f64::max);
        let y = self.y.scale(
            heights.chain((!self.y.logarithmic).then_some(highest / (1.0 - room))),
            0.0,
        );
        let x = self.x.scale(self.edges.iter().copied(), 0.0);
        let panel = Panel::within(outer, (&self.x, x), (&self.y, y), PanelStyle::default());
        panel.draw_grid(&mut svg);
        panel.begin_clip(&mut svg);
        if let Some((lower, upper)) = &self.band {
            let mut data = PathData::default();
            for (left, right, low, high) in self.bins(&panel, |bin| Some((*lower.get(bin)?, *upper.get(bin)?))) {
                data.rectangle(left, high, right - left, low - high);
            }
            svg.path("fb-band", &data, 1.0);
        }
        let floor = if y.logarithmic { y.low } else { 0.0 };
        let bars = self.bins(&panel, |bin| Some((floor, *self.heights.get(bin)?)));
        let (mut filling, mut outline) = (PathData::default(), PathData::default());
        for &(left, right, low, high) in &bars {
            filling.rectangle(left, high.min(low), right - left, (low - high).abs());
            outline.through([(left, low), (left, high), (right, high), (right, low)]);
        }
        svg.path("fb-f0", &filling, 0.25);
        svg.path("fb-thin fb-s0", &outline, 1.0);
        if let Some(height) = self.reference.and_then(|height| panel.y_pixel(height)) {
            svg.line("fb-reference", panel.area.left, height, panel.area.right(), height);
        }
        svg.end_clip();
        panel.draw_frame(&mut svg);
        let occupied: Vec<(f64, f64)> = (bars.iter())
            .flat_map(|&(left, right, low, high)| {
                (0..9).map(move |k| (0.5 * (left + right), high + (low - high) * f64::from(k) / 8.0))
            })
            .collect();
        let corner = best_corner(panel.area, &entries, &occupied).0;
        draw_legend_in(&mut svg, panel.area, &entries, corner);
        if bars.is_empty() {
            panel.draw_no_data(&mut svg);
        }
        svg.finish(theme, &self.title)
    }

    /// Band, bars and notes that have a text.
    fn legend(&self) -> Vec<Entry> {
        let band = self
            .band
            .iter()
            .map(|_| (Swatch::Area("fb-band".to_owned(), 1.0), &self.band_name));
        let bars = (Swatch::Area("fb-f0".to_owned(), 0.4), &self.name);
        let notes = self.notes.iter().map(|note| (Swatch::None, note));
        let all = band.chain([bars]).chain(notes).filter(|entry| !entry.1.is_empty());
        all.map(|(swatch, text)| Entry {
            swatch,
            text: text.clone(),
        })
        .collect()
    }

    /// Left, right, lower and upper pixel of each bin with the heights that `ends` gives; others are left out.
    ///
    /// More bins than the panel has pixels are joined, keeping the highest of each group.
    fn bins(&self, panel: &Panel, ends: impl Fn(usize) -> Option<(f64, f64)>) -> Vec<(f64, f64, f64, f64)> {
        let place = |bin: usize| {
            let (low, high) = ends(bin)?;
            let (left, right) = (panel.x_pixel(self.edges[bin])?, panel.x_pixel(self.edges[bin + 1])?);
            // Heights at or below zero end at the axis of a logarithmic panel.
            let low = panel.y_pixel(low).unwrap_or(panel.area.bottom());
            (right > left).then_some((left, right, low, panel.y_pixel(high)?))
        };
        let count = self.edges.len().saturating_sub(1);
        let size = count.div_ceil(800).max(1);
        let joined = |first: usize| {
            (first..(first + size).min(count))
                .filter_map(place)
                .reduce(|all, bin| (all.0.min(bin.0), all.1.max(bin.1), all.2.max(bin.2), all.3.min(bin.3)))
        };
        (0..count).step_by(size).filter_map(joined).collect()
    }
}
