//! `run.json`: what was done, with what, and how long it took.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context;
use fieldbridge::recipe::Recipe;
use fieldbridge_files::atomic::write_atomically;
use serde::{Deserialize, Serialize};

use crate::directory::RunDirectory;

/// A finished step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Step {
    /// Hash of all it depends on.
    pub(crate) inputs: String,
    /// Wall-clock time of the session that finished it.
    pub(crate) seconds: f64,
}

/// The data file of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct DataRecord {
    /// Where it was, or the distribution the rows were drawn from.
    pub(crate) file: PathBuf,
    /// BLAKE3 hash of its bytes, hexadecimal.
    pub(crate) fingerprint: String,
}

/// Everything about a run that is not a result.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Record {
    /// Release that ran.
    pub(crate) fieldbridge_version: String,
    /// Title of the recipe.
    pub(crate) title: String,
    /// Seed of the run.
    pub(crate) seed: u64,
    /// Threads it worked on.
    pub(crate) threads: usize,
    /// Processor and operating system.
    pub(crate) machine: String,
    /// Shell command that makes the run again.
    pub(crate) command: String,
    /// What it learned from.
    pub(crate) data: DataRecord,
    /// Finished steps, by name.
    pub(crate) steps: BTreeMap<String, Step>,
}

impl Record {
    /// The record of a directory; an empty one when there is none that can be read.
    pub(crate) fn read(directory: &RunDirectory) -> Self {
        std::fs::read_to_string(directory.file("run.json"))
            .ok()
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default()
    }

    /// Notes what this run is.
    pub(crate) fn describe(&mut self, recipe: &Recipe, command: String, fingerprint: &str) {
        self.fieldbridge_version = env!("CARGO_PKG_VERSION").to_owned();
        self.title = recipe.title.clone();
        self.seed = recipe.seed;
        self.threads = fieldbridge::threads::count();
        self.machine = format!("{} {}", std::env::consts::ARCH, std::env::consts::OS);
        self.command = command;
        self.data = DataRecord {
            file: match recipe.data_path() {
                Some(path) => std::path::absolute(&path).unwrap_or(path),
                None => recipe.data.source_name().into(),
            },
            fingerprint: fingerprint.to_owned(),
        };
    }

    /// Whether a step was finished with these inputs and its files are there.
    pub(crate) fn is_done(&self, directory: &RunDirectory, step: &str, inputs: &str, files: &[&str]) -> bool {
        self.steps.get(step).is_some_and(|done| done.inputs == inputs)
            && files.iter().all(|name| directory.file(name).is_file())
    }

    /// Notes a finished step and writes the record.
    pub(crate) fn finish(
        &mut self,
        directory: &RunDirectory,
        step: &str,
        inputs: &str,
        seconds: f64,
    ) -> anyhow::Result<()> {
        self.steps.insert(
            step.to_owned(),
            Step {
                inputs: inputs.to_owned(),
                seconds,
            },
        );
        self.write(directory)
    }

    /// Writes the record.
    pub(crate) fn write(&self, directory: &RunDirectory) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(self).context("the record is plain data")?;
        Ok(write_atomically(&directory.file("run.json"), |file| {
            file.write_all(text.as_bytes())
        })?)
    }

    /// All of it, as JSON.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// A word as a shell reads it back.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./=,:+@%".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}
