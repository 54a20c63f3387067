//! The table of columns: role, unit, range, and what is missing.

use fieldbridge::data::{ColumnReport, ModalityScale, ModalityScaling};
use fieldbridge::transform::Bijection;
use fieldbridge_report::{Block, format_number};

use super::ReportInput;
use super::wording::{code, count, interval, note, percent};

/// Columns listed; vector columns can have thousands of entries.
const MOST_ROWS: usize = 60;

/// The table, and remarks on it.
pub(super) fn blocks(input: &ReportInput) -> Vec<Block> {
    let (mut rows, mut units) = (Vec::new(), false);
    let target = &input.manifest.scaling.target;
    for (index, name) in target.columns.iter().enumerate() {
        let unit = target.units.get(index).cloned().flatten();
        units |= unit.is_some();
        let bounds = target.bijections.get(index).map_or(String::new(), bounds);
        let range = target
            .range
            .get(index)
            .map_or("–".to_owned(), |[low, high]| interval(*low, *high));
        let mut row = vec![
            code(name),
            format!("learned{bounds}"),
            unit.unwrap_or("–".to_owned()),
            range,
        ];
        // rows without a target value are left out, so nothing can be missing
        row.extend(["0", "0", "0", "0", "0 %"].map(str::to_owned));
        rows.push(row);
    }
    let mut reports = input.manifest.data.columns.iter();
    for modality in &input.manifest.scaling.context {
        for entry in 0..modality.inputs() {
            let Some(report) = reports.next() else { break };
            units |= report.unit.is_some();
            rows.push(context_row(input, modality, entry, report));
        }
    }
    let listed = rows.len();
    let cut = listed > MOST_ROWS;
    rows.truncate(MOST_ROWS);
    let mut caption = "Columns, their range over the training rows, and values that are missing, counted over all rows that could be \
                       used: not a number (NaN), infinite, equal to a mark for “missing”, or outside the valid interval of the recipe."
        .to_owned();
    if cut {
        caption.push_str(&format!(" The first {MOST_ROWS} of {} are shown.", count(listed)));
    }
    let head = [
        "column", "role", "unit", "range", "NaN", "infinite", "marked", "invalid", "missing",
    ];
    let mut blocks = vec![Block::Table {
        caption,
        header: head.map(str::to_owned).to_vec(),
        rows,
        numeric: vec![false, false, false, true, true, true, true, true, true],
    }];
    if !input.manifest.scaling.context.is_empty() {
        blocks.push(Block::Paragraph(
            "A missing value is never filled in: the model is told that it was not observed (a mask), and its answer is the \
             distribution given the rest."
                .to_owned(),
        ));
    }
    if !units {
        blocks.push(note(
            "The file names no units; all numbers are in the units of its columns, and densities per such unit.",
        ));
    }
    blocks
}

fn context_row(input: &ReportInput, modality: &ModalityScaling, entry: usize, report: &ColumnReport) -> Vec<String> {
    let range = modality
        .range
        .get(entry)
        .map_or("–".to_owned(), |&[low, high]| match modality.recipe.scale {
            ModalityScale::Linear => interval(low, high),
            ModalityScale::Log => interval(low.exp(), high.exp()),
        });
    let scale = match modality.recipe.scale {
        ModalityScale::Linear => "",
        ModalityScale::Log => ", logarithmic",
    };
    let missing = report.not_a_number + report.infinite + report.sentinel + report.invalid;
    vec![
        code(&report.name),
        format!("given ({}{scale})", modality.name),
        report.unit.clone().unwrap_or("–".to_owned()),
        range,
        count(report.not_a_number),
        count(report.infinite),
        count(report.sentinel),
        count(report.invalid),
        match counted_rows(input) {
            0 => count(missing),
            rows => percent(missing as f64 / rows as f64),
        },
    ]
}

/// Rows over which missing values were counted: all with a usable target.
fn counted_rows(input: &ReportInput) -> usize {
    let data = &input.manifest.data;
    let without_context: usize = data
        .left_out
        .iter()
        .filter(|(reason, _)| reason.contains("of the context"))
        .map(|(_, rows)| rows)
        .sum();
    data.train + data.validation + data.test + without_context
}

/// Bounds no draw ever leaves, in words.
fn bounds(bijection: &Bijection) -> String {
    match *bijection {
        Bijection::Identity => String::new(),
        Bijection::Log { low } | Bijection::Softplus { low, .. } => format!(", bounded: above {}", format_number(low)),
        Bijection::Logit { low, high } => {
            format!(", bounded: {} to {}", format_number(low), format_number(high))
        }
    }
}
