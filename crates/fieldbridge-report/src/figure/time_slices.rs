use super::{TITLE, draw_title};
use crate::{
    drawing::{Anchor, Axis, Box2, Panel, PanelStyle, PathData, Scale, Svg, central_range, is_drawable},
    number::format_number,
    theme::Theme,
};

/// Points of the plane on their way from one distribution to another: a panel for each time, and one with their
/// trajectories.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TimeSlices {
    /// Written above the panels.
    pub title: String,
    /// Names and units of the two coordinates.
    pub axes: [String; 2],
    /// Times, ascending.
    pub times: Vec<f64>,
    /// Where the points are at each time, the same points in the same order.
    pub points: Vec<Vec<(f64, f64)>>,
    /// What to write above each slice; `t = ...` without any.
    pub headings: Vec<String>,
    /// How many of the points are followed in the last panel, and by a trail in a frame; without any there is no such
    /// panel.
    pub followed: usize,
    /// At most so many of the times get a panel, the first and the last among them; all when zero.
    pub panels: usize,
}

/// Size of one panel with its surroundings.
const CELL: (f64, f64) = (205.0, 215.0);
/// Side of a frame.
const FRAME: f64 = 340.0;
/// Points drawn in one panel.
const MOST_POINTS: usize = 1500;

impl TimeSlices {
    /// Draws all panels in a row.
    pub fn svg(&self, theme: Theme) -> String {
        self.with_columns(usize::MAX, theme)
    }

    /// The same with two panels in a row, for narrow screens.
    pub fn narrow_svg(&self, theme: Theme) -> String {
        self.with_columns(2, theme)
    }

    /// The points at one time alone, as large as every other frame.
    pub fn frame(&self, index: usize, theme: Theme) -> String {
        let mut svg = Svg::new(FRAME, FRAME);
        let outer = Box2 {
            left: 8.0,
            top: TITLE,
            width: FRAME - 20.0,
            height: FRAME - TITLE - 4.0,
        };
        let scales = self.scales();
        let axes = self.axes.each_ref().map(Axis::linear);
        let style = PanelStyle::default();
        let panel = Panel::within(outer, (&axes[0], scales[0]), (&axes[1], scales[1]), style);
        self.draw_trails(&mut svg, &panel, index);
        draw_points(&mut svg, &panel, self.points.get(index).map_or(&[], Vec::as_slice));
        panel.draw_frame(&mut svg);
        draw_title(&mut svg, &self.heading(index), FRAME);
        svg.finish(theme, &self.title)
    }

    fn heading(&self, index: usize) -> String {
        if let Some(heading) = self.headings.get(index) {
            return heading.clone();
        }
        // times come from sums of steps
        let rounded = |time: &f64| format_number((time * 1e3).round() / 1e3);
        self.times
            .get(index)
            .map_or(String::new(), |time| format!("t = {}", rounded(time)))
    }

    /// Scales that hold nearly all points at all times, one unit as long in both directions.
    fn scales(&self) -> [Scale; 2] {
        let column = |of: fn(&(f64, f64)) -> f64| -> Vec<Vec<f64>> {
            self.points.iter().map(|slice| slice.iter().map(of).collect()).collect()
        };
        let range =
            |columns: Vec<Vec<f64>>| central_range(columns.iter().map(Vec::as_slice), 0.002).unwrap_or((0.0, 1.0));
        let (x, y) = (range(column(|point| point.0)), range(column(|point| point.1)));
        let half = 0.54 * (x.1 - x.0).max(y.1 - y.0).max(1e-12);
        [x, y].map(|(low, high)| {
            let centre = 0.5 * low + 0.5 * high;
            Scale::new(centre - half, centre + half, false)
        })
    }

    /// Which times get a panel.
    fn shown(&self) -> Vec<usize> {
        let all = self.times.len().min(self.points.len());
        let wanted = if self.panels == 0 { all } else { self.panels.min(all) };
        match wanted {
            0 => Vec::new(),
            1 => vec![all - 1],
            several => (0..several).map(|place| place * (all - 1) / (several - 1)).collect(),
        }
    }

    fn with_columns(&self, columns: usize, theme: Theme) -> String {
        let shown = self.shown();
        let count = (shown.len() + usize::from(self.followed > 0 && !shown.is_empty())).max(1);
        let columns = columns.min(count);
        let rows = count.div_ceil(columns);
        let width = 30.0 + CELL.0 * columns as f64;
        let mut svg = Svg::new(width, TITLE + CELL.1 * rows as f64 + 24.0);
        draw_title(&mut svg, &self.title, width);
        if shown.is_empty() {
            svg.text("fb-muted", 0.5 * width, TITLE + 60.0, Anchor::Middle, 13.0, "no data");
        } else {
            let scales = self.scales();
            for place in 0..count {
                let panel = self.panel(place, columns, scales);
                let heading = match shown.get(place) {
                    Some(&index) => {
                        draw_points(&mut svg, &panel, &self.points[index]);
                        self.heading(index)
                    }
                    None => {
                        self.draw_trajectories(&mut svg, &panel);
                        "trajectories".to_owned()
                    }
                };
                panel.draw_frame(&mut svg);
                let (x, y) = (panel.area.left, panel.area.top - 5.0);
                svg.text("fb-text", x, y, Anchor::Start, 12.0, &heading);
            }
        }
        svg.finish(theme, &self.title)
    }

