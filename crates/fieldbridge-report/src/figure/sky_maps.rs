use super::draw_title;
use crate::{
    drawing::{Anchor, Axis, Box2, Panel, PanelStyle, Scale, Svg, text_width},
    theme::Theme,
};

/// One square map.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SkyMap {
    /// Written above it.
    pub title: String,
    /// Values row by row, first row at the top; a square number of them.
    pub values: Vec<f64>,
}

/// Square maps of one patch of sky on one colour scale, with a bar that says what the colours are.
///
/// Blue is below zero, red above, and the ends of the scale lie `limit` from it; values beyond are drawn as its ends. Where a
/// value is not finite the map is grey.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SkyMaps {
    /// Written above the maps.
    pub title: String,
    /// Length of a side, degrees.
    pub width_degrees: f64,
    /// The maps.
    pub maps: Vec<SkyMap>,
    /// Name and unit of the quantity.
    pub label: String,
    /// Where the colour scale ends.
    pub limit: f64,
    /// Maps in a row; [`SkyMaps::narrow_svg`] takes two.
    pub columns: usize,
}

/// Colours of the scale from its lower to its upper end; straight lines in between. Readable with any colour vision, and
/// lightest at zero.
const COLOURS: [[f64; 3]; 9] = [
    [5.0, 48.0, 97.0],
    [33.0, 102.0, 172.0],
    [103.0, 169.0, 207.0],
    [199.0, 224.0, 239.0],
    [247.0, 247.0, 247.0],
    [253.0, 214.0, 191.0],
    [239.0, 138.0, 98.0],
    [178.0, 24.0, 43.0],
    [103.0, 0.0, 31.0],
];
/// Steps of the scale.
const LEVELS: usize = 96;
const SIDE: f64 = 150.0;
const GAP: f64 = 14.0;
const HEAD: f64 = 34.0;
const LEFT: f64 = 52.0;
const BAR: f64 = 12.0;

/// The colour of a step.
fn colour(level: usize) -> String {
    let place = level as f64 / (LEVELS - 1) as f64 * (COLOURS.len() - 1) as f64;
    let below = (place as usize).min(COLOURS.len() - 2);
    let share = place - below as f64;
    let part = |at: usize| (COLOURS[below][at] * (1.0 - share) + COLOURS[below + 1][at] * share).round() as u8;
    format!("#{:02x}{:02x}{:02x}", part(0), part(1), part(2))
}

impl SkyMaps {
    /// Draws the maps.
    pub fn svg(&self, theme: Theme) -> String {
        self.with_columns(self.columns.clamp(1, 12), theme)
    }

    /// The same figure with two maps in a row, for narrow screens.
    pub fn narrow_svg(&self, theme: Theme) -> String {
        self.with_columns(2, theme)
    }

    fn with_columns(&self, columns: usize, theme: Theme) -> String {
        let rows = self.maps.len().div_ceil(columns).max(1);
        let (step, line) = (SIDE + GAP, SIDE + GAP + 18.0);
        let width = LEFT + step * columns as f64 + 78.0;
        let height = HEAD + line * rows as f64 + 30.0;
        let mut svg = Svg::new(width, height);
        draw_title(&mut svg, &self.title, width);
        for (index, map) in self.maps.iter().enumerate() {
            let (row, column) = (index / columns, index % columns);
            let area = Box2 {
                left: LEFT + step * column as f64,
                top: HEAD + 18.0 + line * row as f64,
                width: SIDE,
                height: SIDE,
            };
            let last = index + columns >= self.maps.len();
            self.draw_map(&mut svg, area, map, (column == 0, last));
        }
        if self.maps.is_empty() {
            svg.text("fb-muted", 0.5 * width, 0.5 * height, Anchor::Middle, 13.0, "no data");
        } else {
            self.draw_bar(
                &mut svg,
                Box2 {
                    left: LEFT + step * columns as f64,
                    top: HEAD + 18.0,
                    width: BAR,
                    height: SIDE,
                },
            );
        }
        svg.finish(theme, &self.title)
    }

