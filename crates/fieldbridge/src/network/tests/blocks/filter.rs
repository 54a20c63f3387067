//! Filters of maps, linear and bending, and third moments of filtered maps.

use std::collections::HashMap;
use std::f64::consts::{FRAC_1_SQRT_2, TAU};

use burn_tensor::Tensor;

use super::super::super::{Activation, Dual, FilterLayers, IsotropicFilter, MapMoments, Registry, Waves};
use super::{affine, assert_close, by_name, host, normals, perturbed, tensor, wide};
use crate::device::cpu;

const HEIGHT: usize = 3;
const WIDTH: usize = 4;
const PLACES: usize = HEIGHT * WIDTH;
const BANDS: usize = 4;
const TOKEN: usize = 5;

/// A map convolved with the kernel of a function of the wave number, which is given at the nodes.
fn filtered(map: &[f64], nodes: &[f64]) -> Vec<f64> {
    let number = |index: usize, side: usize| index.min(side - index) as f64 / side as f64;
    let longest: f64 = 1.0 / WIDTH as f64;
    let gain = |k: usize, l: usize| {
        let q = number(k, HEIGHT).hypot(number(l, WIDTH));
        if q == 0.0 {
            return nodes[0];
        }
        let node = ((q / longest).ln() / (FRAC_1_SQRT_2 / longest).ln() * (BANDS - 2) as f64).max(0.0);
        let below = (node as usize).min(BANDS - 3);
        let share = node - below as f64;
        nodes[1 + below] * (1.0 - share) + nodes[2 + below] * share
    };
    let kernel = |down: usize, across: usize| -> f64 {
        let waves = (0..HEIGHT).flat_map(|k| (0..WIDTH).map(move |l| (k, l)));
        let each = waves.map(|(k, l)| {
            let phase = (k * down) as f64 / HEIGHT as f64 + (l * across) as f64 / WIDTH as f64;
            gain(k, l) * (TAU * phase).cos()
        });
        each.sum::<f64>() / PLACES as f64
    };
    (0..PLACES)
        .map(|to| {
            let terms = (0..PLACES).map(|from| {
                let down = (to / WIDTH + HEIGHT - from / WIDTH) % HEIGHT;
                let across = (to % WIDTH + WIDTH - from % WIDTH) % WIDTH;
                kernel(down, across) * map[from]
            });
            terms.sum()
        })
        .collect()
}

/// What a head says of a token.
fn said(values: &HashMap<String, Vec<f64>>, head: &str, token: &[f64]) -> Vec<f64> {
    let root = (token.iter().map(|value| value * value).sum::<f64>() / TOKEN as f64 + 1e-6).sqrt();
    let value = |name: &str| &values[&format!("{head}.{name}")];
    let (norm, weight, bias) = (value("norm.weight"), value("layer.weight"), value("layer.bias"));
    let inputs: Vec<f64> = token
        .iter()
        .zip(norm)
        .map(|(value, norm)| value / root * norm)
        .collect();
    affine(&inputs, weight, bias)
}

fn mixed(matrix: &[f64], maps: &[Vec<f64>]) -> Vec<Vec<f64>> {
    matrix
        .chunks_exact(maps.len())
        .map(|row| {
            let place = |at: usize| row.iter().zip(maps).map(|(share, map)| share * map[at]).sum();
            (0..PLACES).map(place).collect()
        })
        .collect()
}

