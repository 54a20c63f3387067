//! Linear layers with what surrounds them: `y = a(x (W o M) + b + r)`.

mod operation;
#[cfg(test)]
mod tests;

use burn_tensor::Tensor;

use crate::activation::Activation;
use crate::operation::apply;
use crate::product::Precision;
use operation::Linear;

/// What a linear layer has besides its matrix.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// `b`: `[1, outputs]`.
    pub bias: Option<Tensor<2>>,
    /// `M`: `[inputs, outputs]`, multiplied entry by entry with the matrix (Germain et al. 2015, arXiv:1502.03509).
    pub mask: Option<Tensor<2>>,
    /// `r`: `[rows, outputs]`, a residual or what other inputs contribute.
    pub addend: Option<Tensor<2>>,
    /// How exactly the products take `x`, `W o M` and, backward, the gradient before the activation. Bias, addend,
    /// activation and all sums are in single precision.
    pub precision: Precision,
}

/// `a(x (W o M) + b + r)` with `x`: `[rows, inputs]`, `W`: `[inputs, outputs]`.
pub fn linear(x: Tensor<2>, weight: Tensor<2>, around: Surroundings, activation: Activation) -> Tensor<2> {
    let operation = Linear {
        activation,
        precision: around.precision,
        bias: around.bias.is_some(),
        mask: around.mask.is_some(),
        addend: around.addend.is_some(),
    };
    let inputs = [Some(x), Some(weight), around.bias, around.mask, around.addend];
    let inputs = inputs.into_iter().flatten().map(Tensor::into_dispatch).collect();
    Tensor::from_dispatch(apply(operation, inputs))
}
