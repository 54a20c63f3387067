//! What happened in a training, one JSON object a line.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use fieldbridge_files::FileError;
use fieldbridge_files::atomic::write_atomically;
use serde::Serialize;

use crate::error::Error;

/// An append-only log, cut back to the checkpoint when a run is continued.
#[derive(Debug)]
pub struct EventLog {
    file: File,
    path: PathBuf,
}

#[derive(serde::Deserialize)]
struct Place {
    member: usize,
    step: usize,
}

impl EventLog {
    /// Opens the log at `path`, keeping what happened up to `step` of `member` and dropping what comes after.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn open(path: &Path, member: usize, step: usize) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let kept: String = text
            .lines()
            .filter(|line| {
                serde_json::from_str::<Place>(line).is_ok_and(|place| (place.member, place.step) <= (member, step))
            })
            .map(|line| format!("{line}\n"))
            .collect();
        write_atomically(path, |file| file.write_all(kept.as_bytes()))?;
        let file = File::options()
            .append(true)
            .open(path)
            .map_err(|source| FileError::Io {
                path: path.to_owned(),
                action: "append to",
                source,
            })?;
        Ok(Self {
            file,
            path: path.to_owned(),
        })
    }

    /// Adds one event.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn record(&mut self, event: &impl Serialize) -> Result<(), Error> {
        let mut line = serde_json::to_string(event).expect("an event is plain data");
        line.push('\n');
        self.file.write_all(line.as_bytes()).map_err(|source| {
            FileError::Io {
                path: self.path.clone(),
                action: "append to",
                source,
            }
            .into()
        })
    }
}
