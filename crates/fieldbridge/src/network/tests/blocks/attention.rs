//! Attention with all it can be told, and the block around it.

use super::super::super::{
    Activation, Dual, Places, Registry, RotaryPositions, SelfAttention, TransformerBlock, TransformerShape,
};
use super::{affine, assert_close, by_name, host, normals, perturbed, tensor, wide};
use crate::device::cpu;

const TOKENS: usize = 5;
const WIDTH: usize = 8;
const HEADS: usize = 2;
const HEAD: usize = WIDTH / HEADS;
const PAIRS: usize = 3;

/// A query or key over its root mean square, times `weight`, turned by the angle of its token.
fn prepared(x: &[f64], weight: &[f64], token: Option<usize>) -> Vec<f64> {
    let mean = x.iter().map(|x| x * x).sum::<f64>() / HEAD as f64;
    let mut y: Vec<f64> = x
        .iter()
        .zip(weight)
        .map(|(x, w)| x / (mean + 1e-6).sqrt() * w)
        .collect();
    if let Some(token) = token {
        for pair in 0..HEAD / 2 {
            let angle = token as f64 * 1e4_f64.powf(-(pair as f64) / (HEAD / 2) as f64);
            let (sine, cosine) = angle.sin_cos();
            let (even, odd) = (y[2 * pair], y[2 * pair + 1]);
            y[2 * pair] = even * cosine - odd * sine;
            y[2 * pair + 1] = even * sine + odd * cosine;
        }
    }
    y
}

#[test]
fn attention_is_what_its_formula_says() {
    for (with_angles, pairs) in [(false, 0), (true, 0), (false, PAIRS), (true, PAIRS)] {
        let mut registry = Registry::new();
        let attention = SelfAttention::new(&mut registry, WIDTH, HEADS, true, pairs);
        let positions = RotaryPositions::new(&mut registry, [1, 1, TOKENS], HEAD);
        let parameters = perturbed(registry);
        let weights = parameters.on(&cpu());
        let x = host(normals("x", TOKENS, WIDTH));
        let features = host(normals("pairs", TOKENS * TOKENS, PAIRS));
        let told = Dual::alone(tensor(&features, [1, TOKENS, TOKENS, PAIRS]));
        let angles = positions.angles(&weights);
        let places = Places {
            angles: with_angles.then_some(&angles),
            pairs: (pairs > 0).then_some(&told),
        };
        let tokens = Dual::alone(tensor(&x, [1, TOKENS, WIDTH]));
        let found = attention.forward(&weights, tokens, places, None);

        let values = by_name(&parameters);
        let value = |name: &str| values[name].as_slice();
        let (x, features) = (wide(&x), wide(&features));
        let joint = affine(&x, value("query_key_value.weight"), value("query_key_value.bias"));
        let part = |token: usize, part: usize, head: usize| {
            let start = token * 3 * WIDTH + part * WIDTH + head * HEAD;
            &joint[start..start + HEAD]
        };
        let mut mixed = Vec::new();
        for i in 0..TOKENS {
            let (mut outputs, mut seen) = (Vec::new(), Vec::new());
            for head in 0..HEADS {
                let place = |token: usize| with_angles.then_some(token);
                let query = prepared(part(i, 0, head), value("query_norm"), place(i));
                let powers: Vec<f64> = (0..TOKENS)
                    .map(|j| {
                        let key = prepared(part(j, 1, head), value("key_norm"), place(j));
                        let mut score = query.iter().zip(key).map(|(q, k)| q * k).sum::<f64>() / (HEAD as f64).sqrt();
                        for feature in 0..pairs {
                            score += features[(i * TOKENS + j) * PAIRS + feature]
                                * value("pair_bias.weight")[feature * HEADS + head];
                        }
                        score.exp()
                    })
                    .collect();
                let total: f64 = powers.iter().sum();
                let mean = |of: &dyn Fn(usize) -> f64| {
                    powers.iter().enumerate().map(|(j, power)| power * of(j)).sum::<f64>() / total
                };
                outputs.extend((0..HEAD).map(|at| mean(&|j| part(j, 2, head)[at])));
                seen.extend((0..pairs).map(|feature| mean(&|j| features[(i * TOKENS + j) * PAIRS + feature])));
            }
            mixed.extend(outputs);
            mixed.extend(seen);
        }
        let expected = affine(&mixed, value("attention_output.weight"), value("attention_output.bias"));
        assert_close(&host(found.into_value()), &expected, "attention");
    }
}