#[test]
fn filters_are_what_their_formulas_say() {
    for count in [0, 1, 2] {
        let layers = (count > 0).then_some(FilterLayers {
            channels: 3,
            count,
            activation: Activation::Silu,
        });
        let mut registry = Registry::new();
        let filter = IsotropicFilter::new(&mut registry, [HEIGHT, WIDTH], [2, 2], BANDS, layers, [TOKEN, 0]);
        let parameters = perturbed(registry);
        let (token, x) = (host(normals("token", 1, TOKEN)), host(normals("maps", 2, PLACES)));
        let found = filter.forward(
            &parameters.on(&cpu()),
            Dual::alone(tensor(&token, [1, 1, TOKEN])),
            Dual::alone(tensor(&x, [1, 2, PLACES])),
            None,
        );
        let values = by_name(&parameters);
        let (token, x) = (wide(&token), wide(&x));
        let maps: Vec<Vec<f64>> = x.chunks_exact(PLACES).map(<[f64]>::to_vec).collect();
        let gains = said(&values, "filter.head", &token);
        let mut expected = vec![vec![0.0; PLACES]; 2];
        for (at, nodes) in gains.chunks_exact(BANDS).enumerate() {
            let (output, input) = (at / 2, at % 2);
            for (sum, value) in expected[output].iter_mut().zip(filtered(&maps[input], nodes)) {
                *sum += value;
            }
        }
        if count > 0 {
            let said = said(&values, "filter.layers.head", &token);
            let one_more = |layer: usize, maps: Vec<Vec<f64>>| -> Vec<Vec<f64>> {
                let nodes = said[layer * 3 * BANDS..].chunks_exact(BANDS);
                let each = maps.iter().zip(nodes).map(|(map, nodes)| {
                    let nodes: Vec<f64> = nodes.iter().map(|node| node + 1.0).collect();
                    filtered(map, &nodes)
                });
                each.collect()
            };
            let mut hidden = maps;
            for layer in 0..count {
                hidden = one_more(layer, mixed(&values[&format!("filter.layers.mix_{layer}")], &hidden));
                let shifts = &said[3 * ((count + 1) * BANDS + layer)..];
                for (map, shift) in hidden.iter_mut().zip(shifts) {
                    for value in map {
                        let z = *value + shift;
                        *value = z / (1.0 + (-z).exp());
                    }
                }
            }
            for (sum, bent) in expected
                .iter_mut()
                .zip(mixed(&values["filter.layers.last"], &one_more(count, hidden)))
            {
                sum.iter_mut().zip(bent).for_each(|(sum, bent)| *sum += bent);
            }
        }
        assert_close(
            &host(found.into_value()),
            &expected.concat(),
            &format!("{count} layers"),
        );
    }
}

#[test]
fn third_moments_and_their_changes_are_what_their_formula_says_whatever_the_size_of_the_maps() {
    let mut registry = Registry::new();
    let waves = Waves::new(&mut registry, [HEIGHT, WIDTH], BANDS);
    let moments = MapMoments::new(&mut registry, &waves, 2, 3);
    let parameters = perturbed(registry);
    let weights = parameters.on(&cpu());
    let along = |x: &[f32], direction: &[f32]| {
        let maps = Dual::along(tensor(x, [1, 2 * PLACES]), tensor(direction, [1, 1, 2 * PLACES]))
            .linear(|x: Tensor<2>| x.reshape([-1, 2, PLACES as i32]))
            .linear(|maps: Tensor<3>| waves.transform(&weights, maps));
        let (value, products) = moments.forward(&weights, &waves, maps).into_products();
        (host(value), host(products.squeeze_dim::<2>(1)))
    };
    let values = by_name(&parameters);
    let expected = |x: &[f64]| {
        let maps: Vec<Vec<f64>> = x.chunks_exact(PLACES).map(<[f64]>::to_vec).collect();
        let nodes = values["moments.gains"].chunks_exact(BANDS - 1);
        let each = mixed(&values["moments.mix"], &maps).into_iter().zip(nodes);
        let standard = each.map(|(map, nodes)| {
            let nodes: Vec<f64> = [0.0].into_iter().chain(nodes.iter().map(|node| node + 1.0)).collect();
            let map = filtered(&map, &nodes);
            let size = (map.iter().map(|value| value * value).sum::<f64>() / PLACES as f64).sqrt();
            map.iter().map(|value| value / size).collect()
        });
        let standard: Vec<Vec<f64>> = standard.collect();
        let pairs = standard
            .iter()
            .flat_map(|one| standard.iter().map(move |other| (one, other)));
        let moment = |(one, other): (&Vec<f64>, &Vec<f64>)| {
            let sum: f64 = one.iter().zip(other).map(|(a, b)| a * a * b).sum();
            (PLACES as f64 / 2.0).sqrt() * sum / PLACES as f64
        };
        pairs.map(moment).collect::<Vec<f64>>()
    };
    let (x, direction) = (host(normals("maps", 2, PLACES)), host(normals("direction", 2, PLACES)));
    let (found, changes) = along(&x, &direction);
    assert_close(&found, &expected(&wide(&x)), "moments");
    let moved: Vec<f32> = x.iter().map(|value| 3.0 * value + 5.0).collect();
    assert_close(
        &along(&moved, &direction).0,
        &expected(&wide(&x)),
        "moments of larger maps",
    );
    let at = |step: f64| {
        let x = wide(&x).into_iter().zip(wide(&direction));
        expected(&x.map(|(x, direction)| x + step * direction).collect::<Vec<f64>>())
    };
    let differences = at(1e-5).into_iter().zip(at(-1e-5));
    let differences: Vec<f64> = differences.map(|(after, before)| (after - before) / 2e-5).collect();
    assert_close(&changes, &differences, "their changes");
}
