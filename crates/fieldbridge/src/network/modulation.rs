//! How time and context enter a network between its layers.

use burn_tensor::Tensor;

use super::{Activation, Conditions, Dual, FourierTime, Linear, Registry, Weights, conditioning_vector};

/// Factor less one and addend of every component, the same for all tokens or pixels of a row: each `[batch, width]`.
#[derive(Clone, Debug)]
pub struct Modulation {
    /// `s`.
    pub scale: Tensor<2>,
    /// `t`.
    pub shift: Tensor<2>,
}

impl Modulation {
    /// `y (1 + s) + t` with components in the last dimension.
    pub(super) fn apply<const D: usize>(&self, y: Dual<D>) -> Dual<D> {
        let [batch, width] = self.scale.dims();
        // for changes, those of all directions of a row stand where its tokens do
        let by_row = |y: Tensor<D>| {
            let tokens = y.dims()[..D - 1].iter().product::<usize>() / batch.max(1);
            y.reshape([batch, tokens, width])
        };
        let scaled = |y: Tensor<D>| by_row(y) * (self.scale.clone().reshape([batch, 1, width]) + 1.0);
        y.affine(
            |y| {
                let dims = y.dims();
                (scaled(y) + self.shift.clone().reshape([batch, 1, width])).reshape(dims)
            },
            |change| {
                let dims = change.dims();
                scaled(change).reshape(dims)
            },
        )
    }
}

/// Time and context as one vector `e = a(a([time, context] W_1 + b_1) W_2 + b_2)`, from which every block takes its
/// modulation by a linear layer that starts as zero (Peebles and Xie 2022, arXiv:2212.09748; for images Dhariwal and
/// Nichol 2021, arXiv:2105.05233).
#[derive(Clone, Debug)]
pub struct ConditionEmbedding {
    time: Option<FourierTime>,
    first: Linear,
    second: Linear,
    width: usize,
    activation: Activation,
}

impl ConditionEmbedding {
    /// A vector of `width` numbers from a time of `frequencies` and a context of `context` numbers; none when there is
    /// neither.
    pub fn new(
        registry: &mut Registry,
        frequencies: Option<usize>,
        context: usize,
        width: usize,
        activation: Activation,
    ) -> Option<Self> {
        let time = frequencies.map(|count| FourierTime::new(registry, count));
        let inputs = time.as_ref().map_or(0, FourierTime::width) + context;
        (inputs > 0).then(|| {
            registry.scope("conditions", |registry| Self {
                time,
                first: Linear::new(registry, "first", inputs, width),
                second: Linear::new(registry, "second", width, width),
                width,
                activation,
            })
        })
    }

    /// Length of the vector.
    pub fn width(&self) -> usize {
        self.width
    }

    /// `e`: `[batch, width]`.
    ///
    /// # Panics
    /// When neither time nor context is given.
    pub fn forward(&self, weights: &Weights, conditions: &Conditions) -> Tensor<2> {
        let vector = conditioning_vector(weights, self.time.as_ref(), conditions).expect("a time or a context");
        let hidden = self.first.activated(weights, vector, None, self.activation);
        self.second.activated(weights, hidden, None, self.activation)
    }
}

/// `parts` vectors of `width` numbers of a layer's output `[batch, parts width]`.
pub(super) fn parts<const N: usize>(joint: &Tensor<2>) -> [Tensor<2>; N] {
    let width = joint.dims()[1] / N;
    std::array::from_fn(|part| joint.clone().narrow(1, part * width, width))
}
