//! Jacobian-vector products.

use burn_tensor::Tensor;

use super::super::{Activation, Mlp, Network, Registry, ResidualMlp};
use super::{conditions, host, normals, perturbed, unreached};

const ACTIVATIONS: [Activation; 4] = [Activation::Silu, Activation::Gelu, Activation::Tanh, Activation::Relu];
const ROWS: usize = 5;
const INPUTS: usize = 3;
const OUTPUTS: usize = 2;

type Built = (String, Box<dyn Network>, Registry, bool, usize);

/// Both perceptrons with every nonlinearity, with and without time and context.
fn every_network() -> Vec<Built> {
    let mut built: Vec<Built> = Vec::new();
    for activation in ACTIVATIONS {
        for with_time in [false, true] {
            for context in [0, 4] {
                let frequencies = with_time.then_some(3);
                let name = |kind: &str| format!("{kind} {activation:?} time {with_time} context {context}");
                let mut registry = Registry::new();
                let network = Mlp::new(
                    &mut registry,
                    INPUTS,
                    frequencies,
                    context,
                    &[16, 12],
                    OUTPUTS,
                    activation,
                );
                built.push((name("plain"), Box::new(network), registry, with_time, context));
                let mut registry = Registry::new();
                let network = ResidualMlp::new(&mut registry, INPUTS, frequencies, context, 16, 2, OUTPUTS, activation);
                built.push((name("residual"), Box::new(network), registry, with_time, context));
            }
        }
    }
    built
}

#[test]
fn products_match_central_differences() {
    for (name, network, registry, with_time, context) in every_network() {
        let weights = perturbed(registry).on(&crate::device::cpu());
        let given = conditions(ROWS, with_time, context);
        let (x, direction) = (normals("x", ROWS, INPUTS), normals("direction", ROWS, INPUTS));
        let (_, products) =
            network.forward_with_tangents(&weights, x.clone(), &given, direction.clone().unsqueeze_dim(1));
        // for a kink a short step, so that few rows straddle it; rounding then limits the accuracy
        let step = 1e-2;
        let at = |sign: f32| network.forward(&weights, x.clone() + direction.clone() * (sign * step), &given);
        let differences = host((at(1.0) - at(-1.0)) / (2.0 * step));
        let kinked = name.contains("Relu");
        let mut wrong = 0;
        for (exact, numeric) in host(products).into_iter().zip(differences) {
            if (exact - numeric).abs() > 3e-3 * (1.0 + exact.abs()) {
                wrong += 1;
                assert!(kinked, "{name}: {exact} against {numeric}");
            }
        }
        // a step may cross the kink of one of the units
        assert!(wrong <= 3, "{name}: {wrong} of {} differ", ROWS * OUTPUTS);
    }
}

#[test]
fn the_value_beside_the_products_is_the_value() {
    for (name, network, registry, with_time, context) in every_network() {
        let weights = perturbed(registry).on(&crate::device::cpu());
        let given = conditions(ROWS, with_time, context);
        let x = normals("x", ROWS, INPUTS);
        let alone = host(network.forward(&weights, x.clone(), &given));
        let (beside, _) = network.forward_with_tangents(
            &weights,
            x,
            &given,
            Tensor::zeros([ROWS, 1, INPUTS], &crate::device::cpu()),
        );
        for (left, right) in alone.into_iter().zip(host(beside)) {
            assert!(
                (left - right).abs() <= 2e-6 * (1.0 + left.abs()),
                "{name}: {left} {right}"
            );
        }
    }
}

#[test]
fn products_are_linear_in_the_direction_and_apart_from_each_other() {
    for (name, network, registry, with_time, context) in every_network() {
        let weights = perturbed(registry).on(&crate::device::cpu());
        let given = conditions(ROWS, with_time, context);
        let x = normals("x", ROWS, INPUTS);
        let (first, second) = (normals("first", ROWS, INPUTS), normals("second", ROWS, INPUTS));
        let sum = first.clone() + second.clone() * 2.0;
        let tangents = Tensor::cat(
            vec![
                first.unsqueeze_dim::<3>(1),
                second.unsqueeze_dim::<3>(1),
                sum.unsqueeze_dim::<3>(1),
            ],
            1,
        );
        let (_, products) = network.forward_with_tangents(&weights, x, &given, tangents);
        assert_eq!(products.dims(), [ROWS, 3, OUTPUTS]);
        let part = |at: usize| products.clone().narrow(1, at, 1);
        let rest = host(part(0) + part(1) * 2.0 - part(2));
        assert!(rest.iter().all(|rest| rest.abs() < 1e-4), "{name}: {rest:?}");
    }
}

#[test]
fn the_gradient_reaches_every_tensor_through_value_and_products() {
    for (name, network, registry, with_time, context) in every_network() {
        let parameters = perturbed(registry);
        let given = conditions(ROWS, with_time, context);
        let lone = unreached(&parameters, |weights| {
            network.forward(weights, normals("x", ROWS, INPUTS), &given)
        });
        assert!(lone.is_empty(), "{name}: {lone:?}");
        // the biases of the last layer move the value alone, and so do all biases below a kink
        let through_products = unreached(&parameters, |weights| {
            let direction = normals("direction", ROWS, INPUTS).unsqueeze_dim(1);
            network
                .forward_with_tangents(weights, normals("x", ROWS, INPUTS), &given, direction)
                .1
        });
        for tensor in through_products {
            assert!(tensor == "last.bias" || name.contains("Relu"), "{name}: {tensor}");
        }
    }
}

#[test]
fn time_and_context_change_the_value() {
    for (name, network, registry, with_time, context) in every_network() {
        let weights = perturbed(registry).on(&crate::device::cpu());
        let x = normals("x", ROWS, INPUTS);
        let given = conditions(ROWS, with_time, context);
        let before = host(network.forward(&weights, x.clone(), &given));
        let mut changed = given.clone();
        changed.t = changed.t.map(|t| t * 0.5);
        if with_time {
            assert_ne!(before, host(network.forward(&weights, x.clone(), &changed)), "{name}");
        }
        let mut changed = given;
        changed.context = changed.context.map(|context| context + 0.5);
        if context > 0 {
            assert_ne!(before, host(network.forward(&weights, x, &changed)), "{name}");
        }
    }
}
