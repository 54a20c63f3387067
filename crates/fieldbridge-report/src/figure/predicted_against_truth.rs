use super::{RIGHT, TITLE, draw_title};
use crate::{
    drawing::{
        Axis, Box2, Entry, LegendCorner, Panel, PanelStyle, PathData, Scale, Svg, Swatch, central_range,
        draw_legend_in, draw_polyline, is_drawable,
    },
    number::format_count,
    theme::Theme,
};

/// How the difference of prediction and truth is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ResidualScale {
    /// `predicted - truth`.
    #[default]
    Absolute,
    /// `(predicted - truth) / (1 + truth)`, as is usual for redshifts.
    OnePlusTruth,
    /// `(predicted - truth) / |truth|`.
    Truth,
}

impl ResidualScale {
    /// What a difference is divided by.
    fn unit(self, truth: f64) -> f64 {
        match self {
            Self::Absolute => 1.0,
            Self::OnePlusTruth => 1.0 + truth,
            Self::Truth => truth.abs(),
        }
    }

    /// The formula, for a quantity called `symbol`.
    fn formula(self, symbol: &str) -> String {
        match self {
            Self::Absolute => format!("Δ{symbol}"),
            Self::OnePlusTruth => format!("Δ{symbol} / (1 + {symbol})"),
            Self::Truth => format!("Δ{symbol} / |{symbol}|"),
        }
    }
}

/// Predicted against true values with the residuals below.
///
/// Up to 1500 objects are drawn one by one; more are counted in hexagonal cells.
#[derive(Debug, Clone, PartialEq)]
pub struct PredictedAgainstTruth {
    /// Written above the panels.
    pub title: String,
    /// Short symbol of the quantity, used in the residual's formula.
    pub symbol: String,
    /// Name of the true value.
    pub truth_label: String,
    /// Name of the prediction.
    pub predicted_label: String,
    /// True values.
    pub truth: Vec<f64>,
    /// Predictions, such as posterior medians, in the same order.
    pub predicted: Vec<f64>,
    /// How residuals are measured.
    pub residual: ResidualScale,
    /// Residual beyond which an object is an outlier; drawn as lines in both panels.
    pub outlier_threshold: Option<f64>,
    /// Names and values of scores, written in a corner.
    pub scores: Vec<(String, String)>,
}

impl Default for PredictedAgainstTruth {
    fn default() -> Self {
        Self {
            title: "Predicted against true redshift".to_owned(),
            symbol: "z".to_owned(),
            truth_label: "true redshift z".to_owned(),
            predicted_label: "predicted redshift (median)".to_owned(),
            truth: Vec::new(),
            predicted: Vec::new(),
            residual: ResidualScale::OnePlusTruth,
            outlier_threshold: Some(0.15),
            scores: Vec::new(),
        }
    }
}

const SIZE: (f64, f64) = (460.0, 520.0);
/// Up to this many objects are drawn as discs.
const MOST_DISCS: usize = 1500;

impl PredictedAgainstTruth {
    /// Draws the figure.
    pub fn svg(&self, theme: Theme) -> String {
        let pairs: Vec<(f64, f64)> = (self.truth.iter().copied().zip(self.predicted.iter().copied()))
            .filter(|pair| is_drawable(pair.0) && is_drawable(pair.1))
            .collect();
        let mut svg = Svg::new(SIZE.0, SIZE.1);
        draw_title(&mut svg, &self.title, SIZE.0);
        let (truths, predictions): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
        // A handful of absurd values must not squeeze all others into a corner.
        let (low, high) = central_range([truths.as_slice(), predictions.as_slice()], 2e-4).unwrap_or((0.0, 1.0));
        let margin = 0.03 * (high - low);
        let both = Scale::new(low - margin, high + margin, false);
        let residuals: Vec<(f64, f64)> = pairs
            .iter()
            .map(|&(truth, predicted)| (truth, (predicted - truth) / self.residual.unit(truth)))
            .collect();
        let reach = self.residual_reach(&residuals);
        let style = PanelStyle::default();
        let (truth_axis, predicted_axis) = (
            Axis::linear(self.truth_label.clone()),
            Axis::linear(self.predicted_label.clone()),
        );
        let residual_axis = Axis::linear(self.residual.formula(&self.symbol));
        let outer = Box2 {
            left: 8.0,
            top: TITLE,
            width: SIZE.0 - 8.0 - RIGHT,
            height: 336.0,
        };
        let upper_style = PanelStyle {
            x_labels: false,
            ..style
        };
        let mut upper = Panel::within(outer, (&truth_axis, both), (&predicted_axis, both), upper_style);
        let below = Box2 {
            top: outer.bottom() + 4.0,
            height: SIZE.1 - outer.bottom() - 4.0,
            ..outer
        };
        let mut lower = Panel::within(
            below,
            (&truth_axis, both),
            (&residual_axis, Scale::new(-reach, reach, false)),
            style,
        );
        let left = upper.area.left.max(lower.area.left);
        upper.set_left(left);
        lower.set_left(left);

        upper.draw_grid(&mut svg);
        upper.begin_clip(&mut svg);
        let most = draw_objects(&mut svg, &upper, &pairs);
        self.draw_lines(&mut svg, &upper, both, |truth, residual| {
            truth + residual * self.residual.unit(truth)
        });
        svg.end_clip();
        upper.draw_frame(&mut svg);
        let hidden = residuals.iter().filter(|pair| pair.1.abs() > reach).count();
        self.draw_keys(&mut svg, &upper, &pairs, (most, hidden));

        lower.draw_grid(&mut svg);
        lower.begin_clip(&mut svg);
        draw_objects(&mut svg, &lower, &residuals);
        self.draw_lines(&mut svg, &lower, both, |_, residual| residual);
        svg.end_clip();
        lower.draw_frame(&mut svg);
        if pairs.is_empty() {
            upper.draw_no_data(&mut svg);
        }
        svg.finish(theme, &self.title)
    }

