use super::{
    panel::Box2,
    svg::{Anchor, Svg},
    text_width::text_width,
};

/// The little picture before a legend's text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Swatch {
    /// A line of the given class.
    Line(String),
    /// A filled box of the given class and opacity.
    Area(String, f64),
    /// Text alone.
    None,
}

/// One row of a legend.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) swatch: Swatch,
    pub(crate) text: String,
}

const SIZE: f64 = 11.5;
const ROW: f64 = 16.0;
const SWATCH: f64 = 22.0;

/// A corner of a panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LegendCorner {
    UpperRight,
    UpperLeft,
    LowerRight,
    LowerLeft,
}

/// The corner of `area` in which the legend covers the fewest of the `occupied` points, and how many these are.
pub(crate) fn best_corner(area: Box2, entries: &[Entry], occupied: &[(f64, f64)]) -> (LegendCorner, usize) {
    use LegendCorner::{LowerLeft, LowerRight, UpperLeft, UpperRight};
    let covered = |corner: LegendCorner| {
        let place = legend_place(area, entries, corner);
        (corner, occupied.iter().filter(|&&point| place.contains(point)).count())
    };
    let corners = [UpperRight, UpperLeft, LowerRight, LowerLeft].map(covered);
    corners
        .into_iter()
        .min_by_key(|corner| corner.1)
        .unwrap_or((UpperRight, 0))
}

/// Part of the height of `area` that a legend at its upper edge needs for itself.
pub(crate) fn head_room(area: Box2, entries: &[Entry]) -> f64 {
    if entries.is_empty() {
        0.0
    } else {
        ((ROW * entries.len() as f64 + 24.0) / area.height).min(0.6)
    }
}

/// Draws the legend in the given corner of `area`.
pub(crate) fn draw_legend_in(svg: &mut Svg, area: Box2, entries: &[Entry], corner: LegendCorner) {
    if entries.is_empty() {
        return;
    }
    let place = legend_place(area, entries, corner);
    svg.rectangle("fb-paper", place.left, place.top, place.width, place.height, 0.85);
    for (index, entry) in entries.iter().enumerate() {
        let (start, middle) = (place.left + 6.0, place.top + 4.0 + ROW * (index as f64 + 0.5));
        match &entry.swatch {
            Swatch::Line(class) => svg.line(class, start, middle, start + SWATCH, middle),
            Swatch::Area(class, opacity) => svg.rectangle(class, start, middle - 5.0, SWATCH, 10.0, *opacity),
            Swatch::None => {}
        }
        let shift = if entry.swatch == Swatch::None {
            0.0
        } else {
            SWATCH + 6.0
        };
        svg.text(
            "fb-text",
            start + shift,
            middle + 0.36 * SIZE,
            Anchor::Start,
            SIZE,
            &entry.text,
        );
    }
}

/// The rectangle a legend takes in a corner.
pub(crate) fn legend_place(area: Box2, entries: &[Entry], corner: LegendCorner) -> Box2 {
    let row = |entry: &Entry| {
        let shift = if entry.swatch == Swatch::None {
            0.0
        } else {
            SWATCH + 6.0
        };
        shift + text_width(&entry.text, SIZE)
    };
    let width = entries.iter().map(row).fold(0.0, f64::max) + 12.0;
    let height = ROW * entries.len() as f64 + 8.0;
    let left = match corner {
        LegendCorner::UpperLeft | LegendCorner::LowerLeft => area.left + 8.0,
        LegendCorner::UpperRight | LegendCorner::LowerRight => area.right() - width - 8.0,
    };
    let top = match corner {
        LegendCorner::UpperLeft | LegendCorner::UpperRight => area.top + 8.0,
        LegendCorner::LowerLeft | LegendCorner::LowerRight => area.bottom() - height - 8.0,
    };
    Box2 {
        left,
        top,
        width,
        height,
    }
}
