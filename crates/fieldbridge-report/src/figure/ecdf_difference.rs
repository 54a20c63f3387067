use super::line_chart::{Curve, CurveBand, CurveStyle, LineChart};
use crate::{drawing::Axis, theme::Theme};

/// Empirical distribution of the probability integral transform minus that of the uniform distribution.
///
/// A calibrated posterior stays inside the simultaneous band with the stated probability
/// (Säilynoja, Bürkner and Vehtari 2022, arXiv:2103.10522).
#[derive(Debug, Clone, PartialEq)]
pub struct EcdfDifference {
    /// Written above the panel.
    pub title: String,
    /// Difference `F(p) - p` against probability `p`, one curve per parameter.
    pub curves: Vec<Curve>,
    /// Simultaneous band around zero.
    pub band: Option<CurveBand>,
    /// Lines of text in the legend, such as a p-value.
    pub notes: Vec<String>,
}

impl Default for EcdfDifference {
    fn default() -> Self {
        Self {
            title: "PIT: empirical minus uniform distribution".to_owned(),
            curves: Vec::new(),
            band: None,
            notes: Vec::new(),
        }
    }
}

impl EcdfDifference {
    /// Draws the figure.
    pub fn svg(&self, theme: Theme) -> String {
        let zero = Curve::new("", vec![0.0, 1.0], vec![0.0, 0.0]).with_style(CurveStyle::Reference);
        LineChart {
            title: self.title.clone(),
            x: Axis::linear("probability integral transform p").with_range(0.0, 1.0),
            y: Axis::linear("ECDF(p) − p"),
            bands: self.band.iter().cloned().collect(),
            curves: std::iter::once(zero).chain(self.curves.iter().cloned()).collect(),
            marks: Vec::new(),
            notes: self.notes.clone(),
        }
        .svg(theme)
    }
}
