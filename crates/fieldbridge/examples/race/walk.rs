//! ODE and HEUN: draws by walking a velocity field.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use burn_tensor::{Tensor, TensorData};
use fieldbridge::device::cpu;
use fieldbridge::network::{Activation, Conditions, Mlp, Network, Registry, Weights};
use fieldbridge::solver::{DormandPrince, Heun, Solver};
use rayon::prelude::*;
use serde_json::{Value, json};

use super::transformer::{self, TOKENS, Transformer, WIDTH};
use super::{Workload, files};

/// Rows of the comparison.
const COMPARED: usize = 2000;

/// What is walked.
enum Velocity {
    Perceptron(Mlp),
    Transformer(Transformer),
}

impl Velocity {
    fn at(&self, weights: &Weights, x: Tensor<2>, t: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Perceptron(network) => {
                let conditions = Conditions {
                    t: Some(t),
                    context: None,
                };
                network.forward(weights, x, &conditions)
            }
            Self::Transformer(network) => {
                let [rows, width] = x.dims();
                network
                    .forward(weights, x.reshape([rows, TOKENS, WIDTH]))
                    .reshape([rows, width])
            }
        }
    }
}

struct Walk {
    velocity: Velocity,
    weights: Weights,
    solver: Box<dyn Solver>,
    noise: Vec<f32>,
    width: usize,
    /// Rows that walk together.
    chunk: usize,
    compared: usize,
}

impl Walk {
    /// End points, and evaluations summed over rows.
    fn ends(&self, noise: &[f32]) -> (Vec<f32>, usize) {
        let evaluations = AtomicUsize::new(0);
        let parts: Vec<Vec<f32>> = noise
            .par_chunks(self.chunk * self.width)
            .map(|part| {
                let rows = part.len() / self.width;
                let x = Tensor::from_data(TensorData::new(part.to_vec(), [rows, self.width]), &cpu());
                let field = |x: Tensor<2>, t: Tensor<2>| {
                    evaluations.fetch_add(x.dims()[0], Ordering::Relaxed);
                    self.velocity.at(&self.weights, x, t)
                };
                let walk = self.solver.walk(&field, x, 0.0, 1.0).expect("the walk arrives");
                walk.end.into_data().try_into_vec().expect("single precision")
            })
            .collect();
        (parts.concat(), evaluations.into_inner())
    }
}

impl Workload for Walk {
    fn compare(&mut self, folder: &Path) -> Value {
        let noise = &self.noise[..self.compared * self.width];
        let (ends, evaluations) = self.ends(noise);
        let path = folder.join("fieldbridge.safetensors");
        files::write(&path, &[("output".to_owned(), vec![self.compared, self.width], ends)]);
        json!({"output": path, "evaluations_per_row": evaluations as f64 / self.compared as f64})
    }

    fn work(&mut self) {
        std::hint::black_box(self.ends(&self.noise));
    }
}

pub(crate) fn adaptive(folder: &Path) -> Result<Box<dyn Workload>, String> {
    let mut registry = Registry::new();
    let network = Mlp::new(&mut registry, 2, Some(16), 0, &[256; 3], 2, Activation::Silu);
    let parameters = files::load(&registry.finish(0), &files::read(&folder.join("weights.safetensors"))?)?;
    let (_, noise) = files::take(&mut files::read(&folder.join("data.safetensors"))?, "noise")?;
    Ok(Box::new(Walk {
        velocity: Velocity::Perceptron(network),
        weights: parameters.on(&cpu()),
        solver: Box::new(DormandPrince {
            tolerance: 1e-5,
            max_evaluations: 20_000,
        }),
        noise,
        width: 2,
        chunk: 512,
        compared: COMPARED,
    }))
}

pub(crate) fn fixed(folder: &Path) -> Result<Box<dyn Workload>, String> {
    let (network, weights) = transformer::stored(folder)?;
    let (_, noise) = files::take(&mut files::read(&folder.join("data.safetensors"))?, "noise")?;
    Ok(Box::new(Walk {
        velocity: Velocity::Transformer(network),
        weights: weights.on(&cpu()),
        solver: Box::new(Heun { steps: 32 }),
        noise,
        width: TOKENS * WIDTH,
        chunk: 2,
        compared: 2,
    }))
}
