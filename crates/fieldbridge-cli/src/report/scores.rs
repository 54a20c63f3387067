//! Section "Scores": one table of numbers, each with its uncertainty.

use fieldbridge::check::{ColumnChecks, HeldOut};
use fieldbridge_report::{Block, format_number, format_with_error};

use super::ReportInput;
use super::reference::gaussian_log_density;
use super::wording::{code, count, note, percent, percent_with_error};

/// Columns whose scores are listed.
const MOST_COLUMNS: usize = 40;

/// The blocks of the section.
pub(super) fn blocks(input: &ReportInput) -> Vec<Block> {
    let held_out = &input.held_out;
    let mut rows = joint(input, held_out);
    for column in held_out.columns.iter().take(MOST_COLUMNS) {
        rows.extend(of_column(input, column));
    }
    rows.extend(joint_coverage(input, held_out));
    let mut blocks = vec![Block::Table {
        caption: "Scores on held-out rows; ± is one standard error from the spread over rows (for point statistics by bootstrap). It \
                  does not hold what another seed or another division of the rows would change."
            .to_owned(),
        header: ["score", "of", "value", "rows", "meaning"].map(str::to_owned).to_vec(),
        rows,
        numeric: vec![false, false, true, true, false],
    }];
    if held_out.columns.len() > MOST_COLUMNS {
        blocks.push(note(format!(
            "The first {MOST_COLUMNS} of {} columns are listed.",
            held_out.columns.len()
        )));
    }
    if held_out.columns.iter().any(|column| column.point.is_some()) {
        blocks.push(Block::Paragraph(
            "Bias, σ_NMAD and outliers are of the posterior median, with e = (predicted − true) / (1 + true): the median of e, 1.4826 \
             times the median of |e − median e|, and the share of |e| beyond the threshold (Hildebrandt et al. 2010, arXiv:1008.0658)."
                .to_owned(),
        ));
    }
    blocks
}

/// One line of the table.
fn line(score: &str, of: &str, value: String, rows: usize, meaning: &str) -> Vec<String> {
    vec![score.to_owned(), of.to_owned(), value, count(rows), meaning.to_owned()]
}

/// Scores of all columns together.
fn joint(input: &ReportInput, held_out: &HeldOut) -> Vec<Vec<String>> {
    let of = all_columns(input);
    let Some(mean) = &held_out.mean_log_density else {
        let meaning = "this bridge starts from points whose density is not known: draws are all it gives";
        return vec![line("mean log density", &of, "–".to_owned(), held_out.rows, meaning)];
    };
    let error = held_out.largest_error_estimate;
    let mut rows = vec![line(
        "mean log density",
        &of,
        format!("{} nats", format_with_error(mean.value, mean.standard_error)),
        held_out.rows,
        "larger is better; per row, natural logarithm, in the units of the columns",
    )];
    if let Some(below) = held_out.below_truth {
        rows.push(line(
            "log density below the truth",
            &of,
            format!("{} nats", format_with_error(below.value, below.standard_error)),
            held_out.rows,
            "the rows were drawn from a known distribution: what its own density has more, zero for a perfect model",
        ));
    }
    let columns: Vec<&[f64]> = held_out.columns.iter().map(|column| column.truth.as_slice()).collect();
    if let Some(reference) = gaussian_log_density(&columns) {
        let context = if input.is_conditional() {
            ", ignoring what is given"
        } else {
            ""
        };
        rows.push(line(
            "log density of one Gaussian",
            &of,
            format!("{} nats", format_number(reference)),
            columns.first().map_or(0, |column| column.len()),
            &format!("for comparison: mean and covariance of these very rows{context}"),
        ));
    }
    let (value, meaning) = if !error.is_finite() {
        ("–".to_owned(), "at least one log density has no finite error estimate")
    } else if error == 0.0 {
        (
            "0".to_owned(),
            "the density of this family is exact but for rounding to single precision",
        )
    } else {
        let two_digits = format!("{error:.1e}").parse().unwrap_or(error);
        (
            format!("{} nats", format_number(two_digits)),
            "largest numerical error estimate of one row's log density (solver and trace)",
        )
    };
    rows.push(line("numerical error", &of, value, held_out.rows, meaning));
    rows
}

