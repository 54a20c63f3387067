//! A residual perceptron whose output `i` sees only the inputs that come before it.

use std::sync::Arc;

use burn_tensor::Tensor;
use fieldbridge_kernels::autoregressive::{Form, Layer, Network, Prepared};

use super::linear::HostLayer;
use super::{Activation, Linear, Registry, Weights};

/// Masked autoencoder for distribution estimation (Germain et al. 2015, arXiv:1502.03509) with residual blocks.
///
/// Input `i` has degree `order[i]` in `1..=D`; hidden units carry degrees `0..D`; a hidden unit sees inputs and units
/// of degree at most its own, and the outputs of dimension `i` see units of degree below `order[i]`. Every unit sees
/// the context.
#[derive(Clone, Debug)]
pub struct MaskedMlp {
    first: Linear,
    condition: Option<Linear>,
    blocks: Vec<(Linear, Option<Linear>, Linear)>,
    last: Linear,
    condition_last: Option<Linear>,
    dimension: usize,
    outputs_each: usize,
    activation: Activation,
}

/// A function of a point and a context whose outputs for a dimension see only the dimensions placed before it.
pub trait MaskedNetwork: Send + Sync + std::fmt::Debug {
    /// `x`: `[batch, D]`, context: `[batch, width]`; output: `[batch, D, outputs_each]`.
    fn forward(&self, weights: &Weights, x: Tensor<2>, context: Option<&Tensor<2>>) -> Tensor<3>;

    /// The network sorted by what its units see, when only numbers are asked for on the processor: densities and draws
    /// then each take one pass.
    fn prepared(&self, weights: &Weights) -> Option<Arc<Prepared>>;
}

/// Sorts a network's units; `layers` come with what the context adds to each.
pub(super) fn prepare(
    weights: &Weights,
    (dimension, form, activation): (usize, Form, Activation),
    layers: &[(&Linear, Option<&Linear>)],
) -> Option<Arc<Prepared>> {
    if !weights.are_plain() {
        return None;
    }
    weights.prepared(layers[0].0.slot(), || {
        let host: Vec<(HostLayer, Option<HostLayer>)> = layers
            .iter()
            .map(|(layer, condition)| (layer.host(weights), condition.map(|condition| condition.host(weights))))
            .collect();
        let widths = host.iter().filter_map(|(_, condition)| condition.as_ref());
        let context = widths
            .map(|condition| condition.weights.len() / condition.outputs)
            .max()
            .unwrap_or(0);
        // a condition's own bias adds to the layer's
        let biases: Vec<Option<Vec<f32>>> = host
            .iter()
            .map(|(layer, condition)| total_bias(layer, condition.as_ref()))
            .collect();
        let layers = host
            .iter()
            .zip(&biases)
            .map(|((layer, condition), bias)| Layer {
                weights: &layer.weights,
                mask: layer.mask.as_deref(),
                bias: bias.as_deref(),
                context: condition.as_ref().map(|condition| condition.weights.as_slice()),
                outputs: layer.outputs,
            })
            .collect();
        let network = Network {
            dimension,
            context,
            activation: activation.kernel(),
            form,
            layers,
        };
        Prepared::new(&network).ok()
    })
}

fn total_bias(layer: &HostLayer, condition: Option<&HostLayer>) -> Option<Vec<f32>> {
    let parts = [
        layer.bias.as_ref(),
        condition.and_then(|condition| condition.bias.as_ref()),
    ];
    parts
        .into_iter()
        .flatten()
        .cloned()
        .reduce(|sum, part| sum.iter().zip(part).map(|(a, b)| a + b).collect())
}

/// Degrees of `width` hidden units, spread evenly. Degree 0 (context only) is of use when there is a context to see, or
/// nothing else to see.
pub(super) fn degrees_of_units(dimension: usize, context: usize, width: usize) -> Vec<usize> {
    let lowest = usize::from(context == 0 && dimension > 1);
    (0..width)
        .map(|unit| lowest + unit % (dimension - lowest).max(1))
        .collect()
}

