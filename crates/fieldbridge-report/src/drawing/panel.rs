use super::{
    axis::{Axis, Scale},
    svg::{Anchor, Svg},
    text_width::text_width,
    ticks::Ticks,
};
use crate::number::superscript;

/// A rectangle in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Box2 {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

impl Box2 {
    pub(crate) fn right(&self) -> f64 {
        self.left + self.width
    }

    pub(crate) fn bottom(&self) -> f64 {
        self.top + self.height
    }

    pub(crate) fn contains(&self, (x, y): (f64, f64)) -> bool {
        (self.left..=self.right()).contains(&x) && (self.top..=self.bottom()).contains(&y)
    }
}

/// Sizes of text and which labels a panel shows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PanelStyle {
    pub(crate) tick_size: f64,
    pub(crate) label_size: f64,
    pub(crate) x_labels: bool,
    pub(crate) y_labels: bool,
    pub(crate) grid: bool,
}

impl Default for PanelStyle {
    fn default() -> Self {
        Self {
            tick_size: 12.0,
            label_size: 13.0,
            x_labels: true,
            y_labels: true,
            grid: true,
        }
    }
}

/// A plotting area with its two axes.
pub(crate) struct Panel {
    pub(crate) area: Box2,
    pub(crate) x: Scale,
    pub(crate) y: Scale,
    x_label: String,
    y_label: String,
    style: PanelStyle,
}

impl Panel {
    /// A panel that fills `outer` with its tick labels and axis names included.
    pub(crate) fn within(outer: Box2, x: (&Axis, Scale), y: (&Axis, Scale), style: PanelStyle) -> Self {
        let below = if style.x_labels {
            style.tick_size + style.label_size + 16.0
        } else {
            6.0
        };
        let height = (outer.height - below).max(10.0);
        let left = if style.y_labels {
            let ticks = Ticks::new(&y.1, height, style.tick_size, false);
            let widest = ticks
                .major
                .iter()
                .map(|tick| text_width(&tick.1, style.tick_size))
                .fold(0.0, f64::max);
            let name = if y.0.label.is_empty() && ticks.exponent == 0 {
                0.0
            } else {
                style.label_size + 8.0
            };
            widest + 8.0 + name
        } else {
            4.0
        };
        let area = Box2 {
            left: outer.left + left,
            top: outer.top,
            width: (outer.width - left).max(10.0),
            height,
        };
        Self::at(area, x, y, style)
    }

    /// A panel whose plotting area is given; labels are written outside of it.
    pub(crate) fn at(area: Box2, x: (&Axis, Scale), y: (&Axis, Scale), style: PanelStyle) -> Self {
        Self {
            area,
            x: x.1,
            y: y.1,
            x_label: x.0.label.clone(),
            y_label: y.0.label.clone(),
            style,
        }
    }

    /// Horizontal position of a value.
    pub(crate) fn x_pixel(&self, value: f64) -> Option<f64> {
        Some(self.area.left + self.x.fraction(value)? * self.area.width)
    }

    /// Vertical position of a value.
    pub(crate) fn y_pixel(&self, value: f64) -> Option<f64> {
        Some(self.area.bottom() - self.y.fraction(value)? * self.area.height)
    }

    /// Moves the start of the plotting area, to line it up with that of another panel.
    pub(crate) fn set_left(&mut self, left: f64) {
        self.area.width = (self.area.right() - left).max(10.0);
        self.area.left = left;
    }

    /// The grid, drawn before the data.
    pub(crate) fn draw_grid(&self, svg: &mut Svg) {
        if !self.style.grid {
            return;
        }
        for (value, _) in self.x_ticks().major {
            if let Some(x) = self.x_pixel(value) {
                svg.line("fb-grid", x, self.area.top, x, self.area.bottom());
            }
        }
        for (value, _) in self.y_ticks().major {
            if let Some(y) = self.y_pixel(value) {
                svg.line("fb-grid", self.area.left, y, self.area.right(), y);
            }
        }
    }

    /// Frame, ticks and labels, drawn after the data.
    pub(crate) fn draw_frame(&self, svg: &mut Svg) {
        let Box2 {
            left,
            top,
            width,
            height,
        } = self.area;
        svg.rectangle("fb-axis", left, top, width, height, 1.0);
        self.draw_x_axis(svg);
        let (y_ticks, style) = (self.y_ticks(), self.style);
        for (value, length) in with_lengths(&y_ticks) {
            if let Some(y) = self.y_pixel(value) {
                svg.line("fb-axis", left, y, left + length, y);
            }
        }
        if !style.y_labels {
            return;
        }
        let mut widest: f64 = 0.0;
        for (value, label) in &y_ticks.major {
            widest = widest.max(text_width(label, style.tick_size));
            if let Some(y) = self.y_pixel(*value) {
                svg.text(
                    "fb-text",
                    left - 5.0,
                    y + 0.36 * style.tick_size,
                    Anchor::End,
                    style.tick_size,
                    label,
                );
            }
        }
        let name = with_exponent(&self.y_label, y_ticks.exponent);
        let size = self.name_size(&name, height);
        svg.upward_text(
            "fb-text",
            left - widest - 12.0,
            top + 0.5 * height,
            Anchor::Middle,
            size,
            &name,
        );
    }

