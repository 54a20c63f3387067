//! Pixels inside and outside of the observed area.

use fieldbridge_report::{Block, CoverageCurve, Curve, Histogram, format_with_error};

use super::FieldInput;
use crate::report::figures::Figures;
use crate::run::fields::found::Region;

/// What a row of the table says of an interval.
const SHOWN: [f64; 3] = [0.5, 0.7, 0.9];

pub(super) fn blocks(input: &FieldInput<'_>, figures: &mut Figures) -> Vec<Block> {
    let regions = &input.found.regions;
    if regions.is_empty() {
        return Vec::new();
    }
    let rows = regions.iter().map(|region| {
        let mut row = vec![region.name.clone(), format!("{:.1} %", 100.0 * region.share)];
        row.extend(SHOWN.iter().map(|&wanted| covered(region, wanted)));
        row.extend([
            format!("{:.3}", region.maximum_deviation),
            format!("{:.1}", region.maximum_errors),
            format!("{:.3}", region.spread),
            format!("{:.3}", region.error),
        ]);
        row
    });
    let mut blocks = vec![
        Block::Paragraph(
            "Every true pixel is ranked among the drawn ones of its place, and central intervals of the draws are asked how often they hold \
             it. Standard errors come from the scatter between observations, since pixels of one map know of each other. The spread of the \
             draws and the error of their mean are in deviations of all pixels of the maps: equal when calibrated, and 1 where the \
             observation says nothing."
                .to_owned(),
        ),
        Block::Table {
            caption: format!(
                "Pixels of {} observations, {} draws each.",
                input.found.observations, input.found.draws
            ),
            header: [
                "pixels",
                "share",
                "held by 50 %",
                "by 70 %",
                "by 90 %",
                "largest deviation",
                "in standard errors",
                "spread",
                "error",
            ]
            .map(str::to_owned)
            .to_vec(),
            rows: rows.collect(),
            numeric: vec![false, true, true, true, true, true, true, true, true],
        },
    ];
    let chart = CoverageCurve {
        title: "Coverage of pixels".to_owned(),
        curves: regions.iter().map(curve).collect(),
        ..CoverageCurve::default()
    };
    blocks.push(figures.add(
        "coverage-pixels",
        "Share of true pixels inside central intervals of the drawn ones against the credibility of these intervals.",
        |theme| chart.svg(theme),
    ));
    for region in regions {
        let classes = region.ranks.len();
        let histogram = Histogram {
            title: format!("Ranks of {} pixels", region.name),
            x: fieldbridge_report::Axis::linear("rank of the true pixel among drawn ones"),
            y: fieldbridge_report::Axis::linear("share of pixels"),
            edges: (0..=classes).map(|edge| edge as f64 / classes as f64).collect(),
            heights: region.ranks.clone(),
            reference: Some(1.0 / classes as f64),
            band: Some((around(region, -2.0), around(region, 2.0))),
            band_name: "two standard errors".to_owned(),
            ..Histogram::default()
        };
        blocks.push(figures.add(
            &format!("ranks-{}", region.name),
            format!(
                "Ranks of {} pixels, flat when calibrated; the band is two standard errors of each class to both sides.",
                region.name
            ),
            |theme| histogram.svg(theme),
        ));
    }
    blocks
}

/// What is expected of every class, and so many standard errors.
fn around(region: &Region, errors: f64) -> Vec<f64> {
    let classes = region.ranks.len() as f64;
    let each = region.ranks_error.iter();
    each.map(|error| (1.0 / classes + errors * error).max(0.0)).collect()
}

fn covered(region: &Region, wanted: f64) -> String {
    let at = region
        .credibility
        .iter()
        .position(|credibility| (credibility - wanted).abs() < 1e-9);
    at.map_or_else(
        || "–".to_owned(),
        |at| format_with_error(region.coverage[at], region.coverage_error[at]),
    )
}

fn curve(region: &Region) -> Curve {
    let whole = |inner: &[f64]| [&[0.0], inner, &[1.0]].concat();
    Curve::new(
        format!("{} pixels", region.name),
        whole(&region.credibility),
        whole(&region.coverage),
    )
}
