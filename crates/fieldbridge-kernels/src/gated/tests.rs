//! The gate against its composition.

use burn_tensor::{Device, Tensor, TensorData};

use super::operation::Gate;
use super::{gate, gated_perceptron};
use crate::activation::{Activation, activate};
use crate::operation::Operation;
use crate::product::Precision;

fn tensor(rows: usize, columns: usize, seed: f32) -> Tensor<2> {
    let values: Vec<f32> = (0..rows * columns)
        .map(|at| 2.0 * (at as f32 * 1.7 + seed).sin())
        .collect();
    Tensor::from_data(TensorData::new(values, [rows, columns]), &Device::flex().autodiff()).require_grad()
}

fn host(tensor: Tensor<2>) -> Vec<f32> {
    tensor.into_data().as_slice::<f32>().expect("single precision").to_vec()
}

/// The output, and the gradient with respect to `x` of a weighted sum of it.
fn results(x: &Tensor<2>, output: Tensor<2>) -> Vec<f32> {
    let [rows, columns] = output.dims();
    let gradients = (output.clone() * tensor(rows, columns, 0.3)).sum().backward();
    let mut all = host(output);
    // the library keeps no gradient of a tensor without numbers
    if !all.is_empty() {
        all.extend(host(x.grad(&gradients).expect("it is tracked")));
    }
    all
}

fn assert_near(fused: &[f32], composed: &[f32]) {
    assert_eq!(fused.len(), composed.len());
    for (a, b) in fused.iter().zip(composed) {
        assert!((a - b).abs() <= 4e-6 * (1.0 + b.abs()), "{a} and {b}");
    }
}

#[test]
fn a_gate_agrees_with_its_composition() {
    for (rows, width) in [(1, 1), (3, 5), (40, 33), (0, 4)] {
        for activation in [Activation::Silu, Activation::Gelu, Activation::Identity] {
            let joint = tensor(rows, 2 * width, 0.0);
            let fused = results(&joint, gate(joint.clone(), activation));
            let composed = Gate(activation).composed(vec![joint.clone().into_dispatch()]);
            assert_near(&fused, &results(&joint, Tensor::from_dispatch(composed)));
        }
    }
}

#[test]
fn rows_without_numbers_stay_so() {
    assert_eq!(gate(tensor(3, 0, 0.0), Activation::Silu).dims(), [3, 0]);
}

#[test]
fn a_gated_perceptron_is_two_layers_with_a_gate_between() {
    let (x, joint, out) = (tensor(7, 3, 0.1), tensor(3, 8, 0.2), tensor(4, 2, 0.4));
    let fused = results(
        &x,
        gated_perceptron(
            x.clone(),
            joint.clone(),
            out.clone(),
            Activation::Silu,
            Precision::Single,
        ),
    );
    let hidden = x.clone().matmul(joint);
    let gated = Activation::Silu.composed(hidden.clone().narrow(1, 0, 4)) * hidden.narrow(1, 4, 4);
    assert_near(&fused, &results(&x, gated.matmul(out)));
}

#[test]
fn an_activation_of_any_rank_agrees_with_its_composition() {
    for activation in [
        Activation::Silu,
        Activation::Gelu,
        Activation::Tanh,
        Activation::Relu,
        Activation::GeluTanh,
    ] {
        let z = tensor(6, 10, 0.7);
        let cube = activate(z.clone().reshape([2, 3, 10]), activation).reshape([6, 10]);
        assert_near(&results(&z, cube), &results(&z, activation.composed(z.clone())));
    }
}
