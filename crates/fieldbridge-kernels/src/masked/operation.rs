//! The network as one operation of tensors.

use std::sync::Arc;

use burn_tensor::Tensor;
use rayon::prelude::*;

use super::pass::{Block, Kept, Network, Wanted};
use super::sorted::{Gradients, Sorted};
use super::units::Units;
use crate::activation::Activation;
use crate::array::{Array, View};
use crate::operation::{AnyTensor, Operation};
use crate::workspace::Buffer;

/// Rows of a block: their values stay in the second cache, and sums of gradients over them are added in order.
pub(super) const ROWS: usize = 256;

/// Inputs are `x`, context and its matrix if there is one, then weight, bias and mask of each layer.
#[derive(Debug)]
pub(super) struct MaskedPerceptron {
    pub(super) activation: Activation,
    pub(super) units: Arc<Units>,
    pub(super) context: bool,
}

/// The inputs by name.
pub(super) struct Parts<T> {
    pub(super) x: T,
    pub(super) context: Option<(T, T)>,
    pub(super) layers: Vec<LayerParts<T>>,
}

/// Those of one layer.
pub(super) struct LayerParts<T> {
    pub(super) weight: T,
    pub(super) bias: T,
    pub(super) mask: T,
}

impl MaskedPerceptron {
    fn parts<T>(&self, inputs: impl IntoIterator<Item = T>) -> Parts<T> {
        let mut inputs = inputs.into_iter();
        let mut next = || inputs.next().expect("as many inputs as parts");
        Parts {
            x: next(),
            context: self.context.then(|| (next(), next())),
            layers: (0..=self.units.layers())
                .map(|_| LayerParts {
                    weight: next(),
                    bias: next(),
                    mask: next(),
                })
                .collect(),
        }
    }

    fn network<'a>(&'a self, sorted: &'a Sorted) -> Network<'a> {
        Network {
            sorted,
            units: &self.units,
            activation: self.activation,
        }
    }
}

/// Blocks of rows.
fn blocks<'a>(parts: &Parts<View<'a>>) -> Vec<Block<'a>> {
    let (x, context) = (parts.x, parts.context.map(|(context, _)| context));
    let of = |view: View<'a>, first: usize, rows: usize| {
        let width = view.width();
        &view.data[first * width..(first + rows) * width]
    };
    (0..x.rows())
        .step_by(ROWS)
        .map(|first| {
            let rows = ROWS.min(x.rows() - first);
            Block {
                rows,
                x: of(x, first, rows),
                context: context.map(|context| of(context, first, rows)),
            }
        })
        .collect()
}

impl Operation for MaskedPerceptron {
    fn composed(&self, inputs: Vec<AnyTensor>) -> AnyTensor {
        let parts = self.parts(inputs.into_iter().map(Tensor::<2>::from_dispatch));
        let mut added = parts.context.map(|(context, weight)| context.matmul(weight));
        let mut h = parts.x;
        for (index, layer) in parts.layers.into_iter().enumerate() {
            let z = h.matmul(layer.weight * layer.mask) + layer.bias;
            let z = added.take().into_iter().fold(z, |z, added| z + added);
            h = if index < self.units.layers() {
                self.activation.composed(z)
            } else {
                z
            };
        }
        h.into_dispatch()
    }