/// Coverage of highest-density regions of all columns together.
fn joint_coverage(input: &ReportInput, held_out: &HeldOut) -> Vec<Vec<String>> {
    let of = all_columns(input);
    let mut rows = Vec::new();
    if let Some(coverage) = &held_out.highest_density {
        for level in [0.70, 0.95] {
            if let Some(place) = coverage.level.iter().position(|found| (found - level).abs() < 1e-9) {
                rows.push(line(
                    &format!("inside highest-density {}", percent(level)),
                    &of,
                    percent_with_error(coverage.empirical[place], coverage.standard_error[place]),
                    coverage.rows,
                    &format!("{} if right", percent(level)),
                ));
            }
        }
    }
    rows
}

/// What a score of all columns is a score of.
fn all_columns(input: &ReportInput) -> String {
    match input.targets() {
        [one] => code(one),
        _ => "all".to_owned(),
    }
}

fn of_column(input: &ReportInput, column: &ColumnChecks) -> Vec<Vec<String>> {
    let of = code(&column.name);
    let unit = column
        .unit
        .as_deref()
        .map(|unit| format!(" {unit}"))
        .unwrap_or_default();
    let mut rows = Vec::new();
    if let Some(crps) = &column.crps {
        rows.push(line(
            "CRPS",
            &of,
            format!(
                "{}{unit}",
                format_with_error(crps.mean, crps.standard_error.unwrap_or(f64::NAN))
            ),
            crps.rows.len(),
            "smaller is better; the squared distance of the predicted from the true cumulative distribution, integrated",
        ));
    }
    if let Some(point) = &column.point {
        let of_point = |score: &str, value, meaning: &str| line(score, &of, value, point.rows, meaning);
        rows.push(of_point(
            "bias",
            format_with_error(point.bias.value, point.bias.standard_error),
            "median of e; zero is best",
        ));
        rows.push(of_point(
            "σ_NMAD",
            format_with_error(point.sigma_nmad.value, point.sigma_nmad.standard_error),
            "robust width of e; smaller is better",
        ));
        rows.push(of_point(
            "outliers",
            percent_with_error(point.outlier_fraction.value, point.outlier_fraction.standard_error),
            &format!(
                "share of |e| > {}; smaller is better",
                format_number(point.outlier_threshold)
            ),
        ));
    }
    if input.is_conditional() || input.targets().len() <= 12 {
        for level in [0.68, 0.95] {
            let Some((share, error)) = covered(&column.pit, level) else {
                continue;
            };
            rows.push(line(
                &format!("inside central {}", percent(level)),
                &of,
                percent_with_error(share, error),
                column.pit.len(),
                &format!("{} if right", percent(level)),
            ));
        }
    }
    rows
}

/// Share of truths inside the central interval of a level, with its binomial standard error.
fn covered(pit: &[f64], level: f64) -> Option<(f64, f64)> {
    if pit.is_empty() {
        return None;
    }
    let rows = pit.len() as f64;
    let inside = pit.iter().filter(|rank| (2.0 * **rank - 1.0).abs() <= level).count() as f64;
    // one success and one failure added, so that the error is not zero when all or none are inside
    let share = (inside + 1.0) / (rows + 2.0);
    Some((inside / rows, (share * (1.0 - share) / (rows + 2.0)).sqrt()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uniform_ranks_are_covered_as_often_as_they_say() {
        let pit: Vec<f64> = (0..1000).map(|row| (f64::from(row) + 0.5) / 1000.0).collect();
        let (share, error) = covered(&pit, 0.68).unwrap();
        assert_eq!(share, 0.68);
        assert!((error - (0.68_f64 * 0.32 / 1000.0).sqrt()).abs() < 1e-4);
        assert!(covered(&[], 0.68).is_none());
        assert!(covered(&[0.5], 0.68).unwrap().1 > 0.0);
    }
}
