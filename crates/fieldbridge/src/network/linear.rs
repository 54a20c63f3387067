//! An affine layer.

use burn_tensor::Tensor;
use fieldbridge_kernels::linear::{Surroundings, linear};
use fieldbridge_kernels::masked;

use super::dual::on_last;
use super::{Activation, ConstantSlot, Dual, Initial, Registry, Slot, Weights};

/// `y = x W + b` with `W`: `[inputs, outputs]`, `b`: `[outputs]`; entries of `W` may be masked out.
#[derive(Clone, Debug)]
pub struct Linear {
    weight: Slot,
    bias: Option<Slot>,
    mask: Option<ConstantSlot>,
    outputs: usize,
}

/// Uniform on `±1/sqrt(inputs)`.
pub(super) fn spread(inputs: usize) -> Initial {
    Initial::Uniform(1.0 / (inputs.max(1) as f32).sqrt())
}

impl Linear {
    /// A layer with weights uniform on `±1/sqrt(inputs)` (the usual choice of LeCun et al. 1998).
    pub fn new(registry: &mut Registry, name: &str, inputs: usize, outputs: usize) -> Self {
        let starts = (spread(inputs), Some(Initial::Constant(0.0)));
        Self::starting(registry, name, inputs, outputs, starts)
    }

    /// A layer whose biases are spread as its weights are, on `±1/sqrt(inputs)`, so that its units bend at different
    /// places where they see few numbers.
    pub fn with_biases(registry: &mut Registry, name: &str, inputs: usize, outputs: usize) -> Self {
        let starts = (spread(inputs), Some(spread(inputs)));
        Self::starting(registry, name, inputs, outputs, starts)
    }

    /// The first layer of a masked network without a context. Its units see half the inputs on average and often only one:
    /// weights are uniform on `±sqrt(12/inputs)`, as large as units of so few inputs take (He et al. 2015,
    /// arXiv:1502.01852), and biases too, so that units bend where standardised numbers are and not all at zero.
    pub fn first_of_masked(registry: &mut Registry, inputs: usize, outputs: usize) -> Self {
        let start = Initial::Uniform((12.0 / inputs.max(1) as f32).sqrt());
        Self::starting(registry, "first", inputs, outputs, (start, Some(start)))
    }

    /// A layer that starts as zero, so that what it adds to grows from nothing.
    pub fn zero(registry: &mut Registry, name: &str, inputs: usize, outputs: usize) -> Self {
        let zero = Initial::Constant(0.0);
        Self::starting(registry, name, inputs, outputs, (zero, Some(zero)))
    }

    /// A layer without bias.
    pub fn without_bias(registry: &mut Registry, name: &str, inputs: usize, outputs: usize) -> Self {
        Self::starting(registry, name, inputs, outputs, (spread(inputs), None))
    }

    fn starting(
        registry: &mut Registry,
        name: &str,
        inputs: usize,
        outputs: usize,
        (weights, biases): (Initial, Option<Initial>),
    ) -> Self {
        registry.scope(name, |registry| Self {
            weight: registry.parameter("weight", &[inputs, outputs], weights),
            bias: biases.map(|biases| registry.parameter("bias", &[1, outputs], biases)),
            mask: None,
            outputs,
        })
    }

    /// The same layer with a mask of zeros and ones, `[inputs, outputs]`, on its matrix.
    pub fn masked(self, mask: ConstantSlot) -> Self {
        Self {
            mask: Some(mask),
            ..self
        }
    }

    /// `x W + b`; `x`: `[batch, inputs]`.
    pub fn forward(&self, weights: &Weights, x: Tensor<2>) -> Tensor<2> {
        self.within(weights, x, None, None)
    }

    /// `r + x W + b`; `r`: `[batch, outputs]`.
    pub fn forward_adding(&self, weights: &Weights, x: Tensor<2>, r: Option<Tensor<2>>) -> Tensor<2> {
        self.within(weights, x, r, None)
    }

