//! The norm of a gradient.

use pulp::Arch;
use rayon::prelude::*;

use super::{CHUNK, PARALLEL_FROM};

/// Sums that run side by side, the same on all processors.
const LANES: usize = 16;

/// The sum of the squares in double precision: of fixed blocks, added in their order.
pub fn squared_norm(gradient: &[f32]) -> f64 {
    if gradient.len() < PARALLEL_FROM {
        return gradient.chunks(CHUNK).map(of_block).sum();
    }
    let parts: Vec<f64> = gradient.par_chunks(CHUNK).map(of_block).collect();
    parts.into_iter().sum()
}

/// What shortens a gradient of norm `norm` to `clip` where it is longer; NaN leaves it as it is.
pub fn shortening(norm: f64, clip: f64) -> f32 {
    if norm > clip { (clip / norm) as f32 } else { 1.0 }
}

fn of_block(block: &[f32]) -> f64 {
    Arch::new().dispatch(
        #[inline(always)]
        || {
            let mut sums = [0.0; LANES];
            let (whole, rest) = block.as_chunks::<LANES>();
            for values in whole {
                for i in 0..LANES {
                    sums[i] += f64::from(values[i]) * f64::from(values[i]);
                }
            }
            for (sum, &value) in sums.iter_mut().zip(rest) {
                *sum += f64::from(value) * f64::from(value);
            }
            sums.into_iter().sum()
        },
    )
}
