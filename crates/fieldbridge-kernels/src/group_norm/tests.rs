//! Against the definition in double precision.

mod tensors;

use pulp::Arch;

use super::slices::{backward_on, forward_on};
use super::{Gradients, Layout, Parameters};
use crate::vectors::{Instructions, Only};

const EPSILON: f32 = 1e-5;

/// A fixed sequence of numbers in `-1..1`.
fn numbers(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// All inputs: `x`, `w`, `b`, `s`, `t`, and the gradient of `y`.
struct Case {
    layout: Layout,
    inputs: [Vec<f32>; 5],
    gradient: Vec<f32>,
    modulated: bool,
    silu: bool,
}

impl Case {
    fn new(layout: Layout, modulated: bool, silu: bool) -> Self {
        let lengths = [
            layout.length(),
            layout.channels,
            layout.channels,
            layout.batch * layout.channels,
        ];
        let inputs = [0, 1, 2, 3, 3].map(|index: usize| lengths[index]);
        let mut seed = 0;
        let inputs = inputs.map(|length| {
            seed += 1;
            numbers(length, seed)
        });
        Self {
            layout,
            inputs,
            gradient: numbers(layout.length(), 9),
            modulated,
            silu,
        }
    }

    fn parameters(&self) -> Parameters<'_> {
        let [_, weight, bias, scale, shift] = &self.inputs;
        let modulation = self.modulated.then_some([scale.as_slice(), shift.as_slice()]);
        Parameters {
            weight,
            bias,
            modulation,
            silu: self.silu,
        }
    }

    fn computed(&self, instructions: impl Instructions) -> (Vec<f32>, Vec<f32>, Gradients) {
        let x = &self.inputs[0];
        let mut y = vec![f32::NAN; x.len()];
        let statistics = forward_on(instructions, &self.layout, EPSILON, x, self.parameters(), &mut y);
        let mut x_gradient = vec![f32::NAN; x.len()];
        let gradients = backward_on(
            instructions,
            &self.layout,
            x,
            self.parameters(),
            &statistics,
            &self.gradient,
            &mut x_gradient,
        );
        (y, x_gradient, gradients)
    }

    fn doubled(&self) -> [Vec<f64>; 5] {
        self.inputs
            .each_ref()
            .map(|values| values.iter().map(|&value| f64::from(value)).collect())
    }

    fn expected(&self, inputs: &[Vec<f64>; 5]) -> Vec<f64> {
        let [x, weight, bias, scale, shift] = inputs;
        let Layout {
            batch,
            pixels,
            channels,
            groups,
        } = self.layout;
        let size = channels / groups;
        let mut y = vec![0.0; x.len()];
        for sample in 0..batch {
            for group in 0..groups {
                let at = |pixel: usize, channel: usize| (sample * pixels + pixel) * channels + channel;
                let members: Vec<(usize, usize)> = (0..pixels)
                    .flat_map(|pixel| (group * size..(group + 1) * size).map(move |channel| (pixel, channel)))
                    .collect();
                let count = members.len() as f64;
                let mean = members.iter().map(|&(p, c)| x[at(p, c)]).sum::<f64>() / count;
                let variance = members.iter().map(|&(p, c)| (x[at(p, c)] - mean).powi(2)).sum::<f64>() / count;
                for (p, c) in members {
                    let n = (x[at(p, c)] - mean) / (variance + f64::from(EPSILON)).sqrt();
                    let mut z = n * weight[c] + bias[c];
                    if self.modulated {
                        let at = sample * channels + c;
                        z = z * (1.0 + scale[at]) + shift[at];
                    }
                    y[at(p, c)] = if self.silu { z / (1.0 + (-z).exp()) } else { z };
                }
            }
        }
        y
    }

    /// The change of `sum of gradient y` with one number of one input, by central differences of the definition.
    fn difference(&self, input: usize, index: usize) -> f64 {
        let step = 1e-4;
        let value = |change: f64| {
            let mut inputs = self.doubled();
            inputs[input][index] += change;
            let y = self.expected(&inputs);
            y.iter()
                .zip(&self.gradient)
                .map(|(y, &gradient)| y * f64::from(gradient))
                .sum::<f64>()
        };
        // of fourth order, so that where a group has little spread the step is still small
        (8.0 * (value(step) - value(-step)) - (value(2.0 * step) - value(-2.0 * step))) / (12.0 * step)
    }
}

fn layouts() -> Vec<Layout> {
    [
        (2, 9, 8, 2),
        (1, 1, 1, 1),
        (3, 5, 6, 3),
        (1, 7, 33, 3),
        (2, 17, 16, 1),
        (2, 3, 80, 5),
        (1, 2, 20, 20),
        (1, 33, 12, 4),
        (3, 1, 64, 8),
    ]
    .into_iter()
    .map(|(batch, pixels, channels, groups)| Layout {
        batch,
        pixels,
        channels,
        groups,
    })
    .collect()
}

fn check_output(instructions: impl Instructions, layouts: impl IntoIterator<Item = Layout>) {
    for layout in layouts {
        for (modulated, silu) in [(false, false), (true, true)] {
            let case = Case::new(layout, modulated, silu);
            let (y, ..) = case.computed(instructions);
            for (&found, expected) in y.iter().zip(case.expected(&case.doubled())) {
                // a dozen operations, each rounding a number below about ten
                assert!(
                    (f64::from(found) - expected).abs() < 5e-6,
                    "{found} for {expected} in {layout:?}"
                );
            }
        }
    }
}

