use super::{HEIGHT, RIGHT, TITLE, WIDTH, draw_title};
use crate::{
    drawing::{
        Anchor, Axis, Box2, Entry, Panel, PanelStyle, PathData, Scale, Svg, Swatch, best_corner, draw_legend_in,
        draw_polyline, head_room, legend_place, text_width,
    },
    theme::{SERIES, Theme},
};

/// How a line is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CurveStyle {
    /// A coloured line.
    #[default]
    Solid,
    /// A coloured dashed line.
    Dashed,
    /// A coloured dotted line.
    Dotted,
    /// A thin grey dashed line to compare with, such as a diagonal; it takes no colour of the palette.
    Reference,
}

/// A named line through points. Where `x` or `y` is not finite the line has a gap.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Curve {
    /// Name in the legend; an empty one is left out.
    pub name: String,
    /// Horizontal values.
    pub x: Vec<f64>,
    /// Vertical values, as many as `x`; what is longer is cut.
    pub y: Vec<f64>,
    /// How it is drawn.
    pub style: CurveStyle,
}

impl Curve {
    /// A solid line.
    pub fn new(name: impl Into<String>, x: Vec<f64>, y: Vec<f64>) -> Self {
        Self {
            name: name.into(),
            x,
            y,
            style: CurveStyle::Solid,
        }
    }

    /// The same line in another style.
    #[must_use]
    pub fn with_style(mut self, style: CurveStyle) -> Self {
        self.style = style;
        self
    }
}

/// A shaded area between two lines.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CurveBand {
    /// Name in the legend, such as "95 % simultaneous band".
    pub name: String,
    /// Horizontal values.
    pub x: Vec<f64>,
    /// Lower edge at each of them.
    pub lower: Vec<f64>,
    /// Upper edge at each of them.
    pub upper: Vec<f64>,
}

/// A vertical line at one value, with a label.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Mark {
    /// Where it stands on the horizontal axis.
    pub value: f64,
    /// What it says.
    pub label: String,
}

/// Lines, bands and marks on one panel.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LineChart {
    /// Written above the panel.
    pub title: String,
    /// Horizontal axis.
    pub x: Axis,
    /// Vertical axis.
    pub y: Axis,
    /// Bands, drawn first.
    pub bands: Vec<CurveBand>,
    /// Lines, drawn in order.
    pub curves: Vec<Curve>,
    /// Vertical marks.
    pub marks: Vec<Mark>,
    /// Lines of text added to the legend.
    pub notes: Vec<String>,
}

impl LineChart {
    /// Draws the chart.
    pub fn svg(&self, theme: Theme) -> String {
        let mut svg = Svg::new(WIDTH, HEIGHT);
        draw_title(&mut svg, &self.title, WIDTH);
        let drawn = |curve: &&Curve| curve.style != CurveStyle::Reference;
        // Lines to compare with do not stretch the axes, unless they are all there is.
        let lines: Vec<&Curve> = match self.curves.iter().filter(drawn).collect::<Vec<_>>() {
            lines if lines.is_empty() => self.curves.iter().collect(),
            lines => lines,
        };
        let mut points = lines
            .iter()
            .flat_map(|curve| curve.x.iter().copied().zip(curve.y.iter().copied()))
            .filter(|point| point.0.is_finite() && point.1.is_finite())
            .peekable();
        let has_data = points.peek().is_some();
        let (xs, ys): (Vec<f64>, Vec<f64>) = points.unzip();
        let band_x = self.bands.iter().flat_map(|band| band.x.iter().copied());
        let band_y = self
            .bands
            .iter()
            .flat_map(|band| band.lower.iter().chain(&band.upper).copied());
        let x = self.x.scale(xs.into_iter().chain(band_x), 0.0);
        let mut y = self.y.scale(ys.into_iter().chain(band_y), 0.06);
        let outer = Box2 {
            left: 8.0,
            top: TITLE,
            width: WIDTH - 8.0 - RIGHT,
            height: HEIGHT - TITLE,
        };
        let entries = self.legend();
        let panel_with = |y: Scale| Panel::within(outer, (&self.x, x), (&self.y, y), PanelStyle::default());
        let mut panel = panel_with(y);
        let mut occupied = self.occupied(&panel);
        let (mut corner, covered) = best_corner(panel.area, &entries, &occupied);
        if covered > 0 && self.y.range.is_none() && !y.logarithmic {
            let room = head_room(panel.area, &entries);
            y = Scale::new(y.low, y.high + (y.high - y.low) * room / (1.0 - room), false);
            panel = panel_with(y);
            occupied = self.occupied(&panel);
            corner = best_corner(panel.area, &entries, &occupied).0;
        }
        panel.draw_grid(&mut svg);
        panel.begin_clip(&mut svg);
        for band in &self.bands {
            draw_band(&mut svg, &panel, band);
        }
        for (curve, class) in self.curves.iter().zip(classes(&self.curves)) {
            draw_polyline(&mut svg, &panel, &class, &curve.x, &curve.y);
        }
        for mark in &self.marks {
            if let Some(x) = place_of_mark(&panel, mark) {
                svg.line("fb-truth fb-dotted", x, panel.area.top, x, panel.area.bottom());
            }
        }
        svg.end_clip();
        panel.draw_frame(&mut svg);
        draw_legend_in(&mut svg, panel.area, &entries, corner);
        let legend = (!entries.is_empty()).then(|| legend_place(panel.area, &entries, corner));
        for mark in &self.marks {
            draw_mark_label(&mut svg, &panel, mark, legend);
        }
        if !has_data {
            panel.draw_no_data(&mut svg);
        }
        svg.finish(theme, &self.title)
    }

