//! Where words go: results to standard output, everything else to standard error.

use std::io::{IsTerminal, Write};

use crate::arguments::Common;

/// How much is said, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Console {
    /// Results as one JSON object.
    pub(crate) json: bool,
    /// Results and errors only.
    pub(crate) quiet: bool,
    /// Whether standard error is looked at by a person.
    pub(crate) terminal: bool,
}

impl Console {
    pub(crate) fn new(common: &Common) -> Self {
        Self {
            json: common.json,
            quiet: common.quiet,
            terminal: std::io::stderr().is_terminal(),
        }
    }

    /// Tells what is going on.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            // nobody listening is no reason to stop
            let _ = writeln!(std::io::stderr(), "{text}");
        }
    }

    /// Prints results: as words, or as one JSON object on the last line.
    ///
    /// # Errors
    /// When standard output cannot be written, other than by nobody reading it.
    pub(crate) fn result(&self, words: &str, object: &serde_json::Value) -> anyhow::Result<()> {
        let line = if self.json {
            format!("{object}\n")
        } else {
            format!("{}\n", words.trim_end())
        };
        self.raw(line.as_bytes())
    }

    /// Puts bytes on standard output.
    ///
    /// # Errors
    /// When standard output cannot be written, other than by nobody reading it.
    pub(crate) fn raw(&self, bytes: &[u8]) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        match out.write_all(bytes).and_then(|()| out.flush()) {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                Err(anyhow::Error::new(error).context("cannot write to standard output"))
            }
            _ => Ok(()),
        }
    }
}
