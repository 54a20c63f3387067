//! Nonlinearities of tensors.

use burn_tensor::Tensor;

use super::Activation;
use crate::array::{Array, View};
use crate::operation::{AnyTensor, Operation, apply};
use crate::pointwise;
use crate::workspace::Buffer;

/// `a(z)`, entry by entry.
pub fn activate<const D: usize>(z: Tensor<D>, activation: Activation) -> Tensor<D> {
    if activation == Activation::Identity {
        return z;
    }
    let shape = z.dims();
    let rows = z.reshape([-1, shape[D - 1] as i32]);
    let value = apply(Activate(activation), vec![rows.into_dispatch()]);
    Tensor::<2>::from_dispatch(value).reshape(shape)
}

#[derive(Debug)]
struct Activate(Activation);

impl Operation for Activate {
    fn composed(&self, mut inputs: Vec<AnyTensor>) -> AnyTensor {
        let z = inputs.pop().expect("one input");
        self.0.composed(Tensor::<2>::from_dispatch(z)).into_dispatch()
    }

    fn forward(&self, inputs: &[View<'_>], keep: bool) -> (Array, Vec<Array>) {
        let z = inputs[0];
        let mut value = Buffer::copy_of(z.data);
        let mut kept = Vec::new();
        if keep {
            let mut slope = Buffer::stale(z.data.len());
            self.0.forward_with_slope(&mut value, &mut slope);
            kept.push(Array::new(slope, z.shape));
        } else {
            self.0.forward(&mut value);
        }
        (Array::new(value, z.shape), kept)
    }

    fn backward(
        &self,
        _inputs: &[View<'_>],
        mut kept: Vec<Array>,
        gradient: View<'_>,
        _wanted: &[bool],
    ) -> Vec<Option<Array>> {
        let mut slope = kept.pop().expect("kept by the forward pass");
        pointwise::multiply(&mut slope.data, gradient.data);
        vec![Some(slope)]
    }

    fn reads(&self, _index: usize) -> bool {
        false
    }
}
