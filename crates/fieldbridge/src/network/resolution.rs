//! Grids of twice the resolution.

use burn_tensor::Tensor;

/// Every place as two along each of the last `axes` axes: `[batch, depth, height, width, channels]`.
pub(super) fn doubled(x: Tensor<5>, axes: usize) -> Tensor<5> {
    (4 - axes..4).fold(x, |x, axis| {
        let mut dims = x.dims();
        let (before, after) = (dims[..=axis].iter().product(), dims[axis + 1..].iter().product());
        dims[axis] *= 2;
        x.reshape([before, 1, after]).expand([before, 2, after]).reshape(dims)
    })
}
