//! The network against its composition, a definition in double precision with finite differences, and itself on any
//! number of threads.

use std::sync::Arc;

use burn_tensor::{Device, Tensor, TensorData};
use rayon::ThreadPoolBuilder;

use super::operation::{MaskedPerceptron, ROWS};
use super::{Layer, Units, masked_perceptron};
use crate::activation::Activation;
use crate::operation::Operation;

/// Numbers in `[-1, 1)`, the same for the same seed.
fn numbers(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    (0..count)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
        })
        .collect()
}

fn tracked(shape: [usize; 2], seed: u64) -> Tensor<2> {
    let data = TensorData::new(numbers(shape[0] * shape[1], seed), shape);
    Tensor::from_data(data, &Device::flex().autodiff()).require_grad()
}

fn host(tensor: &Tensor<2>) -> Vec<f32> {
    tensor.to_data().as_slice::<f32>().expect("single precision").to_vec()
}

/// A network of an order of dimensions, with a context of some width and some outputs for each dimension.
struct Sample {
    x: Tensor<2>,
    context: Option<(Tensor<2>, Tensor<2>)>,
    layers: Vec<Layer>,
    units: Arc<Units>,
}

impl Sample {
    fn new(rows: usize, order: &[usize], context: usize, hidden: &[usize], each: usize) -> Self {
        // as they come, not sorted
        let degrees: Vec<Vec<usize>> = hidden
            .iter()
            .enumerate()
            .map(|(layer, &width)| (0..width).map(|unit| (5 * unit + layer) % order.len()).collect())
            .collect();
        let outputs: Vec<usize> = order.iter().flat_map(|&place| vec![place; each]).collect();
        let mut all = vec![order.to_vec()];
        all.extend(degrees.iter().cloned());
        all.push(outputs);
        let layers = all.windows(2).zip(10..).map(|(pair, seed)| {
            let strict = seed == 10 + hidden.len() as u64;
            let sees = |from: usize, to: usize| if strict { from < to } else { from <= to };
            let mask: Vec<f32> = pair[0]
                .iter()
                .flat_map(|&from| pair[1].iter().map(move |&to| f32::from(u8::from(sees(from, to)))))
                .collect();
            let shape = [pair[0].len(), pair[1].len()];
            Layer {
                weight: tracked(shape, seed),
                bias: tracked([1, shape[1]], seed + 100),
                mask: Tensor::from_data(TensorData::new(mask, shape), &Device::flex()),
            }
        });
        Self {
            x: tracked([rows, order.len()], 1),
            context: (context > 0).then(|| (tracked([rows, context], 2), tracked([context, hidden[0]], 3))),
            layers: layers.collect(),
            units: Arc::new(Units::new(&degrees)),
        }
    }

    fn fused(&self, activation: Activation) -> Tensor<2> {
        let (x, context, layers) = (self.x.clone(), self.context.clone(), self.layers.clone());
        masked_perceptron(x, context, layers, &self.units, activation)
    }

    fn composed(&self, activation: Activation) -> Tensor<2> {
        let operation = MaskedPerceptron {
            activation,
            units: Arc::clone(&self.units),
            context: self.context.is_some(),
        };
        let mut inputs = vec![self.x.clone()];
        inputs.extend(self.context.clone().into_iter().flat_map(|(c, weight)| [c, weight]));
        let layers = self.layers.iter().cloned();
        inputs.extend(layers.flat_map(|layer| [layer.weight, layer.bias, layer.mask]));
        Tensor::from_dispatch(operation.composed(inputs.into_iter().map(Tensor::into_dispatch).collect()))
    }

    /// All that has a gradient.
    fn tracked(&self) -> Vec<&Tensor<2>> {
        let context = self.context.iter().flat_map(|(context, weight)| [context, weight]);
        let layers = self.layers.iter().flat_map(|layer| [&layer.weight, &layer.bias]);
        std::iter::once(&self.x).chain(context).chain(layers).collect()
    }

    /// The outputs, and the gradients of a weighted sum of them.
    fn results(&self, output: Tensor<2>) -> Vec<Vec<f32>> {
        let gradients = (output.clone() * tracked(output.dims(), 5)).sum().backward();
        let of = |tensor: &&Tensor<2>| host(&tensor.grad(&gradients).expect("it is tracked"));
        std::iter::once(host(&output))
            .chain(self.tracked().iter().map(of))
            .collect()
    }
}

