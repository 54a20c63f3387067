//! Where a bridge starts: a distribution that can be drawn from and whose density is known.

mod normal;
mod uniform;

use burn_tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::random::Stream;

pub use normal::Normal;
pub use uniform::Uniform;

/// A distribution over points of `dimension` numbers, the start of a bridge.
pub trait Base: Send + Sync + std::fmt::Debug {
    /// `rows` draws, row by row, from this stream.
    fn sample(&self, rows: usize, dimension: usize, stream: &Stream) -> Vec<f32>;

    /// `log p(z)`; `z`: `[batch, dimension]`, output: `[batch]`.
    fn log_density(&self, z: Tensor<2>) -> Tensor<1>;
}

/// A base by name, as recipes write it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BaseKind {
    /// Standard normal.
    #[default]
    Normal,
    /// Uniform on the cube `[-1, 1]^D`.
    Uniform,
}

impl BaseKind {
    /// The base it names.
    pub fn build(self) -> Box<dyn Base> {
        match self {
            Self::Normal => Box::new(Normal),
            Self::Uniform => Box::new(Uniform),
        }
    }
}
