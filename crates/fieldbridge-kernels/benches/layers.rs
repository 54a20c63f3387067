//! Layers as networks call them, with the tape: linear with an activation, masked, gated, and shift and scale, forward
//! without gradients and a step forward and backward. Throughput of products counts multiplications and additions of the
//! products alone; that of shift and scale, and of rounding, bytes that go in and out once.

mod ceiling;

use std::hint::black_box;

use burn_tensor::{Device, Tensor, TensorData};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fieldbridge_kernels::activation::Activation;
use fieldbridge_kernels::affine::shift_and_scale;
use fieldbridge_kernels::gated::gated_perceptron;
use fieldbridge_kernels::linear::{Surroundings, linear};
use fieldbridge_kernels::product::Precision;
use fieldbridge_kernels::spline::Direction;

/// Rows of a batch.
const ROWS: usize = 1024;

/// Numbers between minus one and one, tracked or not.
fn tensor<const D: usize>(shape: [usize; D], tracked: bool) -> Tensor<D> {
    let count = shape.iter().product::<usize>();
    let numbers: Vec<f32> = (0..count).map(|i| (i as f32 * 0.618_034).fract() * 2.0 - 1.0).collect();
    let device = Device::flex();
    if tracked {
        Tensor::from_data(TensorData::new(numbers, shape), &device.autodiff()).require_grad()
    } else {
        Tensor::from_data(TensorData::new(numbers, shape), &device)
    }
}

/// `layer` without gradients, then with all of them; `forward` is the work of the first, the second takes three times
/// that.
fn both<const D: usize>(
    criterion: &mut Criterion,
    name: &str,
    forward: Throughput,
    layer: impl Fn(bool) -> Box<dyn Fn() -> Tensor<D>>,
) {
    let times = |count: u64| match forward {
        Throughput::Bytes(work) => Throughput::Bytes(count * work),
        Throughput::Elements(work) => Throughput::Elements(count * work),
        _ => unreachable!("layers count bytes or operations"),
    };
    let mut group = criterion.benchmark_group(name);
    for (what, tracked) in [("forward", false), ("forward and backward", true)] {
        group.throughput(times(if tracked { 3 } else { 1 }));
        let layer = layer(tracked);
        let factors = Tensor::ones(layer().dims(), &Device::flex());
        group.bench_function(what, |bencher| {
            bencher.iter(|| {
                let output = layer();
                if tracked {
                    black_box((output * Tensor::from_inner(factors.clone())).sum().backward());
                } else {
                    black_box(output);
                }
            });
        });
    }
    group.finish();
}

fn linear_layers(criterion: &mut Criterion) {
    for (inputs, outputs) in [(256, 256), (192, 768), (128, 128)] {
        for (mask, activation) in [(false, Activation::Silu), (true, Activation::Relu)] {
            for precision in [Precision::Single, Precision::Bf16] {
                let kind = if mask { "masked" } else { "linear" };
                let name = format!("{kind} {ROWS} x {inputs} x {outputs}, {activation:?}, {precision:?}");
                let work = Throughput::Elements(2 * (ROWS * inputs * outputs) as u64);
                both(criterion, &name, work, |tracked| {
                    let x = tensor([ROWS, inputs], tracked);
                    let weight = tensor([inputs, outputs], tracked);
                    let around = Surroundings {
                        bias: Some(tensor([1, outputs], tracked)),
                        mask: mask.then(|| tensor([inputs, outputs], false).sign().clamp_min(0.0)),
                        addend: None,
                        precision,
                    };
                    Box::new(move || linear(x.clone(), weight.clone(), around.clone(), activation))
                });
            }
        }
    }
}

fn gated_layers(criterion: &mut Criterion) {
    let (width, hidden) = (192, 512);
    for precision in [Precision::Single, Precision::Bf16] {
        let name = format!("gated {ROWS} x {width} x {hidden}, {precision:?}");
        let work = Throughput::Elements(2 * (ROWS * width * 3 * hidden) as u64);
        both(criterion, &name, work, |tracked| {
            let x = tensor([ROWS, width], tracked);
            let (joint, out) = (tensor([width, 2 * hidden], tracked), tensor([hidden, width], tracked));
            Box::new(move || {
                let (x, joint, out) = (x.clone(), joint.clone(), out.clone());
                gated_perceptron(x, joint, out, Activation::Silu, precision)
            })
        });
    }
}

fn maps(criterion: &mut Criterion) {
    let dimension = 8;
    // a number, its two parameters, its value and its log-slope
    let work = Throughput::Bytes((4 * 5 * ROWS * dimension) as u64);
    both(criterion, "shift and scale 1024 x 8", work, |tracked| {
        let (x, parameters) = (
            tensor([ROWS, dimension], tracked),
            tensor([ROWS, dimension, 2], tracked),
        );
        Box::new(move || {
            let (value, log_slope) = shift_and_scale(x.clone(), parameters.clone(), 3.0, Direction::Forward);
            value + log_slope
        })
    });
}

fn ceilings(criterion: &mut Criterion) {
    ceiling::measure(criterion, "layers");
}

criterion_group! {
    name = benches;
    config = ceiling::settings();
    targets = ceilings, linear_layers, gated_layers, maps
}
criterion_main!(benches);
