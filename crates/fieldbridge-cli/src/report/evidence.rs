//! The curves beside the test behind the verdict, and whether they agree with it.
//!
//! The verdict tests the distribution of the ranks from left to right. Too wide or too narrow intervals move both ends
//! at once, and the coverage curve can see that first; a report must not call a model calibrated beside a curve that
//! says otherwise.

use fieldbridge::check::{REJECTION_LEVEL, Verdict};

use super::ReportInput;
use super::wording::{code, p_value};

/// One curve with its 95 % band.
pub(super) struct Curve {
    /// What it shows, in words.
    pub(super) name: String,
    /// Probability of a curve at least this far out, if the model is right.
    pub(super) p_value: f64,
    /// Whether it stays inside its band.
    pub(super) inside: bool,
}

/// Every curve with a band that the report draws.
pub(super) fn curves(input: &ReportInput) -> Vec<Curve> {
    let mut curves = Vec::new();
    for column in &input.held_out.columns {
        let name = code(&column.name);
        let mut add = |what: &str, p_value, inside| {
            curves.push(Curve {
                name: format!("the {what} of {name}"),
                p_value,
                inside,
            });
        };
        add("rank histogram", column.histogram.p_value, column.histogram.inside);
        add("distribution of ranks", column.ecdf.p_value, column.ecdf.inside);
        add("central coverage", column.coverage.p_value, column.coverage.inside);
    }
    curves.extend(input.held_out.highest_density.as_ref().map(|coverage| Curve {
        name: "the highest-density coverage".to_owned(),
        p_value: coverage.p_value,
        inside: coverage.inside,
    }));
    curves.extend(input.held_out.tarp.as_ref().map(|tarp| Curve {
        name: "the coverage of random regions (TARP)".to_owned(),
        p_value: tarp.p_value,
        inside: tarp.p_value > 0.05,
    }));
    curves
}

/// A sentence against a favourable verdict: a curve that would reject the model at the same level, corrected for the
/// number of curves.
pub(super) fn objection(input: &ReportInput) -> Option<String> {
    if input.held_out.judgement.verdict != Verdict::Calibrated {
        return None;
    }
    let curves = curves(input);
    let number = curves.len() as f64;
    let worst = curves
        .into_iter()
        .min_by(|first, second| first.p_value.total_cmp(&second.p_value))
        .filter(|worst| worst.p_value * number <= REJECTION_LEVEL)?;
    Some(format!(
        "However, {} departs from what it should be (p {}, small even for the worst of {number} curves): the test behind the verdict \
         is not the one that sees this fault best, and the word “calibrated” should not be relied on before it is explained.",
        worst.name,
        p_value(worst.p_value)
    ))
}