/// A layer on the numbers themselves; a context shifts the bends of its units already.
pub(super) fn first_layer(registry: &mut Registry, context: usize, inputs: usize, width: usize) -> Linear {
    match context {
        0 => Linear::first_of_masked(registry, inputs, width),
        _ => Linear::new(registry, "first", inputs, width),
    }
}

/// A layer behind it.
pub(super) fn hidden_layer(registry: &mut Registry, name: &str, context: usize, inputs: usize, width: usize) -> Linear {
    match context {
        0 => Linear::with_biases(registry, name, inputs, width),
        _ => Linear::new(registry, name, inputs, width),
    }
}

/// The layer with a mask by which an output of a degree sees inputs of at most, or strictly below, its own.
pub(super) fn masked(registry: &mut Registry, layer: Linear, from: &[usize], to: &[usize], strict: bool) -> Linear {
    let sees = |input: usize, output: usize| if strict { input < output } else { input <= output };
    let mut mask = Vec::with_capacity(from.len() * to.len());
    for &input in from {
        mask.extend(to.iter().map(|&output| f32::from(u8::from(sees(input, output)))));
    }
    layer.masked(registry.constant(&[from.len(), to.len()], mask))
}

impl MaskedMlp {
    /// `order[i]` is the place, from 1, of dimension `i`; each dimension gets `outputs_each` outputs, which start
    /// as zero.
    pub fn new(
        registry: &mut Registry,
        order: &[usize],
        context: usize,
        width: usize,
        blocks: usize,
        outputs_each: usize,
        activation: Activation,
    ) -> Self {
        let dimension = order.len();
        let degrees = degrees_of_units(dimension, context, width);
        let outputs: Vec<usize> = order.iter().flat_map(|&place| vec![place; outputs_each]).collect();
        let conditioned = |registry: &mut Registry| {
            (context > 0).then(|| Linear::without_bias(registry, "condition", context, width))
        };
        let first = first_layer(registry, context, dimension, width);
        let first = masked(registry, first, order, &degrees, false);
        let condition = conditioned(registry);
        let blocks = (0..blocks)
            .map(|index| {
                registry.scope(format!("block{index}"), |registry| {
                    let inner = hidden_layer(registry, "inner", context, width, width);
                    let inner = masked(registry, inner, &degrees, &degrees, false);
                    let condition = conditioned(registry);
                    let outer = Linear::zero(registry, "outer", width, width);
                    (inner, condition, masked(registry, outer, &degrees, &degrees, false))
                })
            })
            .collect();
        let last = Linear::zero(registry, "last", width, dimension * outputs_each);
        let last = masked(registry, last, &degrees, &outputs, true);
        let condition_last = (context > 0).then(|| {
            registry.scope("context_to_output", |registry| {
                Linear::zero(registry, "layer", context, dimension * outputs_each)
            })
        });
        Self {
            first,
            condition,
            blocks,
            last,
            condition_last,
            dimension,
            outputs_each,
            activation,
        }
    }
}

impl MaskedNetwork for MaskedMlp {
    fn forward(&self, weights: &Weights, x: Tensor<2>, context: Option<&Tensor<2>>) -> Tensor<3> {
        let [batch, _] = x.dims();
        let from_context = |layer: &Option<Linear>| Some(layer.as_ref()?.forward(weights, context?.clone()));
        let mut h = self.first.forward_adding(weights, x, from_context(&self.condition));
        for (inner, condition, outer) in &self.blocks {
            let z = inner.activated(
                weights,
                self.activation.apply(h.clone()),
                from_context(condition),
                self.activation,
            );
            h = outer.forward_adding(weights, weights.drop_out(z), Some(h));
        }
        let h = self.activation.apply(h);
        let out = self.last.forward_adding(weights, h, from_context(&self.condition_last));
        out.reshape([batch, self.dimension, self.outputs_each])
    }

    fn prepared(&self, weights: &Weights) -> Option<Arc<Prepared>> {
        let mut layers = vec![(&self.first, self.condition.as_ref())];
        for (inner, condition, outer) in &self.blocks {
            layers.push((inner, condition.as_ref()));
            layers.push((outer, None));
        }
        layers.push((&self.last, self.condition_last.as_ref()));
        prepare(weights, (self.dimension, Form::Residual, self.activation), &layers)
    }
}
