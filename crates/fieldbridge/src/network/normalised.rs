//! Normalisation with its derivative, for values that carry directions.

use burn_tensor::Tensor;
use fieldbridge_kernels::normalisation::Kind;

use super::Dual;

/// Mean over the members of a group, `[batch, members, groups, members]` to `[batch, 1, groups, 1]`.
fn mean(x: Tensor<4>) -> Tensor<4> {
    x.mean_dim(1).mean_dim(3)
}

/// `n = (x - mean) / sqrt(variance + epsilon)`, or without the mean for a root-mean-square norm, over the second and the
/// last dimension of `[batch, members, groups, members]`. With `r` the factor of `n`, a change `u` (less its mean)
/// moves it by `r (u - n mean(n u))`.
pub(super) fn normalised(x: Dual<4>, kind: Kind, epsilon: f32) -> Dual<4> {
    let centred = |x: Tensor<4>| match kind {
        Kind::Layer => x.clone() - mean(x),
        Kind::RootMeanSquare => x,
    };
    x.curved(|x| {
        let x = centred(x);
        let factor = (mean(x.clone().square()) + epsilon).sqrt().recip();
        let n = x * factor.clone();
        let value = n.clone();
        (value, move |change: Tensor<4>, repeat: super::dual::Repeat| {
            let (n, change) = (repeat.rows(n), centred(change));
            let along = mean(n.clone() * change.clone());
            (change - n * along) * repeat.rows(factor)
        })
    })
}

/// [`normalised`] over the last dimension alone, of `[batch, groups, members]`.
pub(super) fn normalised_each(x: Dual<3>, kind: Kind, epsilon: f32) -> Dual<3> {
    let [_, groups, members] = x.dims();
    let x = x.linear(|x| {
        let rows = x.dims()[0];
        x.reshape([rows, 1, groups, members])
    });
    normalised(x, kind, epsilon).linear(|n| {
        let rows = n.dims()[0];
        n.reshape([rows, groups, members])
    })
}
