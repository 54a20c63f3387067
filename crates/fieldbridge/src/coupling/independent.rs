//! The independent coupling: base and data know nothing of each other.

use super::{Batch, Coupling};
use crate::random::Stream;

/// `p(x0, x1) = p(x0) p(x1)`: every data row keeps the base draw of its own row.
///
/// The draws of a base are independent of the data and of each other, so shuffling them would change nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Independent;

impl Coupling for Independent {
    fn pair(&self, batch: &Batch<'_>, _stream: &Stream) -> Vec<usize> {
        batch.expect_consistent();
        (0..batch.rows).collect()
    }
}
