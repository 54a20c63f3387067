//! What the checks of a run found, of columns or of fields.

use fieldbridge::check::{HeldOut, Verdict};
use fieldbridge::model::Model;
use fieldbridge::recipe::Recipe;
use serde_json::Value;

use super::fields::found::FieldFound;
use super::record::Record;
use super::training::Trained;
use super::{checks, fields, reporting};
use crate::console::Console;
use crate::directory::RunDirectory;
use crate::report;

/// What was found.
pub(crate) enum Found {
    /// Of the columns of a table.
    Table(Box<HeldOut>),
    /// Of parameters and maps.
    Fields(Box<FieldFound>),
}

fn has_fields(model: &Model) -> bool {
    model.manifest.scaling.learned_fields().is_some()
}

impl Found {
    /// Checks a run, unless that was done.
    pub(crate) fn of(run: &mut Trained, console: &Console) -> anyhow::Result<Self> {
        Ok(match has_fields(&run.model) {
            true => Self::Fields(Box::new(fields::check(run, console)?)),
            false => Self::Table(Box::new(checks::check(run, console)?)),
        })
    }

    /// Asks a model about the held-out rows of its run, and writes what was found.
    pub(crate) fn asked(
        model: &Model,
        recipe: &Recipe,
        directory: &RunDirectory,
        console: &Console,
    ) -> anyhow::Result<Self> {
        if has_fields(model) {
            return Ok(Self::Fields(Box::new(fields::ask(model, recipe, directory, console)?)));
        }
        let encoded = checks::held_out_rows(model, recipe, directory)?;
        let (found, _) = checks::ask(model, recipe, &encoded, console)?;
        checks::write(directory, &found)?;
        Ok(Self::Table(Box::new(found)))
    }

    /// What was found last time, when it can be read.
    pub(crate) fn read(model: &Model, directory: &RunDirectory) -> Option<Self> {
        match has_fields(model) {
            true => fields::read(directory).map(|found| Self::Fields(Box::new(found))),
            false => checks::read(directory).map(|found| Self::Table(Box::new(found))),
        }
    }

    pub(crate) fn words(&self) -> String {
        match self {
            Self::Table(found) => checks::words(found),
            Self::Fields(found) => fields::words::words(found),
        }
    }

    pub(crate) fn object(&self) -> anyhow::Result<Value> {
        match self {
            Self::Table(found) => checks::object(found),
            Self::Fields(found) => fields::words::object(found),
        }
    }

    pub(crate) fn verdict(&self) -> Verdict {
        match self {
            Self::Table(found) => found.judgement.verdict,
            Self::Fields(found) => found.judgement.verdict,
        }
    }

    /// Writes the report of the run.
    pub(crate) fn report(
        self,
        directory: &RunDirectory,
        recipe: &Recipe,
        model: &Model,
        record: &Record,
    ) -> anyhow::Result<()> {
        match self {
            Self::Table(found) => reporting::write(directory, recipe, model, *found, record),
            Self::Fields(found) => report::fields::write(directory, recipe, model, &found, record),
        }
    }
}
