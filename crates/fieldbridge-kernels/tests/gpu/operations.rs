//! Every operation: its composition runs on the device, and gives what the slices give here.

use std::sync::Arc;

use burn_tensor::Tensor;
use fieldbridge_kernels::activation::{Activation, activate};
use fieldbridge_kernels::affine::shift_and_scale;
use fieldbridge_kernels::attention::{Angles, LearnedNormalisation, attention, cross_attention};
use fieldbridge_kernels::convolution::{Padding, convolution_2d, convolution_3d};
use fieldbridge_kernels::gated::{gate, gated_perceptron};
use fieldbridge_kernels::group_norm::{self, group_norm};
use fieldbridge_kernels::linear::{Surroundings, linear};
use fieldbridge_kernels::masked::{Layer, Units, masked_perceptron};
use fieldbridge_kernels::normalisation::{Kind, Parts, gated_residual, normalise};
use fieldbridge_kernels::product::Precision;
use fieldbridge_kernels::spline::{
    Boundary, Direction, Spline, rational_quadratic_spline, rational_quadratic_spline_inverse,
};

use super::{Inputs, agree};

const ACTIVATIONS: [Activation; 6] = [
    Activation::Identity,
    Activation::Silu,
    Activation::Gelu,
    Activation::GeluTanh,
    Activation::Tanh,
    Activation::Relu,
];

#[test]
fn activations_gates_and_linear_layers() {
    for activation in ACTIVATIONS {
        agree(&format!("linear, {activation:?}"), |inputs| {
            let (x, weight) = (inputs.next([33, 17]), inputs.next([17, 9]));
            let around = Surroundings {
                bias: Some(inputs.next([1, 9])),
                mask: Some(inputs.constant([17, 9], 50).greater_elem(0.0).float()),
                addend: Some(inputs.next([33, 9])),
                precision: Precision::Single,
            };
            linear(x, weight, around, activation)
        });
        agree(&format!("gate, {activation:?}"), |inputs| {
            gate(inputs.next([13, 14]) * 3.0, activation)
        });
        agree(&format!("{activation:?}"), |inputs| {
            activate(inputs.next([13, 7]) * 4.0, activation)
        });
    }
    agree("gated perceptron", |inputs| {
        let (x, joint, out) = (inputs.next([21, 6]), inputs.next([6, 2 * 10]), inputs.next([10, 5]));
        gated_perceptron(x, joint, out, Activation::Silu, Precision::Single)
    });
    // more rows than a group of threads, and one alone
    for [rows, inner, outputs] in [[1, 1, 1], [1, 300, 1], [1500, 5, 130], [70_000, 2, 3]] {
        agree(&format!("linear, {rows} x {inner} x {outputs}"), |inputs| {
            let (x, weight) = (inputs.next([rows, inner]), inputs.next([inner, outputs]));
            linear(x, weight, Surroundings::default(), Activation::Silu)
        });
    }
}

/// A network of three numbers in the order 3, 1, 2, two outputs for each.
#[test]
fn masked_perceptrons() {
    let order = [3, 1, 2];
    let degrees = |width: usize| -> Vec<usize> { (0..width).map(|unit| unit % order.len()).collect() };
    let hidden = [degrees(20), degrees(11)];
    let outputs: Vec<usize> = order.iter().flat_map(|&place| [place; 2]).collect();
    let [first, second] = hidden.clone();
    let all = [order.to_vec(), first, second, outputs];
    let units = Arc::new(Units::new(&hidden));
    for context in [0, 4] {
        for activation in [Activation::Silu, Activation::Tanh, Activation::Relu] {
            agree(
                &format!("masked perceptron, context {context}, {activation:?}"),
                |inputs| {
                    let x = inputs.next([37, 3]);
                    let context = (context > 0).then(|| (inputs.next([37, context]), inputs.next([context, 20])));
                    let layer = |(index, pair): (usize, &[Vec<usize>])| {
                        let sees = |from: usize, to: usize| if index == 2 { from < to } else { from <= to };
                        let mask = pair[0]
                            .iter()
                            .flat_map(|&from| pair[1].iter().map(move |&to| f32::from(u8::from(sees(from, to)))));
                        let shape = [pair[0].len(), pair[1].len()];
                        Layer {
                            weight: inputs.next(shape),
                            bias: inputs.next([1, shape[1]]),
                            mask: inputs.given(shape, mask.collect()),
                        }
                    };
                    let layers = all.windows(2).enumerate().map(layer).collect();
                    masked_perceptron(x, context, layers, &units, activation)
                },
            );
        }
    }
}

