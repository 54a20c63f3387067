use super::histogram::Histogram;
use crate::{drawing::Axis, number::format_count, theme::Theme};

/// Histogram of ranks or of the probability integral transform, with the band of a calibrated posterior.
///
/// A flat histogram is calibrated; a hill is too wide a posterior, a valley too narrow a one, a slope a bias
/// (Talts et al. 2018, arXiv:1804.06788).
#[derive(Debug, Clone, PartialEq)]
pub struct RankHistogram {
    /// Written above the panel.
    pub title: String,
    /// Number of objects in each of the equal bins from 0 to 1.
    pub counts: Vec<f64>,
    /// Lower end of the simultaneous band in each bin, as a count.
    pub band_lower: Vec<f64>,
    /// Upper end of the simultaneous band in each bin, as a count.
    pub band_upper: Vec<f64>,
    /// Name of the band.
    pub band_name: String,
    /// Name of the horizontal axis.
    pub x_label: String,
    /// Lines of text in the legend, such as a p-value.
    pub notes: Vec<String>,
}

impl Default for RankHistogram {
    fn default() -> Self {
        Self {
            title: "Ranks of the truths".to_owned(),
            counts: Vec::new(),
            band_lower: Vec::new(),
            band_upper: Vec::new(),
            band_name: "95 % simultaneous band".to_owned(),
            x_label: "probability integral transform p".to_owned(),
            notes: Vec::new(),
        }
    }
}

impl RankHistogram {
    /// Draws the figure.
    pub fn svg(&self, theme: Theme) -> String {
        let bins = self.counts.len().max(1);
        let total: f64 = self.counts.iter().filter(|count| count.is_finite()).sum();
        let has_band = !self.band_lower.is_empty() && !self.band_upper.is_empty();
        let mut notes = self.notes.clone();
        if total > 0.0 {
            notes.push(format!("n = {}", format_count(total as usize)));
        }
        Histogram {
            title: self.title.clone(),
            x: Axis::linear(self.x_label.clone()).with_range(0.0, 1.0),
            y: Axis::linear("objects per bin"),
            edges: (0..=bins).map(|index| index as f64 / bins as f64).collect(),
            heights: self.counts.clone(),
            name: String::new(),
            band: has_band.then(|| (self.band_lower.clone(), self.band_upper.clone())),
            band_name: self.band_name.clone(),
            reference: (total > 0.0).then_some(total / bins as f64),
            notes,
        }
        .svg(theme)
    }
}
