//! Section "Calibration": are the probabilities of the model right?

use fieldbridge::check::{ColumnChecks, Coverage, Mira, REJECTION_LEVEL, RankFinding, RankKind, Tarp};
use fieldbridge_report::{
    Block, CoverageCurve, Curve, CurveBand, CurveStyle, EcdfDifference, RankHistogram, format_number, format_with_error,
};

use super::ReportInput;
use super::evidence;
use super::figures::Figures;
use super::wording::{code, count, counted, list, note, p_value, percent, warning};

/// Columns whose histograms are drawn one by one.
const MOST_HISTOGRAMS: usize = 12;
/// Curves in one panel of differences that can still be told apart.
const MOST_DIFFERENCES: usize = 8;
/// Curves in one panel of coverage, where all lie near the diagonal.
const MOST_COVERAGES: usize = 4;
/// Names of the bands.
const BAND: &str = "95 % simultaneous band";

/// The blocks of the section.
pub(super) fn blocks(input: &ReportInput, figures: &mut Figures) -> Vec<Block> {
    let held_out = &input.held_out;
    let mut blocks = vec![Block::Paragraph(what(input))];
    if held_out.columns.is_empty() {
        blocks.push(note("No ranks were computed, so calibration cannot be shown."));
        return blocks;
    }
    blocks.push(findings(input));
    blocks.extend(remarks(input));
    let drawn = most_uneven(&held_out.columns);
    if drawn.len() < held_out.columns.len() {
        blocks.push(note(format!(
            "Histograms are drawn for the {} of {} columns with the smallest p-values.",
            drawn.len(),
            held_out.columns.len()
        )));
    }
    let several = held_out.columns.len() > 1;
    for (place, column) in drawn.iter().enumerate() {
        blocks.push(histogram(input, figures, column, several, place == 0));
    }
    for (place, columns) in drawn.chunks(MOST_DIFFERENCES).enumerate() {
        blocks.push(differences(input, figures, columns, place));
    }
    for (place, columns) in drawn.chunks(MOST_COVERAGES).enumerate() {
        blocks.push(central(figures, columns, place));
    }
    if let Some(coverage) = &held_out.highest_density {
        blocks.push(highest_density(figures, coverage, several));
    }
    if let Some(tarp) = &held_out.tarp {
        blocks.push(random_regions(figures, tarp));
    }
    blocks.extend(held_out.mira.as_ref().map(random_balls));
    blocks
}

fn what(input: &ReportInput) -> String {
    let held_out = &input.held_out;
    let checked = if held_out.checked_rows < held_out.rows {
        format!(
            "{}, spread evenly over all {} held out,",
            counted(held_out.checked_rows, "row"),
            count(held_out.rows)
        )
    } else {
        counted(held_out.checked_rows, "held-out row")
    };
    if input.is_conditional() {
        format!(
            "For each of {checked} {} were taken from the posterior, and the rank of the true value among them was noted: the \
             probability integral transform, PIT. If the posteriors are right, the ranks are uniform between 0 and 1. This tests \
             the model on average over rows like these; it cannot show errors that cancel between kinds of rows.",
            counted(held_out.draws, "draw")
        )
    } else {
        format!(
            "The model describes a population, not single rows. {checked} are ranked, column by column, among {} of the model: the \
             probability integral transform, PIT. If a column's distribution is right, its ranks are uniform between 0 and 1. This \
             tests each column alone.",
            counted(held_out.draws, "draw")
        )
    }
}

/// What limits the conclusions.
fn remarks(input: &ReportInput) -> Vec<Block> {
    let held_out = &input.held_out;
    let mut blocks = Vec::new();
    let curves = evidence::curves(input);
    let outside: Vec<String> = curves
        .iter()
        .filter(|curve| !curve.inside)
        .map(|curve| format!("{} (p {})", curve.name, p_value(curve.p_value)))
        .collect();
    if let Some(objection) = evidence::objection(input) {
        blocks.push(warning(objection));
    } else if held_out.judgement.p_value > REJECTION_LEVEL && !outside.is_empty() {
        blocks.push(note(format!(
            "Of the {} below, {} outside the 95 % band: {}. One right curve in twenty is, and curves of the same ranks go together; this              is a hint of a small fault, not proof. The verdict rests on the table above, at 1 % and corrected for the number of tests.",
            counted(curves.len(), "curve"),
            if outside.len() == 1 { "one lies".to_owned() } else { format!("{} lie", outside.len()) },
            list(&outside)
        )));
    }
    if held_out.checked_rows < 100 {
        blocks.push(warning(format!(
            "With {} only gross errors can be seen.",
            counted(held_out.checked_rows, "checked row")
        )));
    }
    blocks
}

/// Columns with the smallest p-values, in the order of the model.
fn most_uneven(columns: &[ColumnChecks]) -> Vec<&ColumnChecks> {
    let mut order: Vec<usize> = (0..columns.len()).collect();
    order.sort_by(|&first, &second| columns[first].ecdf.p_value.total_cmp(&columns[second].ecdf.p_value));
    order.truncate(MOST_HISTOGRAMS);
    order.sort_unstable();
    order.into_iter().map(|index| &columns[index]).collect()
}

