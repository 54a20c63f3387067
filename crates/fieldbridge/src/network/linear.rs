//! An affine layer.

use burn_tensor::Tensor;

use super::{Initial, Registry, Slot, Weights};

/// `y = x W + b` with `W`: `[inputs, outputs]`, `b`: `[outputs]`.
#[derive(Clone, Debug)]
pub struct Linear {
    weight: Slot,
    bias: Option<Slot>,
    outputs: usize,
}

impl Linear {
    /// A layer with weights uniform on `±1/sqrt(inputs)` (the usual choice of LeCun et al. 1998).
    pub fn new(registry: &mut Registry, name: &str, inputs: usize, outputs: usize) -> Self {
        let bound = 1.0 / (inputs.max(1) as f32).sqrt();
        Self::starting(registry, name, inputs, outputs, Initial::Uniform(bound), true)
    }

    /// A layer that starts as zero, so that what it adds to grows from nothing.
    pub fn zero(registry: &mut Registry, name: &str, inputs: usize, outputs: usize) -> Self {
        Self::starting(registry, name, inputs, outputs, Initial::Constant(0.0), true)
    }

    /// A layer without bias.
    pub fn without_bias(registry: &mut Registry, name: &str, inputs: usize, outputs: usize) -> Self {
        let bound = 1.0 / (inputs.max(1) as f32).sqrt();
        Self::starting(registry, name, inputs, outputs, Initial::Uniform(bound), false)
    }

    fn starting(
        registry: &mut Registry,
        name: &str,
        inputs: usize,
        outputs: usize,
        initial: Initial,
        with_bias: bool,
    ) -> Self {
        registry.scope(name, |registry| Self {
            weight: registry.parameter("weight", &[inputs, outputs], initial),
            bias: with_bias.then(|| registry.parameter("bias", &[1, outputs], Initial::Constant(0.0))),
            outputs,
        })
    }

    /// `x W + b`; `x`: `[batch, inputs]`.
    pub fn forward(&self, weights: &Weights, x: Tensor<2>) -> Tensor<2> {
        let product = x.matmul(weights.get(self.weight));
        match self.bias {
            Some(bias) => product + weights.get(bias),
            None => product,
        }
    }

    /// `u W` for directions `u`: `[batch, directions, inputs]`.
    pub fn tangents(&self, weights: &Weights, tangents: Tensor<3>) -> Tensor<3> {
        let [batch, directions, inputs] = tangents.dims();
        let flat = tangents
            .reshape([batch * directions, inputs])
            .matmul(weights.get(self.weight));
        flat.reshape([batch, directions, self.outputs])
    }

    /// The matrix, `[inputs, outputs]`.
    pub(super) fn matrix(&self, weights: &Weights) -> Tensor<2> {
        weights.get(self.weight)
    }

    /// The bias, `[1, outputs]`, when there is one.
    pub(super) fn bias(&self, weights: &Weights) -> Option<Tensor<2>> {
        self.bias.map(|slot| weights.get(slot))
    }
}
