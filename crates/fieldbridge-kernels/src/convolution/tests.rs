//! Against sums written out in double precision.

mod tensors;

use super::axis::{Axis, NOTHING};
use super::geometry::{Geometry, Padding};
use super::slices::{bias_gradient, forward_on, input_gradient_on};
use super::weight_gradient::weight_gradient;
use crate::pairs::{Pairs, to_bf16};
use crate::vectors::{Instructions, Only};

/// A fixed sequence of numbers in `-1..1`.
struct Sequence(u64);

impl Sequence {
    fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn below(&mut self, bound: usize) -> usize {
        self.next() as usize % bound
    }

    fn numbers(&mut self, count: usize) -> Vec<f32> {
        (0..count)
            .map(|_| self.next() as f32 / (1_u64 << 30) as f32 - 1.0)
            .collect()
    }
}

/// Calls `term(weight, input, output)` with the indices of every term of a convolution.
fn terms(geometry: &Geometry, mut term: impl FnMut(usize, usize, usize)) {
    let Geometry {
        batch,
        input: size,
        channels_in,
        channels_out,
        kernel,
        stride,
        padding,
    } = geometry.clone();
    let out = geometry.output();
    let at = |axis: usize, output: usize, tap: usize| {
        let position = (output * stride[axis] + tap) as isize - (kernel[axis] / 2) as isize;
        let inside = (0..size[axis] as isize).contains(&position);
        match padding {
            Padding::Zero => inside.then_some(position as usize),
            Padding::Periodic => Some(position.rem_euclid(size[axis] as isize) as usize),
        }
    };
    let each = |sizes: [usize; 3]| {
        (0..sizes[0]).flat_map(move |a| (0..sizes[1]).flat_map(move |b| (0..sizes[2]).map(move |c| [a, b, c])))
    };
    let flat = |index: [usize; 3], sizes: [usize; 3]| (index[0] * sizes[1] + index[1]) * sizes[2] + index[2];
    for volume in 0..batch {
        for output in each(out) {
            for tap in each(kernel) {
                let found: [_; 3] = std::array::from_fn(|axis| at(axis, output[axis], tap[axis]));
                let [Some(a), Some(b), Some(c)] = found else { continue };
                let input_pixel = volume * size.iter().product::<usize>() + flat([a, b, c], size);
                let output_pixel = volume * out.iter().product::<usize>() + flat(output, out);
                for i in 0..channels_in {
                    for o in 0..channels_out {
                        let weight = (flat(tap, kernel) * channels_in + i) * channels_out + o;
                        term(weight, input_pixel * channels_in + i, output_pixel * channels_out + o);
                    }
                }
            }
        }
    }
}

struct Case {
    geometry: Geometry,
    input: Vec<f32>,
    weight: Vec<f32>,
    bias: Vec<f32>,
    gradient: Vec<f32>,
}

impl Case {
    fn new(geometry: Geometry, seed: u64) -> Self {
        let mut sequence = Sequence(seed);
        let input = sequence.numbers(geometry.input_length());
        let weight = sequence.numbers(geometry.weight_length());
        let bias = sequence.numbers(geometry.channels_out);
        let gradient = sequence.numbers(geometry.output_length());
        Self {
            geometry,
            input,
            weight,
            bias,
            gradient,
        }
    }

    /// Output without and with bias and gradients of input, weight and bias.
    fn computed(&self, instructions: impl Instructions) -> [Vec<f32>; 5] {
        let Self {
            geometry,
            input,
            weight,
            bias,
            gradient,
        } = self;
        // what is there before must not matter
        let mut found = [
            vec![f32::NAN; geometry.output_length()],
            vec![f32::NAN; geometry.output_length()],
            vec![f32::NAN; input.len()],
            vec![f32::NAN; weight.len()],
            vec![f32::NAN; bias.len()],
        ];
        forward_on(instructions, geometry, input, weight, None, &mut found[0]);
        forward_on(instructions, geometry, input, weight, Some(bias), &mut found[1]);
        input_gradient_on(instructions, geometry, weight, gradient, &mut found[2]);
        weight_gradient(instructions, geometry, input, gradient, &mut found[3]);
        bias_gradient(geometry, gradient, &mut found[4]);
        found
    }