fn findings(input: &ReportInput) -> Block {
    let found = &input.held_out.judgement.findings;
    let several = found.len() > 1;
    let mut header = vec!["ranks of", "verdict", "rows", "p"];
    if several {
        header.push("p, corrected");
    }
    header.extend(["width ratio", "shift [σ]", "in 68 %", "in 95 %"]);
    let mut numeric = vec![true; header.len()];
    numeric[..2].fill(false);
    let regions = match found.iter().any(|finding| finding.kind == RankKind::HighestDensity) {
        true => "the central (for all columns together: highest-density)",
        false => "the central",
    };
    let mut caption = format!(
        "What the ranks say. Width ratio: width of the {}s over the right width, 1 if right, below 1 if too narrow. Shift: how far \
         they lie above (+) or below (−) the truth, in their own standard deviations. Last columns: share of truths inside {regions} \
         68 % and 95 % regions.",
        input.answer()
    );
    if several {
        caption.push_str(" Corrected: for the number of tests (Holm).");
    }
    Block::Table {
        caption,
        header: header.into_iter().map(str::to_owned).collect(),
        rows: found.iter().map(|finding| finding_row(finding, several)).collect(),
        numeric,
    }
}

fn finding_row(finding: &RankFinding, several: bool) -> Vec<String> {
    let written = |p: f64| p_value(p).trim_start_matches("= ").to_owned();
    let name = match finding.kind {
        RankKind::Parameter => code(&finding.name),
        RankKind::HighestDensity => finding.name.clone(),
    };
    let mut row = vec![
        name,
        finding.verdict.to_string(),
        count(finding.rows),
        written(finding.p_value),
    ];
    if several {
        row.push(written(finding.adjusted_p_value));
    }
    for estimate in [finding.width_ratio, finding.bias] {
        row.push(estimate.map_or("–".to_owned(), |found| {
            format_with_error(found.value, found.standard_error)
        }));
    }
    row.extend([percent(finding.covered_by_68), percent(finding.covered_by_95)]);
    row
}

fn histogram(input: &ReportInput, figures: &mut Figures, column: &ColumnChecks, several: bool, first: bool) -> Block {
    let found = &column.histogram;
    let numbers = |counts: &[u64]| counts.iter().map(|&number| number as f64).collect();
    let chart = RankHistogram {
        title: if several {
            format!("Ranks of {}", column.name)
        } else {
            format!("Ranks of the true {}", column.name)
        },
        counts: numbers(&found.counts),
        band_lower: numbers(&found.lower),
        band_upper: numbers(&found.upper),
        band_name: BAND.to_owned(),
        notes: vec![format!("p {}", p_value(found.p_value))],
        ..RankHistogram::default()
    };
    let place = if found.inside {
        "all bins lie inside the band"
    } else {
        "at least one bin leaves the band"
    };
    let caption = if first {
        format!(
            "How often the truth has which rank: flat if the {}s are right, a valley if they are too narrow, a hill if too wide, a \
             slope if shifted (Talts et al. 2018, arXiv:1804.06788). Right models stay inside the band with all bins at once in 95 % of cases; here {place}.",
            input.answer()
        )
    } else {
        format!("The same for {}: {place}.", code(&column.name))
    };
    let name = if several {
        format!("rank-histogram-{}", column.name)
    } else {
        "rank-histogram".to_owned()
    };
    figures.add(&name, caption, |theme| chart.svg(theme))
}

/// Style of a curve, so that more curves than colours can be told apart.
fn style(index: usize) -> CurveStyle {
    match index / 6 {
        0 => CurveStyle::Solid,
        1 => CurveStyle::Dashed,
        _ => CurveStyle::Dotted,
    }
}

fn numbered(name: &str, place: usize) -> String {
    if place == 0 {
        name.to_owned()
    } else {
        format!("{name}-{}", place + 1)
    }
}

fn differences(input: &ReportInput, figures: &mut Figures, columns: &[&ColumnChecks], place: usize) -> Block {
    let with_ends = |values: &[f64], (first, last): (f64, f64)| {
        let mut all = vec![first];
        all.extend_from_slice(values);
        all.push(last);
        all
    };
    let first = &columns[0].ecdf;
    let chart = EcdfDifference {
        curves: columns
            .iter()
            .enumerate()
            .map(|(index, column)| {
                let position = with_ends(&column.ecdf.position, (0.0, 1.0));
                let difference = with_ends(&column.ecdf.difference, (0.0, 0.0));
                Curve::new(column.name.as_str(), position, difference).with_style(style(index))
            })
            .collect(),
        band: Some(CurveBand {
            name: BAND.to_owned(),
            x: with_ends(&first.position, (0.0, 1.0)),
            lower: with_ends(&first.lower, (0.0, 0.0)),
            upper: with_ends(&first.upper, (0.0, 0.0)),
        }),
        notes: match columns {
            [one] => vec![format!("p {}", p_value(one.ecdf.p_value))],
            _ => Vec::new(),
        },
        ..EcdfDifference::default()
    };
    let caption = format!(
        "Share of ranks below p, minus p: zero if the {}s are right, and inside the band for 95 % of right models (Säilynoja et al. \
         2022, arXiv:2103.10522); a curve above zero at small p means truths lower than predicted.",
        input.answer()
    );
    figures.add(&numbered("ecdf-difference", place), caption, |theme| chart.svg(theme))
}

