//! The report of a model of parameters and fields.

mod against_exact;
mod baselines;
mod calibration;
mod posterior;
mod regions;
mod training;
mod wording;

use anyhow::Context;
use fieldbridge::check::Verdict as Word;
use fieldbridge::model::{Manifest, Model};
use fieldbridge::recipe::Recipe;
use fieldbridge::train::Evaluation;
use fieldbridge_files::atomic::write_atomically;
use fieldbridge_report::{Block, Report, Section, Tone, Verdict};

use super::figures::Figures;
use super::wording::{code, count, counted, list};
use crate::directory::RunDirectory;
use crate::run::fields::found::FieldFound;
use crate::run::record::Record;
use crate::run::reporting::history;

/// Everything this report is made of.
pub(super) struct FieldInput<'a> {
    pub(super) recipe: &'a Recipe,
    pub(super) manifest: &'a Manifest,
    pub(super) parameters: usize,
    pub(super) found: &'a FieldFound,
    pub(super) history: Vec<Vec<Evaluation>>,
    pub(super) record: &'a Record,
}

/// Writes `report.html` and its figures.
///
/// # Errors
/// When a file cannot be written or a figure cannot be turned into a picture.
pub(crate) fn write(
    directory: &RunDirectory,
    recipe: &Recipe,
    model: &Model,
    found: &FieldFound,
    record: &Record,
) -> anyhow::Result<()> {
    let input = FieldInput {
        recipe,
        manifest: &model.manifest,
        parameters: model.parameter_count(),
        found,
        history: history(directory, model.manifest.training.members),
        record,
    };
    let mut figures = Figures::default();
    let page = page(&input, &mut figures);
    figures.write(directory.path())?;
    let path = directory.file("report.html");
    write_atomically(&path, |file| file.write_all(page.html().as_bytes())).context("the report cannot be written")
}

fn page(input: &FieldInput<'_>, figures: &mut Figures) -> Report {
    Report {
        title: input.manifest.title.clone(),
        subtitle: subtitle(input),
        verdict: Some(verdict(input)),
        sections: vec![
            Section::new("One observation", posterior::blocks(input, figures)),
            Section::new("What simpler answers give", baselines::blocks(input)),
            Section::new("Beside the exact posterior", against_exact::blocks(input, figures)),
            Section::new("Calibration", calibration::blocks(input, figures)),
            Section::new(
                "Inside and outside of the observed area",
                regions::blocks(input, figures),
            ),
            Section::new("Maps in the mean", posterior::mean_blocks(input, figures)),
            Section::new("Training", training::blocks(input, figures)),
            Section::new("How to reproduce", reproduction(input)),
        ]
        .into_iter()
        .filter(|section| !section.blocks.is_empty())
        .collect(),
        footer: format!(
            "Written by Fieldbridge {}. ± is one standard error. All figures are in the folder `figures` as SVG and PNG.",
            input.manifest.fieldbridge_version
        ),
    }
}

fn subtitle(input: &FieldInput<'_>) -> String {
    let found = input.found;
    let names: Vec<String> = found.columns.iter().map(|name| code(name)).collect();
    format!(
        "Joint posterior of {} and of {} of convergence ({} × {} pixels, {}° wide) given {}, learned from {}; \
         judged on {} it has not seen.",
        list(&names),
        counted(found.bins, "map"),
        found.pixels,
        found.pixels,
        found.width_degrees,
        wording::given(input),
        counted(input.manifest.data.train, "simulation"),
        counted(found.observations, "observation"),
    )
}

fn verdict(input: &FieldInput<'_>) -> Verdict {
    let judgement = &input.found.judgement;
    let beside = input.found.exact.as_ref().map(|exact| {
        let met = exact.criteria.iter().filter(|criterion| criterion.met).count();
        (met, exact.criteria.len())
    });
    let exact = beside.map_or(String::new(), |(met, all)| {
        format!(" Beside the exact posterior it meets {met} of {all} demands.")
    });
    Verdict {
        word: judgement.verdict.word().to_owned(),
        tone: match judgement.verdict {
            Word::Calibrated if beside.is_none_or(|(met, all)| met == all) => Tone::Good,
            Word::Calibrated | Word::Underconfident => Tone::Caution,
            Word::Overconfident | Word::Biased => Tone::Bad,
            Word::Inconclusive => Tone::Neutral,
        },
        sentence: format!("Parameters: {}{exact}", judgement.sentence),
        p_value: Some(judgement.p_value).filter(|value| value.is_finite()),
    }
}

fn reproduction(input: &FieldInput<'_>) -> Vec<Block> {
    let record = input.record;
    let mut facts = vec![
        ("Fieldbridge".to_owned(), input.manifest.fieldbridge_version.clone()),
        ("Seed".to_owned(), input.manifest.seed.to_string()),
        (
            "Simulations".to_owned(),
            format!(
                "{} ({} trained on, {} decide which step is kept, {} held out)",
                count(input.manifest.data.rows),
                count(input.manifest.data.train),
                count(input.manifest.data.validation),
                count(input.manifest.data.test)
            ),
        ),
        (
            "Fingerprint of the simulations (BLAKE3)".to_owned(),
            code(&input.manifest.data.fingerprint),
        ),
        ("Threads".to_owned(), record.threads.to_string()),
        ("Machine".to_owned(), record.machine.clone()),
    ];
    for (name, step) in &record.steps {
        facts.push((
            format!("Time of the step `{name}`"),
            super::wording::duration(step.seconds),
        ));
    }
    vec![
        Block::Paragraph(
            "With the same version and recipe this command gives the same simulations and the same model, whatever the number of \
             threads; only the timings differ."
                .to_owned(),
        ),
        Block::Code {
            language: "sh".to_owned(),
            text: format!("{}\n", record.command.trim()),
        },
        Block::KeyValues(facts),
        Block::Paragraph("The recipe as it ran, with every default written out:".to_owned()),
        Block::Code {
            language: "toml".to_owned(),
            text: format!("{}\n", input.recipe.to_toml().trim()),
        },
    ]
}
