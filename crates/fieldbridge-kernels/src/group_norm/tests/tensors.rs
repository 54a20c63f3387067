//! The operation of tensors against its composition, forward and all gradients.

use burn_tensor::{Device, Tensor, TensorData};

use super::super::operation::GroupNorm;
use super::super::{Modulation, Options, group_norm};
use super::numbers;
use crate::activation::{Activation, activate};
use crate::operation::Operation;

fn tensor<const D: usize>(shape: [usize; D], seed: u64) -> Tensor<D> {
    let data = TensorData::new(numbers(shape.iter().product(), seed), shape);
    Tensor::from_data(data, &Device::flex().autodiff()).require_grad()
}

#[test]
fn tensors_agree_with_the_composition() {
    for modulated in [false, true] {
        for activation in [Activation::Identity, Activation::Silu, Activation::Tanh] {
            let x = tensor([2, 3, 5, 6], 1);
            let (weight, bias, scale, shift) = (tensor([6], 2), tensor([6], 3), tensor([2, 6], 4), tensor([2, 6], 5));
            let modulation = modulated.then(|| Modulation {
                scale: scale.clone(),
                shift: shift.clone(),
            });
            let options = Options {
                groups: 3,
                epsilon: 1e-5,
                modulation,
                activation,
            };
            let fused = group_norm(x.clone(), weight.clone(), bias.clone(), options);
            let operation = GroupNorm::<4> {
                groups: 3,
                epsilon: 1e-5,
                silu: activation == Activation::Silu,
            };
            let mut inputs = vec![
                x.clone().into_dispatch(),
                weight.clone().into_dispatch(),
                bias.clone().into_dispatch(),
            ];
            if modulated {
                inputs.extend([scale.clone().into_dispatch(), shift.clone().into_dispatch()]);
            }
            let mut composed = Tensor::<4>::from_dispatch(operation.composed(inputs));
            if activation == Activation::Tanh {
                composed = activate(composed, activation);
            }
            let results = |output: Tensor<4>| {
                let factors = tensor([2, 3, 5, 6], 6);
                let gradients = (output.clone() * factors).sum().backward();
                let mut all = vec![output.into_data(), x.grad(&gradients).unwrap().into_data()];
                all.extend([&weight, &bias].map(|tensor| tensor.grad(&gradients).unwrap().into_data()));
                if modulated {
                    all.extend([&scale, &shift].map(|tensor| tensor.grad(&gradients).unwrap().into_data()));
                }
                all
            };
            for (fused, composed) in results(fused).iter().zip(&results(composed)) {
                assert_eq!(fused.shape(), composed.shape());
                let values = fused
                    .as_slice::<f32>()
                    .unwrap()
                    .iter()
                    .zip(composed.as_slice::<f32>().unwrap());
                // both round sums of at most thirty terms of order one
                values.for_each(|(x, y)| assert!((x - y).abs() < 2e-5, "{x} and {y}"));
            }
        }
    }
}
