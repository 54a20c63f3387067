//! W4 and NSF: normalizing flows.

use std::path::Path;

use burn_tensor::{Tensor, TensorData};
use fieldbridge::base::{Base, Normal};
use fieldbridge::bridge::Rows;
use fieldbridge::device::cpu;
use fieldbridge::network::{Activation, MaskedPerceptron, Parameters, Precision, Registry, Weights};
use fieldbridge::random::Stream;
use fieldbridge::train::Objective;
use fieldbridge::transform::{Autoregressive, Boundary, Monotone, RationalQuadraticSpline, Transform};
use fieldbridge_kernels::affine::shift_and_scale;
use fieldbridge_kernels::spline::Direction;
use rayon::prelude::*;
use serde_json::{Value, json};

use super::training::Training;
use super::{Workload, files};

/// Rows that pass through a flow together when no gradient is wanted.
const CHUNK: usize = 512;

/// `y = x exp(a) + b` with parameters `b, a`.
#[derive(Debug)]
struct PlainAffine;

impl Monotone for PlainAffine {
    fn parameters(&self) -> usize {
        2
    }

    fn forward(&self, x: Tensor<2>, parameters: Tensor<3>) -> (Tensor<2>, Tensor<2>) {
        shift_and_scale(x, parameters, f32::INFINITY, Direction::Forward)
    }

    fn inverse(&self, y: Tensor<2>, parameters: Tensor<3>) -> (Tensor<2>, Tensor<2>) {
        shift_and_scale(y, parameters, f32::INFINITY, Direction::Inverse)
    }
}

/// A stack of transforms of numbers, given others as they are.
struct Stack(Vec<Autoregressive>);

impl Stack {
    fn log_density(&self, weights: &Weights, x: Tensor<2>, context: Option<&Tensor<2>>) -> Tensor<1> {
        let mut log_slope = Tensor::zeros([x.dims()[0]], &cpu());
        let mut z = x;
        for transform in &self.0 {
            let (next, part) = transform.forward(weights, z, context);
            z = next;
            log_slope = log_slope + part;
        }
        Normal.log_density(z) + log_slope
    }
}

impl Objective for Stack {
    fn losses(&self, weights: &Weights, rows: &Rows) -> Tensor<1> {
        let device = weights.device();
        let context = (!rows.context.is_empty()).then(|| rows.tensor(&rows.context, device));
        self.log_density(weights, rows.tensor(&rows.data, device), context.as_ref())
            .neg()
    }
}

pub(crate) fn masked_training(folder: &Path, precision: Precision) -> Result<Box<dyn Workload>, String> {
    let mut registry = Registry::new();
    let layers = (0..5).map(|index| {
        registry.scope(format!("layer{index}"), |registry| {
            let order: Vec<usize> = if index % 2 == 0 {
                (1..=8).collect()
            } else {
                (1..=8).rev().collect()
            };
            let network = MaskedPerceptron::new(registry, &order, 0, &[128; 2], 2, Activation::Relu);
            Autoregressive::of(Box::new(network), order, Box::new(PlainAffine))
        })
    });
    let stack = Stack(layers.collect());
    let start = files::load(&registry.finish(0), &files::read(&folder.join("weights.safetensors"))?)?;
    let (shape, x) = files::take(&mut files::read(&folder.join("data.safetensors"))?, "x")?;
    let rows = Rows {
        count: shape[0],
        data: x,
        ..Rows::default()
    };
    Ok(Box::new(Training::new(stack, start, rows, 256, precision)))
}

/// Eight autoregressive splines of six numbers given twelve.
fn splines() -> (Stack, Parameters) {
    let mut registry = Registry::new();
    let transforms = (0..8).map(|index| {
        registry.scope(format!("transform{index}"), |registry| {
            let order: Vec<usize> = if index % 2 == 0 {
                (1..=6).collect()
            } else {
                (1..=6).rev().collect()
            };
            let spline = RationalQuadraticSpline {
                bins: 10,
                bound: 5.0,
                boundary: Boundary::Linear,
            };
            let network = MaskedPerceptron::new(registry, &order, 12, &[64; 2], spline.parameters(), Activation::Relu);
            Autoregressive::of(Box::new(network), order, Box::new(spline))
        })
    });
    let stack = Stack(transforms.collect());
    let parameters = registry.finish(7);
    // away from the start, where all splines are nearly the identity
    let values = parameters.values().iter().map(|value| 1.5 * value).collect();
    let parameters = parameters.with_values(values);
    (stack, parameters)
}

const OTHER_SPLINES: &str = "zuko writes its splines with other parameters, so equal weights mean other functions";

fn rows_of(folder: &Path, name: &str) -> Result<Rows, String> {
    let mut data = files::read(&folder.join("data.safetensors"))?;
    let (shape, values) = files::take(&mut data, name)?;
    let context = files::take(&mut data, "context")?.1;
    Ok(Rows {
        count: shape[0],
        data: values,
        context,
        ..Rows::default()
    })
}

pub(crate) fn spline_training(folder: &Path, precision: Precision) -> Result<Box<dyn Workload>, String> {
    let (stack, start) = splines();
    let mut training = Training::new(stack, start, rows_of(folder, "x")?, 256, precision);
    training.not_comparable = Some(OTHER_SPLINES);
    Ok(Box::new(training))
}

/// Densities or draws of all rows.
struct Asking {
    stack: Stack,
    weights: Weights,
    rows: Rows,
    draw: bool,
}

impl Workload for Asking {
    fn compare(&mut self, _folder: &Path) -> Value {
        json!({"not_comparable": OTHER_SPLINES})
    }

    fn work(&mut self) {
        let rows = &self.rows;
        let starts: Vec<usize> = (0..rows.count).step_by(CHUNK).collect();
        let parts: Vec<Vec<f32>> = starts
            .par_iter()
            .map(|&start| {
                let part = rows.slice(start, (start + CHUNK).min(rows.count));
                let context = Some(part.tensor(&part.context, &cpu()));
                if self.draw {
                    let noise = Normal.sample(part.count, 6, &Stream::new(0, "race", start as u64));
                    let mut x = Tensor::from_data(TensorData::new(noise, [part.count, 6]), &cpu());
                    for transform in self.stack.0.iter().rev() {
                        x = transform.inverse(&self.weights, x, context.as_ref()).0;
                    }
                    x.into_data().try_into_vec().expect("single precision")
                } else {
                    let x = part.tensor(&part.data, &cpu());
                    let densities = self.stack.log_density(&self.weights, x, context.as_ref());
                    densities.into_data().try_into_vec().expect("single precision")
                }
            })
            .collect();
        std::hint::black_box(parts);
    }
}

pub(crate) fn spline_densities(folder: &Path) -> Result<Box<dyn Workload>, String> {
    let (stack, parameters) = splines();
    Ok(Box::new(Asking {
        stack,
        weights: parameters.on(&cpu()),
        rows: rows_of(folder, "x")?,
        draw: false,
    }))
}

/// One draw for each context; the stored ones are used again until there are a million.
pub(crate) fn spline_draws(folder: &Path) -> Result<Box<dyn Workload>, String> {
    let (stack, parameters) = splines();
    let stored = rows_of(folder, "noise")?;
    let times = 1_000_000 / stored.count;
    let rows = Rows {
        count: stored.count * times,
        context: stored.context.repeat(times),
        ..Rows::default()
    };
    Ok(Box::new(Asking {
        stack,
        weights: parameters.on(&cpu()),
        rows,
        draw: true,
    }))
}
