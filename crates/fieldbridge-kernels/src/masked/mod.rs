//! Masked perceptrons: networks some of whose outputs may see only some of their inputs.
//!
//! `h <- a(h (W o M) + b)` for every hidden layer, the first one with `c C` added for a context `c`, and
//! `h (W o M) + b` at the end (masked autoencoder for distribution estimation, Germain et al. 2015, arXiv:1502.03509).
//! Hidden units carry degrees and see units of at most their own, so that in the order of the degrees the matrix between
//! two hidden layers is a staircase. The whole network is one operation: weights are sorted and masked once, rows pass
//! through all layers in blocks that stay in the cache, and products leave out what is below the staircase. Gradients of
//! weights are those of blocks of rows, added in order.

mod operation;
mod pass;
mod sorted;
#[cfg(test)]
mod tests;
mod units;

use std::sync::Arc;

use burn_tensor::Tensor;

use crate::activation::Activation;
use crate::operation::apply;
use operation::MaskedPerceptron;

pub use units::Units;

/// One masked layer.
#[derive(Clone, Debug)]
pub struct Layer {
    /// `W`: `[inputs, outputs]`.
    pub weight: Tensor<2>,
    /// `b`: `[1, outputs]`.
    pub bias: Tensor<2>,
    /// `M`: `[inputs, outputs]` of zeros and ones, a constant; between hidden layers it must be that of the degrees.
    pub mask: Tensor<2>,
}

/// The outputs, `[rows, outputs]`, for `x`: `[rows, inputs]`, and a context with its matrix, `[rows, width]` and
/// `[width, units of the first layer]`. There is one more layer than there are hidden ones.
///
/// # Panics
/// When shapes do not fit.
pub fn masked_perceptron(
    x: Tensor<2>,
    context: Option<(Tensor<2>, Tensor<2>)>,
    layers: Vec<Layer>,
    units: &Arc<Units>,
    activation: Activation,
) -> Tensor<2> {
    assert_eq!(layers.len(), units.layers() + 1, "one layer more than hidden ones");
    for (index, layer) in layers.iter().enumerate() {
        let [inputs, outputs] = layer.weight.dims();
        let before = if index == 0 {
            x.dims()[1]
        } else {
            units.count(index - 1)
        };
        assert_eq!(inputs, before, "weights of every input");
        assert!(
            index == units.layers() || outputs == units.count(index),
            "weights of every unit"
        );
        assert_eq!(
            (layer.bias.dims(), layer.mask.dims()),
            ([1, outputs], [inputs, outputs]),
            "a bias for every output, and a mask as large as the weights"
        );
    }
    if let Some((context, weight)) = &context {
        assert_eq!(
            (context.dims()[0], weight.dims()),
            (x.dims()[0], [context.dims()[1], units.count(0)]),
            "a context for every row, weights for all of it"
        );
    }
    let operation = MaskedPerceptron {
        activation,
        units: Arc::clone(units),
        context: context.is_some(),
    };
    let mut inputs = vec![x];
    inputs.extend(context.into_iter().flat_map(|(context, weight)| [context, weight]));
    let layers = layers
        .into_iter()
        .flat_map(|layer| [layer.weight, layer.bias, layer.mask]);
    inputs.extend(layers);
    Tensor::from_dispatch(apply(
        operation,
        inputs.into_iter().map(Tensor::into_dispatch).collect(),
    ))
}
