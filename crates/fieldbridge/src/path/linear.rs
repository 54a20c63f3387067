//! Straight lines.

use burn_tensor::Tensor;

use super::{Path, Schedule};

/// `x_t = t x1 + (1 - t) x0`, velocity `x1 - x0` (Lipman et al. 2022, arXiv:2210.02747; Liu et al. 2022,
/// arXiv:2209.03003).
#[derive(Clone, Copy, Debug, Default)]
pub struct Linear;

impl Path for Linear {
    fn schedule(&self, t: Tensor<2>) -> Schedule {
        let one = t.ones_like();
        Schedule {
            data: t.clone(),
            base: one.clone() - t,
            data_rate: one.clone(),
            base_rate: one.neg(),
        }
    }
}
