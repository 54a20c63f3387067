//! Steps of training over flat vectors, each in one pass through memory.

mod adamw;
mod norm;
#[cfg(test)]
mod tests;

pub use adamw::{Segment, Settings, step};
pub use norm::{shortening, squared_norm};

/// Values of one task; vectors are cut here whatever the number of threads.
const CHUNK: usize = 1 << 14;
/// Vectors shorter than this are not worth a second thread.
const PARALLEL_FROM: usize = 4 * CHUNK;
