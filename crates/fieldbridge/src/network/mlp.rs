//! A plain multilayer perceptron.

use burn_tensor::Tensor;

use super::{Activation, Conditions, FourierTime, Linear, Network, Registry, Weights, conditioning_vector};

/// Layers `h <- a(h W + b)` on `[x, time, context]`, the last one linear.
#[derive(Clone, Debug)]
pub struct Mlp {
    first: Linear,
    condition: Option<Linear>,
    hidden: Vec<Linear>,
    last: Linear,
    time: Option<FourierTime>,
    activation: Activation,
}

impl Mlp {
    /// `inputs -> hidden[0] -> ... -> outputs`; `frequencies` of the time embedding (none for a function without
    /// time) and `context` width (0 without context) enter at the first layer.
    pub fn new(
        registry: &mut Registry,
        inputs: usize,
        frequencies: Option<usize>,
        context: usize,
        hidden: &[usize],
        outputs: usize,
        activation: Activation,
    ) -> Self {
        let time = frequencies.map(|count| FourierTime::new(registry, count));
        let conditions = time.as_ref().map_or(0, FourierTime::width) + context;
        assert!(!hidden.is_empty(), "a perceptron has at least one hidden layer");
        let (first_width, last_width) = (hidden[0], hidden[hidden.len() - 1]);
        Self {
            first: Linear::with_biases(registry, "first", inputs, first_width),
            condition: (conditions > 0).then(|| Linear::without_bias(registry, "condition", conditions, first_width)),
            hidden: hidden
                .windows(2)
                .enumerate()
                .map(|(index, pair)| Linear::with_biases(registry, &format!("hidden{index}"), pair[0], pair[1]))
                .collect(),
            last: Linear::zero(registry, "last", last_width, outputs),
            time,
            activation,
        }
    }

    /// What time and context add at the first layer.
    fn added_by_conditions(&self, weights: &Weights, conditions: &Conditions) -> Option<Tensor<2>> {
        let vector = conditioning_vector(weights, self.time.as_ref(), conditions)?;
        Some(self.condition.as_ref()?.forward(weights, vector))
    }
}

impl Network for Mlp {
    fn forward(&self, weights: &Weights, x: Tensor<2>, conditions: &Conditions) -> Tensor<2> {
        let added = self.added_by_conditions(weights, conditions);
        let mut h = self.first.activated(weights, x, added, self.activation);
        for layer in &self.hidden {
            h = layer.activated(weights, weights.drop_out(h), None, self.activation);
        }
        self.last.forward(weights, weights.drop_out(h))
    }

    fn forward_with_tangents(
        &self,
        weights: &Weights,
        x: Tensor<2>,
        conditions: &Conditions,
        tangents: Tensor<3>,
    ) -> (Tensor<2>, Tensor<3>) {
        let added = self.added_by_conditions(weights, conditions);
        let z = self.first.forward_adding(weights, x, added);
        let (mut h, slope) = self.activation.apply_with_derivative(z);
        let mut u = self.first.tangents(weights, tangents) * slope.unsqueeze_dim(1);
        for layer in &self.hidden {
            let (value, slope) = self.activation.apply_with_derivative(layer.forward(weights, h));
            h = value;
            u = layer.tangents(weights, u) * slope.unsqueeze_dim(1);
        }
        (self.last.forward(weights, h), self.last.tangents(weights, u))
    }
}
