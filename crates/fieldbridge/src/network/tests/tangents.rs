//! Jacobian-vector products.

use burn_tensor::{Tensor, TensorData};

use super::super::Weights;
use super::every::every_network;
use super::{conditions, host, normals, unreached};
use crate::device::cpu;
use crate::random::Stream;

const ROWS: usize = 5;

#[test]
fn products_match_central_differences() {
    for built in every_network() {
        let (name, inputs, outputs) = (built.name.clone(), built.inputs, built.outputs);
        let given = conditions(ROWS, built.with_time, built.context);
        let (network, parameters) = built.perturbed();
        let weights = parameters.on(&cpu());
        let (x, direction) = (normals("x", ROWS, inputs), normals("direction", ROWS, inputs));
        let (_, products) =
            network.forward_with_tangents(&weights, x.clone(), &given, direction.clone().unsqueeze_dim(1));
        let at = |step: f32| network.forward(&weights, x.clone() + direction.clone() * step, &given);
        let difference = |step: f32| (at(step) - at(-step)) / (2.0 * step);
        let kinked = name.contains("Relu");
        let differences = host(if kinked {
            // straight between kinks: a short step, so that few units straddle theirs
            difference(1e-3)
        } else {
            // two steps, combined so that the error left is of fourth order; rounding adds about 1e-7 / 1e-2
            (difference(1e-2) * 4.0 - difference(2e-2)) / 3.0
        });
        let mut wrong = 0;
        for (exact, numeric) in host(products).into_iter().zip(differences) {
            if (exact - numeric).abs() > 1e-3 * (1.0 + exact.abs()) {
                wrong += 1;
                assert!(kinked, "{name}: {exact} against {numeric}");
            }
        }
        // a step may cross the kink of one of the units
        assert!(wrong <= 3, "{name}: {wrong} of {} differ", ROWS * outputs);
    }
}

#[test]
fn the_value_beside_the_products_is_the_value() {
    for built in every_network() {
        let (name, inputs) = (built.name.clone(), built.inputs);
        let given = conditions(ROWS, built.with_time, built.context);
        let (network, parameters) = built.perturbed();
        let weights = parameters.on(&cpu());
        let x = normals("x", ROWS, inputs);
        let alone = host(network.forward(&weights, x.clone(), &given));
        let (beside, _) = network.forward_with_tangents(&weights, x, &given, Tensor::zeros([ROWS, 1, inputs], &cpu()));
        for (left, right) in alone.into_iter().zip(host(beside)) {
            assert!(
                (left - right).abs() <= 5e-6 * (1.0 + left.abs()),
                "{name}: {left} {right}"
            );
        }
    }
}

#[test]
fn products_are_linear_in_the_direction_and_apart_from_each_other() {
    for built in every_network() {
        let (name, inputs, outputs) = (built.name.clone(), built.inputs, built.outputs);
        let given = conditions(ROWS, built.with_time, built.context);
        let (network, parameters) = built.perturbed();
        let weights = parameters.on(&cpu());
        let x = normals("x", ROWS, inputs);
        let (first, second) = (normals("first", ROWS, inputs), normals("second", ROWS, inputs));
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
        assert_eq!(products.dims(), [ROWS, 3, outputs]);
        let part = |at: usize| products.clone().narrow(1, at, 1);
        let largest = host(part(2))
            .into_iter()
            .fold(1.0_f32, |most, value| most.max(value.abs()));
        let rest = host(part(0) + part(1) * 2.0 - part(2));
        assert!(rest.iter().all(|rest| rest.abs() < 1e-5 * largest), "{name}: {rest:?}");
    }
}

#[test]
fn products_and_gradients_with_respect_to_the_point_agree() {
    for built in every_network() {
        let (name, inputs, outputs) = (built.name.clone(), built.inputs, built.outputs);
        let given = conditions(ROWS, built.with_time, built.context);
        let (network, parameters) = built.perturbed();
        let weights = parameters.on(&cpu());
        let (x, direction) = (normals("x", ROWS, inputs), normals("direction", ROWS, inputs));
        let mix = normals("mix", ROWS, outputs);
        let (_, products) =
            network.forward_with_tangents(&weights, x.clone(), &given, direction.clone().unsqueeze_dim(1));
        let forward = host((products.squeeze_dim::<2>(1) * mix.clone()).sum_dim(1));
        let leaf = x.autodiff().require_grad();
        let value = network.forward(&weights.tracked(), leaf.clone(), &given);
        let gradients = (value * mix).sum().backward();
        let gradient = leaf.grad(&gradients).expect("the point is tracked");
        let backward = host((gradient * direction).sum_dim(1));
        // sums of up to a hundred terms of order one, each with the rounding of the network's depth
        for (forward, backward) in forward.into_iter().zip(backward) {
            assert!(
                (forward - backward).abs() < 1e-4 * (1.0 + forward.abs()),
                "{name}: {forward} {backward}"
            );
        }
    }
}

