//! Straight lines.

use super::{Path, Schedule};

/// `x_t = t x1 + (1 - t) x0`, velocity `x1 - x0` (Lipman et al. 2022, arXiv:2210.02747; Liu et al. 2022,
/// arXiv:2209.03003).
#[derive(Clone, Copy, Debug, Default)]
pub struct Linear;

impl Path for Linear {
    fn schedule(&self, t: f64) -> Schedule {
        Schedule {
            data: t,
            base: 1.0 - t,
            data_rate: 1.0,
            base_rate: -1.0,
        }
    }
}