    fn level(&self, value: f64) -> Option<usize> {
        let place = (0.5 + 0.5 * value / self.limit).clamp(0.0, 1.0) * (LEVELS - 1) as f64;
        place.is_finite().then(|| place.round() as usize)
    }

    fn draw_map(&self, svg: &mut Svg, area: Box2, map: &SkyMap, (first, last): (bool, bool)) {
        let size = 12.0 * (SIDE / text_width(&map.title, 12.0).max(1.0)).min(1.0);
        svg.text("fb-text", area.left, area.top - 5.0, Anchor::Start, size, &map.title);
        let side = (map.values.len() as f64).sqrt().round() as usize;
        let levels: Vec<Option<usize>> = map.values.iter().map(|&value| self.level(value)).collect();
        if levels.contains(&None) {
            svg.rectangle("fb-muted", area.left, area.top, area.width, area.height, 0.6);
        }
        svg.cells((area.left, area.top), SIDE / side.max(1) as f64, side, &levels, colour);
        let degrees = |label: &str| Axis::linear(label.to_owned());
        let scale = Scale::new(0.0, self.width_degrees, false);
        let style = PanelStyle {
            tick_size: 10.5,
            label_size: 12.0,
            x_labels: last,
            y_labels: first,
            grid: false,
        };
        // rows go down, and so do their degrees
        let up = scale;
        Panel::at(area, (&degrees("degrees"), scale), (&degrees("degrees"), up), style).draw_frame(svg);
    }

    fn draw_bar(&self, svg: &mut Svg, area: Box2) {
        let levels: Vec<Option<usize>> = (0..LEVELS).rev().map(Some).collect();
        svg.column((area.left, area.top), (BAR, SIDE / LEVELS as f64), &levels, colour);
        for (share, value) in [(0.0, self.limit), (0.5, 0.0), (1.0, -self.limit)] {
            let text = crate::format_number(value);
            svg.text(
                "fb-muted",
                area.right() + 5.0,
                area.top + share * SIDE + 4.0,
                Anchor::Start,
                10.5,
                &text,
            );
        }
        let middle = area.top + 0.5 * SIDE;
        svg.upward_text(
            "fb-text",
            area.right() + 58.0,
            middle,
            Anchor::Middle,
            12.0,
            &self.label,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_run_from_blue_over_white_to_red() {
        assert_eq!(
            (colour(0).as_str(), colour(LEVELS - 1).as_str()),
            ("#053061", "#67001f")
        );
        let maps = SkyMaps {
            limit: 2.0,
            ..SkyMaps::default()
        };
        assert_eq!(maps.level(-5.0), Some(0));
        assert_eq!(maps.level(2.0), Some(LEVELS - 1));
        assert_eq!(maps.level(f64::NAN), None);
    }

    #[test]
    fn a_map_is_one_cell_for_each_pixel_that_has_a_value() {
        let figure = |first: f64| SkyMaps {
            title: "maps".to_owned(),
            width_degrees: 5.0,
            maps: vec![SkyMap {
                title: "truth".to_owned(),
                values: vec![first, -1.0, f64::NAN, 0.0],
            }],
            label: "convergence".to_owned(),
            limit: 1.0,
            columns: 3,
        };
        let svg = figure(1.0).svg(Theme::Light);
        // the scale beside the maps has the colour too
        let cells = |svg: &str| svg.matches("fill=\"#67001f\" d=\"M0 0h1").count();
        assert_eq!(cells(&svg), cells(&figure(0.0).svg(Theme::Light)) + 1);
        // what has no value is grey, on a ground that whole maps do not have
        let grey = "class=\"fb-muted\" d=";
        assert!(svg.contains(grey));
        let mut whole = figure(1.0);
        whole.maps[0].values[2] = 0.5;
        assert!(!whole.svg(Theme::Light).contains(grey));
        assert!(svg.contains("degrees") && svg.contains("convergence") && svg.contains("truth"));
        assert!(crate::png(&svg, 600).is_ok());
        assert!(SkyMaps::default().svg(Theme::Page).contains("no data"));
    }
}
