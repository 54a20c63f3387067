//! A residual multilayer perceptron with the conditions entering every block.

use burn_tensor::Tensor;

use super::{Activation, Conditions, FourierTime, Linear, Network, Registry, Weights, conditioning_vector};

/// `h = x W_x + e W_e`, blocks `h <- h + a(a(h) W_1 + e W_c) W_2`, output `a(h) W_o`, where `e` is the time embedding
/// beside the context (pre-activation residual blocks, He et al. 2016, arXiv:1603.05027).
#[derive(Clone, Debug)]
pub struct ResidualMlp {
    first: Linear,
    condition: Option<Linear>,
    blocks: Vec<Block>,
    last: Linear,
    time: Option<FourierTime>,
    activation: Activation,
}

#[derive(Clone, Debug)]
struct Block {
    inner: Linear,
    condition: Option<Linear>,
    outer: Linear,
}

impl ResidualMlp {
    /// `blocks` blocks of `width`; see [`Mlp::new`](super::Mlp::new) for `frequencies` and `context`.
    #[allow(clippy::too_many_arguments)]
    pub fn new(
        registry: &mut Registry,
        inputs: usize,
        frequencies: Option<usize>,
        context: usize,
        width: usize,
        blocks: usize,
        outputs: usize,
        activation: Activation,
    ) -> Self {
        let time = frequencies.map(|count| FourierTime::new(registry, count));
        let conditions = time.as_ref().map_or(0, FourierTime::width) + context;
        let conditioned = |registry: &mut Registry| {
            (conditions > 0).then(|| Linear::without_bias(registry, "condition", conditions, width))
        };
        // conditions spread the bends of units already
        let layer = match conditions {
            0 => Linear::with_biases,
            _ => Linear::new,
        };
        Self {
            first: layer(registry, "first", inputs, width),
            condition: conditioned(registry),
            blocks: (0..blocks)
                .map(|index| {
                    registry.scope(format!("block{index}"), |registry| Block {
                        inner: layer(registry, "inner", width, width),
                        condition: conditioned(registry),
                        outer: Linear::zero(registry, "outer", width, width),
                    })
                })
                .collect(),
            last: Linear::zero(registry, "last", width, outputs),
            time,
            activation,
        }
    }
}

/// What the conditions add to a layer.
fn added(weights: &Weights, layer: Option<&Linear>, vector: Option<&Tensor<2>>) -> Option<Tensor<2>> {
    Some(layer?.forward(weights, vector?.clone()))
}

impl Network for ResidualMlp {
    fn forward(&self, weights: &Weights, x: Tensor<2>, conditions: &Conditions) -> Tensor<2> {
        let vector = conditioning_vector(weights, self.time.as_ref(), conditions);
        let entering = added(weights, self.condition.as_ref(), vector.as_ref());
        let mut h = self.first.forward_adding(weights, x, entering);
        for block in &self.blocks {
            let entering = added(weights, block.condition.as_ref(), vector.as_ref());
            let z = block
                .inner
                .activated(weights, self.activation.apply(h.clone()), entering, self.activation);
            h = block.outer.forward_adding(weights, weights.drop_out(z), Some(h));
        }
        self.last.forward(weights, self.activation.apply(h))
    }

    fn forward_with_tangents(
        &self,
        weights: &Weights,
        x: Tensor<2>,
        conditions: &Conditions,
        tangents: Tensor<3>,
    ) -> (Tensor<2>, Tensor<3>) {
        let vector = conditioning_vector(weights, self.time.as_ref(), conditions);
        let entering = added(weights, self.condition.as_ref(), vector.as_ref());
        let mut h = self.first.forward_adding(weights, x, entering);
        let mut u = self.first.tangents(weights, tangents);
        for block in &self.blocks {
            let (value, slope) = self.activation.apply_with_derivative(h.clone());
            let entering = added(weights, block.condition.as_ref(), vector.as_ref());
            let z = block.inner.forward_adding(weights, value, entering);
            let inner = block.inner.tangents(weights, u.clone() * slope.unsqueeze_dim(1));
            let (value, slope) = self.activation.apply_with_derivative(z);
            h = block.outer.forward_adding(weights, value, Some(h));
            u = u + block.outer.tangents(weights, inner * slope.unsqueeze_dim(1));
        }
        let (value, slope) = self.activation.apply_with_derivative(h);
        (
            self.last.forward(weights, value),
            self.last.tangents(weights, u * slope.unsqueeze_dim(1)),
        )
    }
}
