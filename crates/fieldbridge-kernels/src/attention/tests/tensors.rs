//! The operation of tensors against its composition, forward and all gradients.

use burn_tensor::{Device, Tensor, TensorData};

use super::super::{Angles, LearnedNormalisation, Options, attention, cross_attention};
use super::sample::{Random, single};
use crate::operation::{AnyTensor, Operation};

fn tensor<const D: usize>(random: &mut Random, shape: [usize; D], device: &Device) -> Tensor<D> {
    let numbers = single(&random.numbers(shape.iter().product(), 1.5));
    Tensor::from_data(TensorData::new(numbers, shape), device)
}

/// A case of each kind: tensors that have gradients come first in each list.
struct Case {
    heads: usize,
    tokens: Vec<Tensor<3>>,
    options: Options,
}

impl Case {
    fn new(random: &mut Random, [batch, queries, keys, heads, width]: [usize; 5], joint: bool, all: bool) -> Self {
        let device = Device::flex().autodiff();
        let row = heads * width;
        let shapes = match joint {
            true => vec![[batch, queries, 3 * row]],
            false => vec![[batch, queries, row], [batch, keys, row], [batch, keys, row]],
        };
        let tokens = shapes
            .into_iter()
            .map(|shape| tensor(random, shape, &device).require_grad())
            .collect();
        let mut options = Options::default();
        if all {
            let mut angles = |tokens| {
                let angles = tensor(random, [tokens, width / 2], &device);
                Angles {
                    cosine: angles.clone().cos(),
                    sine: angles.sin(),
                }
            };
            (options.query_angles, options.key_angles) = (Some(angles(queries)), Some(angles(keys)));
            options.normalisation = Some(LearnedNormalisation {
                query: tensor(random, [width], &device).require_grad(),
                key: tensor(random, [width], &device).require_grad(),
                epsilon: 1e-3,
            });
            // the last example has no keys
            let exists = (0..batch * keys)
                .map(|i| f32::from(i % 3 != 1 && i < (batch - 1) * keys))
                .collect::<Vec<_>>();
            options.mask = Some(Tensor::from_data(TensorData::new(exists, [batch, keys]), &device));
        }
        Self { heads, tokens, options }
    }

    fn fused(&self) -> Tensor<3> {
        let options = self.options.clone();
        match self.tokens.as_slice() {
            [joint] => attention(joint.clone(), self.heads, options),
            [query, key, value] => cross_attention(query.clone(), key.clone(), value.clone(), self.heads, options),
            _ => unreachable!("joint or separate"),
        }
    }

    fn composed(&self) -> Tensor<3> {
        let (operation, others) = self.options.clone().operation(self.heads, self.tokens.len() == 1);
        let tokens = self.tokens.iter().cloned().map(Tensor::into_dispatch);
        Tensor::from_dispatch(operation.composed(tokens.chain(others).collect::<Vec<AnyTensor>>()))
    }

    /// The output and the gradients of everything that has one.
    fn results(&self, output: Tensor<3>, weight: &Tensor<3>) -> Vec<Vec<f32>> {
        let gradients = (output.clone() * weight.clone()).sum().backward();
        let numbers = |data: TensorData| data.try_to_vec::<f32>().expect("single precision");
        let mut results = vec![numbers(output.into_data())];
        for tensor in &self.tokens {
            results.push(numbers(tensor.grad(&gradients).expect("a gradient").into_data()));
        }
        if let Some(normalisation) = &self.options.normalisation {
            for tensor in [&normalisation.query, &normalisation.key] {
                results.push(numbers(tensor.grad(&gradients).expect("a gradient").into_data()));
            }
        }
        results
    }
}

#[test]
fn tensors_agree_with_the_composition() {
    let mut random = Random(20);
    for (sizes, joint) in [
        ([2, 5, 5, 2, 4], true),
        ([3, 60, 60, 2, 8], true),
        ([2, 3, 70, 1, 6], false),
        ([2, 50, 1, 3, 32], false),
    ] {
        for all in [false, true] {
            let case = Case::new(&mut random, sizes, joint, all);
            let [batch, queries, _, heads, width] = sizes;
            let weight = tensor(&mut random, [batch, queries, heads * width], &Device::flex().autodiff());
            let fused = case.results(case.fused(), &weight);
            let composed = case.results(case.composed(), &weight);
            assert_eq!(fused.len(), composed.len());
            for (index, (fused, composed)) in fused.iter().zip(&composed).enumerate() {
                assert_eq!(fused.len(), composed.len());
                let scale = composed.iter().fold(1.0, |largest: f32, x| largest.max(x.abs()));
                for (x, y) in fused.iter().zip(composed) {
                    // both round in single precision, see the tolerance against double precision
                    assert!(
                        (x - y).abs() <= 6e-5 * scale,
                        "{sizes:?} {all} result {index}: {x} and {y}"
                    );
                }
            }
        }
    }
}

#[test]
fn tensors_without_gradients_give_the_same_output() {
    let mut random = Random(21);
    let case = Case::new(&mut random, [2, 9, 9, 2, 8], true, true);
    let plain = Tensor::<3>::from_data(case.tokens[0].clone().into_data(), &Device::flex());
    let constant = |angles: &Angles| Angles {
        cosine: Tensor::from_data(angles.cosine.clone().into_data(), &Device::flex()),
        sine: Tensor::from_data(angles.sine.clone().into_data(), &Device::flex()),
    };
    let options = &case.options;
    let normalisation = options
        .normalisation
        .as_ref()
        .map(|normalisation| LearnedNormalisation {
            query: Tensor::from_data(normalisation.query.clone().into_data(), &Device::flex()),
            key: Tensor::from_data(normalisation.key.clone().into_data(), &Device::flex()),
            epsilon: normalisation.epsilon,
        });
    let options = Options {
        normalisation,
        query_angles: options.query_angles.as_ref().map(constant),
        key_angles: options.key_angles.as_ref().map(constant),
        mask: options
            .mask
            .as_ref()
            .map(|mask| Tensor::from_data(mask.clone().into_data(), &Device::flex())),
    };
    let output = attention(plain, 2, options).into_data();
    assert_eq!(output.as_bytes(), case.fused().into_data().as_bytes());
}
