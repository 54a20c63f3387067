//! From a checked run to its report.

use fieldbridge::check::HeldOut;
use fieldbridge::model::Model;
use fieldbridge::recipe::Recipe;
use fieldbridge::train::Evaluation;
use serde::Deserialize;

use super::record::Record;
use super::{checks, gallery, walk};
use crate::directory::RunDirectory;
use crate::report;
use crate::report::ReportInput;

/// One line of `events.jsonl`.
#[derive(Deserialize)]
struct Event {
    member: usize,
    #[serde(flatten)]
    evaluation: Evaluation,
}

/// Evaluations of every member; lines that are not evaluations are passed over.
pub(crate) fn history(directory: &RunDirectory, members: usize) -> Vec<Vec<Evaluation>> {
    let text = std::fs::read_to_string(directory.events()).unwrap_or_default();
    let mut history = vec![Vec::new(); members];
    for event in text.lines().filter_map(|line| serde_json::from_str::<Event>(line).ok()) {
        if let Some(member) = history.get_mut(event.member) {
            member.push(event.evaluation);
        }
    }
    history
}

/// Writes the report of a run.
pub(crate) fn write(
    directory: &RunDirectory,
    recipe: &Recipe,
    model: &Model,
    found: HeldOut,
    record: &Record,
) -> anyhow::Result<()> {
    let encoded = checks::held_out_rows(model, recipe, directory)?;
    report::write(&ReportInput {
        directory: directory.path().to_owned(),
        recipe: recipe.clone(),
        manifest: model.manifest.clone(),
        held_out: found,
        history: history(directory, model.manifest.training.members),
        gallery: gallery::posteriors(model, &encoded, recipe.seed)?,
        samples: gallery::samples(model, &encoded, recipe.seed)?,
        walk: walk::walk(model, &encoded, recipe.seed)?,
        run: record.to_json(),
        reproduce: record.command.clone(),
    })
}
