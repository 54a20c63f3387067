//! Noise along a walk, row by row.

use burn_tensor::{Device, Tensor, TensorData};

use super::{Walk, first_non_finite};
use crate::error::Error;
use crate::random::Stream;

/// Standard normal numbers `[rows, width]` of one step. Each row draws from its own stream, so they do not depend on
/// which rows stand beside it, nor on threads.
pub(crate) fn normals(streams: &[Stream], step: usize, width: usize, device: &Device) -> Tensor<2> {
    let mut values = Vec::with_capacity(streams.len() * width);
    for stream in streams {
        values.extend(stream.child("step", step as u64).normals(width));
    }
    Tensor::from_data(TensorData::new(values, [streams.len(), width]), device)
}

/// One stream for each of `rows` rows below `stream`.
pub(crate) fn row_streams(stream: &Stream, rows: usize) -> Vec<Stream> {
    (0..rows).map(|row| stream.child("walk", row as u64)).collect()
}

/// Refuses a state that is not finite.
pub(super) fn check(x: &Tensor<2>, time: f64, step: f64, evaluations: usize, limit: usize) -> Result<(), Error> {
    match first_non_finite(x) {
        Some(row) => Err(Error::Solver {
            time,
            step,
            row,
            evaluations,
            limit,
        }),
        None => Ok(()),
    }
}

/// A walk of fixed steps at its end.
pub(super) fn arrived(end: Tensor<2>, evaluations: usize) -> Walk {
    Walk {
        end,
        error: None,
        evaluations,
        rejected: 0,
    }
}