    fn forward(&self, inputs: &[View<'_>], keep: bool) -> (Array, Vec<Array>) {
        let parts = self.parts(inputs.iter().copied());
        let sorted = Sorted::new(&parts, &self.units);
        let network = self.network(&sorted);
        let width = parts.layers[self.units.layers()].weight.width();
        let mut outputs = Buffer::stale(parts.x.rows() * width);
        let kept: Vec<Kept> = blocks(&parts)
            .into_par_iter()
            .zip(outputs.par_chunks_mut((ROWS * width).max(1)))
            .map(|(block, outputs)| network.forward(block, outputs, keep))
            .collect();
        let kept = if keep {
            let buffers = kept.into_iter().flatten();
            let buffers = buffers.flat_map(|(values, slope)| [Some(values), slope]).flatten();
            buffers
                .map(|buffer| {
                    let length = buffer.len();
                    Array::new(buffer, [length])
                })
                .collect()
        } else {
            Vec::new()
        };
        (Array::new(outputs, [parts.x.rows(), width]), kept)
    }

    fn backward(
        &self,
        inputs: &[View<'_>],
        kept: Vec<Array>,
        gradient: View<'_>,
        wanted: &[bool],
    ) -> Vec<Option<Array>> {
        let parts = self.parts(inputs.iter().copied());
        let wanted = self.parts(wanted.iter().copied());
        let sorted = Sorted::new(&parts, &self.units);
        let network = self.network(&sorted);
        let blocks = blocks(&parts);
        let (layers, width) = (self.units.layers(), gradient.width());
        let slopes_apart = kept.len() > blocks.len() * layers;
        let mut kept = kept.into_iter().map(|array| array.data);
        let mut of_block = || -> Kept {
            let mut next = || kept.next().expect("kept by the forward pass");
            (0..layers).map(|_| (next(), slopes_apart.then(&mut next))).collect()
        };
        let stale = |view: View<'_>, wanted: bool| wanted.then(|| Buffer::stale(view.data.len()));
        let mut x = stale(parts.x, wanted.x);
        let mut context = parts
            .context
            .zip(wanted.context)
            .and_then(|((view, _), (wanted, _))| stale(view, wanted));
        let (mut x_left, mut context_left) = (x.as_deref_mut(), context.as_deref_mut());
        let tasks: Vec<_> = blocks
            .into_iter()
            .zip(gradient.data.chunks((ROWS * width).max(1)))
            .map(|(block, gradient)| {
                let wanted = Wanted {
                    x: take(&mut x_left, block.x.len()),
                    context: take(&mut context_left, block.context.map_or(0, <[f32]>::len)),
                };
                (block, of_block(), gradient, wanted)
            })
            .collect();
        let found: Vec<Gradients> = tasks
            .into_par_iter()
            .map(|(block, kept, gradient, wanted)| network.backward(block, kept, gradient, wanted))
            .collect();
        let total = found.into_iter().reduce(|mut sum, part| {
            sum.add(&part);
            sum
        });
        let weights = Total {
            sum: total,
            units: &self.units,
        };
        let mut gradients = vec![x.map(|x| Array::new(x, parts.x.shape))];
        if let (Some((view, weight)), Some((_, weight_wanted))) = (parts.context, wanted.context) {
            gradients.push(context.map(|context| Array::new(context, view.shape)));
            let found = weight_wanted.then(|| weights.of(weight, |sum, units| sum.context(units)));
            gradients.push(found);
        }
        for (index, (layer, wanted)) in parts.layers.iter().zip(&wanted.layers).enumerate() {
            let weight = |sum: &Gradients, units: &Units| Some(sum.weight(index, layer.mask, units));
            gradients.push(wanted.weight.then(|| weights.of(layer.weight, weight)));
            let bias = |sum: &Gradients, units: &Units| Some(sum.bias(index, units));
            gradients.push(wanted.bias.then(|| weights.of(layer.bias, bias)));
            gradients.push(None);
        }
        gradients
    }
}

/// The first `length` numbers of what is left.
fn take<'a>(left: &mut Option<&'a mut [f32]>, length: usize) -> Option<&'a mut [f32]> {
    let (first, rest) = left.take()?.split_at_mut(length);
    *left = Some(rest);
    Some(first)
}

/// The sum over all rows, none without rows.
struct Total<'a> {
    sum: Option<Gradients>,
    units: &'a Units,
}

impl Total<'_> {
    /// One of the gradients, of the shape of what it belongs to.
    fn of(&self, view: View<'_>, choose: impl Fn(&Gradients, &Units) -> Option<Buffer>) -> Array {
        let found = self.sum.as_ref().and_then(|sum| choose(sum, self.units));
        let found = found.unwrap_or_else(|| Buffer::zeros(view.shape.iter().product()));
        Array::new(found, view.shape)
    }
}
