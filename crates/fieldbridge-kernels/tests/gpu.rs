//! Every operation on a graphics processor: its composition runs there, and gives what the slices give here.
//!
//! `cargo test --release -p fieldbridge-kernels --features wgpu --test gpu`

#![cfg(feature = "wgpu")]

use std::sync::OnceLock;

use burn_tensor::{Device, Tensor, TensorData};
use fieldbridge_kernels::activation::{Activation, activate};
use fieldbridge_kernels::affine::shift_and_scale;
use fieldbridge_kernels::attention::{Angles, LearnedNormalisation, attention, cross_attention};
use fieldbridge_kernels::convolution::{Padding, convolution_2d, convolution_3d};
use fieldbridge_kernels::gated::gate;
use fieldbridge_kernels::group_norm::{self, group_norm};
use fieldbridge_kernels::linear::{Surroundings, linear};
use fieldbridge_kernels::normalisation::{Kind, Parts, gated_residual, normalise};
use fieldbridge_kernels::spline::{
    Boundary, Direction, Spline, rational_quadratic_spline, rational_quadratic_spline_inverse,
};

/// Largest difference between the devices, as a share of the largest entry.
const ALLOWED: f32 = 1e-4;

fn gpu() -> Device {
    static OPENED: OnceLock<Device> = OnceLock::new();
    let open = || Device::wgpu_options().init().expect("an adapter to test on");
    OPENED.get_or_init(open).clone()
}

/// Numbers between -1 and 1 without a pattern.
fn numbers(shape: &[usize], seed: usize) -> Vec<f32> {
    let mut state = (seed as u32).wrapping_mul(2_654_435_761).wrapping_add(7);
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 8_388_608.0 - 1.0
    };
    (0..shape.iter().product()).map(|_| next()).collect()
}

/// The inputs of an operation on one device, and where each came from.
struct Inputs {
    device: Device,
    /// With the gradients the operation should give them.
    tracked: Vec<Tensor<1>>,
}

impl Inputs {
    fn on(device: &Device) -> Self {
        Self {
            device: device.clone().autodiff(),
            tracked: Vec::new(),
        }
    }

    fn of<const D: usize>(&mut self, shape: [usize; D], values: Vec<f32>) -> Tensor<D> {
        let flat = Tensor::<1>::from_data(TensorData::new(values, [shape.iter().product::<usize>()]), &self.device);
        let flat = flat.require_grad();
        self.tracked.push(flat.clone());
        flat.reshape(shape)
    }

    /// An input with a gradient.
    fn next<const D: usize>(&mut self, shape: [usize; D]) -> Tensor<D> {
        let seed = self.tracked.len() + 1;
        self.of(shape, numbers(&shape, seed))
    }

    /// An input without one.
    fn constant<const D: usize>(&self, shape: [usize; D], seed: usize) -> Tensor<D> {
        Tensor::from_data(TensorData::new(numbers(&shape, seed), shape), &self.device)
    }
}

/// What an operation gave on a device: the output and every gradient, from where they were left.
fn found<const D: usize>(device: &Device, operation: &impl Fn(&mut Inputs) -> Tensor<D>) -> Vec<Vec<f32>> {
    let mut inputs = Inputs::on(device);
    let output = operation(&mut inputs);
    assert!(output.device() == *device, "the output left its device");
    let weights = inputs.constant(output.dims(), 99);
    let mut gradients = (output.clone() * weights).sum().backward();
    let mut all = vec![output.into_data().try_into_vec::<f32>().expect("single precision")];
    for input in &inputs.tracked {
        let gradient = input.grad_remove(&mut gradients).expect("a gradient of each input");
        assert!(gradient.device() == *device, "a gradient left its device");
        all.push(gradient.into_data().try_into_vec::<f32>().expect("single precision"));
    }
    all
}

fn agree<const D: usize>(what: &str, operation: impl Fn(&mut Inputs) -> Tensor<D>) {
    let here = found(&Device::flex(), &operation);
    let there = found(&gpu(), &operation);
    assert!(gpu() != Device::flex(), "two devices");
    for (part, (here, there)) in here.iter().zip(&there).enumerate() {
        assert_eq!(here.len(), there.len(), "{what}");
        let largest = here.iter().fold(0f32, |largest, entry| largest.max(entry.abs()));
        assert!(largest > 0.0, "part {part} of {what} is nothing but zeros");
        for (here, there) in here.iter().zip(there) {
            let difference = (here - there).abs() / largest;
            assert!(
                difference < ALLOWED,
                "part {part} of {what}: {here} here, {there} there"
            );
        }
    }
}

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
                convolution_2d(x, weight, Some(bias), stride, padding)
            });
            agree(&format!("volumes, {padding:?}, stride {stride}"), |inputs| {
                let (x, weight) = (inputs.next([1, 4, 5, 6, 2]), inputs.next([3, 3, 3, 2, 3]));
                let bias = inputs.next([3]);
                convolution_3d(x, weight, Some(bias), stride, padding)
            });
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