#[test]
fn norms_and_gated_residuals() {
    for kind in [Kind::Layer, Kind::RootMeanSquare] {
        agree(&format!("{kind:?}"), |inputs| {
            let x = inputs.next([6, 33]);
            let parts = Parts {
                weight: Some(inputs.next([1, 33])),
                bias: Some(inputs.next([1, 33])),
                modulation: Some((inputs.next([2, 33]), inputs.next([2, 33]))),
            };
            normalise(x, parts, kind, 1e-5)
        });
    }
    agree("gated residual", |inputs| {
        let rows = [inputs.next([6, 5]), inputs.next([6, 5])];
        let gate = inputs.next([2, 5]);
        let [residual, branch] = rows;
        gated_residual(residual, branch, gate)
    });
    for activation in [Activation::Identity, Activation::Silu, Activation::Tanh] {
        agree(&format!("group norm, {activation:?}"), |inputs| {
            let (x, weight, bias) = (inputs.next([2, 3, 5, 12]), inputs.next([12]), inputs.next([12]));
            let options = group_norm::Options {
                groups: 4,
                epsilon: 1e-5,
                modulation: Some(group_norm::Modulation {
                    scale: inputs.next([2, 12]),
                    shift: inputs.next([2, 12]),
                }),
                activation,
            };
            group_norm(x, weight, bias, options)
        });
    }
}

fn angles(inputs: &Inputs, tokens: usize, width: usize, seed: usize) -> Angles {
    let angle = inputs.constant([tokens, width / 2], seed) * 3.0;
    Angles {
        cosine: angle.clone().cos(),
        sine: angle.sin(),
    }
}

#[test]
fn attention_with_and_without_its_options() {
    use fieldbridge_kernels::attention::Options;
    agree("self-attention", |inputs| {
        attention(inputs.next([2, 7, 3 * 12]), 3, Options::default())
    });
    agree("cross-attention with everything", |inputs| {
        let tokens = [
            inputs.next([2, 5, 12]),
            inputs.next([2, 7, 12]),
            inputs.next([2, 7, 12]),
        ];
        let normalisation = LearnedNormalisation {
            query: inputs.next([4]),
            key: inputs.next([4]),
            epsilon: 1e-5,
        };
        let options = Options {
            normalisation: Some(normalisation),
            query_angles: Some(angles(inputs, 5, 4, 60)),
            key_angles: Some(angles(inputs, 7, 4, 61)),
            mask: Some(inputs.constant([2, 7], 62).greater_elem(-0.5).float()),
        };
        let [query, key, value] = tokens;
        cross_attention(query, key, value, 3, options)
    });
}

#[test]
fn convolutions() {
    for padding in [Padding::Zero, Padding::Periodic] {
        for stride in [1, 2] {
            agree(&format!("images, {padding:?}, stride {stride}"), |inputs| {
                let (x, weight) = (inputs.next([2, 6, 7, 3]), inputs.next([3, 3, 3, 4]));
                let bias = inputs.next([4]);
                convolution_2d(x, weight, Some(bias), stride, padding, Precision::Single)
            });
            // lines and images as volumes among them, and axes of a single tap
            for (size, taps) in [
                ([4, 5, 6], [3, 3, 3]),
                ([1, 1, 8], [1, 1, 3]),
                ([1, 4, 7], [1, 3, 3]),
                ([3, 4, 5], [1, 1, 1]),
                ([4, 1, 6], [1, 1, 3]),
            ] {
                agree(
                    &format!("volumes, {padding:?}, stride {stride}, {size:?}, {taps:?}"),
                    |inputs| {
                        let x = inputs.next([2, size[0], size[1], size[2], 2]);
                        let weight = inputs.next([taps[0], taps[1], taps[2], 2, 3]);
                        let bias = inputs.next([3]);
                        convolution_3d(x, weight, Some(bias), stride, padding, Precision::Single)
                    },
                );
            }
        }
    }
}

#[test]
fn maps_of_one_number() {
    for boundary in [Boundary::Linear, Boundary::Circular] {
        let spline = Spline {
            bins: 5,
            bound: 2.0,
            boundary,
        };
        for direction in [Direction::Forward, Direction::Inverse] {
            agree(&format!("spline, {boundary:?}, {direction:?}"), |inputs| {
                // some beyond the interval
                let x = inputs.next([40, 3]) * 2.5;
                let parameters = inputs.next([40, 3, spline.parameters()]) * 2.0;
                let (value, log_slope) = match direction {
                    Direction::Forward => rational_quadratic_spline(x, parameters, spline),
                    Direction::Inverse => rational_quadratic_spline_inverse(x, parameters, spline),
                };
                Tensor::cat(vec![value, log_slope], 1)
            });
        }
    }
    for limit in [3.0, f32::INFINITY] {
        for direction in [Direction::Forward, Direction::Inverse] {
            agree(&format!("shift and scale, limit {limit}, {direction:?}"), |inputs| {
                let (x, parameters) = (inputs.next([11, 3]), inputs.next([11, 3, 2]));
                let (value, log_slope) = shift_and_scale(x, parameters, limit, direction);
                Tensor::cat(vec![value, log_slope], 1)
            });
        }
    }
}
