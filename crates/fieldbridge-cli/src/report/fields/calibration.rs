//! Whether the posteriors hold the truth as often as they say.

use fieldbridge_report::{Block, CoverageCurve, Curve, CurveStyle, format_with_error};

use super::FieldInput;
use crate::report::figures::Figures;
use crate::run::fields::found::Scores;

pub(super) fn blocks(input: &FieldInput<'_>, figures: &mut Figures) -> Vec<Block> {
    let own = &input.found.calibration;
    let exact = input.found.exact.as_ref().map(|exact| &exact.calibration);
    let mut rows = Vec::new();
    let mut row = |name: &str, scores: &Scores| {
        rows.push(vec![
            name.to_owned(),
            format_with_error(scores.mira.score, scores.mira.standard_error),
            format!("{:.4}", scores.mira.expected),
            format!("{:+.1}", scores.mira.deviation / scores.mira.standard_error),
            format!("{:.3}", scores.tarp.maximum_deviation),
            format!("{:.3}", scores.tarp.p_value),
        ]);
    };
    row("parameters", &own.parameters);
    row("parameters and maps", &own.joint);
    if let Some(exact) = exact {
        row("parameters, exact draws", &exact.parameters);
        row("parameters and maps, exact draws", &exact.joint);
    }
    let curves = |scores: &Scores, name: &str| {
        let mut x = vec![0.0];
        let mut y = vec![0.0];
        x.extend(&scores.tarp.credibility);
        y.extend(&scores.tarp.expected_coverage);
        Curve::new(name, x, y)
    };
    let mut figure = |id: &str, title: &str, scores: &Scores, exact: Option<&Scores>| {
        let chart = CoverageCurve {
            title: title.to_owned(),
            curves: std::iter::once(curves(scores, "model"))
                .chain(exact.map(|exact| curves(exact, "exact draws").with_style(CurveStyle::Dashed)))
                .collect(),
            ..CoverageCurve::default()
        };
        figures.add(
            id,
            "Share of observations whose truth lies inside random regions (TARP, Lemos et al. 2023, arXiv:2302.03026) against the \
             credibility these regions claim.",
            |theme| chart.svg(theme),
        )
    };
    vec![
        Block::Paragraph(
            "Mira (Sharief et al. 2026, arXiv:2605.02014) is near 2/3 for calibrated posteriors, below it for too narrow or shifted \
             ones and **above it for too wide ones**: a value to meet, not a maximum."
                .to_owned(),
        ),
        Block::Table {
            caption: format!("{} observations, {} draws each.", input.found.observations, input.found.draws),
            header: ["posterior of", "Mira", "expected", "standard errors off", "coverage, largest deviation", "p-value"]
                .map(str::to_owned)
                .to_vec(),
            rows,
            numeric: vec![false, true, true, true, true, true],
        },
        figure(
            "coverage-parameters",
            "Coverage of parameters",
            &own.parameters,
            exact.map(|exact| &exact.parameters),
        ),
        figure(
            "coverage-joint",
            "Coverage of parameters and maps",
            &own.joint,
            exact.map(|exact| &exact.joint),
        ),
    ]
}
