//! How far a long task is: a bar for people, a line now and then for files.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use fieldbridge::train::{Progress, Status};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::console::Console;

/// Shorter tasks show nothing.
const SILENCE: Duration = Duration::from_secs(2);
/// Time between looks at a counter.
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);
/// Time between lines when nobody watches.
const BETWEEN_LINES: Duration = Duration::from_secs(10);

/// The progress of one task.
pub(crate) struct TaskProgress {
    console: Console,
    label: String,
    start: Instant,
    /// Where the task was when it started here, when not at zero.
    first: Option<u64>,
    last_line: Instant,
    bar: Option<ProgressBar>,
}

impl TaskProgress {
    pub(crate) fn new(console: &Console, label: impl Into<String>) -> Self {
        Self {
            console: *console,
            label: label.into(),
            start: Instant::now(),
            first: None,
            last_line: Instant::now(),
            bar: None,
        }
    }

    /// Tells that `done` of `total` are done.
    pub(crate) fn at(&mut self, done: u64, total: u64, details: impl FnOnce() -> String) {
        let first = self.first.unwrap_or(0);
        let elapsed = self.start.elapsed();
        if self.console.quiet || elapsed < SILENCE {
            return;
        }
        if self.console.terminal {
            let bar = self.bar.get_or_insert_with(|| {
                let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
                let style = ProgressStyle::with_template("{prefix} {wide_bar} {pos}/{len}  {eta} left  {msg}");
                bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
                bar.set_prefix(self.label.clone());
                bar
            });
            bar.set_length(total);
            bar.set_position(done);
            bar.set_message(details());
        } else if self.last_line.elapsed() >= BETWEEN_LINES {
            self.last_line = Instant::now();
            let speed = (done - first.min(done)).max(1) as f64 / elapsed.as_secs_f64();
            let left = (total.saturating_sub(done)) as f64 / speed;
            self.console.note(&format!(
                "{}: {done} of {total}, {left:.0} s left, {}",
                self.label,
                details()
            ));
        }
    }
}

/// Does work whose length is not known, and shows that it goes on.
pub(crate) fn waiting<T: Send>(console: &Console, label: &str, work: impl FnOnce() -> T + Send) -> T {
    console.note(label);
    if console.quiet {
        return work();
    }
    if console.terminal {
        let spinner = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        spinner.set_message(label.to_owned());
        spinner.enable_steady_tick(Duration::from_millis(200));
        let result = work();
        spinner.finish_and_clear();
        return result;
    }
    let (done, told) = std::sync::mpsc::channel::<()>();
    let start = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            // ends when the sender is dropped
            while told.recv_timeout(BETWEEN_LINES) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                console.note(&format!("{label}: {:.0} s so far", start.elapsed().as_secs_f64()));
            }
        });
        let result = work();
        drop(done);
        result
    })
}

/// Does work that counts what it has done, in the unit named last, and shows how far it is.
pub(crate) fn waiting_for<T: Send>(
    console: &Console,
    label: &str,
    (done, total, unit): (&AtomicU64, u64, &str),
    work: impl FnOnce() -> T + Send,
) -> T {
    let (finished, told) = std::sync::mpsc::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut progress = TaskProgress::new(console, label);
            // ends when the sender is dropped
            while told.recv_timeout(BETWEEN_LOOKS) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                progress.at(done.load(Ordering::Relaxed), total, || unit.to_owned());
            }
        });
        let result = work();
        drop(finished);
        result
    })
}

impl Drop for TaskProgress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Progress for TaskProgress {
    fn update(&mut self, status: &Status) {
        // a continued training does not start at zero
        self.first.get_or_insert(status.step.saturating_sub(1) as u64);
        let number = |loss: Option<f64>| loss.map_or("none".to_owned(), |loss| format!("{loss:.4}"));
        self.at(status.step as u64, status.total as u64, || {
            format!(
                "training loss {:.4}, validation loss {}, best {}",
                status.training_loss,
                number(status.validation_loss),
                number(status.best_loss)
            )
        });
    }
}