    /// Half the height of the residual panel: the bulk, and the outlier lines if they are near it.
    fn residual_reach(&self, residuals: &[(f64, f64)]) -> f64 {
        let sizes: Vec<f64> = residuals.iter().map(|pair| pair.1.abs()).collect();
        let bulk = central_range([sizes.as_slice()], 0.01).map_or(0.0, |range| range.1);
        let threshold = self
            .outlier_threshold
            .filter(|&line| is_drawable(line) && line > 0.0)
            .unwrap_or(0.0);
        let reach = if bulk > 0.0 { 1.2 * bulk } else { 1.0 };
        if threshold > 0.0 && threshold < 20.0 * reach {
            reach.max(1.6 * threshold)
        } else {
            reach
        }
    }

    /// The line of perfect prediction and the outlier lines, as `place(truth, residual)`.
    fn draw_lines(&self, svg: &mut Svg, panel: &Panel, range: Scale, place: impl Fn(f64, f64) -> f64) {
        let truths: Vec<f64> = (0..=100)
            .map(|step| range.low + (range.high - range.low) * f64::from(step) / 100.0)
            .collect();
        let mut line = |class: &str, residual: f64| {
            let values: Vec<f64> = truths.iter().map(|&truth| place(truth, residual)).collect();
            draw_polyline(svg, panel, class, &truths, &values);
        };
        line("fb-thin fb-truth", 0.0);
        if let Some(threshold) = self.outlier_threshold {
            line("fb-thin fb-s1 fb-dashed", threshold);
            line("fb-thin fb-s1 fb-dashed", -threshold);
        }
    }

    /// Scores in one corner, the meaning of lines and colours in another.
    fn draw_keys(
        &self,
        svg: &mut Svg,
        panel: &Panel,
        pairs: &[(f64, f64)],
        (most, hidden_residuals): (Option<f64>, usize),
    ) {
        let scores = self.scores.iter().map(|score| format!("{}  {}", score.0, score.1));
        let count = (!pairs.is_empty()).then(|| format!("n = {}", format_count(pairs.len())));
        let shown = |pair: &&(f64, f64)| {
            let place = panel.x_pixel(pair.0).zip(panel.y_pixel(pair.1));
            place.is_some_and(|place| panel.area.contains(place))
        };
        let hidden = pairs.len() - pairs.iter().filter(shown).count();
        let outside = (hidden > 0).then(|| format!("outside the frame: {}", format_count(hidden)));
        let text = |text: String| Entry {
            swatch: Swatch::None,
            text,
        };
        let upper_left: Vec<Entry> = count.into_iter().chain(scores).chain(outside).map(text).collect();
        let mut key = vec![Entry {
            swatch: Swatch::Line("fb-truth".to_owned()),
            text: "1 : 1".to_owned(),
        }];
        if let Some(threshold) = self.outlier_threshold {
            let text = format!("|{}| = {threshold}", self.residual.formula(&self.symbol));
            key.push(Entry {
                swatch: Swatch::Line("fb-thin fb-s1 fb-dashed".to_owned()),
                text,
            });
        }
        if let Some(most) = most {
            key.push(text(format!(
                "shade: 1 to {} per cell, log",
                format_count(most as usize)
            )));
        }
        if hidden_residuals > 0 {
            key.push(text(format!(
                "beyond the lower frame: {}",
                format_count(hidden_residuals)
            )));
        }
        // Both triangles off the diagonal are nearly empty, so each gets a legend.
        draw_legend_in(svg, panel.area, &upper_left, LegendCorner::UpperLeft);
        draw_legend_in(svg, panel.area, &key, LegendCorner::LowerRight);
    }
}

