//! The gradient of one batch, in parallel and always the same.

use burn_tensor::{Tensor, TensorData};
use rayon::prelude::*;

use crate::bridge::{Bridge, Rows};
use crate::device::Device;
use crate::network::{Parameters, Precision, Weights};
use crate::random::Stream;

/// Gradient of the mean loss over a batch.
#[derive(Clone, Debug)]
pub struct Gradient {
    /// Mean loss.
    pub loss: f64,
    /// Its derivative with respect to every value.
    pub values: Vec<f32>,
    /// Places in the batch of rows whose loss is not finite.
    pub non_finite: Vec<usize>,
}

/// Something with a loss for every row.
pub trait Objective: Sync {
    /// Losses of the rows, `[rows]`.
    fn losses(&self, weights: &Weights, rows: &Rows) -> Tensor<1>;
}

impl<B: Bridge + ?Sized> Objective for B {
    fn losses(&self, weights: &Weights, rows: &Rows) -> Tensor<1> {
        self.loss(weights, rows)
    }
}

/// Gradient of the mean loss over rows that went through [`Bridge::join`].
///
/// The batch is cut into shards of `shard` rows, whatever the number of threads; their gradients are added in order.
/// Layers take the factors of their products in `precision`; parameters, losses and gradients are in single precision.
pub fn gradient<O: Objective + ?Sized>(
    objective: &O,
    parameters: &Parameters,
    rows: &Rows,
    shard: usize,
    dropout: (f32, &Stream),
    precision: Precision,
    device: &Device,
) -> Gradient {
    let values = parameters.on(device).with_precision(precision);
    let starts: Vec<usize> = (0..rows.count).step_by(shard).collect();
    let parts: Vec<(Vec<f32>, Vec<Option<TensorData>>)> = starts
        .par_iter()
        .with_max_len(1)
        .map(|&start| {
            let part = rows.slice(start, (start + shard).min(rows.count));
            let stream = dropout.1.child("shard", start as u64);
            let weights = values.tracked().with_dropout(dropout.0, stream);
            let losses = objective.losses(&weights, &part);
            let total = losses.clone().sum() / rows.count as f64;
            let mut gradients = total.backward();
            let host = losses.into_data();
            (
                host.as_slice::<f32>().expect("losses are f32").to_vec(),
                weights.gradients(&mut gradients),
            )
        })
        .collect();
    let losses: Vec<f32> = parts.iter().flat_map(|(losses, _)| losses.iter().copied()).collect();
    Gradient {
        loss: losses.iter().map(|&loss| f64::from(loss)).sum::<f64>() / rows.count.max(1) as f64,
        non_finite: (0..losses.len()).filter(|&row| !losses[row].is_finite()).collect(),
        values: values.sum(&parts.into_iter().map(|(_, part)| part).collect::<Vec<_>>()),
    }
}

/// Mean loss over rows that went through [`Bridge::join`], without gradients.
pub fn mean_loss(bridge: &dyn Bridge, parameters: &Parameters, rows: &Rows, device: &Device) -> f64 {
    const CHUNK: usize = 512;
    let weights = parameters.on(device);
    let chunk = rows.together(CHUNK);
    let starts: Vec<usize> = (0..rows.count).step_by(chunk).collect();
    let sums: Vec<f64> = starts
        .par_iter()
        .map(|&start| {
            let part = rows.slice(start, (start + chunk).min(rows.count));
            let host = bridge.loss(&weights, &part).into_data();
            host.as_slice::<f32>()
                .expect("losses are f32")
                .iter()
                .map(|&loss| f64::from(loss))
                .sum::<f64>()
        })
        .collect();
    sums.iter().sum::<f64>() / rows.count.max(1) as f64
}
