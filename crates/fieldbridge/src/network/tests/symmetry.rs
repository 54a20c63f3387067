//! Networks that commute with a symmetry of their data.

use burn_tensor::{Tensor, TensorData};

use super::super::{Network, NetworkKind, NetworkRecipe, Padding, Registry, Weights};
use super::{conditions, host, normals, perturbed};
use crate::device::cpu;

const ROWS: usize = 3;

fn built(recipe: &NetworkRecipe, numbers: usize) -> (Box<dyn Network>, Weights) {
    let mut registry = Registry::new();
    let network = recipe.build(&mut registry, "network", numbers, Some(3), 4, numbers);
    (network.expect("the recipe fits"), perturbed(registry).on(&cpu()))
}

/// The numbers of every row in another order.
fn reordered(rows: &[f32], order: &[usize]) -> Vec<f32> {
    rows.chunks_exact(order.len())
        .flat_map(|row| order.iter().map(|&at| row[at]))
        .collect()
}

/// Value and products of a network at points and along directions.
fn answers(network: &dyn Network, weights: &Weights, x: &[f32], u: &[f32]) -> [Vec<f32>; 2] {
    let numbers = x.len() / ROWS;
    let tensor = |values: &[f32]| Tensor::<2>::from_data(TensorData::new(values.to_vec(), [ROWS, numbers]), &cpu());
    let given = conditions(ROWS, true, 4);
    let value = network.forward(weights, tensor(x), &given);
    let (_, products) = network.forward_with_tangents(weights, tensor(x), &given, tensor(u).unsqueeze_dim(1));
    [host(value), host(products)]
}

/// Largest difference, in units of the largest number.
fn difference(one: &[f32], other: &[f32]) -> f32 {
    let largest = one.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
    assert!(largest > 0.1, "an answer that does not vanish");
    let apart = one.iter().zip(other).map(|(one, other)| (one - other).abs());
    apart.fold(0.0, f32::max) / largest
}

/// How much value and products differ between "reorder, then ask" and "ask, then reorder".
fn failure(network: &dyn Network, weights: &Weights, order: &[usize]) -> f32 {
    let (x, u) = (
        host(normals("x", ROWS, order.len())),
        host(normals("u", ROWS, order.len())),
    );
    let before = answers(network, weights, &x, &u);
    let after = answers(network, weights, &reordered(&x, order), &reordered(&u, order));
    let each = before.iter().zip(&after);
    each.map(|(before, after)| difference(&reordered(before, order), after))
        .fold(0.0, f32::max)
}

/// Places after a cyclic shift of a grid by `by`, each with `channels` numbers.
fn shifted(grid: [usize; 3], by: [usize; 3], channels: usize) -> Vec<usize> {
    let mut order = Vec::new();
    for i in 0..grid[0] {
        for j in 0..grid[1] {
            for k in 0..grid[2] {
                let at = |axis: usize, place: usize| (place + grid[axis] - by[axis] % grid[axis]) % grid[axis];
                let place = (at(0, i) * grid[1] + at(1, j)) * grid[2] + at(2, k);
                order.extend((0..channels).map(|channel| place * channels + channel));
            }
        }
    }
    order
}

#[test]
fn a_periodic_u_net_commutes_with_shifts_by_its_coarsest_step_and_no_others() {
    let cases: [(&[usize], [usize; 3]); 3] = [(&[8], [1, 1, 8]), (&[8, 12], [1, 8, 12]), (&[4, 8, 4], [4, 8, 4])];
    for (shape, grid) in cases {
        for padding in [Padding::Periodic, Padding::Zero] {
            let recipe = NetworkRecipe {
                kind: NetworkKind::UNet,
                width: 4,
                blocks: 1,
                shape: Some(shape.to_vec()),
                channels: Some(2),
                padding: Some(padding),
                levels: Some(2),
                groups: Some(2),
                heads: Some(2),
                ..NetworkRecipe::default()
            };
            let (network, weights) = built(&recipe, 2 * shape.iter().product::<usize>());
            let failure = |by: [usize; 3]| failure(network.as_ref(), &weights, &shifted(grid, by, 2));
            for by in [[0, 0, 4], [0, 4, 0], [4, 4, 4], [0, 8, 8]] {
                let moved = (0..3).any(|axis| by[axis] % grid[axis] != 0);
                // sums in another order
                let found = failure(by);
                if padding == Padding::Periodic || !moved {
                    assert!(found < 1e-5, "{shape:?} {by:?}: {found}");
                } else {
                    assert!(found > 1e-2, "{shape:?} {by:?}: zeros beyond the edge are seen");
                }
            }
            assert!(
                failure([0, 0, 2]) > 1e-2,
                "{shape:?}: the coarsest level sees half a step"
            );
        }
    }
}

fn set(box_side: Option<f32>) -> NetworkRecipe {
    NetworkRecipe {
        kind: NetworkKind::SetTransformer,
        width: 8,
        blocks: 2,
        heads: Some(2),
        points: Some(5),
        features: Some(4),
        coordinates: box_side.map(|_| 3),
        box_side,
        ..NetworkRecipe::default()
    }
}

