//! Points moved by less than their distances.

use burn_tensor::Tensor;

use super::Transform;
use crate::network::{Contracted, Contraction, Registry, Weights};

/// Largest change of a coordinate, relative to one plus its size, at which the inverse has arrived: the spacing of
/// single precision.
const ARRIVED: f32 = 2e-7;

/// Most iterations of the inverse; a contraction of 0.95 gains seven digits in 315.
const ITERATIONS: usize = 400;

/// `z = x + g(x; c)` with a contraction `g` (invertible residual networks, Behrmann et al. 2019, arXiv:1811.00995).
///
/// Its log-volume `ln det(1 + J)` is exact: the Jacobian is pushed through the network with the point and eliminated
/// column by column, without pivoting, which is safe because the symmetric part of `1 + J` is positive definite. (In
/// many dimensions one would estimate the series `sum_k (-1)^(k+1) tr J^k / k` by random probes, Chen et al. 2019,
/// arXiv:1906.02735; here that is left out and few dimensions are asked for instead.) The inverse iterates
/// `x <- z - g(x)`, each row until it has arrived.
#[derive(Debug)]
pub struct Residual {
    network: Contraction,
}

impl Residual {
    /// On `dimension` numbers; see [`Contraction::new`].
    pub fn new(
        registry: &mut Registry,
        dimension: usize,
        context: usize,
        width: usize,
        hidden: usize,
        contraction: f64,
    ) -> Self {
        Self {
            network: Contraction::new(registry, dimension, context, width, hidden, contraction),
        }
    }

    fn moved(contracted: &Contracted, x: Tensor<2>, entering: Option<&Tensor<2>>) -> (Tensor<2>, Tensor<1>) {
        let (change, jacobian) = contracted.forward_with_jacobian(x.clone(), entering);
        (x + change, log_determinant_of_one_plus(jacobian))
    }
}

/// `ln det(1 + J)` of matrices `J` of norm below one; `[batch, D, D]` to `[batch]`.
fn log_determinant_of_one_plus(jacobian: Tensor<3>) -> Tensor<1> {
    let [batch, dimension, _] = jacobian.dims();
    let one: Tensor<2> = Tensor::eye(dimension, &jacobian.device());
    let mut rest = jacobian + one.reshape([1, dimension, dimension]);
    let mut logs = Vec::with_capacity(dimension);
    for left in (0..dimension).rev() {
        let pivot = rest.clone().narrow(1, 0, 1).narrow(2, 0, 1);
        logs.push(pivot.clone().log().reshape([batch, 1]));
        if left > 0 {
            let row = rest.clone().narrow(1, 0, 1).narrow(2, 1, left);
            let column = rest.clone().narrow(1, 1, left).narrow(2, 0, 1);
            rest = rest.narrow(1, 1, left).narrow(2, 1, left) - (column / pivot) * row;
        }
    }
    Tensor::cat(logs, 1).sum_dim(1).squeeze_dim(1)
}

impl Transform for Residual {
    fn forward(&self, weights: &Weights, x: Tensor<2>, context: Option<&Tensor<2>>) -> (Tensor<2>, Tensor<1>) {
        let entering = self.network.entering(weights, context);
        Self::moved(&self.network.contracted(weights), x, entering.as_ref())
    }

    fn inverse(&self, weights: &Weights, z: Tensor<2>, context: Option<&Tensor<2>>) -> (Tensor<2>, Tensor<1>) {
        let entering = self.network.entering(weights, context);
        let contracted = self.network.contracted(weights);
        let mut x = z.clone() - contracted.forward(z.clone(), entering.as_ref());
        let mut moving = Tensor::<2>::ones([z.dims()[0], 1], &z.device());
        for _ in 0..ITERATIONS {
            let next = z.clone() - contracted.forward(x.clone(), entering.as_ref());
            let change = (next.clone() - x.clone()).abs() / (x.clone().abs() + 1.0);
            // a row that has arrived stays, so that it does not depend on the others
            x = x.clone() + (next - x) * moving.clone();
            moving = moving * change.max_dim(1).detach().greater_elem(ARRIVED).float();
            let left: f32 = moving.clone().sum().into_scalar();
            if left == 0.0 {
                break;
            }
        }
        let (_, log_volume) = Self::moved(&contracted, x.clone(), entering.as_ref());
        (x, log_volume.neg())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::cpu;
    use crate::random::Stream;
    use burn_tensor::TensorData;

    #[test]
    fn elimination_gives_the_series_of_traces() {
        let (batch, dimension) = (6, 5);
        // of norm well below one
        let values: Vec<f32> = Stream::new(5, "jacobian", 0)
            .normals(batch * dimension * dimension)
            .iter()
            .map(|x| 0.13 * x)
            .collect();
        let found = log_determinant_of_one_plus(Tensor::from_data(
            TensorData::new(values.clone(), [batch, dimension, dimension]),
            &cpu(),
        ));
        let found = found.into_data();
        let product = |a: &[f64], b: &[f64]| -> Vec<f64> {
            let at = |m: &[f64], i: usize, j: usize| m[i * dimension + j];
            (0..dimension * dimension)
                .map(|ij| {
                    (0..dimension)
                        .map(|k| at(a, ij / dimension, k) * at(b, k, ij % dimension))
                        .sum()
                })
                .collect()
        };
        for (matrix, found) in values
            .chunks_exact(dimension * dimension)
            .zip(found.as_slice::<f32>().unwrap())
        {
            let matrix: Vec<f64> = matrix.iter().map(|&x| f64::from(x)).collect();
            let (mut power, mut series) = (matrix.clone(), 0.0);
            for k in 1..200 {
                let trace: f64 = (0..dimension).map(|i| power[i * dimension + i]).sum();
                series += if k % 2 == 1 { trace } else { -trace } / f64::from(k);
                power = product(&power, &matrix);
            }
            assert!((f64::from(*found) - series).abs() < 1e-5, "{found} {series}");
        }
    }
}
