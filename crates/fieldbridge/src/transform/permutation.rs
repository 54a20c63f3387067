//! Reordering.

use burn_tensor::{Int, Tensor, TensorData};

use super::{Transform, zero_rows};
use crate::network::Weights;

/// `z_i = x_{order[i]}`; volume is kept.
#[derive(Clone, Debug)]
pub struct Permutation {
    order: Vec<i64>,
    inverse: Vec<i64>,
}

impl Permutation {
    /// From a permutation of `0..D`.
    ///
    /// # Panics
    /// When `order` is not a permutation.
    pub fn new(order: &[usize]) -> Self {
        let mut inverse = vec![-1; order.len()];
        for (place, &source) in order.iter().enumerate() {
            inverse[source] = place as i64;
        }
        assert!(
            inverse.iter().all(|&place| place >= 0),
            "every dimension appears once in the order"
        );
        Self {
            order: order.iter().map(|&source| source as i64).collect(),
            inverse,
        }
    }

    fn reorder(x: Tensor<2>, order: &[i64]) -> Tensor<2> {
        let index = Tensor::<1, Int>::from_data(TensorData::new(order.to_vec(), [order.len()]), &x.device());
        x.select(1, index)
    }
}

impl Transform for Permutation {
    fn forward(&self, _weights: &Weights, x: Tensor<2>, _context: Option<&Tensor<2>>) -> (Tensor<2>, Tensor<1>) {
        let zero = zero_rows(&x);
        (Self::reorder(x, &self.order), zero)
    }

    fn inverse(&self, _weights: &Weights, z: Tensor<2>, _context: Option<&Tensor<2>>) -> (Tensor<2>, Tensor<1>) {
        let zero = zero_rows(&z);
        (Self::reorder(z, &self.inverse), zero)
    }
}