    /// The same from the written-out sum, with the sums of the sizes of its terms.
    fn expected(&self) -> [Vec<(f64, f64)>; 5] {
        let Self {
            geometry,
            input,
            weight,
            bias,
            gradient,
        } = self;
        let zeros = |length: usize| vec![(0.0, 0.0); length];
        let mut plain = zeros(gradient.len());
        let mut input_sum = zeros(input.len());
        let mut weight_sum = zeros(weight.len());
        let add = |to: &mut (f64, f64), a: f32, b: f32| {
            let term = f64::from(a) * f64::from(b);
            *to = (to.0 + term, to.1 + term.abs());
        };
        terms(geometry, |w, i, o| {
            add(&mut plain[o], weight[w], input[i]);
            add(&mut input_sum[i], weight[w], gradient[o]);
            add(&mut weight_sum[w], input[i], gradient[o]);
        });
        let mut biased = plain.clone();
        let mut bias_sum = zeros(bias.len());
        for (index, &gradient) in gradient.iter().enumerate() {
            let channel = index % bias.len();
            add(&mut biased[index], bias[channel], 1.0);
            add(&mut bias_sum[channel], gradient, 1.0);
        }
        [plain, biased, input_sum, weight_sum, bias_sum]
    }

    fn check(&self, instructions: impl Instructions) {
        let names = [
            "output",
            "output with bias",
            "input gradient",
            "weight gradient",
            "bias gradient",
        ];
        for ((found, expected), name) in self.computed(instructions).iter().zip(&self.expected()).zip(names) {
            assert_eq!(found.len(), expected.len());
            for (index, (&found, &(expected, size))) in found.iter().zip(expected).enumerate() {
                // a sum of n terms in single precision is off by at most about n roundings of the sum of their sizes;
                // roundings of random signs stay far below 32 of them
                let tolerance = 32.0 * f64::from(f32::EPSILON) * size;
                let wrong = (f64::from(found) - expected).abs();
                assert!(
                    wrong <= tolerance,
                    "{name} {index}: {found} for {expected} in {:?}",
                    self.geometry
                );
            }
        }
    }
}

fn two(
    batch: usize,
    size: [usize; 2],
    channels: [usize; 2],
    kernel: usize,
    stride: usize,
    padding: Padding,
) -> Geometry {
    Geometry {
        batch,
        input: [1, size[0], size[1]],
        channels_in: channels[0],
        channels_out: channels[1],
        kernel: [1, kernel, kernel],
        stride: [1, stride, stride],
        padding,
    }
}

/// Shapes at the edges of what blocks, tiles and vectors hold, and random ones.
fn geometries() -> Vec<Geometry> {
    let mut all = Vec::new();
    for padding in [Padding::Zero, Padding::Periodic] {
        for channels in [[0, 3], [3, 0], [1, 1], [12, 16], [13, 33], [33, 13], [64, 31], [5, 70]] {
            for (kernel, stride) in [(1, 1), (3, 1), (3, 2), (1, 2), (5, 3)] {
                all.push(two(2, [5, 7], channels, kernel, stride, padding));
            }
        }
        for size in [[0, 3], [3, 0], [1, 1], [1, 4], [2, 2], [12, 12], [1, 101], [97, 2]] {
            for (kernel, stride) in [(3, 1), (3, 2), (7, 1), (1, 1)] {
                all.push(two(3, size, [4, 6], kernel, stride, padding));
            }
        }
        all.push(two(0, [4, 4], [3, 2], 3, 1, padding));
        let mut sequence = Sequence(7);
        for _ in 0..40 {
            let odd = |sequence: &mut Sequence| 2 * sequence.below(3) + 1;
            all.push(Geometry {
                batch: sequence.below(4),
                input: std::array::from_fn(|_| sequence.below(7)),
                channels_in: sequence.below(20),
                channels_out: 1 + sequence.below(40),
                kernel: std::array::from_fn(|_| odd(&mut sequence)),
                stride: std::array::from_fn(|_| 1 + sequence.below(3)),
                padding,
            });
        }
    }
    all
}

#[test]
fn everything_is_the_written_out_sum_on_the_best_instructions() {
    for (index, geometry) in geometries().into_iter().enumerate() {
        Case::new(geometry, index as u64).check(pulp::Arch::new());
    }
}

#[test]
fn everything_is_the_written_out_sum_on_other_instructions() {
    for (index, geometry) in geometries().into_iter().enumerate() {
        let case = Case::new(geometry, index as u64);
        case.check(Only(pulp::Scalar));
        #[cfg(target_arch = "x86_64")]
        if let Some(simd) = pulp::x86::V3::try_new() {
            case.check(Only(simd));
        }
    }
}