    /// Ticks, their labels and the name below the panel.
    fn draw_x_axis(&self, svg: &mut Svg) {
        let (bottom, style, ticks) = (self.area.bottom(), self.style, self.x_ticks());
        for (value, length) in with_lengths(&ticks) {
            if let Some(x) = self.x_pixel(value) {
                svg.line("fb-axis", x, bottom, x, bottom - length);
            }
        }
        if !style.x_labels {
            return;
        }
        for (value, label) in &ticks.major {
            if let Some(x) = self.x_pixel(*value) {
                svg.text(
                    "fb-text",
                    x,
                    bottom + style.tick_size + 4.0,
                    Anchor::Middle,
                    style.tick_size,
                    label,
                );
            }
        }
        let name = with_exponent(&self.x_label, ticks.exponent);
        let (x, y) = (
            self.area.left + 0.5 * self.area.width,
            bottom + style.tick_size + style.label_size + 9.0,
        );
        svg.text(
            "fb-text",
            x,
            y,
            Anchor::Middle,
            self.name_size(&name, self.area.width),
            &name,
        );
    }

    /// Long names shrink rather than run into their neighbours.
    fn name_size(&self, name: &str, length: f64) -> f64 {
        let size = self.style.label_size;
        (size * (1.04 * length / text_width(name, size).max(1.0)).min(1.0)).max(8.5)
    }

    /// The horizontal axis alone, for small panels whose heights have no unit.
    pub(crate) fn draw_bottom(&self, svg: &mut Svg) {
        let (bottom, size) = (self.area.bottom(), self.style.tick_size);
        svg.line("fb-axis", self.area.left, bottom, self.area.right(), bottom);
        let ticks = self.x_ticks();
        for (value, length) in with_lengths(&ticks) {
            if let Some(x) = self.x_pixel(value) {
                svg.line("fb-axis", x, bottom, x, bottom + 0.7 * length);
            }
        }
        for (value, label) in &ticks.major {
            if let Some(x) = self.x_pixel(*value) {
                svg.text("fb-text", x, bottom + size + 5.0, Anchor::Middle, size, label);
            }
        }
        if ticks.exponent != 0 {
            let power = with_exponent("", ticks.exponent);
            svg.text(
                "fb-muted",
                self.area.right(),
                bottom - 4.0,
                Anchor::End,
                0.9 * size,
                &power,
            );
        }
    }

    /// Like [`Panel::draw_frame`], for a panel whose heights have no unit: no ticks at the side.
    pub(crate) fn draw_frame_without_heights(&self, svg: &mut Svg) {
        let Box2 {
            left,
            top,
            width,
            height,
        } = self.area;
        svg.rectangle("fb-axis", left, top, width, height, 1.0);
        self.draw_x_axis(svg);
    }

    /// Says that there is nothing to see.
    pub(crate) fn draw_no_data(&self, svg: &mut Svg) {
        let (x, y) = (
            self.area.left + 0.5 * self.area.width,
            self.area.top + 0.5 * self.area.height,
        );
        svg.text("fb-muted", x, y, Anchor::Middle, self.style.label_size, "no data");
    }

    /// Everything until [`Svg::end_clip`] stays inside the plotting area.
    pub(crate) fn begin_clip(&self, svg: &mut Svg) {
        svg.begin_clip(self.area.left, self.area.top, self.area.width, self.area.height);
    }

    fn x_ticks(&self) -> Ticks {
        Ticks::new(&self.x, self.area.width, self.style.tick_size, true)
    }

    fn y_ticks(&self) -> Ticks {
        Ticks::new(&self.y, self.area.height, self.style.tick_size, false)
    }
}

/// Labelled ticks are longer than those between them.
fn with_lengths(ticks: &Ticks) -> impl Iterator<Item = (f64, f64)> {
    ticks
        .minor
        .iter()
        .map(|&value| (value, 3.0))
        .chain(ticks.major.iter().map(|tick| (tick.0, 6.0)))
}

/// The name of an axis with the power of ten taken out of its tick labels.
fn with_exponent(name: &str, exponent: i32) -> String {
    match (exponent, name.is_empty()) {
        (0, _) => name.to_owned(),
        (_, true) => format!("× 10{}", superscript(exponent)),
        (_, false) => format!("{name}  (× 10{})", superscript(exponent)),
    }
}
