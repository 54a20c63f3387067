use super::{HEIGHT, RIGHT, TITLE, WIDTH, draw_title};
use crate::{
    drawing::{
        Anchor, Axis, Box2, Entry, Panel, PanelStyle, PathData, Svg, Swatch, draw_legend, draw_polyline, text_width,
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
        let y = self.y.scale(ys.into_iter().chain(band_y), 0.06);
        let outer = Box2 {
            left: 8.0,
            top: TITLE,
            width: WIDTH - 8.0 - RIGHT,
            height: HEIGHT - TITLE,
        };
        let panel = Panel::within(outer, (&self.x, x), (&self.y, y), PanelStyle::default());
        panel.draw_grid(&mut svg);
        panel.begin_clip(&mut svg);
        let mut entries = Vec::new();
        for band in &self.bands {
            draw_band(&mut svg, &panel, band);
            entries.push(Entry {
                swatch: Swatch::Area("fb-band".to_owned(), 1.0),
                text: band.name.clone(),
            });
        }
        let mut occupied = Vec::new();
        for (curve, class) in self.curves.iter().zip(classes(&self.curves)) {
            draw_polyline(&mut svg, &panel, &class, &curve.x, &curve.y);
            occupied.extend(along(&panel, curve));
            entries.push(Entry {
                swatch: Swatch::Line(class),
                text: curve.name.clone(),
            });
        }
        for mark in &self.marks {
            draw_mark(&mut svg, &panel, mark, &mut occupied);
        }
        svg.end_clip();
        panel.draw_frame(&mut svg);
        entries.extend(self.notes.iter().map(|note| Entry {
            swatch: Swatch::None,
            text: note.clone(),
        }));
        entries.retain(|entry| !entry.text.is_empty());
        draw_legend(&mut svg, panel.area, &entries, &occupied);
        if !has_data {
            panel.draw_no_data(&mut svg);
        }
        svg.finish(theme, &self.title)
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

/// About two hundred points along a line, so that the legend can keep away from it.
fn along(panel: &Panel, curve: &Curve) -> Vec<(f64, f64)> {
    let length = curve.x.len().min(curve.y.len());
    let stride = length.div_ceil(200).max(1);
    let places: Vec<(f64, f64)> = (0..length)
        .step_by(stride)
        .filter_map(|index| Some((panel.x_pixel(curve.x[index])?, panel.y_pixel(curve.y[index])?)))
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

/// Draws a vertical line with its label at the side that has more room.
fn draw_mark(svg: &mut Svg, panel: &Panel, mark: &Mark, occupied: &mut Vec<(f64, f64)>) {
    const SIZE: f64 = 11.5;
    let Some(x) = panel
        .x_pixel(mark.value)
        .filter(|&x| (panel.area.left..=panel.area.right()).contains(&x))
    else {
        return;
    };
    let area = panel.area;
    svg.line("fb-truth fb-dotted", x, area.top, x, area.bottom());
    let width = text_width(&mark.label, SIZE);
    let (anchor, start, end) = if x + width + 10.0 < area.right() {
        (Anchor::Start, x + 5.0, x + 5.0 + width)
    } else {
        (Anchor::End, x - 5.0, x - 5.0 - width)
    };
    let y = area.top + 16.0;
    svg.text("fb-text", start, y, anchor, SIZE, &mark.label);
    occupied.extend((0..=20).map(|step| (start + (end - start) * f64::from(step) / 20.0, y - 4.0)));
    occupied.extend((0..=20).map(|step| (x, area.top + area.height * f64::from(step) / 20.0)));
}
