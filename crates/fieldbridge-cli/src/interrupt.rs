//! Ctrl-C: the first saves the state of a training, the second stops at once.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;

use crate::failure::INTERRUPTED;

/// Set when the user wants a training to stop.
pub(crate) static STOP: AtomicBool = AtomicBool::new(false);

/// Whether a training is running whose state can be saved.
static SAVES_STATE: AtomicBool = AtomicBool::new(false);

/// Starts listening.
pub(crate) fn listen() -> anyhow::Result<()> {
    ctrlc::set_handler(|| {
        if STOP.swap(true, Ordering::SeqCst) || !SAVES_STATE.load(Ordering::SeqCst) {
            // every file is written whole or not at all, so stopping anywhere is safe
            let _ = writeln!(std::io::stderr(), "error: interrupted; the same command continues");
            std::process::exit(i32::from(INTERRUPTED));
        }
        let _ = writeln!(std::io::stderr(), "stopping after this step; once more stops at once");
    })
    .context("cannot listen for Ctrl-C")
}

/// Does work that looks at [`STOP`] and saves its state.
pub(crate) fn saving_state<T>(work: impl FnOnce() -> T) -> T {
    SAVES_STATE.store(true, Ordering::SeqCst);
    let result = work();
    SAVES_STATE.store(false, Ordering::SeqCst);
    result
}
