//! How the program ends.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Mutex;

use anyhow::anyhow;
use fieldbridge::Error;

use crate::Outcome;

/// Exit code of an interrupted run.
pub(crate) const INTERRUPTED: u8 = 130;

static LAST_PANIC: Mutex<Option<String>> = Mutex::new(None);

/// Does the work; a broken invariant inside becomes an error that asks to be reported.
pub(crate) fn without_panics(work: impl FnOnce() -> anyhow::Result<Outcome>) -> anyhow::Result<Outcome> {
    std::panic::set_hook(Box::new(|panic| {
        if let Ok(mut last) = LAST_PANIC.lock() {
            *last = Some(panic.to_string().replace('\n', " "));
        }
    }));
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        let what = LAST_PANIC.lock().ok().and_then(|mut last| last.take());
        Err(anyhow!(
            "fieldbridge {} broke: {}; this is a fault of the program, please report it with the command you gave",
            env!("CARGO_PKG_VERSION"),
            what.unwrap_or_else(|| "for an unknown reason".to_owned())
        ))
    })
}

/// The causes of an error in one line, none said twice.
pub(crate) fn in_one_line(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain() {
        let text = cause.to_string();
        if !line.ends_with(&text) {
            if !line.is_empty() {
                line.push_str(": ");
            }
            line.push_str(&text);
        }
    }
    line.replace('\n', " ")
}

/// Tells the error, when there is one, and gives the exit code.
pub(crate) fn exit_code(result: anyhow::Result<Outcome>) -> ExitCode {
    match result {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::NotCalibrated) => ExitCode::from(3),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {}", in_one_line(&error));
            let interrupted = error
                .chain()
                .any(|cause| matches!(cause.downcast_ref(), Some(Error::Interrupted { .. })));
            ExitCode::from(if interrupted { INTERRUPTED } else { 1 })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_invariant_becomes_an_error_that_asks_to_be_reported() {
        let error = without_panics(|| panic!("three is not four")).unwrap_err();
        let _ = std::panic::take_hook();
        let line = in_one_line(&error);
        assert!(
            line.contains("three is not four") && line.contains("please report"),
            "{line}"
        );
        assert!(line.contains("failure.rs"), "{line}");
    }

    #[test]
    fn causes_are_told_once() {
        let error = anyhow!("no room").context("writing a.parquet: no room");
        assert_eq!(in_one_line(&error), "writing a.parquet: no room");
        let error = anyhow!("no\nroom").context("writing");
        assert_eq!(in_one_line(&error), "writing: no room");
    }
}
