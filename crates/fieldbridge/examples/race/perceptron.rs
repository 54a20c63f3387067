//! W1: the perceptron of flow matching, 34 -> 256 -> 256 -> 256 -> 2 with SiLU, 1,024 rows.

use std::path::Path;

use burn_tensor::Tensor;
use fieldbridge::bridge::Rows;
use fieldbridge::network::{Activation, Conditions, Mlp, Network, Precision, Registry, Weights};
use fieldbridge::train::Objective;

use super::Workload;
use super::training::regression;

/// Squared error summed over the outputs.
struct Regression(Mlp);

impl Objective for Regression {
    fn losses(&self, weights: &Weights, rows: &Rows) -> Tensor<1> {
        let device = weights.device();
        let found = self
            .0
            .forward(weights, rows.tensor(&rows.data, device), &Conditions::default());
        (found - rows.tensor(&rows.base, device))
            .square()
            .sum_dim(1)
            .squeeze_dim(1)
    }
}

pub(crate) fn training(folder: &Path, precision: Precision) -> Result<Box<dyn Workload>, String> {
    let mut registry = Registry::new();
    let network = Mlp::new(&mut registry, 34, None, 0, &[256; 3], 2, Activation::Silu);
    regression(Regression(network), &registry.finish(0), folder, 512, precision)
}
