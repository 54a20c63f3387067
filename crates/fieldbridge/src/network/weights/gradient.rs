//! Gradients of a loss with respect to weights.

use burn_tensor::{Gradients, Tensor, TensorData};
use rayon::prelude::*;

use super::entry::Entry;
use super::on_device::{Weights, of_any_rank};

impl Weights {
    /// The gradient of every value, flat, in the order of [`Parameters::values`](super::Parameters::values); zero where the loss does not depend.
    pub fn gradient(&self, gradients: &mut Gradients) -> Vec<f32> {
        self.sum(&[self.gradients(gradients)])
    }

    /// The gradient of each tensor, none where the loss does not depend.
    pub(crate) fn gradients(&self, gradients: &mut Gradients) -> Vec<Option<TensorData>> {
        let of = |tensor| of_any_rank(tensor).grad_remove(gradients).map(Tensor::into_data);
        self.tensors.iter().map(of).collect()
    }

    /// The sum of several gradients, flat; each value is summed in the order of the gradients.
    pub(crate) fn sum(&self, parts: &[Vec<Option<TensorData>>]) -> Vec<f32> {
        let mut flat = vec![0.0; self.layout.entries.iter().map(Entry::size).sum()];
        let mut left = flat.as_mut_slice();
        let mut tasks = Vec::with_capacity(self.tensors.len());
        for (index, entry) in self.layout.entries.iter().enumerate() {
            let (values, rest) = left.split_at_mut(entry.size());
            left = rest;
            tasks.push((index, values));
        }
        tasks.into_par_iter().for_each(|(index, sum)| {
            let parts = parts.iter().filter_map(|part| part[index].as_ref());
            for (place, part) in parts.enumerate() {
                let part = part.as_slice::<f32>().expect("gradients are f32");
                if place == 0 {
                    sum.copy_from_slice(part);
                } else {
                    sum.iter_mut().zip(part).for_each(|(sum, value)| *sum += value);
                }
            }
        });
        flat
    }
}
