use super::line_chart::{Curve, LineChart, Mark};
use crate::{
    drawing::{Axis, central_range, finite_values},
    number::format_number,
    theme::Theme,
};

/// Loss of training and of validation against the step of the optimiser.
#[derive(Debug, Clone, PartialEq)]
pub struct LossCurve {
    /// Written above the panel.
    pub title: String,
    /// Training loss (averaged as the caller likes) against step.
    pub training: Curve,
    /// Validation loss against step.
    pub validation: Curve,
    /// The step whose parameters were kept.
    pub best_step: Option<f64>,
    /// Why training ended, such as "stopped early after 20 checks without gain".
    pub note: Option<String>,
    /// Whether the steps are shown on a logarithmic axis.
    pub logarithmic_steps: bool,
    /// Name and unit of the loss.
    pub loss_label: String,
}

impl Default for LossCurve {
    fn default() -> Self {
        Self {
            title: "Loss during training".to_owned(),
            training: Curve::new("training", Vec::new(), Vec::new()),
            validation: Curve::new("validation", Vec::new(), Vec::new()),
            best_step: None,
            note: None,
            logarithmic_steps: false,
            loss_label: "loss  −⟨log p⟩ [nats]".to_owned(),
        }
    }
}

impl LossCurve {
    /// Draws the figure. The first steps may be far above the rest; if they would flatten it, they are cut and the
    /// figure says so.
    pub fn svg(&self, theme: Theme) -> String {
        let mut notes: Vec<String> = self.note.iter().cloned().collect();
        let mut y = Axis::linear(self.loss_label.clone());
        let losses = [self.training.y.as_slice(), self.validation.y.as_slice()];
        let highest = losses
            .iter()
            .flat_map(|column| finite_values(column))
            .fold(f64::NEG_INFINITY, f64::max);
        if let (Some((low, _)), Some((_, usual))) = (central_range(losses, 0.0), central_range(losses, 0.03)) {
            let span = usual - low;
            if span > 0.0 && highest > usual + span {
                y = y.with_range(low - 0.06 * span, usual + 0.25 * span);
                notes.push("highest early losses lie above the frame".to_owned());
            }
        }
        let x = if self.logarithmic_steps {
            Axis::logarithmic("step")
        } else {
            Axis::linear("step")
        };
        let best = self.best_step.map(|step| Mark {
            value: step,
            label: format!("best: step {}", format_step(step)),
        });
        LineChart {
            title: self.title.clone(),
            x,
            y,
            bands: Vec::new(),
            curves: vec![self.training.clone(), self.validation.clone()],
            marks: best.into_iter().collect(),
            notes,
        }
        .svg(theme)
    }
}

/// A step count in full, as long as it is short enough to read.
fn format_step(step: f64) -> String {
    if step.abs() < 1e9 {
        format!("{step:.0}")
    } else {
        format_number(step)
    }
}
