//! How exactly networks multiply.

use fieldbridge_kernels::product::Precision as Kernel;
use serde::{Deserialize, Serialize};

/// How exactly the layers of a network take the factors of their products. Sums, nonlinearities, norms, attention and
/// splines are in single precision either way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// As they are, in single precision.
    #[default]
    Single,
    /// Rounded to bfloat16, forward and backward (Kalamkar et al. 2019, arXiv:1905.12322).
    Bf16,
}

impl Precision {
    /// The same among the kernels.
    pub(super) fn kernel(self) -> Kernel {
        match self {
            Self::Single => Kernel::Single,
            Self::Bf16 => Kernel::Bf16,
        }
    }
}
