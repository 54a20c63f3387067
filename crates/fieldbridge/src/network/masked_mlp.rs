//! A residual perceptron whose output `i` sees only the inputs that come before it.

use burn_tensor::Tensor;

use super::{Activation, ConstantSlot, Linear, Registry, Weights};

/// Masked autoencoder for distribution estimation (Germain et al. 2015, arXiv:1502.03509) with residual blocks.
///
/// Input `i` has degree `order[i]` in `1..=D`; hidden units carry degrees `0..D`; a hidden unit sees inputs and units
/// of degree at most its own, and the outputs of dimension `i` see units of degree below `order[i]`. Every unit sees
/// the context.
#[derive(Clone, Debug)]
pub struct MaskedMlp {
    first: Masked,
    condition: Option<Linear>,
    blocks: Vec<(Masked, Option<Linear>, Masked)>,
    last: Masked,
    condition_last: Option<Linear>,
    dimension: usize,
    outputs_each: usize,
    activation: Activation,
}

#[derive(Clone, Debug)]
struct Masked {
    layer: Linear,
    mask: ConstantSlot,
}

impl Masked {
    fn new(registry: &mut Registry, layer: Linear, from: &[usize], to: &[usize], strict: bool) -> Self {
        let sees = |input: usize, output: usize| if strict { input < output } else { input <= output };
        let mut mask = Vec::with_capacity(from.len() * to.len());
        for &input in from {
            mask.extend(to.iter().map(|&output| f32::from(u8::from(sees(input, output)))));
        }
        Self {
            layer,
            mask: registry.constant(&[from.len(), to.len()], mask),
        }
    }

    fn forward(&self, weights: &Weights, x: Tensor<2>) -> Tensor<2> {
        let product = x.matmul(self.layer.matrix(weights) * weights.constant(self.mask));
        match self.layer.bias(weights) {
            Some(bias) => product + bias,
            None => product,
        }
    }
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
        // degree 0 (context only) is of use when there is a context to see, or nothing else to see
        let lowest = usize::from(context == 0 && dimension > 1);
        let degrees: Vec<usize> = (0..width)
            .map(|unit| lowest + unit % (dimension - lowest).max(1))
            .collect();
        let outputs: Vec<usize> = order.iter().flat_map(|&place| vec![place; outputs_each]).collect();
        let conditioned = |registry: &mut Registry| {
            (context > 0).then(|| Linear::without_bias(registry, "condition", context, width))
        };
        let first = Linear::new(registry, "first", dimension, width);
        let first = Masked::new(registry, first, order, &degrees, false);
        let condition = conditioned(registry);
        let blocks = (0..blocks)
            .map(|index| {
                registry.scope(format!("block{index}"), |registry| {
                    let inner = Linear::new(registry, "inner", width, width);
                    let inner = Masked::new(registry, inner, &degrees, &degrees, false);
                    let condition = conditioned(registry);
                    let outer = Linear::zero(registry, "outer", width, width);
                    (
                        inner,
                        condition,
                        Masked::new(registry, outer, &degrees, &degrees, false),
                    )
                })
            })
            .collect();
        let last = Linear::zero(registry, "last", width, dimension * outputs_each);
        let last = Masked::new(registry, last, &degrees, &outputs, true);
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

    /// `x`: `[batch, D]`, context: `[batch, width]`; output: `[batch, D, outputs_each]`, where the outputs of
    /// dimension `i` depend on the dimensions placed before it.
    pub fn forward(&self, weights: &Weights, x: Tensor<2>, context: Option<&Tensor<2>>) -> Tensor<3> {
        let [batch, _] = x.dims();
        let add = |z: Tensor<2>, layer: &Option<Linear>| match (layer, context) {
            (Some(layer), Some(context)) => z + layer.forward(weights, context.clone()),
            _ => z,
        };
        let mut h = add(self.first.forward(weights, x), &self.condition);
        for (inner, condition, outer) in &self.blocks {
            let z = add(inner.forward(weights, self.activation.apply(h.clone())), condition);
            h = h + outer.forward(weights, weights.drop_out(self.activation.apply(z)));
        }
        let out = add(
            self.last.forward(weights, self.activation.apply(h)),
            &self.condition_last,
        );
        out.reshape([batch, self.dimension, self.outputs_each])
    }
}
