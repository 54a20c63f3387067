//! Products of numbers of bfloat16.

use burn_tensor::{DType, Tensor};

use super::{Activation, EVERY, Inputs, Precision, Surroundings, host, linear, numbers, tensor};
use crate::product::Matrix;

const SHAPES: [(usize, usize, usize); 5] = [(1, 1, 1), (3, 5, 7), (33, 17, 50), (5, 40, 3), (300, 70, 96)];

impl Inputs {
    fn half(&self, activation: Activation) -> Tensor<2> {
        let around = Surroundings {
            precision: Precision::Bf16,
            ..self.around()
        };
        linear(self.x.clone(), self.weight.clone(), around, activation)
    }
}

/// The numbers as the tensor library rounds them.
fn rounded(values: &[f32]) -> Vec<f32> {
    let count = values.len();
    let tensor = Tensor::<1>::from_data(
        burn_tensor::TensorData::new(values.to_vec(), [count]),
        &burn_tensor::Device::flex(),
    );
    let back = tensor.cast(DType::BF16).cast(DType::F32).into_data();
    back.as_slice::<f32>().expect("single precision").to_vec()
}

/// `A B` in double precision, and the sums of the magnitudes of its terms.
fn exact(a: Matrix<'_>, b: Matrix<'_>) -> Vec<(f64, f64)> {
    let at = |matrix: Matrix<'_>, row: usize, column: usize| {
        f64::from(matrix.data[row * matrix.row_stride + column * matrix.column_stride])
    };
    let element = |row: usize, column: usize| {
        let terms = (0..a.columns).map(|step| at(a, row, step) * at(b, step, column));
        terms.fold((0.0, 0.0), |(sum, size), term| (sum + term, size + term.abs()))
    };
    (0..a.rows)
        .flat_map(|row| (0..b.columns).map(move |column| (row, column)))
        .map(|(row, column)| element(row, column))
        .collect()
}

/// Asserts that `found` is the product of the rounded factors to single precision, and that of the factors to
/// bfloat16. Returns the largest error of the latter as a share of the terms.
fn assert_product(found: &[f32], left: Matrix<'_>, right: Matrix<'_>) -> f64 {
    // a product and a sum for each step, each off by half a unit of the last place
    let single = (2 * left.columns + 2) as f64 * f64::from(f32::EPSILON) / 2.0;
    // two factors, each off by 2^-8 of itself
    let half = (1.0 + 2.0_f64.powi(-8)).powi(2) * (1.0 + single) - 1.0;
    let (a, b) = (rounded(left.data), rounded(right.data));
    let of_rounded = exact(Matrix { data: &a, ..left }, Matrix { data: &b, ..right });
    let of_given = exact(left, right);
    assert_eq!(found.len(), of_given.len());
    let mut largest = 0.0_f64;
    for ((&found, (close, close_size)), (far, far_size)) in found.iter().zip(of_rounded).zip(of_given) {
        let found = f64::from(found);
        assert!(
            (found - close).abs() <= single * close_size,
            "{found} and {close}, the product of rounded factors"
        );
        assert!(
            (found - far).abs() <= half * far_size,
            "{found} and {far}, the product of the factors"
        );
        if far_size > 0.0 {
            largest = largest.max((found - far).abs() / far_size);
        }
    }
    largest
}

#[test]
fn products_and_gradients_have_the_error_of_rounded_factors_and_no_more() {
    for (rows, inner, width) in SHAPES {
        let (x, weight) = (tensor(rows, inner, 1), tensor(inner, width, 2));
        let around = Surroundings {
            precision: Precision::Bf16,
            ..Surroundings::default()
        };
        let output = linear(x.clone(), weight.clone(), around, Activation::Identity);
        let factors = numbers(rows * width, 5);
        let gradients = (output.clone() * tensor(rows, width, 5)).sum().backward();
        let of = |tensor: &Tensor<2>| host(tensor.grad(&gradients).expect("it is tracked"));
        let (x_values, weight_values) = (host(x.clone()), host(weight.clone()));
        let x_matrix = Matrix::new(&x_values, rows, inner);
        let weight_matrix = Matrix::new(&weight_values, inner, width);
        let through = Matrix::new(&factors, rows, width);
        let errors = [
            assert_product(&host(output), x_matrix, weight_matrix),
            assert_product(&of(&x), through, weight_matrix.transposed()),
            assert_product(&of(&weight), x_matrix.transposed(), through),
        ];
        // factors that were not rounded would come out a thousand times better
        assert!(
            rows == 1 || errors.iter().all(|&error| error > 1e-4),
            "{rows}x{inner}x{width}: {errors:?}"
        );
    }
}

