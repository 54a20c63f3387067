use super::line_chart::{Curve, CurveBand, CurveStyle, LineChart};
use crate::{drawing::Axis, theme::Theme};

/// Fraction of truths inside credible regions against the credibility these regions claim.
///
/// Above the diagonal the posterior is too wide (underconfident), below it too narrow (overconfident). Regions may be
/// of one parameter or joint (TARP, Lemos et al. 2023, arXiv:2302.03026).
#[derive(Debug, Clone, PartialEq)]
pub struct CoverageCurve {
    /// Written above the panel.
    pub title: String,
    /// Expected coverage against nominal credibility, both from 0 to 1.
    pub curves: Vec<Curve>,
    /// Band in which a calibrated posterior stays.
    pub band: Option<CurveBand>,
    /// Lines of text in the legend.
    pub notes: Vec<String>,
}

impl Default for CoverageCurve {
    fn default() -> Self {
        Self {
            title: "Coverage of credible regions".to_owned(),
            curves: Vec::new(),
            band: None,
            notes: Vec::new(),
        }
    }
}

impl CoverageCurve {
    /// Draws the figure.
    pub fn svg(&self, theme: Theme) -> String {
        let ideal = Curve::new("ideal", vec![0.0, 1.0], vec![0.0, 1.0]).with_style(CurveStyle::Reference);
        LineChart {
            title: self.title.clone(),
            x: Axis::linear("nominal credibility").with_range(0.0, 1.0),
            y: Axis::linear("expected coverage").with_range(0.0, 1.0),
            bands: self.band.iter().cloned().collect(),
            curves: std::iter::once(ideal).chain(self.curves.iter().cloned()).collect(),
            marks: Vec::new(),
            notes: self.notes.clone(),
        }
        .svg(theme)
    }
}