/// The same case of numbers that bfloat16 has.
fn rounded(mut case: Case) -> Case {
    for numbers in [&mut case.input, &mut case.weight, &mut case.gradient] {
        numbers.iter_mut().for_each(|number| *number = to_bf16(*number));
    }
    case
}

#[test]
fn everything_is_the_written_out_sum_on_pairs_of_bfloat16() {
    let Some(pairs) = Pairs::detected() else {
        return eprintln!("this processor has no products of bfloat16");
    };
    for (index, geometry) in geometries().into_iter().enumerate() {
        rounded(Case::new(geometry, index as u64)).check(pairs);
    }
    for padding in [Padding::Zero, Padding::Periodic] {
        rounded(Case::new(two(3, [19, 23], [40, 36], 3, 1, padding), 5)).check(pairs);
        rounded(Case::new(two(2, [33, 18], [25, 51], 3, 2, padding), 6)).check(pairs);
    }
}

#[test]
fn a_sum_of_many_blocks_is_the_written_out_one() {
    for padding in [Padding::Zero, Padding::Periodic] {
        Case::new(two(3, [19, 23], [40, 36], 3, 1, padding), 5).check(pulp::Arch::new());
        Case::new(two(2, [33, 18], [24, 50], 3, 2, padding), 6).check(pulp::Arch::new());
    }
}

#[test]
fn threads_do_not_change_a_bit() {
    for geometry in [
        two(5, [16, 17], [40, 70], 3, 1, Padding::Zero),
        two(4, [21, 20], [70, 40], 3, 2, Padding::Periodic),
    ] {
        let case = Case::new(geometry, 3);
        let mut all = [1, 2, 4].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let bits = |values: Vec<f32>| values.into_iter().map(f32::to_bits).collect::<Vec<_>>();
            pool.install(|| {
                let mut all = case.computed(pulp::Arch::new()).to_vec();
                all.extend(Pairs::detected().into_iter().flat_map(|pairs| case.computed(pairs)));
                all
            })
            .into_iter()
            .map(bits)
            .collect::<Vec<_>>()
        });
        all.sort();
        assert!(all[0] == all[2], "{:?}", case.geometry);
    }
}

#[test]
fn not_a_number_reaches_what_it_is_part_of_and_nothing_else() {
    let mut case = Case::new(two(2, [6, 6], [3, 5], 3, 1, Padding::Zero), 1);
    case.input[(2 * 6 + 3) * 3 + 1] = f32::NAN;
    let [output, ..] = case.computed(pulp::Arch::new());
    for (index, value) in output.iter().enumerate() {
        let (volume, row, column) = (index / 5 / 36, index / 5 / 6 % 6, index / 5 % 6);
        let near = volume == 0 && row.abs_diff(2) <= 1 && column.abs_diff(3) <= 1;
        assert_eq!(value.is_nan(), near, "{volume} {row} {column}");
    }
    case.gradient[0] = f32::NAN;
    let [.., input, weight, bias] = case.computed(pulp::Arch::new());
    assert!(input[0].is_nan() && bias[0].is_nan() && !bias[1].is_nan());
    // the middle tap joins the first output channel of pixel (0, 0) with its own pixel
    assert!(weight[4 * 15].is_nan() && weight[4 * 15 + 5 + 1].is_nan() && !weight[4 * 15 + 1].is_nan());
}

#[test]
fn axes_of_inputs_hold_every_pair_of_the_forward_axis_once() {
    for size in 0..9 {
        for kernel in [1, 3, 5] {
            for stride in 1..4 {
                for padding in [Padding::Zero, Padding::Periodic] {
                    let pairs = |axes: Vec<Axis>, swap: bool| {
                        let mut pairs = Vec::new();
                        for axis in axes {
                            for (tap, sources) in axis.taps.iter().zip(&axis.sources) {
                                let found = axis
                                    .targets
                                    .iter()
                                    .zip(sources)
                                    .filter(|(_, source)| **source != NOTHING);
                                pairs.extend(found.map(|(&t, &s)| if swap { (*tap, t, s) } else { (*tap, s, t) }));
                            }
                        }
                        pairs.sort_unstable();
                        pairs
                    };
                    let forward = pairs(vec![Axis::forward(size, kernel, stride, padding)], false);
                    let backward = pairs(Axis::backward(size, kernel, stride, padding), true);
                    assert_eq!(forward, backward, "{size} {kernel} {stride} {padding:?}");
                }
            }
        }
    }
}
