//! The operations of tensors against their compositions, forward and all gradients.

use burn_tensor::{Device, Tensor, TensorData};

use super::super::operation::Convolution;
use super::super::{Padding, convolution_2d, convolution_3d};
use super::Sequence;
use crate::operation::Operation;
use crate::product::Precision;

fn tensor<const D: usize>(sequence: &mut Sequence, shape: [usize; D]) -> Tensor<D> {
    let numbers = sequence.numbers(shape.iter().product());
    Tensor::from_data(TensorData::new(numbers, shape), &Device::flex().autodiff()).require_grad()
}

/// Shapes and numbers of an output and gradients.
type Results = Vec<(Vec<usize>, Vec<f32>)>;

/// Output and gradients of `x`, the weights and the bias.
fn results<const D: usize>(output: Tensor<D>, x: &Tensor<D>, weight: &Tensor<D>, bias: Option<&Tensor<1>>) -> Results {
    // a weight that differs from pixel to pixel and channel to channel
    let dims = output.dims();
    let factors = Sequence(1).numbers(dims.iter().product());
    let factors = Tensor::<D>::from_data(TensorData::new(factors, dims), &output.device());
    let gradients = (output.clone() * factors).sum().backward();
    let numbers = |data: TensorData| {
        (
            data.shape().to_vec(),
            data.try_to_vec::<f32>().expect("single precision"),
        )
    };
    let mut found = vec![numbers(output.into_data())];
    for tensor in [x, weight] {
        found.push(numbers(tensor.grad(&gradients).expect("a gradient").into_data()));
    }
    found.extend(bias.map(|bias| numbers(bias.grad(&gradients).expect("a gradient").into_data())));
    found
}

fn compare(fused: &[(Vec<usize>, Vec<f32>)], composed: &[(Vec<usize>, Vec<f32>)]) {
    assert_eq!(fused.len(), composed.len());
    for ((shape, fused), (expected_shape, composed)) in fused.iter().zip(composed) {
        assert_eq!(shape, expected_shape);
        for (x, y) in fused.iter().zip(composed) {
            // both round sums of at most a few hundred terms below one
            assert!((x - y).abs() < 1e-4, "{x} and {y}");
        }
    }
}

/// A convolution of images and its composition: output and gradients of both.
fn images(sequence: &mut Sequence, kernel: usize, biased: bool, operation: Convolution<2>) -> [Results; 2] {
    let x = tensor(sequence, [2, 6, 8, 5]);
    let weight = tensor(sequence, [kernel, kernel, 5, 7]);
    let bias = biased.then(|| tensor(sequence, [7]));
    let Convolution {
        stride,
        padding,
        precision,
    } = operation;
    let fused = convolution_2d(x.clone(), weight.clone(), bias.clone(), stride, padding, precision);
    let inputs = [x.clone().into_dispatch(), weight.clone().into_dispatch()].into_iter();
    let inputs = inputs.chain(bias.clone().map(Tensor::into_dispatch)).collect();
    let composed = Tensor::from_dispatch(operation.composed(inputs));
    [fused, composed].map(|output| results(output, &x, &weight, bias.as_ref()))
}

#[test]
fn images_agree_with_the_composition() {
    let mut sequence = Sequence(31);
    for precision in [Precision::Single, Precision::Bf16] {
        for padding in [Padding::Zero, Padding::Periodic] {
            for (kernel, stride, biased) in [(3, 1, true), (3, 2, false), (1, 1, true), (5, 2, true)] {
                let operation = Convolution {
                    stride,
                    padding,
                    precision,
                };
                let [fused, composed] = images(&mut sequence, kernel, biased, operation);
                compare(&fused, &composed);
            }
        }
    }
}

#[test]
fn volumes_agree_with_the_composition() {
    let mut sequence = Sequence(32);
    for (padding, stride, precision) in [
        (Padding::Zero, 1, Precision::Single),
        (Padding::Zero, 2, Precision::Bf16),
        (Padding::Periodic, 1, Precision::Bf16),
        (Padding::Periodic, 2, Precision::Single),
    ] {
        let x = tensor(&mut sequence, [2, 4, 6, 2, 3]);
        let weight = tensor(&mut sequence, [3, 3, 3, 3, 4]);
        let bias = tensor(&mut sequence, [4]);
        let fused = convolution_3d(
            x.clone(),
            weight.clone(),
            Some(bias.clone()),
            stride,
            padding,
            precision,
        );
        let inputs = vec![
            x.clone().into_dispatch(),
            weight.clone().into_dispatch(),
            bias.clone().into_dispatch(),
        ];
        let operation = Convolution::<3> {
            stride,
            padding,
            precision,
        };
        let composed = Tensor::from_dispatch(operation.composed(inputs));
        let results = |output| results(output, &x, &weight, Some(&bias));
        compare(&results(fused), &results(composed));
    }
}

#[test]
fn rounding_to_bfloat16_changes_the_sums_by_no_more_than_its_share_of_their_terms() {
    let operation = |precision| Convolution {
        stride: 1,
        padding: Padding::Zero,
        precision,
    };
    // the same numbers twice
    let [exact, rounded] = [Precision::Single, Precision::Bf16].map(|precision| {
        let [fused, _] = images(&mut Sequence(33), 3, true, operation(precision));
        fused
    });
    // outputs: 45 terms below one; gradients: at most 63 and 96 terms below one; the bias sees no product
    for (place, terms) in [(0, 45.0), (1, 63.0), (2, 96.0), (3, 0.0)] {
        let ((_, exact), (_, rounded)) = (&exact[place], &rounded[place]);
        let changes = exact.iter().zip(rounded).map(|(a, b)| f64::from((a - b).abs()));
        let largest = changes.fold(0.0, f64::max);
        let bound = terms * (2.0_f64.powi(-7) + 2.0_f64.powi(-16) + 96.0 * f64::from(f32::EPSILON));
        assert!(largest <= bound, "{place}: {largest} is above {bound}");
        assert!(
            terms == 0.0 || largest > 1e-3,
            "{place}: {largest} is too little for rounded factors"
        );
    }
}
