//! Title, one sentence on what was learned from what, and the verdict.

use fieldbridge::check::{REJECTION_LEVEL, Verdict as Word};
use fieldbridge_report::{Tone, Verdict};

use super::ReportInput;
use super::evidence;
use super::wording::{code, counted, list};

/// Title of the page.
pub(super) fn title(input: &ReportInput) -> String {
    let title = input.manifest.title.trim();
    if title.is_empty() {
        "Report of a Fieldbridge run".to_owned()
    } else {
        title.to_owned()
    }
}

/// What was learned from what.
pub(super) fn subtitle(input: &ReportInput) -> String {
    let data = &input.manifest.data;
    let scaling = &input.manifest.scaling;
    let mut learner = input.bridge_in_words();
    if let Some(first) = learner.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let columns = match input.targets() {
        [one] => code(one),
        several => format!("{} columns together", several.len()),
    };
    let given = if let Some(fields) = &scaling.fields {
        let geometry = fields.geometry;
        format!(
            " given observed convergence ({}, {} × {} pixels, {}° wide)",
            counted(geometry.bins, "map"),
            geometry.pixels,
            geometry.pixels,
            geometry.width_degrees
        )
    } else if scaling.context.is_empty() {
        String::new()
    } else {
        let modalities: Vec<String> = scaling
            .context
            .iter()
            .map(|modality| format!("{} ({})", modality.name, counted(modality.inputs(), "value")))
            .collect();
        format!(" given {}", list(&modalities))
    };
    format!(
        "{learner} learned {}, the distribution of {columns}{given}, from {} of {}; it is judged on {} it has not seen.",
        input.formula(),
        counted(data.train, "row"),
        code(input.file_name()),
        counted(input.held_out.rows, "row"),
    )
}

/// The verdict with what it means for a reader.
pub(super) fn verdict(input: &ReportInput) -> Verdict {
    let judgement = &input.held_out.judgement;
    let posteriors = if input.is_conditional() {
        "posteriors"
    } else {
        "marginal distributions"
    };
    let objection = evidence::objection(input);
    let meaning = match judgement.verdict {
        _ if objection.is_some() => objection.as_deref().unwrap_or_default(),
        Word::Calibrated if input.is_conditional() => {
            "A 68 % interval of this model may be read as one: it holds the truth in about 68 of 100 cases, averaged over \
             rows like these."
        }
        Word::Calibrated => {
            "Each column of the draws follows the held-out data; how columns go together is not part of this test and is \
             shown under Predictions."
        }
        Word::Overconfident | Word::Underconfident | Word::Biased if !input.is_conditional() => {
            "The draws do not follow the held-out data in every column; the table under Calibration says in which, and how far."
        }
        Word::Overconfident => "Its intervals are too short: the truth lies outside them more often than they say.",
        Word::Underconfident => "Its intervals are too long: safe, but wasteful of information.",
        Word::Biased => "Its distributions are shifted: do not average over many rows without correcting for it.",
        Word::Inconclusive => "Nothing can be said for or against this model without more held-out rows.",
    };
    let test = format!(
        "The p-value is the probability of ranks at least this uneven if the {posteriors} were right{}; below {REJECTION_LEVEL} \
         the model is rejected.",
        if judgement.findings.len() > 1 {
            format!(", corrected for the {} tests made (Holm)", judgement.findings.len())
        } else {
            String::new()
        }
    );
    Verdict {
        word: judgement.verdict.word().to_owned(),
        tone: match judgement.verdict {
            Word::Calibrated if objection.is_none() => Tone::Good,
            Word::Calibrated | Word::Underconfident => Tone::Caution,
            Word::Overconfident | Word::Biased => Tone::Bad,
            Word::Inconclusive => Tone::Neutral,
        },
        sentence: format!("{} {meaning} {test}", words_of_the_judge(input)),
        p_value: Some(judgement.p_value).filter(|value| value.is_finite()),
    }
}

/// The judge's sentence. It speaks of posteriors; of a population the same holds for the values drawn of a column.
fn words_of_the_judge(input: &ReportInput) -> String {
    let sentence = &input.held_out.judgement.sentence;
    if input.is_conditional() {
        return sentence.clone();
    }
    sentence
        .replace("posterior standard deviations", "standard deviations")
        .replace("posteriors", "drawn values")
}

/// Small print.
pub(super) fn footer(input: &ReportInput) -> String {
    format!(
        "Written by Fieldbridge {}. ± is one standard error. All figures are in the folder `figures` as SVG and PNG.",
        input.manifest.fieldbridge_version
    )
}
