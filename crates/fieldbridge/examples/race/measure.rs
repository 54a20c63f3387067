//! Clock and memory.

use std::time::Instant;

use serde_json::{Value, json};

/// Lets the kernel forget the largest resident memory so far.
fn start_memory_peak() {
    // best effort: elsewhere than on Linux there is no such file
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// Largest resident memory since then, in bytes.
fn peak_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace()
        .nth(1)?
        .parse::<u64>()
        .ok()
        .map(|kilobytes| 1024 * kilobytes)
}

/// `work` done `count` times: seconds of each, peak memory, threads.
pub(crate) fn timed(count: usize, mut work: impl FnMut()) -> Value {
    start_memory_peak();
    let seconds: Vec<f64> = (0..count)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed().as_secs_f64()
        })
        .collect();
    json!({"seconds": seconds, "peak_bytes": peak_bytes(), "threads": fieldbridge::threads::count()})
}
