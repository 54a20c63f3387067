//! The rows of a batch on their way and at their end.

use burn_tensor::{Bool, Tensor, TensorData};

use super::super::select_rows;
use super::control::Control;

/// Walks that have not arrived.
pub(super) struct UnderWay {
    /// Their places in the batch.
    pub(super) rows: Vec<usize>,
    pub(super) state: Tensor<2>,
    pub(super) error: Tensor<2>,
    pub(super) slope: Tensor<2>,
    pub(super) walked: Vec<f64>,
    pub(super) controls: Vec<Control>,
}

/// One step of every walk, to be taken or not.
pub(super) struct Tried {
    pub(super) state: Tensor<2>,
    pub(super) slope: Tensor<2>,
    pub(super) error: Tensor<2>,
    /// Size of the error as a multiple of what is allowed.
    pub(super) norms: Vec<f64>,
}

impl UnderWay {
    /// Takes over the steps that are taken.
    pub(super) fn advance(&mut self, tried: Tried, taken: Vec<bool>) {
        let error = self.error.clone() + tried.error;
        if taken.iter().all(|&taken| taken) {
            (self.state, self.error, self.slope) = (tried.state, error, tried.slope);
            return;
        }
        let mask = TensorData::new(taken, [self.rows.len(), 1]);
        let mask = Tensor::<2, Bool>::from_data(mask, &self.state.device()).expand(self.state.dims());
        self.state = self.state.clone().mask_where(mask.clone(), tried.state);
        self.error = self.error.clone().mask_where(mask.clone(), error);
        self.slope = self.slope.clone().mask_where(mask, tried.slope);
    }

    /// Some of the walks, by their places among these.
    pub(super) fn select(&self, places: &[usize]) -> Self {
        Self {
            rows: places.iter().map(|&place| self.rows[place]).collect(),
            state: select_rows(self.state.clone(), places),
            error: select_rows(self.error.clone(), places),
            slope: select_rows(self.slope.clone(), places),
            walked: places.iter().map(|&place| self.walked[place]).collect(),
            controls: places.iter().map(|&place| self.controls[place]).collect(),
        }
    }
}

/// Walks at their end, in the order of arrival.
#[derive(Default)]
pub(super) struct Arrived {
    rows: Vec<usize>,
    ends: Vec<Tensor<2>>,
    errors: Vec<Tensor<2>>,
}

impl Arrived {
    pub(super) fn add(&mut self, walks: UnderWay) {
        self.rows.extend(walks.rows);
        self.ends.push(walks.state);
        self.errors.push(walks.error);
    }

    /// Ends and errors in the order of the batch.
    pub(super) fn in_order(self) -> (Tensor<2>, Tensor<2>) {
        let mut places = vec![0; self.rows.len()];
        for (place, row) in self.rows.into_iter().enumerate() {
            places[row] = place;
        }
        (
            select_rows(Tensor::cat(self.ends, 0), &places),
            select_rows(Tensor::cat(self.errors, 0), &places),
        )
    }
}
