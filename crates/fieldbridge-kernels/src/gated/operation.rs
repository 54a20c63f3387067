//! The gate forward and backward on slices.

use burn_tensor::Tensor;
use pulp::Arch;

use crate::activation::Activation;
use crate::array::{Array, View};
use crate::operation::{AnyTensor, Operation};
use crate::pointwise;
use crate::workspace::Buffer;

#[derive(Debug)]
pub(super) struct Gate(pub(super) Activation);

/// Left (`part` 0) or right (1) halves of the rows.
fn half(joint: View<'_>, part: usize) -> Buffer {
    let width = joint.width() / 2;
    let mut found = Buffer::stale(joint.rows() * width);
    if width > 0 {
        for (row, into) in joint.data.chunks_exact(2 * width).zip(found.chunks_exact_mut(width)) {
            into.copy_from_slice(&row[part * width..(part + 1) * width]);
        }
    }
    found
}

impl Operation for Gate {
    fn composed(&self, mut inputs: Vec<AnyTensor>) -> AnyTensor {
        let joint = Tensor::<2>::from_dispatch(inputs.pop().expect("one input"));
        let width = joint.dims()[1] / 2;
        let value = joint.clone().narrow(1, width, width);
        (self.0.composed(joint.narrow(1, 0, width)) * value).into_dispatch()
    }

    fn forward(&self, inputs: &[View<'_>], keep: bool) -> (Array, Vec<Array>) {
        let joint = inputs[0];
        let shape = [joint.rows(), joint.width() / 2];
        let mut gate = half(joint, 0);
        let value = half(joint, 1);
        let mut kept = Vec::new();
        if keep {
            let mut slope = Buffer::stale(gate.len());
            self.0.forward_with_slope(&mut gate, &mut slope);
            kept.push(Array::new(slope, shape));
            kept.push(Array::new(gate.clone(), shape));
        } else {
            self.0.forward(&mut gate);
        }
        pointwise::multiply(&mut gate, &value);
        (Array::new(gate, shape), kept)
    }

    fn backward(
        &self,
        inputs: &[View<'_>],
        kept: Vec<Array>,
        gradient: View<'_>,
        _wanted: &[bool],
    ) -> Vec<Option<Array>> {
        let joint = inputs[0];
        let (slope, gate) = (&kept[0].data, &kept[1].data);
        let width = joint.width() / 2;
        let mut found = Buffer::stale(joint.data.len());
        if width > 0 {
            Arch::new().dispatch(
                #[inline(always)]
                || {
                    let rows = joint
                        .data
                        .chunks_exact(2 * width)
                        .zip(found.chunks_exact_mut(2 * width));
                    for (row, (joint, into)) in rows.enumerate() {
                        let place = row * width..(row + 1) * width;
                        let (slope, gate) = (&slope[place.clone()], &gate[place.clone()]);
                        let gradient = &gradient.data[place];
                        let (to_gate, to_value) = into.split_at_mut(width);
                        let value = &joint[width..];
                        for index in 0..width {
                            to_gate[index] = gradient[index] * value[index] * slope[index];
                            to_value[index] = gradient[index] * gate[index];
                        }
                    }
                },
            );
        }
        vec![Some(Array::new(found, joint.shape))]
    }
}