    /// `a(r + x W + b)`.
    pub fn activated(
        &self,
        weights: &Weights,
        x: Tensor<2>,
        r: Option<Tensor<2>>,
        activation: Activation,
    ) -> Tensor<2> {
        self.within(weights, x, r, Some(activation))
    }

    fn within(
        &self,
        weights: &Weights,
        x: Tensor<2>,
        addend: Option<Tensor<2>>,
        activation: Option<Activation>,
    ) -> Tensor<2> {
        let around = Surroundings {
            bias: self.bias.map(|slot| weights.get(slot)),
            mask: self.mask.map(|slot| weights.constant(slot)),
            addend,
            precision: weights.precision().kernel(),
        };
        let activation = activation.map_or(
            fieldbridge_kernels::activation::Activation::Identity,
            Activation::kernel,
        );
        linear(x, weights.get(self.weight), around, activation)
    }

    /// `u W` for directions `u`: `[batch, directions, inputs]`.
    pub fn tangents(&self, weights: &Weights, tangents: Tensor<3>) -> Tensor<3> {
        on_last(tangents, |rows| self.without_offset(weights, rows))
    }

    /// `u W`.
    fn without_offset(&self, weights: &Weights, u: Tensor<2>) -> Tensor<2> {
        let around = Surroundings {
            mask: self.mask.map(|slot| weights.constant(slot)),
            precision: weights.precision().kernel(),
            ..Surroundings::default()
        };
        let none = fieldbridge_kernels::activation::Activation::Identity;
        linear(u, weights.get(self.weight), around, none)
    }

    /// `y W + b` along the last dimension.
    pub fn carry<const D: usize>(&self, weights: &Weights, y: Dual<D>) -> Dual<D> {
        y.affine(
            |y| on_last(y, |rows| self.forward(weights, rows)),
            |change| on_last(change, |rows| self.without_offset(weights, rows)),
        )
    }

    /// `a(y W + b)` along the last dimension.
    pub fn carry_activated<const D: usize>(&self, weights: &Weights, y: Dual<D>, activation: Activation) -> Dual<D> {
        if y.has_tangents() {
            return self.carry(weights, y).activated(activation);
        }
        y.linear(|y| on_last(y, |rows| self.activated(weights, rows, None, activation)))
    }

    /// `r + y W + b` along the last dimension.
    pub fn carry_adding<const D: usize>(&self, weights: &Weights, y: Dual<D>, r: Dual<D>) -> Dual<D> {
        if y.has_tangents() {
            return self.carry(weights, y).with(r, |y, r| y + r);
        }
        y.with(r, |y, r| {
            on_last(y, |rows| {
                let addend = r.reshape([rows.dims()[0], self.outputs]);
                self.forward_adding(weights, rows, Some(addend))
            })
        })
    }

    /// The matrix.
    pub(super) fn weight(&self, weights: &Weights) -> Tensor<2> {
        weights.get(self.weight)
    }

    /// Matrix, bias and mask of a layer that has all three.
    pub(super) fn masked_parts(&self, weights: &Weights) -> masked::Layer {
        masked::Layer {
            weight: weights.get(self.weight),
            bias: weights.get(self.bias.expect("a masked layer has a bias")),
            mask: weights.constant(self.mask.expect("a masked layer has a mask")),
        }
    }

    /// Where the matrix is.
    pub(super) fn slot(&self) -> Slot {
        self.weight
    }

    /// Matrix, bias and mask on the host, and the number of outputs.
    pub(super) fn host(&self, weights: &Weights) -> HostLayer {
        HostLayer {
            weights: weights.host(self.weight),
            bias: self.bias.map(|slot| weights.host(slot)),
            mask: self.mask.map(|slot| weights.host_constant(slot)),
            outputs: self.outputs,
        }
    }
}

/// The values of a layer on the host.
pub(super) struct HostLayer {
    pub(super) weights: Vec<f32>,
    pub(super) bias: Option<Vec<f32>>,
    pub(super) mask: Option<Vec<f32>>,
    pub(super) outputs: usize,
}