    fn panel(&self, place: usize, columns: usize, scales: [Scale; 2]) -> Panel {
        let (row, column) = (place / columns, place % columns);
        let area = Box2 {
            left: 40.0 + CELL.0 * column as f64,
            top: TITLE + 18.0 + CELL.1 * row as f64,
            width: CELL.0 - 18.0,
            height: CELL.0 - 18.0,
        };
        let style = PanelStyle {
            tick_size: 10.5,
            label_size: 11.5,
            x_labels: true,
            y_labels: column == 0,
            grid: false,
        };
        let axes = self.axes.each_ref().map(Axis::linear);
        Panel::at(area, (&axes[0], scales[0]), (&axes[1], scales[1]), style)
    }

    fn draw_trajectories(&self, svg: &mut Svg, panel: &Panel) {
        panel.begin_clip(svg);
        let lines = self.draw_lines(svg, panel, self.points.len());
        let (starts, ends): (Vec<_>, Vec<_>) = lines.iter().map(|line| (line[0], line[line.len() - 1])).unzip();
        svg.discs("fb-f1", &starts, 1.8, 1.0);
        svg.discs("fb-f0", &ends, 1.8, 1.0);
        svg.end_clip();
    }

    /// Where the followed points have been up to one time.
    fn draw_trails(&self, svg: &mut Svg, panel: &Panel, until: usize) {
        panel.begin_clip(svg);
        let lines = self.draw_lines(svg, panel, until + 1);
        let starts: Vec<(f64, f64)> = lines.iter().map(|line| line[0]).collect();
        svg.discs("fb-f1", &starts, 1.8, 1.0);
        svg.end_clip();
    }

    /// The ways of the followed points over the first slices, each of two places at least.
    fn draw_lines(&self, svg: &mut Svg, panel: &Panel, slices: usize) -> Vec<Vec<(f64, f64)>> {
        let line = |point: usize| -> Vec<(f64, f64)> {
            let passed = self.points.iter().take(slices);
            passed.filter_map(|slice| place_of(panel, *slice.get(point)?)).collect()
        };
        let lines: Vec<_> = (0..self.followed).map(line).filter(|line| line.len() > 1).collect();
        for line in &lines {
            let mut data = PathData::default();
            data.through(line.iter().copied());
            svg.path("fb-thin fb-s5", &data, 1.0);
        }
        lines
    }
}

/// Where a point stands in a panel.
fn place_of(panel: &Panel, (x, y): (f64, f64)) -> Option<(f64, f64)> {
    if !is_drawable(x) || !is_drawable(y) {
        return None;
    }
    Some((panel.x_pixel(x)?, panel.y_pixel(y)?))
}

fn draw_points(svg: &mut Svg, panel: &Panel, points: &[(f64, f64)]) {
    panel.begin_clip(svg);
    let places: Vec<(f64, f64)> = points
        .iter()
        .take(MOST_POINTS)
        .filter_map(|&point| place_of(panel, point))
        .collect();
    svg.discs("fb-f0", &places, 1.3, 0.55);
    svg.end_clip();
    if places.is_empty() {
        panel.draw_no_data(svg);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_and_last_times_are_among_those_shown() {
        let slices = TimeSlices {
            times: (0..21).map(f64::from).collect(),
            points: vec![vec![(0.0, 1.0)]; 21],
            panels: 5,
            ..TimeSlices::default()
        };
        assert_eq!(slices.shown(), [0, 5, 10, 15, 20]);
        assert_eq!(
            TimeSlices {
                panels: 0,
                ..slices.clone()
            }
            .shown()
            .len(),
            21
        );
        assert_eq!(TimeSlices { panels: 1, ..slices }.shown(), [20]);
        assert!(TimeSlices::default().svg(Theme::Light).contains("no data"));
    }

    #[test]
    fn both_directions_have_the_same_unit() {
        let slices = TimeSlices {
            times: vec![0.0],
            points: vec![vec![(0.0, 0.0), (10.0, 1.0), (f64::NAN, 2.0)]],
            ..TimeSlices::default()
        };
        let [x, y] = slices.scales();
        assert!(((x.high - x.low) - (y.high - y.low)).abs() < 1e-9);
        assert!(slices.frame(0, Theme::Light).matches("<circle").count() == 2);
        assert!(slices.frame(7, Theme::Light).contains("no data"));
    }
}