#[test]
fn it_agrees_with_its_composition_forward_and_in_all_gradients() {
    for (rows, order, context, hidden, each) in [
        (1, vec![1], 0, vec![1], 1),
        (5, vec![2, 1], 3, vec![7], 2),
        (40, vec![1, 2, 3], 0, vec![33, 50], 2),
        (40, vec![3, 1, 2], 5, vec![64, 40, 35], 5),
        (2 * ROWS + 19, vec![4, 3, 2, 1], 2, vec![70, 70], 3),
        (9, vec![1, 2, 3, 4, 5], 0, vec![2, 3], 1),
    ] {
        for activation in [
            Activation::Relu,
            Activation::Silu,
            Activation::Tanh,
            Activation::Identity,
        ] {
            let sample = Sample::new(rows, &order, context, &hidden, each);
            let fused = sample.results(sample.fused(activation));
            let composed = sample.results(sample.composed(activation));
            for (place, (fused, composed)) in fused.iter().zip(&composed).enumerate() {
                assert_eq!(fused.len(), composed.len());
                let largest = composed.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
                for (a, b) in fused.iter().zip(composed) {
                    // sums of some hundred products, in other orders
                    assert!(
                        (a - b).abs() <= 4e-6 * (1.0 + largest),
                        "{activation:?} {rows} {hidden:?}, {place}: {a} and {b}"
                    );
                }
            }
        }
    }
}

/// The weighted sum of the outputs in double precision; parts are those of [`Sample::tracked`].
fn weighted_sum(parts: &[Vec<f64>], sample: &Sample, factors: &[f32]) -> f64 {
    let mut parts = parts.iter();
    let mut next = || parts.next().expect("a part");
    let (x, rows) = (next(), sample.x.dims()[0]);
    let context = sample.context.is_some().then(|| (next(), next()));
    let mut h = x.clone();
    for (index, layer) in sample.layers.iter().enumerate() {
        let (weight, bias, mask) = (next(), next(), host(&layer.mask));
        let [inner, width] = layer.weight.dims();
        let z = (0..rows * width).map(|at| {
            let (row, column) = (at / width, at % width);
            let masked = |k: usize| weight[k * width + column] * f64::from(mask[k * width + column]);
            let sum: f64 = (0..inner).map(|k| h[row * inner + k] * masked(k)).sum();
            let added = context.filter(|_| index == 0).map_or(0.0, |(context, weight)| {
                let wide = weight.len() / width;
                (0..wide)
                    .map(|k| context[row * wide + k] * weight[k * width + column])
                    .sum()
            });
            sum + added + bias[column]
        });
        h = match index + 1 < sample.layers.len() {
            true => z.map(|z| z / (1.0 + (-z).exp())).collect(),
            false => z.collect(),
        };
    }
    h.iter()
        .zip(factors)
        .map(|(value, factor)| value * f64::from(*factor))
        .sum()
}

#[test]
fn its_gradients_are_the_finite_differences_of_the_definition() {
    let sample = Sample::new(3, &[2, 1, 3], 2, &[5, 4], 2);
    let found = sample.results(sample.fused(Activation::Silu));
    let factors = numbers(3 * 6, 5);
    let double = |tensor: &&Tensor<2>| host(tensor).into_iter().map(f64::from).collect::<Vec<f64>>();
    let start: Vec<Vec<f64>> = sample.tracked().iter().map(double).collect();
    for part in 0..start.len() {
        for place in 0..start[part].len() {
            let moved = |by: f64| {
                let mut parts = start.clone();
                parts[part][place] += by;
                weighted_sum(&parts, &sample, &factors)
            };
            let expected = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            let value = f64::from(found[part + 1][place]);
            assert!(
                (value - expected).abs() < 2e-6,
                "part {part}, {place}: {value} and {expected}"
            );
        }
    }
}

#[test]
fn without_rows_there_are_no_outputs_and_no_gradients() {
    let sample = Sample::new(0, &[1, 2], 3, &[6, 6], 2);
    let results = sample.results(sample.fused(Activation::Relu));
    assert!(results[0].is_empty());
    assert!(results.iter().flatten().all(|value| *value == 0.0));
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let sample = Sample::new(3 * ROWS + 5, &[3, 1, 2, 4], 3, &[64, 64], 3);
    let run = |threads| {
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("threads start");
        let results = pool.install(|| sample.results(sample.fused(Activation::Silu)));
        results.iter().flatten().map(|x| x.to_bits()).collect::<Vec<u32>>()
    };
    let one = run(1);
    assert!(run(2) == one && run(4) == one);
}

#[test]
fn what_is_no_number_comes_out_in_its_row_alone() {
    let sample = Sample::new(6, &[1, 2], 0, &[9, 9], 1);
    let mut values = host(&sample.x);
    values[2 * 2] = f32::NAN;
    let x = Tensor::<2>::from_data(TensorData::new(values, [6, 2]), &Device::flex());
    let out = masked_perceptron(x, None, sample.layers.clone(), &sample.units, Activation::Relu);
    for (row, values) in host(&out).chunks(2).enumerate() {
        assert_eq!(values.iter().any(|value| value.is_nan()), row == 2, "row {row}");
    }
}
