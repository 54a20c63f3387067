//! Who sees whom in a masked network.

use burn_tensor::{Tensor, TensorData};

use super::super::{Activation, MaskedMlp, MaskedNetwork, MaskedPerceptron, Registry};
use super::{host, normals, perturbed, unreached};
use crate::device::cpu;

const EACH: usize = 4;

fn orders() -> Vec<Vec<usize>> {
    vec![
        vec![1],
        vec![1, 2],
        vec![2, 1],
        vec![1, 2, 3],
        vec![3, 1, 2],
        vec![5, 3, 1, 4, 2],
    ]
}

/// Largest change of the outputs of each dimension when input `changed` moves.
fn changes(order: &[usize], context: usize, changed: usize) -> Vec<f32> {
    let mut registry = Registry::new();
    let network = MaskedMlp::new(&mut registry, order, context, 17, 2, EACH, Activation::Silu);
    let weights = perturbed(registry).on(&cpu());
    let (rows, dimension) = (6, order.len());
    let given = (context > 0).then(|| normals("context", rows, context));
    let x = normals("x", rows, dimension);
    let mut shift = vec![0.0; dimension];
    shift[changed] = 0.7;
    let moved = x.clone() + Tensor::<2>::from_data(TensorData::new(shift, [1, dimension]), &cpu());
    let before = host(network.forward(&weights, x, given.as_ref()));
    let after = host(network.forward(&weights, moved, given.as_ref()));
    let mut largest = vec![0.0_f32; dimension];
    for (place, (before, after)) in before.iter().zip(&after).enumerate() {
        let output = place / EACH % dimension;
        largest[output] = largest[output].max((before - after).abs());
    }
    largest
}

#[test]
fn outputs_depend_on_all_inputs_placed_before_and_on_no_others() {
    for order in orders() {
        for context in [0, 3] {
            for changed in 0..order.len() {
                for (output, change) in changes(&order, context, changed).into_iter().enumerate() {
                    if order[changed] < order[output] {
                        assert!(change > 1e-5, "{order:?}: output {output} does not see input {changed}");
                    } else {
                        assert_eq!(change, 0.0, "{order:?}: output {output} sees input {changed}");
                    }
                }
            }
        }
    }
}

#[test]
fn every_output_depends_on_the_context_in_a_way_that_depends_on_the_point() {
    for order in orders() {
        let mut registry = Registry::new();
        let network = MaskedMlp::new(&mut registry, &order, 3, 17, 1, EACH, Activation::Silu);
        let weights = perturbed(registry).on(&cpu());
        let x = normals("x", 4, order.len());
        let context = normals("context", 4, 3);
        let before = host(network.forward(&weights, x.clone(), Some(&context)));
        let after = host(network.forward(&weights, x, Some(&(context + 0.5))));
        assert!(
            before.iter().zip(&after).all(|(before, after)| before != after),
            "{order:?}"
        );
    }
}

#[test]
fn outputs_start_as_zero() {
    for order in orders() {
        let mut registry = Registry::new();
        let network = MaskedMlp::new(&mut registry, &order, 3, 17, 1, EACH, Activation::Silu);
        let weights = registry.finish(3).on(&cpu());
        let context = normals("context", 4, 3);
        let out = network.forward(&weights, normals("x", 4, order.len()), Some(&context));
        assert!(host(out).iter().all(|&value| value == 0.0));
    }
}

#[test]
fn the_gradient_reaches_every_tensor() {
    for order in orders().into_iter().filter(|order| order.len() > 1) {
        for context in [0, 3] {
            let mut registry = Registry::new();
            let network = MaskedMlp::new(&mut registry, &order, context, 17, 2, EACH, Activation::Gelu);
            let parameters = perturbed(registry);
            let lone = unreached(&parameters, |weights| {
                let given = (context > 0).then(|| normals("context", 6, context));
                network.forward(weights, normals("x", 6, order.len()), given.as_ref())
            });
            assert!(lone.is_empty(), "{order:?} context {context}: {lone:?}");
        }
    }
}

#[test]
fn units_that_see_one_number_start_with_bends_at_many_places() {
    let mut registry = Registry::new();
    let network = MaskedPerceptron::new(&mut registry, &[1, 2], 0, &[64; 2], 1, Activation::Relu);
    let weights = registry.finish(1).on(&cpu());
    let places: Vec<f32> = (-40..=40).map(|at| 0.05 * at as f32).collect();
    let points = places.iter().flat_map(|&x| [x, 0.0]).collect();
    let points = Tensor::<2>::from_data(TensorData::new(points, [places.len(), 2]), &cpu());
    let outputs = host(network.forward(&weights, points, None));
    let second: Vec<f32> = outputs.chunks_exact(2).map(|row| row[1]).collect();
    let bends = second.windows(3).zip(&places[1..]).filter(|(three, _)| {
        // a straight line rounds to less
        (three[0] - 2.0 * three[1] + three[2]).abs() > 1e-4
    });
    let sides: Vec<bool> = bends
        .filter(|(_, place)| place.abs() > 0.1)
        .map(|(_, place)| *place > 0.0)
        .collect();
    let right = sides.iter().filter(|&&right| right).count();
    assert!(
        right >= 5 && sides.len() - right >= 5,
        "{} and {right} bends",
        sides.len() - right
    );
}
