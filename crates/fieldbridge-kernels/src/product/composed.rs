//! The rounding of factors as ordinary tensor operations.

use burn_tensor::{DType, Tensor};

use super::Precision;

impl Precision {
    /// `x` as a product takes it; its gradient is that of the product, as if it had not been rounded.
    pub(crate) fn composed_factor<const D: usize>(self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Single => x,
            Self::Bf16 => {
                let plain = x.clone().detach();
                // a number and the error of its rounding have an exact difference, and so has their sum
                let change = rounded(plain.clone()) - plain;
                x + finite_or_zero(change)
            }
        }
    }

    /// `product`, whose gradient reaches its factors rounded.
    pub(crate) fn composed_product<const D: usize>(self, product: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Single => product,
            Self::Bf16 => {
                let plain = product.clone().detach();
                // zero, but with the gradient of the product, which the casts round on its way back
                let zero = finite_or_zero(product - plain.clone());
                plain + rounded(zero)
            }
        }
    }
}

/// The nearest numbers of bfloat16; gradients are rounded as well.
fn rounded<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let dtype = x.dtype();
    x.cast(DType::BF16).cast(dtype)
}

/// Zero where the difference of what is not finite is no number.
fn finite_or_zero<const D: usize>(difference: Tensor<D>) -> Tensor<D> {
    let missing = difference.clone().is_nan();
    difference.mask_fill(missing, 0.0)
}