/// Draws objects as discs or counted in hexagons; returns the largest count of a hexagon.
fn draw_objects(svg: &mut Svg, panel: &Panel, pairs: &[(f64, f64)]) -> Option<f64> {
    let places = pairs
        .iter()
        .filter_map(|&(x, y)| Some((panel.x_pixel(x)?, panel.y_pixel(y)?)))
        .filter(|&place| panel.area.contains(place));
    if pairs.len() <= MOST_DISCS {
        let centres: Vec<(f64, f64)> = places.collect();
        svg.discs("fb-f0", &centres, 1.8, 0.45);
        return None;
    }
    let counts = hexagon_counts(places);
    let most = counts.values().copied().max()? as f64;
    const SHADES: usize = 8;
    let mut shades: Vec<PathData> = (0..SHADES).map(|_| PathData::default()).collect();
    for (&cell, &count) in &counts {
        let part = if most > 1.0 {
            (count as f64).ln() / most.ln()
        } else {
            1.0
        };
        add_hexagon(&mut shades[((part * SHADES as f64) as usize).min(SHADES - 1)], cell);
    }
    for (index, shade) in shades.iter().enumerate() {
        svg.path("fb-f0", shade, 0.14 + 0.86 * index as f64 / (SHADES - 1) as f64);
    }
    Some(most)
}

/// Half the distance of neighbouring hexagons, in pixels.
const HALF: f64 = 3.0;
/// Distance of rows of hexagons that touch.
const ROW: f64 = HALF * 1.732_050_8;

/// Counts per hexagon; a cell is (column in half steps, row), both even or both odd.
fn hexagon_counts(places: impl Iterator<Item = (f64, f64)>) -> std::collections::BTreeMap<(i32, i32), u64> {
    let mut counts = std::collections::BTreeMap::new();
    for (x, y) in places {
        // The nearest centre is one of two candidates: the best of the even and the best of the odd lattice.
        let even = (
            2 * (x / (2.0 * HALF)).round() as i32,
            2 * (y / (2.0 * ROW)).round() as i32,
        );
        let odd = (
            2 * ((x - HALF) / (2.0 * HALF)).round() as i32 + 1,
            2 * ((y - ROW) / (2.0 * ROW)).round() as i32 + 1,
        );
        let distance =
            |cell: (i32, i32)| (x - f64::from(cell.0) * HALF).powi(2) + (y - f64::from(cell.1) * ROW).powi(2);
        *counts
            .entry(if distance(even) <= distance(odd) { even } else { odd })
            .or_insert(0) += 1;
    }
    counts
}

fn add_hexagon(data: &mut PathData, cell: (i32, i32)) {
    let (x, y) = (f64::from(cell.0) * HALF, f64::from(cell.1) * ROW);
    let tall = 2.0 * ROW / 3.0;
    data.through([
        (x, y - tall),
        (x + HALF, y - 0.5 * tall),
        (x + HALF, y + 0.5 * tall),
        (x, y + tall),
        (x - HALF, y + 0.5 * tall),
        (x - HALF, y - 0.5 * tall),
    ]);
    data.close();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_lands_in_the_nearest_hexagon() {
        let points: Vec<(f64, f64)> = (0..2000)
            .map(|i| (f64::from(i % 47) * 1.37 + 0.2, f64::from(i % 89) * 0.91 + 0.1))
            .collect();
        for &(x, y) in &points {
            let counts = hexagon_counts(std::iter::once((x, y)));
            let (&cell, _) = counts.first_key_value().expect("one point, one cell");
            let distance = ((x - f64::from(cell.0) * HALF).powi(2) + (y - f64::from(cell.1) * ROW).powi(2)).sqrt();
            // No point of a hexagon is farther from its centre than its corners.
            assert!(distance <= 2.0 * ROW / 3.0 + 1e-9, "({x}, {y}) in {cell:?}");
        }
        assert_eq!(hexagon_counts(points.into_iter()).values().sum::<u64>(), 2000);
    }
}
