//! The verdict in words, with numbers a reader can use.

use super::finding::{RankFinding, RankKind};
use super::verdict::{LEAST_ROWS, REJECTION_LEVEL, REQUIRED_WIDTH_SENSITIVITY, STANDS_OUT, Verdict};

/// Relative width errors and biases (in posterior standard deviations) that rarely matter in practice.
const SMALL: f64 = 0.05;

/// One or two sentences on the leading finding, and which other sets were rejected.
pub(super) fn of(leading: &RankFinding, findings: &[RankFinding]) -> String {
    let smallest = findings
        .iter()
        .map(|finding| finding.adjusted_p_value)
        .fold(1.0, f64::min);
    let p_value = match leading.verdict {
        // that nothing was rejected is said of all sets together
        Verdict::Calibrated | Verdict::Inconclusive => smallest,
        _ => leading.adjusted_p_value,
    };
    let evidence = format!("{} rows, p = {}", leading.rows, p_value_in_words(p_value));
    let name = &leading.name;
    let mut sentence = match leading.verdict {
        Verdict::Calibrated => format!(
            "Calibrated: no departure from uniform ranks in {evidence}; a width error of {} would probably have been found.",
            percent(leading.detectable_width_error.unwrap_or(f64::NAN))
        ),
        Verdict::Inconclusive => inconclusive(leading, &evidence),
        Verdict::Biased => format!("Biased: {} ({evidence}).", shift_in_words(leading)),
        Verdict::Overconfident | Verdict::Underconfident if moments_stand_out(leading) => {
            format!(
                "{}: {} ({evidence}).",
                capitalised(leading.verdict),
                width_in_words(leading)
            )
        }
        Verdict::Overconfident | Verdict::Underconfident => format!(
            "{}: the posteriors of `{name}` have the wrong shape rather than a wrong centre or width; their 68 % regions hold {} \
             of the truths and their 95 % regions {} ({evidence}).",
            capitalised(leading.verdict),
            percent(leading.covered_by_68),
            percent(leading.covered_by_95)
        ),
    };
    if is_small(leading) {
        sentence.push_str(" The effect is small; it is certain only because there are many rows.");
    }
    let others: Vec<String> = findings
        .iter()
        .filter(|finding| finding.adjusted_p_value <= REJECTION_LEVEL && !std::ptr::eq(*finding, leading))
        .map(|finding| format!("`{}` {}", finding.name, finding.verdict))
        .collect();
    if !others.is_empty() {
        sentence.push_str(&format!(" Also found: {}.", others.join(", ")));
    }
    sentence
}

fn inconclusive(finding: &RankFinding, evidence: &str) -> String {
    let Some(error) = finding.detectable_width_error else {
        return format!(
            "Inconclusive: one draw per row of `{}` cannot show a wrong width ({evidence}); take at least 20 draws.",
            finding.name
        );
    };
    let needed = (finding.rows as f64 * (error / REQUIRED_WIDTH_SENSITIVITY).powi(2))
        .ceil()
        .max(LEAST_ROWS as f64);
    format!(
        "Inconclusive: no departure from uniform ranks ({evidence}), but a width error below {} would probably have been missed; \
         check about {needed:.0} rows to see one of {}.",
        percent(error),
        percent(REQUIRED_WIDTH_SENSITIVITY)
    )
}

fn moments_stand_out(finding: &RankFinding) -> bool {
    match finding.kind {
        RankKind::Parameter => finding.mean_effect.abs().max(finding.variance_effect.abs()) >= STANDS_OUT,
        RankKind::HighestDensity => finding.mean_effect.abs() >= STANDS_OUT,
    }
}

fn width_in_words(finding: &RankFinding) -> String {
    let direction = if finding.verdict == Verdict::Overconfident {
        "narrow"
    } else {
        "wide"
    };
    let agrees = |ratio: f64| (ratio < 1.0) == (finding.verdict == Verdict::Overconfident);
    match finding.width_ratio {
        Some(ratio) if agrees(ratio.value) => format!(
            "the posteriors of `{}` are about {} too {direction}, width ratio {:.3} ± {:.3}",
            finding.name,
            percent((ratio.value - 1.0).abs()),
            ratio.value,
            ratio.standard_error
        ),
        _ => format!(
            "the posteriors of `{}` are too {direction}: their 68 % regions hold {} of the truths and their 95 % regions {}",
            finding.name,
            percent(finding.covered_by_68),
            percent(finding.covered_by_95)
        ),
    }
}

fn shift_in_words(finding: &RankFinding) -> String {
    let direction = if finding.mean_effect < 0.0 { "above" } else { "below" };
    let size = match finding.bias {
        Some(bias) => {
            format!(
                "about {:.2} ± {:.2} posterior standard deviations {direction}",
                bias.value.abs(),
                bias.standard_error
            )
        }
        None => format!("far {direction}"),
    };
    let width = match finding.width_ratio {
        Some(ratio) if (ratio.value - 1.0).abs() > STANDS_OUT * ratio.standard_error => format!(
            ", and are about {} too {}",
            percent((ratio.value - 1.0).abs()),
            if ratio.value < 1.0 { "narrow" } else { "wide" }
        ),
        _ => String::new(),
    };
    format!("the posteriors of `{}` lie {size} the truth{width}", finding.name)
}

/// Whether a rejected error is too small to matter for most uses.
fn is_small(finding: &RankFinding) -> bool {
    let rejected = finding.adjusted_p_value <= REJECTION_LEVEL && moments_stand_out(finding);
    let small_ratio = finding
        .width_ratio
        .is_some_and(|ratio| (ratio.value - 1.0).abs() < SMALL);
    rejected && small_ratio && finding.bias.is_some_and(|bias| bias.value.abs() < SMALL)
}

fn percent(fraction: f64) -> String {
    let value = 100.0 * fraction;
    if value < 9.95 {
        format!("{value:.1} %")
    } else {
        format!("{value:.0} %")
    }
}

fn capitalised(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Overconfident => "Overconfident",
        Verdict::Underconfident => "Underconfident",
        Verdict::Biased => "Biased",
        Verdict::Calibrated => "Calibrated",
        Verdict::Inconclusive => "Inconclusive",
    }
}

fn p_value_in_words(p_value: f64) -> String {
    if p_value >= 0.001 {
        format!("{p_value:.3}")
    } else {
        format!("{p_value:.0e}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(percent(0.123), "12 %");
        assert_eq!(percent(0.0234), "2.3 %");
        assert_eq!(p_value_in_words(0.0421), "0.042");
        assert_eq!(p_value_in_words(3.2e-12), "3e-12");
    }
}
