//! Pairs of a trained bridge's own walks.

use burn_tensor::{Tensor, TensorData};
use rayon::prelude::*;

use super::{Bridge, Rows};
use crate::error::Error;
use crate::network::Weights;
use crate::random::Stream;

/// Rows walked together. Fixed, so that pairs do not depend on the number of threads.
const CHUNK: usize = 512;

/// For every row a new base point and, in place of its data, the point the bridge carries it to given the row's context
/// (rectified flow, Liu et al. 2022, arXiv:2209.03003). A bridge trained on these pairs has straighter walks: its coupling
/// costs no more for any convex cost. Rows keep their order and contexts.
///
/// # Errors
/// [`Error::Solver`] when a walk does not arrive.
pub fn rectified(bridge: &dyn Bridge, weights: &Weights, rows: &Rows, stream: &Stream) -> Result<Rows, Error> {
    let starts: Vec<usize> = (0..rows.count).step_by(CHUNK).collect();
    let parts: Vec<Result<Rows, Error>> = starts
        .into_par_iter()
        .map(|start| {
            let mut part = rows.slice(start, (start + CHUNK).min(rows.count));
            let base = bridge.draw_base(part.count, &stream.child("rectified", (start / CHUNK) as u64));
            let device = weights.device();
            let from = Tensor::from_data(TensorData::new(base.clone(), [part.count, bridge.dimension()]), device);
            let carried = bridge.transport(weights, from, part.context_on(device).as_ref())?;
            part.data = carried.into_data().try_into_vec().expect("points are f32");
            part.base = base;
            Ok(part)
        })
        .collect();
    let mut all = Rows::default();
    for part in parts {
        all.append(part?);
    }
    Ok(all)
}