#[test]
fn turned_scores_depend_on_how_far_tokens_are_apart_alone() {
    // queries and keys the same at every place, so that scores are functions of the two places
    let mut registry = Registry::new();
    let (counts, width) = ([2, 3, 4], 12);
    let positions = RotaryPositions::new(&mut registry, counts, width);
    let weights = registry.finish(0).on(&cpu());
    let angles = positions.angles(&weights);
    assert_eq!(angles.cosine.dims(), [24, 6]);
    let (cosine, sine) = (wide(&host(angles.cosine)), wide(&host(angles.sine)));
    let place = |token: usize| [token / 12, token / 4 % 3, token % 4].map(|place| place as i64);
    let score = |i: usize, j: usize| -> f64 {
        // generic, so that no two separations have the same score by chance
        let (along, across) = (
            [0.31, -1.23, 0.84, 0.57, 1.02, -0.76],
            [0.4, 0.27, -0.93, 0.71, 0.55, -0.38],
        );
        (0..6)
            .map(|pair| {
                let (at_i, at_j) = (i * 6 + pair, j * 6 + pair);
                let turned = cosine[at_i] * cosine[at_j] + sine[at_i] * sine[at_j];
                let crossed = sine[at_i] * cosine[at_j] - cosine[at_i] * sine[at_j];
                along[pair] * turned + across[pair] * crossed
            })
            .sum()
    };
    let mut known = std::collections::HashMap::new();
    for (i, j) in (0..24).flat_map(|i| (0..24).map(move |j| (i, j))) {
        let (from, to) = (place(i), place(j));
        let apart = [0, 1, 2].map(|axis| from[axis] - to[axis]);
        let before = *known.entry(apart).or_insert_with(|| score(i, j));
        assert!((before - score(i, j)).abs() < 1e-6, "{apart:?}");
    }
    let mut different: Vec<f64> = known.into_values().collect();
    different.sort_by(f64::total_cmp);
    // 3, 5 and 7 separations along the axes
    assert_eq!(different.len(), 3 * 5 * 7);
    assert!(
        different.windows(2).all(|pair| pair[1] - pair[0] > 1e-7),
        "separations are told apart"
    );
}

fn shape(conditions: usize, gated: bool) -> TransformerShape {
    TransformerShape {
        width: WIDTH,
        heads: HEADS,
        hidden: 12,
        gated,
        activation: Activation::Silu,
        root_mean_square: true,
        conditions,
        pairs: 0,
    }
}

#[test]
fn a_modulated_block_starts_as_the_identity() {
    for gated in [false, true] {
        let mut registry = Registry::new();
        let block = TransformerBlock::new(&mut registry, &shape(4, gated));
        let weights = registry.finish(1).on(&cpu());
        let x = tensor(&host(normals("x", TOKENS, WIDTH)), [1, TOKENS, WIDTH]);
        let told = normals("conditions", 1, 4);
        let y = block.forward(&weights, Dual::alone(x.clone()), Places::default(), Some(&told));
        assert_eq!(host(y.into_value()), host(x));
    }
}

#[test]
fn a_block_is_attention_and_then_a_perceptron_each_gated() {
    for conditions in [0, 4] {
        for gated in [false, true] {
            let mut registry = Registry::new();
            let block = TransformerBlock::new(&mut registry, &shape(conditions, gated));
            let parameters = perturbed(registry);
            let weights = parameters.on(&cpu());
            let x = host(normals("x", TOKENS, WIDTH));
            let told = normals("conditions", 1, 4);
            let tokens = Dual::alone(tensor(&x, [1, TOKENS, WIDTH]));
            let found = block.forward(&weights, tokens, Places::default(), (conditions > 0).then_some(&told));

            let values = by_name(&parameters);
            let value = |name: &str| values[name].as_slice();
            let parts = match conditions {
                0 => [0.0, 0.0, 1.0, 0.0, 0.0, 1.0]
                    .iter()
                    .flat_map(|&part| [part; WIDTH])
                    .collect(),
                _ => affine(&wide(&host(told)), value("modulation.weight"), value("modulation.bias")),
            };
            let part = |at: usize| &parts[at * WIDTH..(at + 1) * WIDTH];
            let normed = |x: &[f64], weight: &[f64], scale: &[f64], shift: &[f64]| -> Vec<f64> {
                x.chunks_exact(WIDTH)
                    .flat_map(|row| {
                        let mean = row.iter().map(|x| x * x).sum::<f64>() / WIDTH as f64;
                        (0..WIDTH)
                            .map(move |at| row[at] / (mean + 1e-6).sqrt() * weight[at] * (1.0 + scale[at]) + shift[at])
                    })
                    .collect()
            };
            let sum = |x: &[f64], y: &[f64], gate: &[f64]| -> Vec<f64> {
                let each = x.iter().zip(y).enumerate();
                each.map(|(at, (x, y))| x + gate[at % WIDTH] * y).collect()
            };
            let x = wide(&x);
            let before = normed(&x, value("attention_norm.weight"), part(0), part(1));
            // attention by itself has a test of its own
            let narrow: Vec<f32> = before.iter().map(|&x| x as f32).collect();
            let mut registry = Registry::new();
            let alone = SelfAttention::new(&mut registry, WIDTH, HEADS, true, 0);
            let parameters = registry.finish(0);
            let names: Vec<String> = parameters.entries().map(|(entry, _)| entry.name.clone()).collect();
            let its = names
                .iter()
                .flat_map(|name| value(name).iter().map(|&x| x as f32))
                .collect();
            let weights = parameters.with_values(its).on(&cpu());
            let tokens = Dual::alone(tensor(&narrow, [1, TOKENS, WIDTH]));
            let mixed = alone.forward(&weights, tokens, Places::default(), None);
            let x = sum(&x, &wide(&host(mixed.into_value())), part(2));
            let before = normed(&x, value("perceptron_norm.weight"), part(3), part(4));
            let silu = |z: f64| z / (1.0 + (-z).exp());
            let inner = affine(&before, value("inner.weight"), value("inner.bias"));
            let hidden: Vec<f64> = match gated {
                false => inner.into_iter().map(silu).collect(),
                true => inner
                    .chunks_exact(24)
                    .flat_map(|row| (0..12).map(move |at| silu(row[at]) * row[12 + at]))
                    .collect(),
            };
            let outer = affine(&hidden, value("outer.weight"), value("outer.bias"));
            assert_close(&host(found.into_value()), &sum(&x, &outer, part(5)), "block");
        }
    }
}