    /// Bands, lines and notes that have a text.
    fn legend(&self) -> Vec<Entry> {
        let area = |band: &CurveBand| Entry {
            swatch: Swatch::Area("fb-band".to_owned(), 1.0),
            text: band.name.clone(),
        };
        let line = |(curve, class): (&Curve, String)| Entry {
            swatch: Swatch::Line(class),
            text: curve.name.clone(),
        };
        let note = |note: &String| Entry {
            swatch: Swatch::None,
            text: note.clone(),
        };
        let lines = self.curves.iter().zip(classes(&self.curves)).map(line);
        let all = self
            .bands
            .iter()
            .map(area)
            .chain(lines)
            .chain(self.notes.iter().map(note));
        all.filter(|entry| !entry.text.is_empty()).collect()
    }

    /// Points the legend should not cover.
    fn occupied(&self, panel: &Panel) -> Vec<(f64, f64)> {
        let edges = self
            .bands
            .iter()
            .flat_map(|band| [(&band.x, &band.lower), (&band.x, &band.upper)]);
        let lines = self.curves.iter().map(|curve| (&curve.x, &curve.y));
        edges.chain(lines).flat_map(|(x, y)| along(panel, x, y)).collect()
    }
}

/// The classes of the lines; colours are given in order to those that take one.
fn classes(curves: &[Curve]) -> Vec<String> {
    let mut colour = 0;
    curves
        .iter()
        .map(|curve| {
            let extra = match curve.style {
                CurveStyle::Reference => return "fb-reference".to_owned(),
                CurveStyle::Solid => "",
                CurveStyle::Dashed => " fb-dashed",
                CurveStyle::Dotted => " fb-dotted",
            };
            let class = format!("fb-line fb-s{}{extra}", colour % SERIES);
            colour += 1;
            class
        })
        .collect()
}

/// Draws the area between the two edges, left out where one of them is not finite.
pub(super) fn draw_band(svg: &mut Svg, panel: &Panel, band: &CurveBand) {
    let length = band.x.len().min(band.lower.len()).min(band.upper.len());
    // A band needs no more points than the panel has pixels.
    let stride = length.div_ceil(1000).max(1);
    let place = |index: usize| {
        let x = panel.x_pixel(band.x[index])?;
        Some((x, panel.y_pixel(band.lower[index])?, panel.y_pixel(band.upper[index])?))
    };
    let last = length.checked_sub(1).filter(|last| last % stride != 0);
    let edges: Vec<(f64, f64, f64)> = (0..length).step_by(stride).chain(last).filter_map(place).collect();
    let mut data = PathData::default();
    data.through(
        edges
            .iter()
            .map(|edge| (edge.0, edge.1))
            .chain(edges.iter().rev().map(|edge| (edge.0, edge.2))),
    );
    if edges.len() > 1 {
        data.close();
        svg.path("fb-band", &data, 1.0);
    }
}

/// About two hundred points along a line and some between them, so that the legend can keep away from it.
fn along(panel: &Panel, x: &[f64], y: &[f64]) -> Vec<(f64, f64)> {
    let length = x.len().min(y.len());
    let stride = length.div_ceil(200).max(1);
    let places: Vec<(f64, f64)> = (0..length)
        .step_by(stride)
        .filter_map(|index| Some((panel.x_pixel(x[index])?, panel.y_pixel(y[index])?)))
        .collect();
    let between = |pair: &[(f64, f64)]| {
        let (from, to) = (pair[0], pair[1]);
        (0..8).map(move |step| {
            let part = f64::from(step) / 8.0;
            (from.0 + part * (to.0 - from.0), from.1 + part * (to.1 - from.1))
        })
    };
    places
        .windows(2)
        .flat_map(|pair| between(pair).collect::<Vec<_>>())
        .chain(places.last().copied())
        .collect()
}

/// Where a mark stands, if that is inside the panel.
fn place_of_mark(panel: &Panel, mark: &Mark) -> Option<f64> {
    panel
        .x_pixel(mark.value)
        .filter(|&x| (panel.area.left..=panel.area.right()).contains(&x))
}

/// Writes the label of a mark at the side that has more room, below the legend if that is in the way.
fn draw_mark_label(svg: &mut Svg, panel: &Panel, mark: &Mark, legend: Option<Box2>) {
    const SIZE: f64 = 11.5;
    let Some(x) = place_of_mark(panel, mark) else { return };
    let (area, width) = (panel.area, text_width(&mark.label, SIZE));
    let (anchor, text_x, left) = if x + width + 10.0 < area.right() {
        (Anchor::Start, x + 5.0, x + 5.0)
    } else {
        (Anchor::End, x - 5.0, x - 5.0 - width)
    };
    let blocked =
        legend.filter(|legend| left < legend.right() && left + width > legend.left && legend.top < area.top + 22.0);
    let y = blocked.map_or(area.top + 16.0, |legend| legend.bottom() + 14.0);
    svg.text("fb-text", text_x, y, anchor, SIZE, &mark.label);
}