#[test]
fn a_set_transformer_commutes_with_orders_of_its_points() {
    for box_side in [None, Some(4.0)] {
        let (network, weights) = built(&set(box_side), 20);
        for points in [[1, 0, 2, 3, 4], [4, 2, 0, 1, 3], [1, 2, 3, 4, 0]] {
            let order: Vec<usize> = points.iter().flat_map(|point| 4 * point..4 * point + 4).collect();
            let found = failure(network.as_ref(), &weights, &order);
            assert!(found < 1e-5, "{box_side:?} {points:?}: {found}");
        }
        // the numbers of a point are not alike
        let inside: Vec<usize> = (0..5).flat_map(|point| [1, 0, 2, 3].map(|at| 4 * point + at)).collect();
        assert!(failure(network.as_ref(), &weights, &inside) > 1e-2);
    }
}

#[test]
fn a_transformer_of_patches_knows_where_they_are() {
    let recipe = NetworkRecipe {
        kind: NetworkKind::Transformer,
        width: 8,
        blocks: 1,
        heads: Some(2),
        ..NetworkRecipe::default()
    };
    let (network, weights) = built(&recipe, 6);
    assert!(failure(network.as_ref(), &weights, &[1, 0, 2, 3, 4, 5]) > 1e-2);
}

/// Compressor of a grid with two numbers at each place.
fn compressor(shape: &[usize], padding: Padding) -> NetworkRecipe {
    NetworkRecipe {
        kind: NetworkKind::Compressor,
        width: 4,
        blocks: 1,
        shape: Some(shape.to_vec()),
        channels: Some(2),
        padding: Some(padding),
        patch: Some(2),
        levels: Some(1),
        ..NetworkRecipe::default()
    }
}

#[test]
fn a_periodic_compressor_says_the_same_of_a_map_shifted_by_its_coarsest_step_and_no_other() {
    let cases: [(&[usize], [usize; 3]); 3] = [(&[8], [1, 1, 8]), (&[8, 12], [1, 8, 12]), (&[4, 8, 4], [4, 8, 4])];
    for (shape, grid) in cases {
        for padding in [Padding::Periodic, Padding::Zero] {
            let mut registry = Registry::new();
            let numbers = 2 * shape.iter().product::<usize>();
            let recipe = compressor(shape, padding);
            let network = recipe.build(&mut registry, "network", numbers, Some(3), 4, 5);
            let (network, weights) = (network.expect("the recipe fits"), perturbed(registry).on(&cpu()));
            let (x, u) = (host(normals("x", ROWS, numbers)), host(normals("u", ROWS, numbers)));
            let before = answers(network.as_ref(), &weights, &x, &u);
            let failure = |by: [usize; 3]| {
                let order = shifted(grid, by, 2);
                let after = answers(
                    network.as_ref(),
                    &weights,
                    &reordered(&x, &order),
                    &reordered(&u, &order),
                );
                let each = before.iter().zip(&after);
                each.map(|(before, after)| difference(before, after))
                    .fold(0.0, f32::max)
            };
            for by in [[0, 0, 4], [0, 4, 0], [4, 4, 4], [0, 8, 8]] {
                let moved = (0..3).any(|axis| by[axis] % grid[axis] != 0);
                let found = failure(by);
                if padding == Padding::Periodic || !moved {
                    assert!(found < 2e-5, "{shape:?} {by:?}: {found}");
                } else {
                    assert!(found > 1e-3, "{shape:?} {by:?}: zeros beyond the edge are seen");
                }
            }
            assert!(failure([0, 0, 1]) > 1e-3, "{shape:?}: a patch sees half its side");
        }
    }
}

#[test]
fn an_untrained_compressor_tells_the_amplitude_of_a_map() {
    let mut registry = Registry::new();
    let recipe = compressor(&[16, 16], Padding::Periodic);
    let network = recipe
        .build(&mut registry, "network", 512, None, 0, 3)
        .expect("the recipe fits");
    let mut parameters = registry.finish(1);
    // its outputs start as zero; all else as it is
    let last: usize = parameters
        .entries()
        .filter(|(entry, _)| entry.name.starts_with("last"))
        .map(|(entry, _)| entry.size())
        .sum();
    let from = parameters.count() - last;
    for (at, value) in parameters.values_mut()[from..].iter_mut().enumerate() {
        *value = [0.5, -0.2, 0.3, 0.7][at % 4];
    }
    let weights = parameters.on(&cpu());
    let ask = |amplitude: f32| {
        let given = super::super::Conditions::default();
        host(network.forward(&weights, normals("x", ROWS, 512) * amplitude, &given))
    };
    let (one, other) = (ask(1.0), ask(1.5));
    assert!(difference(&one, &other) > 1e-2, "{one:?} {other:?}");
}
