//! W1: the perceptron of flow matching, 34 -> 256 -> 256 -> 256 -> 2 with SiLU, 1,024 rows.

use std::path::Path;

use burn_tensor::Tensor;
use fieldbridge::bridge::Rows;
use fieldbridge::network::{Activation, Conditions, Mlp, Network, Registry, Weights};
use fieldbridge::train::Objective;

use super::training::Training;
use super::{Workload, files};

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

pub(crate) fn training(folder: &Path) -> Result<Box<dyn Workload>, String> {
    let mut registry = Registry::new();
    let network = Mlp::new(&mut registry, 34, None, 0, &[256; 3], 2, Activation::Silu);
    let start = files::load(&registry.finish(0), &files::read(&folder.join("weights.safetensors"))?)?;
    let mut data = files::read(&folder.join("data.safetensors"))?;
    let (shape, x) = files::take(&mut data, "x")?;
    let rows = Rows {
        count: shape[0],
        data: x,
        base: files::take(&mut data, "target")?.1,
        ..Rows::default()
    };
    Ok(Box::new(Training::new(Regression(network), start, rows, 512)))
}
