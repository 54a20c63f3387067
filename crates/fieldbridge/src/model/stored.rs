//! How exactly a model file keeps its weights.

use half::f16;
use safetensors::tensor::Dtype;
use serde::{Deserialize, Serialize};

/// Precision of the weights in a model file. A model is rounded to it before its known answers are noted, so that what is checked is
/// what is kept; checkpoints keep all digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stored {
    /// Four bytes each.
    #[default]
    Single,
    /// Two bytes each (binary16 of IEEE 754): every weight to one part in 2,048, those below 6e-5 to 3e-8.
    Half,
}

impl Stored {
    /// The weight that the file will hold; infinite when it is too large for it.
    pub(super) fn rounded(self, value: f32) -> f32 {
        match self {
            Self::Single => value,
            Self::Half => f16::from_f32(value).to_f32(),
        }
    }

    /// Type of the tensors.
    pub(super) fn dtype(self) -> Dtype {
        match self {
            Self::Single => Dtype::F32,
            Self::Half => Dtype::F16,
        }
    }

    /// Weights as little-endian bytes.
    pub(super) fn bytes(self, values: &[f32]) -> Vec<u8> {
        match self {
            Self::Single => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
            Self::Half => {
                let halves = values.iter().map(|&value| f16::from_f32(value));
                halves.flat_map(f16::to_le_bytes).collect()
            }
        }
    }

    /// The way back.
    pub(super) fn values(self, bytes: &[u8]) -> Vec<f32> {
        match self {
            Self::Single => {
                let numbers = bytes.as_chunks::<4>().0.iter();
                numbers.map(|&four| f32::from_le_bytes(four)).collect()
            }
            Self::Half => {
                let numbers = bytes.as_chunks::<2>().0.iter();
                numbers.map(|&two| f16::from_le_bytes(two).to_f32()).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_hold_rounded_weights() {
        let weights: Vec<f32> = (0..200).map(|at| (at as f32 * 0.37).sin() * 3.0 + 1e-3).collect();
        for (stored, bytes, error) in [(Stored::Single, 4, 0.0), (Stored::Half, 2, 1.0 / 2048.0)] {
            let kept = stored.bytes(&weights);
            assert_eq!(kept.len(), bytes * weights.len());
            for (&weight, back) in weights.iter().zip(stored.values(&kept)) {
                assert_eq!(back, stored.rounded(weight));
                assert!(
                    (back - weight).abs() <= error * weight.abs(),
                    "{stored:?}: {weight} {back}"
                );
            }
        }
        assert!(Stored::Half.rounded(1e5).is_infinite());
    }
}
