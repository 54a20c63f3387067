//! The operations of tensors against their compositions, forward and all gradients.

use burn_tensor::{Device, Tensor, TensorData};

use super::super::operation::Convolution;
use super::super::{Padding, convolution_2d, convolution_3d};
use super::Sequence;
use crate::operation::Operation;

fn tensor<const D: usize>(sequence: &mut Sequence, shape: [usize; D]) -> Tensor<D> {
    let numbers = sequence.numbers(shape.iter().product());
    Tensor::from_data(TensorData::new(numbers, shape), &Device::flex().autodiff()).require_grad()
}

/// Output and gradients of `x`, the weights and the bias.
fn results<const D: usize>(
    output: Tensor<D>,
    x: &Tensor<D>,
    weight: &Tensor<D>,
    bias: Option<&Tensor<1>>,
) -> Vec<(Vec<usize>, Vec<f32>)> {
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

#[test]
fn images_agree_with_the_composition() {
    let mut sequence = Sequence(31);
    for padding in [Padding::Zero, Padding::Periodic] {
        for (kernel, stride, biased) in [(3, 1, true), (3, 2, false), (1, 1, true), (5, 2, true)] {
            let x = tensor(&mut sequence, [2, 6, 8, 5]);
            let weight = tensor(&mut sequence, [kernel, kernel, 5, 7]);
            let bias = biased.then(|| tensor(&mut sequence, [7]));
            let fused = convolution_2d(x.clone(), weight.clone(), bias.clone(), stride, padding);
            let inputs = [x.clone().into_dispatch(), weight.clone().into_dispatch()].into_iter();
            let inputs = inputs.chain(bias.clone().map(Tensor::into_dispatch)).collect();
            let composed = Tensor::from_dispatch(Convolution::<2> { stride, padding }.composed(inputs));
            let results = |output| results(output, &x, &weight, bias.as_ref());
            compare(&results(fused), &results(composed));
        }
    }
}

#[test]
fn volumes_agree_with_the_composition() {
    let mut sequence = Sequence(32);
    for padding in [Padding::Zero, Padding::Periodic] {
        for stride in [1, 2] {
            let x = tensor(&mut sequence, [2, 4, 6, 2, 3]);
            let weight = tensor(&mut sequence, [3, 3, 3, 3, 4]);
            let bias = tensor(&mut sequence, [4]);
            let fused = convolution_3d(x.clone(), weight.clone(), Some(bias.clone()), stride, padding);
            let inputs = vec![
                x.clone().into_dispatch(),
                weight.clone().into_dispatch(),
                bias.clone().into_dispatch(),
            ];
            let composed = Tensor::from_dispatch(Convolution::<3> { stride, padding }.composed(inputs));
            let results = |output| results(output, &x, &weight, Some(&bias));
            compare(&results(fused), &results(composed));
        }
    }
}
