use std::collections::BTreeMap;
use std::fmt::Write;

use crate::number::without_trailing_zeros;
use crate::theme::Theme;

/// Marks a figure whose colours come from the page.
pub(crate) const PAGE_MARK: &str = "data-theme=\"page\"";

/// Which point of a text sits at its coordinates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// Writes one SVG document; coordinates are in pixels of the design size, y downwards.
pub(crate) struct Svg {
    width: f64,
    height: f64,
    body: String,
}

/// A coordinate with two decimals at most. Far outside the picture it is clamped, so numbers stay short.
fn coordinate(value: f64) -> String {
    let text = format!("{:.2}", value.clamp(-1e5, 1e5));
    let text = without_trailing_zeros(&text);
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// Replaces the characters that mean something to XML and drops those it forbids.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\t' | '\n' => escaped.push(character),
            control if control.is_control() => escaped.push('\u{FFFD}'),
            '\u{FFFE}' | '\u{FFFF}' => escaped.push('\u{FFFD}'),
            other => escaped.push(other),
        }
    }
    escaped
}

/// The `d` attribute of a path.
#[derive(Default)]
pub(crate) struct PathData(String);

impl PathData {
    pub(crate) fn move_to(&mut self, x: f64, y: f64) {
        self.push('M', x, y);
    }

    pub(crate) fn line_to(&mut self, x: f64, y: f64) {
        self.push('L', x, y);
    }

    pub(crate) fn close(&mut self) {
        self.0.push('Z');
    }

    /// A rectangle as part of the path.
    pub(crate) fn rectangle(&mut self, x: f64, y: f64, width: f64, height: f64) {
        self.move_to(x, y);
        let (right, down) = (coordinate(width), coordinate(height));
        self.0.push_str(&format!("h{right}v{down}h-{right}Z"));
    }

