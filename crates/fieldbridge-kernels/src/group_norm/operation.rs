//! The normalisation as an operation of tensors.

use burn_tensor::Tensor;
use burn_tensor::activation::silu;

use super::layout::Layout;
use super::slices::{Parameters, backward, forward};
use crate::array::{Array, View};
use crate::operation::{AnyTensor, Operation};
use crate::workspace::Buffer;

/// A normalisation of tensors of `RANK` dimensions; its inputs are `x`, `w`, `b`, and `s` and `t` if there are any.
#[derive(Debug)]
pub(super) struct GroupNorm<const RANK: usize> {
    pub(super) groups: usize,
    pub(super) epsilon: f32,
    pub(super) silu: bool,
}

impl<const RANK: usize> GroupNorm<RANK> {
    fn layout(&self, shape: &[usize]) -> Layout {
        let last = shape.len() - 1;
        let pixels = shape[1..last].iter().product();
        Layout {
            batch: shape[0],
            pixels,
            channels: shape[last],
            groups: self.groups,
        }
    }

    fn parameters<'a>(&self, inputs: &[View<'a>]) -> Parameters<'a> {
        let modulation = match inputs {
            [_, _, _, scale, shift] => Some([scale.data, shift.data]),
            _ => None,
        };
        Parameters {
            weight: inputs[1].data,
            bias: inputs[2].data,
            modulation,
            silu: self.silu,
        }
    }
}

impl<const RANK: usize> Operation for GroupNorm<RANK> {
    fn composed(&self, inputs: Vec<AnyTensor>) -> AnyTensor {
        let mut inputs = inputs.into_iter();
        let x = Tensor::<RANK>::from_dispatch(inputs.next().expect("x"));
        let shape = x.dims();
        let Layout {
            batch,
            pixels,
            channels,
            groups,
        } = self.layout(&shape);
        let x = x.reshape([batch, pixels, groups, channels / groups]);
        let centred = x.clone() - x.mean_dim(1).mean_dim(3);
        let variance = centred.clone().square().mean_dim(1).mean_dim(3);
        let n = (centred / (variance + self.epsilon).sqrt()).reshape([batch, pixels, channels]);
        let mut channel = || Tensor::<1>::from_dispatch(inputs.next().expect("w and b")).reshape([1, 1, channels]);
        let (weight, bias) = (channel(), channel());
        let mut z = n * weight + bias;
        let mut modulation = inputs.map(|part| Tensor::<2>::from_dispatch(part).reshape([batch, 1, channels]));
        if let (Some(scale), Some(shift)) = (modulation.next(), modulation.next()) {
            z = z * (scale + 1.0) + shift;
        }
        let y = if self.silu { silu(z) } else { z };
        y.reshape(shape).into_dispatch()
    }

    fn forward(&self, inputs: &[View<'_>], keep: bool) -> (Array, Vec<Array>) {
        let x = inputs[0];
        let layout = self.layout(x.shape);
        let mut y = Buffer::stale(x.data.len());
        let statistics = forward(&layout, self.epsilon, x.data, self.parameters(inputs), &mut y);
        let kept = keep.then(|| Array::new(statistics.into_flattened(), [layout.batch, layout.groups, 2]));
        (Array::new(y, x.shape), kept.into_iter().collect())
    }

    fn backward(
        &self,
        inputs: &[View<'_>],
        kept: Vec<Array>,
        gradient: View<'_>,
        wanted: &[bool],
    ) -> Vec<Option<Array>> {
        let x = inputs[0];
        let layout = self.layout(x.shape);
        let (statistics, _) = kept[0].data.as_chunks::<2>();
        let mut x_gradient = Buffer::stale(x.data.len());
        let parameters = self.parameters(inputs);
        let found = backward(&layout, x.data, parameters, statistics, gradient.data, &mut x_gradient);
        let others = [found.weight, found.bias]
            .into_iter()
            .chain(found.modulation.into_iter().flatten());
        let all = [x_gradient].into_iter().chain(others.map(Buffer::from));
        let arrays = all.zip(inputs).map(|(found, input)| Array::new(found, input.shape));
        arrays
            .zip(wanted)
            .map(|(array, &wanted)| wanted.then_some(array))
            .collect()
    }
}