#[test]
fn the_gradient_reaches_every_tensor_through_value_and_products() {
    for built in every_network() {
        let (name, inputs) = (built.name.clone(), built.inputs);
        let given = conditions(ROWS, built.with_time, built.context);
        let (network, parameters) = built.perturbed();
        let expected = silent(name.contains("points: Some(1)") || inputs == 1);
        let lone = unreached(&parameters, |weights| {
            network.forward(weights, normals("x", ROWS, inputs), &given)
        });
        for tensor in &lone {
            assert!(expected(tensor), "{name}: {lone:?}");
        }
        // the biases of the last layer move the value alone, and so do all biases below a kink
        let through_products = unreached(&parameters, |weights| {
            let direction = normals("direction", ROWS, inputs).unsqueeze_dim(1);
            network
                .forward_with_tangents(weights, normals("x", ROWS, inputs), &given, direction)
                .1
        });
        for tensor in through_products {
            let last = tensor.ends_with("last.bias") || tensor.ends_with("head.layer.bias");
            assert!(last || name.contains("Relu") || expected(&tensor), "{name}: {tensor}");
        }
    }
}

/// Tensors that cannot matter: with one token, the shares of attention are one whatever queries and keys are.
fn silent(one_token: bool) -> impl Fn(&str) -> bool {
    const SCORES: [&str; 3] = ["query_norm", "key_norm", "pair_bias.weight"];
    move |tensor: &str| one_token && SCORES.iter().any(|end| tensor.ends_with(end))
}

#[test]
fn gradients_of_products_with_respect_to_weights_match_differences() {
    for built in every_network().into_iter().filter(|built| !built.name.contains("Relu")) {
        let (name, inputs, outputs) = (built.name.clone(), built.inputs, built.outputs);
        let given = conditions(ROWS, built.with_time, built.context);
        let (network, parameters) = built.perturbed();
        let mix = normals("mix", 2 * ROWS, outputs).reshape([ROWS, 2, outputs]);
        let tangents = normals("tangents", 2 * ROWS, inputs).reshape([ROWS, 2, inputs]);
        let products = |weights: &Weights| {
            network
                .forward_with_tangents(weights, normals("x", ROWS, inputs), &given, tangents.clone())
                .1
        };
        let weights = parameters.on(&cpu()).tracked();
        let scalar = (products(&weights) * mix.clone()).sum();
        let gradient = weights.gradient(&mut scalar.backward());
        let towards = Stream::new(9, "towards", 0).normals(parameters.count());
        let slope: f64 = gradient.iter().zip(&towards).map(|(g, d)| f64::from(g * d)).sum();
        let at = |step: f32| {
            let moved = parameters.values().iter().zip(&towards).map(|(v, d)| v + step * d);
            let weights = parameters.with_values(moved.collect()).on(&cpu());
            let terms = host(products(&weights) * mix.clone());
            terms.into_iter().map(f64::from).sum::<f64>()
        };
        let difference = |step: f32| (at(step) - at(-step)) / f64::from(2.0 * step);
        let numeric = (difference(1e-3) * 4.0 - difference(2e-3)) / 3.0;
        // rounding of about 1e-6 of the terms' size over a step of 1e-3
        let size = host((products(&parameters.on(&cpu())) * mix.clone()).square())
            .iter()
            .sum::<f32>();
        let tolerance = 2e-3 * (f64::from(size.sqrt()) + slope.abs());
        assert!((slope - numeric).abs() < tolerance, "{name}: {slope} {numeric}");
    }
}

#[test]
fn time_and_context_change_the_value() {
    for built in every_network() {
        let (name, inputs, with_time, context) = (built.name.clone(), built.inputs, built.with_time, built.context);
        let given = conditions(ROWS, with_time, context);
        let (network, parameters) = built.perturbed();
        let weights = parameters.on(&cpu());
        let x = normals("x", ROWS, inputs);
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

#[test]
fn rows_do_not_see_each_other() {
    for built in every_network() {
        let (name, inputs) = (built.name.clone(), built.inputs);
        let given = conditions(ROWS, built.with_time, built.context);
        let (network, parameters) = built.perturbed();
        let weights = parameters.on(&cpu());
        let x = normals("x", ROWS, inputs);
        let together = host(network.forward(&weights, x.clone(), &given));
        let width = together.len() / ROWS;
        for row in 0..ROWS {
            let one = |tensor: Tensor<2>| tensor.narrow(0, row, 1);
            let given = super::super::Conditions {
                t: given.t.clone().map(one),
                context: given.context.clone().map(one),
            };
            let alone = host(network.forward(&weights, one(x.clone()), &given));
            for (alone, together) in alone.iter().zip(&together[row * width..]) {
                // other blocks of a product may round in another order
                assert!(
                    (alone - together).abs() < 1e-5 * (1.0 + alone.abs()),
                    "{name}: {alone} {together}"
                );
            }
        }
        // a row that is not a number spoils itself alone
        let mut spoilt = host(x);
        spoilt[..inputs].fill(f32::NAN);
        let spoilt = Tensor::from_data(TensorData::new(spoilt, [ROWS, inputs]), &cpu());
        let others = host(network.forward(&weights, spoilt, &given));
        assert_eq!(others[width..], together[width..], "{name}");
    }
}

#[test]
fn networks_start_as_zero() {
    for built in every_network() {
        let given = conditions(ROWS, built.with_time, built.context);
        let weights = built.registry.finish(3).on(&cpu());
        let value = host(
            built
                .network
                .forward(&weights, normals("x", ROWS, built.inputs), &given),
        );
        assert_eq!(value.len(), ROWS * built.outputs, "{}", built.name);
        assert!(value.iter().all(|&value| value == 0.0), "{}", built.name);
    }
}
