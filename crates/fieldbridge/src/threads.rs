//! The one place that chooses how many threads work.

use crate::error::Error;

/// Does `work` on `count` threads, all cores when none is named. No result depends on their number.
///
/// # Errors
/// [`Error::Recipe`] when the threads cannot be started.
pub fn on_threads<R: Send>(count: Option<usize>, work: impl FnOnce() -> R + Send) -> Result<R, Error> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(count.unwrap_or(0))
        .build()
        .map(|pool| pool.install(work))
        .map_err(|error| Error::Recipe {
            key: "threads".to_owned(),
            reason: format!("cannot start threads: {error}"),
            hint: "use fewer with --threads".to_owned(),
        })
}

/// Number of threads at work here.
pub fn count() -> usize {
    rayon::current_num_threads()
}