#[test]
fn the_output_is_that_of_the_definition() {
    let long = [(2, 3001, 24, 4), (1, 7000, 40, 8)];
    let long = long.map(|(batch, pixels, channels, groups)| Layout {
        batch,
        pixels,
        channels,
        groups,
    });
    check_output(Arch::new(), layouts().into_iter().chain(long));
}

fn check_gradients(instructions: impl Instructions) {
    for layout in layouts() {
        for (modulated, silu) in [(false, false), (false, true), (true, false), (true, true)] {
            let case = Case::new(layout, modulated, silu);
            let (_, x, gradients) = case.computed(instructions);
            let [scale, shift] = gradients.modulation.unwrap_or_default();
            let all = [x, gradients.weight, gradients.bias, scale, shift];
            for (input, found) in all.iter().enumerate() {
                for index in (0..found.len()).step_by(1 + found.len() / 25) {
                    let expected = case.difference(input, index);
                    let wrong = (f64::from(found[index]) - expected).abs();
                    // sums of up to a hundred terms of order one; groups of two members may have a tenth of the spread
                    assert!(
                        wrong < 3e-5 * (1.0 + expected.abs()),
                        "input {input} at {index}: {} for {expected} in {layout:?}",
                        found[index]
                    );
                }
            }
        }
    }
}

#[test]
fn gradients_are_those_of_the_definition() {
    check_gradients(Arch::new());
}

#[test]
fn other_instructions_give_the_definition_too() {
    check_output(Only(pulp::Scalar), layouts());
    check_gradients(Only(pulp::Scalar));
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = pulp::x86::V3::try_new() {
        check_output(Only(simd), layouts());
        check_gradients(Only(simd));
    }
}

#[test]
fn sums_over_many_blocks_are_those_of_the_definition() {
    // large enough that the blocks of a sample are shared
    let layout = Layout {
        batch: 1,
        pixels: 9001,
        channels: 30,
        groups: 3,
    };
    let case = Case::new(layout, true, true);
    let (_, x, gradients) = case.computed(Arch::new());
    for index in [0, 12_345, layout.length() - 1] {
        assert!((f64::from(x[index]) - case.difference(0, index)).abs() < 1e-5);
    }
    for (input, found) in [(1, &gradients.weight), (2, &gradients.bias)] {
        for index in [0, 29] {
            let expected = case.difference(input, index);
            // nine thousand terms of order one, of random signs: their sizes add up to less than 9000
            assert!(
                (f64::from(found[index]) - expected).abs() < 9000.0 * 1e-6,
                "{} for {expected}",
                found[index]
            );
        }
    }
}

#[test]
fn a_large_mean_does_not_drown_the_spread() {
    let layout = Layout {
        batch: 1,
        pixels: 4096,
        channels: 16,
        groups: 2,
    };
    let mut case = Case::new(layout, false, false);
    case.inputs[0].iter_mut().for_each(|value| *value += 1000.0);
    let (y, ..) = case.computed(Arch::new());
    for (&found, expected) in y.iter().zip(case.expected(&case.doubled())) {
        // the mean in single precision is off by up to 3e-5, spreads are 0.6
        assert!((f64::from(found) - expected).abs() < 1e-4, "{found} for {expected}");
    }
}

#[test]
fn nothing_and_constants_are_taken() {
    for layout in [
        Layout {
            batch: 0,
            pixels: 3,
            channels: 4,
            groups: 2,
        },
        Layout {
            batch: 2,
            pixels: 0,
            channels: 4,
            groups: 2,
        },
        Layout {
            batch: 2,
            pixels: 3,
            channels: 0,
            groups: 1,
        },
    ] {
        let (y, x, gradients) = Case::new(layout, true, true).computed(Arch::new());
        assert!(y.is_empty() && x.is_empty());
        assert!(
            gradients
                .weight
                .iter()
                .chain(&gradients.bias)
                .all(|&value| value == 0.0)
        );
    }
    let mut case = Case::new(
        Layout {
            batch: 1,
            pixels: 50,
            channels: 4,
            groups: 1,
        },
        false,
        false,
    );
    case.inputs[0].fill(0.25);
    let (y, x, _) = case.computed(Arch::new());
    assert!(y.chunks(4).all(|pixel| pixel == case.inputs[2]));
    assert!(x.iter().all(|value| value.is_finite()));
}

#[test]
fn not_a_number_stays_in_its_group() {
    let mut case = Case::new(
        Layout {
            batch: 2,
            pixels: 10,
            channels: 6,
            groups: 2,
        },
        true,
        true,
    );
    case.inputs[0][6 + 4] = f32::NAN;
    let (y, x, _) = case.computed(Arch::new());
    for (index, (y, x)) in y.iter().zip(&x).enumerate() {
        let within = index < 60 && index % 6 >= 3;
        assert_eq!((y.is_nan(), x.is_nan()), (within, within), "{index}");
    }
}

#[test]
fn threads_do_not_change_a_bit() {
    for layout in [
        Layout {
            batch: 5,
            pixels: 1024,
            channels: 48,
            groups: 8,
        },
        Layout {
            batch: 1,
            pixels: 9001,
            channels: 40,
            groups: 5,
        },
    ] {
        let case = Case::new(layout, true, true);
        let all = [1, 2, 4].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let (y, x, gradients) = pool.install(|| case.computed(Arch::new()));
            let [scale, shift] = gradients.modulation.unwrap();
            let bits = |values: Vec<f32>| values.into_iter().map(f32::to_bits).collect::<Vec<_>>();
            [y, x, gradients.weight, gradients.bias, scale, shift].map(bits)
        });
        assert!(all[0] == all[1] && all[0] == all[2], "{layout:?}");
    }
}
