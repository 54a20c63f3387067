//! Positions as angles.

use burn_tensor::Tensor;
use fieldbridge_kernels::attention::Angles;

use super::{ConstantSlot, Registry, Weights};

/// Longest wavelength over `2 pi`, in patches.
const LONGEST: f32 = 1e4;

/// Angles `p w_j` by which the pairs of components of queries and keys are turned, so that attention knows how far apart
/// two tokens are (Su et al. 2021, arXiv:2104.09864). The pairs are shared among the axes of the grid that are longer than
/// one; those of an axis have frequencies `w_j` geometric from 1 downwards. Pairs left over stay as they are.
#[derive(Clone, Debug)]
pub struct RotaryPositions {
    cosine: ConstantSlot,
    sine: ConstantSlot,
}

impl RotaryPositions {
    /// Angles for tokens on a grid of `counts`, in row-major order, and heads of `width` components.
    ///
    /// # Panics
    /// When the width is odd.
    pub fn new(registry: &mut Registry, counts: [usize; 3], width: usize) -> Self {
        Self::after(registry, 0, 1, counts, width)
    }

    /// The same for `others` tokens that are nowhere and are not turned, then for the tokens of as many `grids` one after
    /// the other.
    ///
    /// # Panics
    /// When the width is odd.
    pub fn after(registry: &mut Registry, others: usize, grids: usize, counts: [usize; 3], width: usize) -> Self {
        assert!(width.is_multiple_of(2), "components are turned in pairs, found {width}");
        let pairs = width / 2;
        let axes: Vec<usize> = (0..3).filter(|&axis| counts[axis] > 1).collect();
        let each = pairs.checked_div(axes.len()).unwrap_or(0);
        let tokens = counts.iter().product::<usize>();
        let mut angles = Vec::with_capacity((others + grids * tokens) * pairs);
        angles.resize(others * pairs, 0.0);
        for token in (0..grids).flat_map(|_| 0..tokens) {
            let place = [
                token / (counts[1] * counts[2]),
                token / counts[2] % counts[1],
                token % counts[2],
            ];
            let start = angles.len();
            for &axis in &axes {
                angles.extend((0..each).map(|pair| place[axis] as f32 * LONGEST.powf(-(pair as f32) / each as f32)));
            }
            angles.resize(start + pairs, 0.0);
        }
        let shape = [others + grids * tokens, pairs];
        let cosine = angles.iter().map(|angle: &f32| angle.cos()).collect();
        let sine = angles.iter().map(|angle| angle.sin()).collect();
        Self {
            cosine: registry.constant(&shape, cosine),
            sine: registry.constant(&shape, sine),
        }
    }

    /// The angles, `[tokens, width / 2]` each.
    pub fn angles(&self, weights: &Weights) -> Angles {
        let [cosine, sine]: [Tensor<2>; 2] = [self.cosine, self.sine].map(|slot| weights.constant(slot));
        Angles { cosine, sine }
    }
}
