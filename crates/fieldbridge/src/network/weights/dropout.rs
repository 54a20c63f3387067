//! Units left out at random during training.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use burn_tensor::{Tensor, TensorData};
use rand::Rng;

use super::on_device::Weights;
use crate::random::Stream;

/// Units left out at random during training.
#[derive(Debug)]
pub(super) struct Dropout {
    /// Out of 256.
    share: u8,
    stream: Stream,
    calls: AtomicU64,
}

impl Weights {
    /// The same weights with units left out at random, a new choice at each [`Weights::drop_out`]
    /// (Srivastava et al. 2014, J. Mach. Learn. Res. 15, 1929). The share is rounded to 1/256.
    pub fn with_dropout(mut self, share: f32, stream: Stream) -> Self {
        let share = (share * 256.0).round().clamp(0.0, 255.0) as u8;
        self.dropout = (share > 0).then(|| {
            Arc::new(Dropout {
                share,
                stream,
                calls: AtomicU64::new(0),
            })
        });
        self
    }

    /// `h` with units left out, the others scaled to keep the mean; `h` itself when nothing is left out.
    pub fn drop_out(&self, h: Tensor<2>) -> Tensor<2> {
        let Some(dropout) = &self.dropout else { return h };
        let dims = h.dims();
        let call = dropout.calls.fetch_add(1, Ordering::Relaxed);
        let mut bytes = vec![0; dims[0] * dims[1]];
        dropout.stream.child("dropout", call).generator().fill_bytes(&mut bytes);
        let kept = 256.0 / (256.0 - f32::from(dropout.share));
        let mask: Vec<f32> = bytes
            .iter()
            .map(|&byte| if byte < dropout.share { 0.0 } else { kept })
            .collect();
        h * Tensor::from_data(TensorData::new(mask, dims), &self.device)
    }
}
