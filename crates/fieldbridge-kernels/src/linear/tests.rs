//! The layer against a definition in double precision, its composition, and finite differences.

mod precision;

use burn_tensor::{Device, Tensor, TensorData};
use rayon::ThreadPoolBuilder;

use super::operation::Linear;
use super::{Surroundings, linear};
use crate::activation::Activation;
use crate::operation::Operation;
use crate::product::Precision;

const EVERY: [Activation; 6] = [
    Activation::Identity,
    Activation::Silu,
    Activation::Gelu,
    Activation::GeluTanh,
    Activation::Tanh,
    Activation::Relu,
];

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

fn tensor(rows: usize, columns: usize, seed: u64) -> Tensor<2> {
    let data = TensorData::new(numbers(rows * columns, seed), [rows, columns]);
    Tensor::from_data(data, &Device::flex().autodiff()).require_grad()
}

fn host(tensor: Tensor<2>) -> Vec<f32> {
    tensor.into_data().as_slice::<f32>().expect("single precision").to_vec()
}

/// All inputs of a layer with everything around it.
struct Inputs {
    x: Tensor<2>,
    weight: Tensor<2>,
    bias: Tensor<2>,
    mask: Tensor<2>,
    addend: Tensor<2>,
}

impl Inputs {
    fn new(rows: usize, inner: usize, width: usize) -> Self {
        let mask: Vec<f32> = numbers(inner * width, 9)
            .iter()
            .map(|x| f32::from(u8::from(*x > 0.0)))
            .collect();
        Self {
            x: tensor(rows, inner, 1),
            weight: tensor(inner, width, 2),
            bias: tensor(1, width, 3),
            mask: Tensor::from_data(TensorData::new(mask, [inner, width]), &Device::flex()),
            addend: tensor(rows, width, 4),
        }
    }

    fn around(&self) -> Surroundings {
        Surroundings {
            bias: Some(self.bias.clone()),
            mask: Some(self.mask.clone()),
            addend: Some(self.addend.clone()),
            precision: Precision::Single,
        }
    }

    fn fused(&self, activation: Activation) -> Tensor<2> {
        linear(self.x.clone(), self.weight.clone(), self.around(), activation)
    }

    fn composed(&self, activation: Activation, precision: Precision) -> Tensor<2> {
        let operation = Linear {
            activation,
            precision,
            bias: true,
            mask: true,
            addend: true,
        };
        let inputs = [&self.x, &self.weight, &self.bias, &self.mask, &self.addend];
        Tensor::from_dispatch(operation.composed(inputs.map(|input| input.clone().into_dispatch()).into()))
    }

    /// The output, and the gradients of a weighted sum of it.
    fn results(&self, output: Tensor<2>, seed: u64) -> Vec<Vec<f32>> {
        let [rows, width] = output.dims();
        let gradients = (output.clone() * tensor(rows, width, seed)).sum().backward();
        let tracked = [&self.x, &self.weight, &self.bias, &self.addend];
        let of = |tensor: &Tensor<2>| host(tensor.grad(&gradients).expect("it is tracked"));
        std::iter::once(host(output)).chain(tracked.map(of)).collect()
    }
}

#[test]
fn it_agrees_with_its_composition_forward_and_in_all_gradients() {
    for (rows, inner, width) in [
        (1, 1, 1),
        (3, 5, 7),
        (33, 17, 50),
        (130, 64, 29),
        (5, 1, 4),
        (300, 40, 96),
    ] {
        for activation in EVERY {
            let inputs = Inputs::new(rows, inner, width);
            let fused = inputs.results(inputs.fused(activation), 5);
            let composed = inputs.results(inputs.composed(activation, Precision::Single), 5);
            for (place, (fused, composed)) in fused.iter().zip(&composed).enumerate() {
                assert_eq!(fused.len(), composed.len());
                for (a, b) in fused.iter().zip(composed) {
                    // sums of up to 300 products of order one, in other orders; the library's GELU rounds at 1e-6
                    let allowed = 2e-6 * (1.0 + b.abs()) * (1.0 + (rows.max(inner).max(width) as f32).sqrt());
                    assert!(
                        (a - b).abs() <= allowed,
                        "{activation:?} {rows}x{inner}x{width}, {place}: {a} and {b}"
                    );
                }
            }
        }
    }
}

/// `a(x (W o M) + b + r)` in double precision, weighted and summed.
fn weighted_sum(parts: &[Vec<f64>; 4], mask: &[f32], factors: &[f32], width: usize) -> f64 {
    let [x, weight, bias, addend] = parts;
    let inner = weight.len() / width;
    (0..factors.len())
        .map(|at| {
            let (row, column) = (at / width, at % width);
            let sum: f64 = (0..inner)
                .map(|k| x[row * inner + k] * weight[k * width + column] * f64::from(mask[k * width + column]))
                .sum();
            let z = sum + bias[column] + addend[at];
            z / (1.0 + (-z).exp()) * f64::from(factors[at])
        })
        .sum()
}

#[test]
fn its_gradients_are_the_finite_differences_of_the_definition() {
    let (rows, inner, width) = (4, 3, 5);
    let inputs = Inputs::new(rows, inner, width);
    let found = inputs.results(inputs.fused(Activation::Silu), 5);
    let mask = host(inputs.mask.clone());
    let factors = numbers(rows * width, 5);
    let double = |tensor: &Tensor<2>| host(tensor.clone()).into_iter().map(f64::from).collect::<Vec<f64>>();
    let start = [&inputs.x, &inputs.weight, &inputs.bias, &inputs.addend].map(double);
    for part in 0..4 {
        for place in 0..start[part].len() {
            let moved = |by: f64| {
                let mut parts = start.clone();
                parts[part][place] += by;
                weighted_sum(&parts, &mask, &factors, width)
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
fn nothing_in_gives_nothing_or_the_bias_out() {
    for (rows, inner, width) in [(0, 3, 2), (3, 2, 0), (0, 0, 0)] {
        let inputs = Inputs::new(rows, inner, width);
        assert_eq!(inputs.fused(Activation::Silu).dims(), [rows, width]);
    }
    let inputs = Inputs::new(2, 0, 3);
    let expected = host(inputs.bias.clone().expand([2, 3]) + inputs.addend.clone());
    assert_eq!(host(inputs.fused(Activation::Identity)), expected);
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let inputs = Inputs::new(700, 130, 190);
    let run = |threads| {
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("threads start");
        pool.install(|| inputs.results(inputs.fused(Activation::Gelu), 5))
    };
    let one = run(1);
    for threads in [2, 4] {
        assert!(
            run(threads)
                .iter()
                .flatten()
                .map(|x| x.to_bits())
                .eq(one.iter().flatten().map(|x| x.to_bits()))
        );
    }
}

#[test]
fn what_is_no_number_comes_out_in_its_row_alone() {
    let mut values = numbers(6 * 4, 1);
    values[2 * 4 + 1] = f32::NAN;
    let x = Tensor::<2>::from_data(TensorData::new(values, [6, 4]), &Device::flex());
    let out = host(linear(
        x,
        tensor(4, 3, 2).inner(),
        Surroundings::default(),
        Activation::Silu,
    ));
    for (row, values) in out.chunks(3).enumerate() {
        assert_eq!(values.iter().any(|value| value.is_nan()), row == 2, "row {row}");
    }
}