/// A curve from (0, 0) to (1, 1).
fn from_corner_to_corner(levels: &[f64], values: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let closed = |inner: &[f64]| {
        let mut all = Vec::with_capacity(inner.len() + 2);
        all.extend(Some(0.0).filter(|_| levels.first().is_some_and(|&level| level > 0.0)));
        all.extend_from_slice(inner);
        all.extend(Some(1.0).filter(|_| levels.last().is_some_and(|&level| level < 1.0)));
        all
    };
    (closed(levels), closed(values))
}

fn curve(name: &str, coverage: &Coverage) -> Curve {
    let (level, empirical) = from_corner_to_corner(&coverage.level, &coverage.empirical);
    Curve::new(name, level, empirical)
}

fn band(coverage: &Coverage) -> CurveBand {
    let (x, lower) = from_corner_to_corner(&coverage.level, &coverage.lower);
    let (_, upper) = from_corner_to_corner(&coverage.level, &coverage.upper);
    CurveBand {
        name: BAND.to_owned(),
        x,
        lower,
        upper,
    }
}

fn central(figures: &mut Figures, columns: &[&ColumnChecks], place: usize) -> Block {
    let chart = CoverageCurve {
        title: "Coverage of central intervals".to_owned(),
        curves: columns
            .iter()
            .enumerate()
            .map(|(index, column)| curve(&column.name, &column.coverage).with_style(style(index)))
            .collect(),
        band: Some(band(&columns[0].coverage)),
        notes: match columns {
            [one] => vec![format!("p {}", p_value(one.coverage.p_value))],
            _ => Vec::new(),
        },
    };
    let caption = match place {
        0 => {
            "How often the central interval of each credibility holds the truth: on the diagonal if right, below it if intervals are \
             too short, above it if too long."
        }
        _ => "The same for further columns.",
    };
    figures.add(&numbered("coverage-central", place), caption, |theme| chart.svg(theme))
}

fn highest_density(figures: &mut Figures, coverage: &Coverage, several: bool) -> Block {
    let chart = CoverageCurve {
        title: "Coverage of highest-density regions".to_owned(),
        curves: vec![curve(
            if several {
                "all columns together"
            } else {
                "highest density"
            },
            coverage,
        )],
        band: Some(band(coverage)),
        notes: vec![
            format!("p {}", p_value(coverage.p_value)),
            format!("n = {}", count(coverage.rows)),
        ],
    };
    let caption = "The same for the smallest region of each credibility, which may consist of pieces when the posterior has several \
                   peaks (Hermans et al. 2022, arXiv:2110.06581).";
    figures.add("coverage-highest-density", caption, |theme| chart.svg(theme))
}

fn random_balls(mira: &Mira) -> Block {
    Block::Paragraph(format!(
        "Mira score: {:.4} ± {:.4}, where calibrated posteriors score {:.4} (signed deviation {:+.4}). Below \
         means too narrow or shifted, above too wide (Sharief et al. 2026, arXiv:2605.02014).",
        mira.score, mira.standard_error, mira.expected, mira.deviation
    ))
}

fn random_regions(figures: &mut Figures, tarp: &Tarp) -> Block {
    let with_zero = |values: &[f64]| std::iter::once(0.0).chain(values.iter().copied()).collect::<Vec<f64>>();
    let side = |sign: f64| {
        let edge: Vec<f64> = tarp
            .expected_coverage
            .iter()
            .zip(&tarp.standard_error)
            .map(|(coverage, error)| (coverage + sign * error).clamp(0.0, 1.0))
            .collect();
        with_zero(&edge)
    };
    let chart = CoverageCurve {
        title: "Coverage of random regions (TARP)".to_owned(),
        curves: vec![Curve::new(
            "all columns together",
            with_zero(&tarp.credibility),
            with_zero(&tarp.expected_coverage),
        )],
        band: Some(CurveBand {
            name: "± one standard error".to_owned(),
            x: with_zero(&tarp.credibility),
            lower: side(-1.0),
            upper: side(1.0),
        }),
        notes: vec![
            format!("p {}", p_value(tarp.p_value)),
            format!("largest distance {}", format_number(tarp.maximum_deviation)),
        ],
    };
    let caption = "How often the truth lies inside a ball around a random point that holds the given share of the posterior: on the diagonal \
                   if all columns together are right (Lemos et al. 2023, arXiv:2302.03026).";
    figures.add("coverage-tarp", caption, |theme| chart.svg(theme))
}
