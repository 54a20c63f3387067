//! Steps against loops over single values.

use rayon::ThreadPoolBuilder;

use super::{CHUNK, Segment, Settings, shortening, squared_norm, step};

/// Numbers between -1 and 1 without a pattern.
fn numbers(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(12_345);
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 8_388_608.0 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

struct Vectors {
    parameters: Vec<f32>,
    first: Vec<f32>,
    second: Vec<f32>,
    average: Vec<f32>,
}

fn start(count: usize) -> Vectors {
    Vectors {
        parameters: numbers(count, 1),
        first: numbers(count, 2),
        second: numbers(count, 3).into_iter().map(f32::abs).collect(),
        average: numbers(count, 4),
    }
}

/// Segments of growing odd lengths that decay in turn.
fn segments(count: usize) -> Vec<Segment> {
    let (mut left, mut found) = (count, Vec::new());
    while left > 0 {
        let length = (found.len() * found.len() * 31 % 20_000).min(left);
        found.push(Segment {
            length,
            decays: found.len() % 2 == 1,
        });
        left -= length;
    }
    found
}

const SETTINGS: Settings = Settings {
    step: 7,
    learning_rate: 3e-3,
    decay: 0.1,
    shorten: 0.25,
    betas: (0.9, 0.999),
    epsilon: 1e-8,
    memory: 0.98,
};

#[test]
fn a_step_is_that_of_the_formula_in_double_precision() {
    for count in [0, 1, 3, 16, 1001, CHUNK + 5, 5 * CHUNK + 17] {
        let before = start(count);
        let mut after = start(count);
        let gradient = numbers(count, 5);
        let parts = segments(count);
        let decays = parts
            .iter()
            .flat_map(|part| std::iter::repeat_n(part.decays, part.length));
        let Vectors {
            parameters,
            first,
            second,
            average,
        } = &mut after;
        step(parameters, &gradient, first, second, Some(average), &parts, SETTINGS);
        for (i, decays) in decays.enumerate() {
            let (b1, b2) = (0.9, 0.999);
            let g = f64::from(gradient[i]) * 0.25;
            let m = b1 * f64::from(before.first[i]) + (1.0 - b1) * g;
            let v = b2 * f64::from(before.second[i]) + (1.0 - b2) * g * g;
            let (m_whole, v_whole) = (m / (1.0 - b1.powi(7)), v / (1.0 - b2.powi(7)));
            let keep = if decays { 1.0 - 3e-3 * 0.1 } else { 1.0 };
            let p = keep * f64::from(before.parameters[i]) - 3e-3 * m_whole / (v_whole.sqrt() + 1e-8);
            let a = 0.98 * f64::from(before.average[i]) + 0.02 * p;
            let found = [after.parameters[i], after.first[i], after.second[i], after.average[i]];
            for (found, expected) in found.into_iter().zip([p, m, v, a]) {
                // single precision knows 1 - b to a part in 6e4, which enters v through its bias and 0.02 as 1 - 0.98
                assert!(
                    (f64::from(found) - expected).abs() < 2e-5 * expected.abs() + 1e-6,
                    "{found}, not {expected}"
                );
            }
        }
    }
}

#[test]
fn the_same_step_without_an_average_and_with_any_number_of_threads() {
    let count = 6 * CHUNK + 1001;
    let gradient = numbers(count, 5);
    let parts = segments(count);
    let run = |threads: usize, averaged: bool| {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        let mut vectors = start(count);
        let Vectors {
            parameters,
            first,
            second,
            average,
        } = &mut vectors;
        let average = averaged.then_some(&mut average[..]);
        let norm = pool.install(|| {
            step(parameters, &gradient, first, second, average, &parts, SETTINGS);
            squared_norm(&gradient)
        });
        (vectors.parameters, vectors.first, vectors.second, norm.to_bits())
    };
    let expected = run(1, true);
    for (threads, averaged) in [(2, true), (4, true), (1, false), (4, false)] {
        assert!(run(threads, averaged) == expected, "{threads} threads");
    }
}

#[test]
fn the_bits_are_those_of_the_plain_loop() {
    let count = 2 * CHUNK + 77;
    let (gradient, parts) = (
        numbers(count, 5),
        [Segment {
            length: count,
            decays: true,
        }],
    );
    let (mut plain, mut fused) = (start(count), start(count));
    let Vectors {
        parameters,
        first,
        second,
        average,
    } = &mut fused;
    step(parameters, &gradient, first, second, Some(average), &parts, SETTINGS);
    // the compiler may raise known numbers to known powers with other last bits
    let seven = std::hint::black_box(7);
    let (first_bias, second_bias) = (1.0 - 0.9_f32.powi(seven), 1.0 - 0.999_f32.powi(seven));
    let (rate, keep) = (3e-3_f64 as f32 / first_bias, (1.0 - 3e-3 * 0.1) as f32);
    for (i, &slope) in gradient.iter().enumerate() {
        let slope = slope * 0.25;
        let (first, second, value) = (&mut plain.first[i], &mut plain.second[i], &mut plain.parameters[i]);
        *first += (1.0 - 0.9) * (slope - *first);
        *second += (1.0 - 0.999) * (slope * slope - *second);
        *value = *value * keep - rate * *first / ((*second / second_bias).sqrt() + 1e-8);
        plain.average[i] = 0.98 * plain.average[i] + (1.0 - 0.98) * *value;
    }
    assert!(plain.parameters == fused.parameters && plain.average == fused.average);
    assert!(plain.first == fused.first && plain.second == fused.second);
}

#[test]
fn the_norm_is_the_sum_in_order_to_rounding() {
    for count in [0, 1, 15, 17, CHUNK, 5 * CHUNK + 3] {
        let gradient = numbers(count, 9);
        let expected: f64 = gradient.iter().map(|&g| f64::from(g) * f64::from(g)).sum();
        assert!(
            (squared_norm(&gradient) - expected).abs() <= 1e-12 * expected,
            "{count}"
        );
    }
    assert!(squared_norm(&[1.0, f32::NAN]).is_nan());
}

#[test]
fn only_long_gradients_are_shortened() {
    assert_eq!(shortening(4.0, 1.0), 0.25);
    assert_eq!(shortening(0.5, 1.0), 1.0);
    assert_eq!(shortening(f64::NAN, 1.0), 1.0);
    assert_eq!(shortening(3.0, f64::INFINITY), 1.0);
}
