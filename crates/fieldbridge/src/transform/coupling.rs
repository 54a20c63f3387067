//! One half transformed given the other.

use burn_tensor::Tensor;

use super::autoregressive::Supplier;
use super::{Monotone, Transform, total};
use crate::network::{Conditions, Network, Registry, ResidualMlp, Weights};

/// `z = [x_a, m(x_b; parameters(x_a, context))]` (Dinh et al. 2017, arXiv:1605.08803): densities and draws both take
/// one pass of the network. Needs at least two dimensions; stack it with permutations or rotations between.
#[derive(Debug)]
pub struct Coupling {
    network: ResidualMlp,
    map: Box<dyn Monotone>,
    kept: usize,
    changed: usize,
}

impl Coupling {
    /// The first half (rounded down) of `dimension` numbers is kept.
    ///
    /// # Panics
    /// When `dimension` is below two.
    pub fn new(registry: &mut Registry, dimension: usize, map: Box<dyn Monotone>, supplier: Supplier) -> Self {
        assert!(dimension >= 2, "a coupling needs two halves");
        let (kept, changed) = (dimension / 2, dimension - dimension / 2);
        let network = ResidualMlp::new(
            registry,
            kept,
            None,
            supplier.context,
            supplier.width,
            supplier.blocks,
            changed * map.parameters(),
            supplier.activation,
        );
        Self {
            network,
            map,
            kept,
            changed,
        }
    }

    fn parameters(&self, weights: &Weights, kept: Tensor<2>, context: Option<&Tensor<2>>) -> Tensor<3> {
        let [batch, _] = kept.dims();
        let conditions = Conditions {
            t: None,
            context: context.cloned(),
        };
        self.network
            .forward(weights, kept, &conditions)
            .reshape([batch, self.changed, self.map.parameters()])
    }
}

impl Transform for Coupling {
    fn forward(&self, weights: &Weights, x: Tensor<2>, context: Option<&Tensor<2>>) -> (Tensor<2>, Tensor<1>) {
        let kept = x.clone().narrow(1, 0, self.kept);
        let parameters = self.parameters(weights, kept.clone(), context);
        let (z, log_slope) = self.map.forward(x.narrow(1, self.kept, self.changed), parameters);
        (Tensor::cat(vec![kept, z], 1), total(log_slope))
    }

    fn inverse(&self, weights: &Weights, z: Tensor<2>, context: Option<&Tensor<2>>) -> (Tensor<2>, Tensor<1>) {
        let kept = z.clone().narrow(1, 0, self.kept);
        let parameters = self.parameters(weights, kept.clone(), context);
        let (x, log_slope) = self.map.inverse(z.narrow(1, self.kept, self.changed), parameters);
        (Tensor::cat(vec![kept, x], 1), total(log_slope))
    }
}