    /// A line through the points.
    pub(crate) fn through(&mut self, points: impl IntoIterator<Item = (f64, f64)>) {
        for (index, (x, y)) in points.into_iter().enumerate() {
            if index == 0 {
                self.move_to(x, y)
            } else {
                self.line_to(x, y)
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn push(&mut self, command: char, x: f64, y: f64) {
        self.0.push(command);
        self.0.push_str(&coordinate(x));
        self.0.push(' ');
        self.0.push_str(&coordinate(y));
    }
}

impl Svg {
    pub(crate) fn new(width: f64, height: f64) -> Self {
        Self {
            width,
            height,
            body: String::new(),
        }
    }

    pub(crate) fn line(&mut self, class: &str, x1: f64, y1: f64, x2: f64, y2: f64) {
        let mut data = PathData::default();
        data.through([(x1, y1), (x2, y2)]);
        self.path(class, &data, 1.0);
    }

    /// `opacity` is that of the filling.
    pub(crate) fn rectangle(&mut self, class: &str, x: f64, y: f64, width: f64, height: f64, opacity: f64) {
        let mut data = PathData::default();
        data.rectangle(x, y, width.max(0.0), height.max(0.0));
        self.path(class, &data, opacity);
    }

    pub(crate) fn path(&mut self, class: &str, data: &PathData, opacity: f64) {
        if data.is_empty() {
            return;
        }
        let _ = write!(self.body, "<path class=\"{class}\" d=\"{}\"", data.0);
        if opacity < 1.0 {
            let _ = write!(self.body, " fill-opacity=\"{}\"", coordinate(opacity));
        }
        self.body.push_str(" fill-rule=\"evenodd\"/>");
    }

    /// A square of `side * side` cells of one size, each in the colour of its level; one path for each colour.
    pub(crate) fn cells(
        &mut self,
        (left, top): (f64, f64),
        size: f64,
        side: usize,
        levels: &[Option<usize>],
        colour: impl Fn(usize) -> String,
    ) {
        self.scaled_cells((left, top), (size, size), side, levels, colour);
    }

    /// A column of cells.
    pub(crate) fn column(
        &mut self,
        place: (f64, f64),
        size: (f64, f64),
        levels: &[Option<usize>],
        colour: impl Fn(usize) -> String,
    ) {
        self.scaled_cells(place, size, 1, levels, colour);
    }

    fn scaled_cells(
        &mut self,
        (left, top): (f64, f64),
        (width, height): (f64, f64),
        side: usize,
        levels: &[Option<usize>],
        colour: impl Fn(usize) -> String,
    ) {
        let mut paths: BTreeMap<usize, String> = BTreeMap::new();
        for (row, levels) in levels.chunks(side.max(1)).enumerate() {
            let mut column = 0;
            while column < levels.len() {
                // neighbours of one colour are one rectangle
                let same = levels[column..]
                    .iter()
                    .take_while(|level| **level == levels[column])
                    .count();
                if let Some(level) = levels[column] {
                    let _ = write!(paths.entry(level).or_default(), "M{column} {row}h{same}v1h-{same}z");
                }
                column += same;
            }
        }
        let _ = write!(
            self.body,
            "<g transform=\"translate({} {}) scale({width:.5} {height:.5})\" shape-rendering=\"crispEdges\">",
            coordinate(left),
            coordinate(top)
        );
        for (level, data) in paths {
            let _ = write!(self.body, "<path fill=\"{}\" d=\"{data}\"/>", colour(level));
        }
        self.body.push_str("</g>");
    }

    /// Small discs of one class and opacity.
    pub(crate) fn discs(&mut self, class: &str, centres: &[(f64, f64)], radius: f64, opacity: f64) {
        if centres.is_empty() {
            return;
        }
        let _ = write!(
            self.body,
            "<g class=\"{class}\" fill-opacity=\"{}\">",
            coordinate(opacity)
        );
        for &(x, y) in centres {
            let (x, y, radius) = (coordinate(x), coordinate(y), coordinate(radius));
            let _ = write!(self.body, "<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\"/>");
        }
        self.body.push_str("</g>");
    }

    pub(crate) fn text(&mut self, class: &str, x: f64, y: f64, anchor: Anchor, size: f64, text: &str) {
        self.write_text(
            class,
            &format!("x=\"{}\" y=\"{}\"", coordinate(x), coordinate(y)),
            anchor,
            size,
            text,
        );
    }

    /// A text that reads upwards.
    pub(crate) fn upward_text(&mut self, class: &str, x: f64, y: f64, anchor: Anchor, size: f64, text: &str) {
        let position = format!(
            "transform=\"translate({} {}) rotate(-90)\"",
            coordinate(x),
            coordinate(y)
        );
        self.write_text(class, &position, anchor, size, text);
    }

    fn write_text(&mut self, class: &str, position: &str, anchor: Anchor, size: f64, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let (size, text) = (coordinate(size), escape(text));
        let _ = write!(
            self.body,
            "<text class=\"{class}\" {position} text-anchor=\"{anchor}\" font-size=\"{size}\">{text}</text>"
        );
    }

    /// Everything until [`Svg::end_clip`] is cut at the rectangle. A nested document clips without needing an id, which
    /// would have to be unique on a page of many figures.
    pub(crate) fn begin_clip(&mut self, x: f64, y: f64, width: f64, height: f64) {
        let (x, y) = (coordinate(x), coordinate(y));
        let (width, height) = (coordinate(width.max(1.0)), coordinate(height.max(1.0)));
        let _ = write!(
            self.body,
            "<svg x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" viewBox=\"{x} {y} {width} {height}\">"
        );
    }

    pub(crate) fn end_clip(&mut self) {
        self.body.push_str("</svg>");
    }

    /// The finished document. `title` is read aloud by screen readers.
    pub(crate) fn finish(self, theme: Theme, title: &str) -> String {
        let (width, height) = (coordinate(self.width), coordinate(self.height));
        let mut document = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" font-family=\"'DejaVu Sans', Verdana, 'Segoe UI', sans-serif\" role=\"img\""
        );
        if theme == Theme::Page {
            let _ = write!(document, " {PAGE_MARK}");
        }
        let _ = write!(document, "><title>{}</title>", escape(title));
        if let Some(style) = theme.embedded_style() {
            let _ = write!(
                document,
                "<style>{style}</style><rect class=\"fb-paper\" width=\"{width}\" height=\"{height}\"/>"
            );
        }
        document.push_str(&self.body);
        document.push_str("</svg>");
        document
    }
}
