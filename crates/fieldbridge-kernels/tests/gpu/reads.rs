//! Counts what is read back from a graphics processor, wherever it is asked for.
//!
//! A tensor that went to the host and came back says nothing of it. But wgpu has to map a buffer to read it, and logs that.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use log::{LevelFilter, Log, Metadata, Record};

static READS: AtomicUsize = AtomicUsize::new(0);
static ALONE: Mutex<()> = Mutex::new(());

/// The only user of the device in this process, for as long as it lives.
pub(crate) struct Reads {
    _alone: MutexGuard<'static, ()>,
}

impl Reads {
    /// Waits for its turn.
    pub(crate) fn watch() -> Self {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        // a second call finds it there
        if log::set_logger(&Mapped).is_ok() {
            log::set_max_level(LevelFilter::Trace);
        }
        Self { _alone: alone }
    }

    /// What `work` gives, and how many buffers were read during it.
    pub(crate) fn during<T>(&self, work: impl FnOnce() -> T) -> (T, usize) {
        let before = READS.load(Ordering::SeqCst);
        let found = work();
        (found, READS.load(Ordering::SeqCst) - before)
    }
}

struct Mapped;

impl Log for Mapped {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "wgpu_core::device::global"
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) && record.args().to_string().starts_with("Buffer::map_async") {
            READS.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn flush(&self) {}
}