#[test]
fn it_agrees_with_its_composition_forward_and_in_all_gradients() {
    for (rows, inner, width) in SHAPES {
        for activation in EVERY {
            let inputs = Inputs::new(rows, inner, width);
            let fused = inputs.results(inputs.half(activation), 5);
            let composed = inputs.results(inputs.composed(activation, Precision::Bf16), 5);
            // a last bit of a slope can turn the rounding of a gradient, which is at most 1.2, before the activation
            let turned = match activation {
                Activation::Identity | Activation::Relu => 0.0,
                _ => 2.0_f32.powi(-7),
            };
            for (place, (fused, composed)) in fused.iter().zip(&composed).enumerate() {
                assert_eq!(fused.len(), composed.len());
                for (a, b) in fused.iter().zip(composed) {
                    let sums = 2e-6 * (1.0 + b.abs()) * (1.0 + (rows.max(inner).max(width) as f32).sqrt());
                    let allowed = sums + if place == 1 || place == 2 { turned } else { 0.0 };
                    assert!(
                        (a - b).abs() <= allowed,
                        "{activation:?} {rows}x{inner}x{width}, {place}: {a} and {b}"
                    );
                }
            }
        }
    }
}

#[test]
fn bias_and_addend_are_taken_as_they_are() {
    let inputs = Inputs::new(30, 6, 20);
    let half = inputs.results(inputs.half(Activation::Identity), 5);
    let single = inputs.results(inputs.fused(Activation::Identity), 5);
    assert_ne!(half[0], single[0]);
    for gradient in [3, 4] {
        assert_eq!(half[gradient], single[gradient]);
    }
    let nothing = Inputs::new(2, 0, 3);
    let expected = host(nothing.bias.clone().expand([2, 3]) + nothing.addend.clone());
    assert_eq!(host(nothing.half(Activation::Identity)), expected);
}

#[test]
fn what_is_not_finite_stays_so_in_both() {
    let mut values = numbers(6 * 4, 1);
    values[2 * 4 + 1] = f32::NAN;
    values[4 * 4] = f32::INFINITY;
    values[5 * 4] = 3.4e38;
    let device = burn_tensor::Device::flex();
    let x = Tensor::<2>::from_data(burn_tensor::TensorData::new(values, [6, 4]), &device);
    let weight = Tensor::<2>::from_data(burn_tensor::TensorData::new(vec![1.0_f32; 4 * 3], [4, 3]), &device);
    let around = Surroundings {
        precision: Precision::Bf16,
        ..Surroundings::default()
    };
    let fused = linear(x.clone(), weight.clone(), around, Activation::Identity);
    let operation = super::Linear {
        activation: Activation::Identity,
        precision: Precision::Bf16,
        bias: false,
        mask: false,
        addend: false,
    };
    let composed = super::Operation::composed(&operation, vec![x.into_dispatch(), weight.into_dispatch()]);
    for output in [fused, Tensor::from_dispatch(composed)] {
        for (row, values) in host(output).chunks(3).enumerate() {
            assert_eq!(values.iter().any(|value| value.is_nan()), row == 2, "row {row}");
            // what is beyond the largest number of bfloat16 is infinite there
            assert_eq!(
                values.iter().any(|value| value.is_infinite()),
                row == 4 || row == 5,
                "row {row}"
            );
        }
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let inputs = Inputs::new(1100, 130, 190);
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("threads start")
            .install(|| inputs.results(inputs.half(Activation::Gelu), 5))
    };
    let one = run(1);
    for threads in [2, 4] {
        let bits = |found: &[Vec<f32>]| -> Vec<u32> { found.iter().flatten().map(|x| x.to_bits()).collect() };
        assert_eq!(bits(&run(threads)), bits(&one));
    }
}
