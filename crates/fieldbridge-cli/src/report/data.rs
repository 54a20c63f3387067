//! Section "Data": which rows were used for what, and what was missing.

use std::collections::BTreeMap;

use fieldbridge_report::Block;

use super::ReportInput;
use super::columns;
use super::wording::{code, count, counted, list, note, percent, warning};

/// Hexadecimal digits of the fingerprint shown here; the whole of it stands under "How to reproduce".
const SHORT_FINGERPRINT: usize = 12;

/// The blocks of the section.
pub(super) fn blocks(input: &ReportInput) -> Vec<Block> {
    let mut blocks = vec![Block::Paragraph(division(input)), Block::KeyValues(rows(input))];
    blocks.extend(left_out(input));
    blocks.extend(columns::blocks(input));
    blocks.extend(not_answered(input));
    blocks
}

fn division(input: &ReportInput) -> String {
    let data = &input.manifest.data;
    let mut text = format!(
        "The rows of {} were divided at random into three parts: the parameters are fitted to the first, the second decides \
         when to stop, and the third is touched only by the checks in this report.",
        code(input.file_name())
    );
    if data.validation == 0 {
        text.push_str(" No rows were set aside to decide when to stop.");
    }
    if data.test == 0 {
        text.push_str(" No rows of this file were held out.");
    }
    if input.held_out.rows + input.held_out.skipped.len() != data.test {
        text.push_str(&format!(
            " The scores below are of {}.",
            counted(input.held_out.rows, "row")
        ));
    }
    text
}

fn rows(input: &ReportInput) -> Vec<(String, String)> {
    let data = &input.manifest.data;
    let left_out: usize = data.left_out.iter().map(|(_, rows)| rows).sum();
    let share = |rows: usize| match data.rows {
        0 => count(rows),
        all => format!("{} ({})", count(rows), percent(rows as f64 / all as f64)),
    };
    let fingerprint: String = data.fingerprint.chars().take(SHORT_FINGERPRINT).collect();
    let mut pairs = vec![
        ("Rows in the file", count(data.rows)),
        ("Learned from", share(data.train)),
        ("Deciding when to stop", share(data.validation)),
        ("Held out for the checks", share(data.test)),
        ("Left out", share(left_out)),
    ];
    if !fingerprint.is_empty() {
        pairs.push(("Fingerprint of the file", format!("BLAKE3 `{fingerprint}…`")));
    }
    pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn left_out(input: &ReportInput) -> Option<Block> {
    let reasons = &input.manifest.data.left_out;
    if reasons.is_empty() {
        return None;
    }
    Some(Block::Table {
        caption: "Rows of the file that were left out of all three parts, and why.".to_owned(),
        header: vec!["reason".to_owned(), "rows".to_owned()],
        rows: reasons
            .iter()
            .map(|(reason, rows)| vec![reason.clone(), count(*rows)])
            .collect(),
        numeric: vec![false, true],
    })
}

/// Held-out rows the model could not answer, or answered outside what it has seen.
fn not_answered(input: &ReportInput) -> Vec<Block> {
    let held_out = &input.held_out;
    let mut blocks = Vec::new();
    if !held_out.skipped.is_empty() {
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, reason) in &held_out.skipped {
            *reasons.entry(reason).or_default() += 1;
        }
        let kinds = reasons.len();
        let mut words: Vec<String> = reasons
            .into_iter()
            .take(6)
            .map(|(reason, rows)| format!("{reason} ({})", counted(rows, "row")))
            .collect();
        if kinds > words.len() {
            words.push(format!("{} more", counted(kinds - words.len(), "reason")));
        }
        blocks.push(warning(format!(
            "{} of the checked data could not be used: {}. No score includes them.",
            counted(held_out.skipped.len(), "row"),
            list(&words)
        )));
    }
    if held_out.outside_training_range > 0 {
        blocks.push(note(format!(
            "{} ({}) had a context value outside the range of the training rows; it was moved to the edge of that range, and \
             these rows are included in all scores.",
            counted(held_out.outside_training_range, "held-out row"),
            percent(held_out.outside_training_range as f64 / held_out.rows.max(1) as f64)
        )));
    }
    blocks
}
