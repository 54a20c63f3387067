//! Straight lines that end in a small cloud.

use super::{Path, Schedule};

/// `x_t = t x1 + (1 - (1 - sigma_min) t) x0` (Lipman et al. 2022, arXiv:2210.02747, equation 20): with a normal base
/// every data point is reached with a deviation of `sigma_min`, so the model is the data blurred by that much.
#[derive(Clone, Copy, Debug)]
pub struct ConditionalGaussian {
    /// Deviation left at the data.
    pub sigma_min: f64,
}

impl Path for ConditionalGaussian {
    fn schedule(&self, t: f64) -> Schedule {
        let fall = 1.0 - self.sigma_min;
        Schedule {
            data: t,
            base: 1.0 - fall * t,
            data_rate: 1.0,
            base_rate: -fall,
        }
    }
}
