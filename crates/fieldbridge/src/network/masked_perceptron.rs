//! A plain perceptron whose output `i` sees only the inputs that come before it.

use std::sync::Arc;

use burn_tensor::Tensor;
use fieldbridge_kernels::autoregressive::{Form, Prepared};
use fieldbridge_kernels::masked::{Units, masked_perceptron};

use super::masked_mlp::{MaskedNetwork, degrees_of_units, first_layer, hidden_layer, masked, prepare};
use super::{Activation, Linear, Registry, Weights};

/// Masked autoencoder for distribution estimation as first described (Germain et al. 2015, arXiv:1502.03509):
/// `h <- a(h (W o M) + b)`, the first layer with `c C` added for a context `c`, the last one linear.
#[derive(Clone, Debug)]
pub struct MaskedPerceptron {
    hidden: Vec<Linear>,
    condition: Option<Linear>,
    last: Linear,
    units: Arc<Units>,
    dimension: usize,
    outputs_each: usize,
    activation: Activation,
}

impl MaskedPerceptron {
    /// `order[i]` is the place, from 1, of dimension `i`; `hidden` are the widths of the hidden layers.
    pub fn new(
        registry: &mut Registry,
        order: &[usize],
        context: usize,
        hidden: &[usize],
        outputs_each: usize,
        activation: Activation,
    ) -> Self {
        assert!(!hidden.is_empty(), "a perceptron has at least one hidden layer");
        let dimension = order.len();
        let mut seen = order.to_vec();
        let mut condition = None;
        let of_layers: Vec<Vec<usize>> = hidden
            .iter()
            .map(|&width| degrees_of_units(dimension, context, width))
            .collect();
        let hidden = hidden
            .iter()
            .enumerate()
            .map(|(index, &width)| {
                let degrees = of_layers[index].clone();
                let layer = match index {
                    0 => first_layer(registry, context, dimension, width),
                    _ => hidden_layer(registry, &format!("hidden{}", index - 1), context, seen.len(), width),
                };
                let layer = masked(registry, layer, &seen, &degrees, false);
                if index == 0 && context > 0 {
                    condition = Some(Linear::without_bias(registry, "condition", context, width));
                }
                seen = degrees;
                layer
            })
            .collect();
        let outputs: Vec<usize> = order.iter().flat_map(|&place| vec![place; outputs_each]).collect();
        let last = Linear::new(registry, "last", seen.len(), outputs.len());
        Self {
            hidden,
            condition,
            last: masked(registry, last, &seen, &outputs, true),
            units: Arc::new(Units::new(&of_layers)),
            dimension,
            outputs_each,
            activation,
        }
    }
}

impl MaskedNetwork for MaskedPerceptron {
    fn forward(&self, weights: &Weights, x: Tensor<2>, context: Option<&Tensor<2>>) -> Tensor<3> {
        let [batch, _] = x.dims();
        let shape = [batch, self.dimension, self.outputs_each];
        if !weights.need_layers() {
            let context = self
                .condition
                .as_ref()
                .and_then(|layer| Some((context?.clone(), layer.weight(weights))));
            let layers = self
                .hidden
                .iter()
                .chain([&self.last])
                .map(|layer| layer.masked_parts(weights))
                .collect();
            return masked_perceptron(x, context, layers, &self.units, self.activation.kernel()).reshape(shape);
        }
        let mut added = self
            .condition
            .as_ref()
            .and_then(|layer| Some(layer.forward(weights, context?.clone())));
        let mut h = x;
        for layer in &self.hidden {
            let z = layer.activated(weights, h, added.take(), self.activation);
            h = weights.drop_out(z);
        }
        let out = self.last.forward(weights, h);
        out.reshape(shape)
    }

    fn prepared(&self, weights: &Weights) -> Option<Arc<Prepared>> {
        let mut layers: Vec<(&Linear, Option<&Linear>)> = self.hidden.iter().map(|layer| (layer, None)).collect();
        layers[0].1 = self.condition.as_ref();
        layers.push((&self.last, None));
        prepare(weights, (self.dimension, Form::Plain, self.activation), &layers)
    }
}
