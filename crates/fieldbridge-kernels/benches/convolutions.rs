//! Convolution and group normalisation with SiLU at the sizes of a small network of images.
//!
//! Throughput of convolutions counts multiplications and additions: 1 Gelem/s is 1 GFLOP/s. That of normalisations
//! counts bytes read and written once.

mod ceiling;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fieldbridge_kernels::convolution::{Geometry, Padding, forward, input_gradient, weight_gradient};
use fieldbridge_kernels::group_norm::{self, Layout, Parameters};
use fieldbridge_kernels::product::Precision;

/// A fixed sequence of numbers in `-1..1`.
fn numbers(count: usize) -> Vec<f32> {
    (0..count)
        .map(|index| (index * 7919 % 2003) as f32 / 1001.0 - 1.0)
        .collect()
}

fn image(batch: usize, size: usize, channels: [usize; 2], stride: usize) -> Geometry {
    Geometry {
        batch,
        input: [1, size, size],
        channels_in: channels[0],
        channels_out: channels[1],
        kernel: [1, 3, 3],
        stride: [1, stride, stride],
        padding: Padding::Zero,
    }
}

fn convolutions(criterion: &mut Criterion) {
    let geometries = [
        ("64 to 64 channels, 16 images of 32 x 32", image(16, 32, [64, 64], 1)),
        (
            "128 to 128 channels, 16 images of 16 x 16",
            image(16, 16, [128, 128], 1),
        ),
        (
            "64 to 64 channels, stride 2, 16 images of 32 x 32",
            image(16, 32, [64, 64], 2),
        ),
    ];
    for (name, geometry) in geometries {
        let (x, weight) = (numbers(geometry.input_length()), numbers(geometry.weight_length()));
        let gradient = numbers(geometry.output_length());
        let (mut y, mut x_gradient) = (gradient.clone(), x.clone());
        let mut weight_found = weight.clone();
        let mut group = criterion.benchmark_group(name);
        let taps = geometry.kernel.iter().product::<usize>();
        group.throughput(Throughput::Elements(
            (2 * gradient.len() * taps * geometry.channels_in) as u64,
        ));
        for (kind, precision) in [("", Precision::Single), (", bfloat16", Precision::Bf16)] {
            group.bench_function(format!("output{kind}"), |bencher| {
                bencher.iter(|| forward(precision, &geometry, black_box(&x), &weight, None, &mut y));
            });
            group.bench_function(format!("gradient of the input{kind}"), |bencher| {
                bencher.iter(|| input_gradient(precision, &geometry, &weight, black_box(&gradient), &mut x_gradient));
            });
            group.bench_function(format!("gradient of the weights{kind}"), |bencher| {
                bencher.iter(|| weight_gradient(precision, &geometry, &x, black_box(&gradient), &mut weight_found));
            });
        }
        group.finish();
    }
}

fn normalisations(criterion: &mut Criterion) {
    let layout = Layout {
        batch: 16,
        pixels: 1024,
        channels: 64,
        groups: 8,
    };
    let (x, gradient) = (numbers(layout.length()), numbers(layout.length()));
    let (weight, bias) = (numbers(layout.channels), numbers(layout.channels));
    let parameters = Parameters {
        weight: &weight,
        bias: &bias,
        modulation: None,
        silu: true,
    };
    let mut y = x.clone();
    let mut group = criterion.benchmark_group("group normalisation with SiLU, 64 channels, 16 images of 32 x 32");
    group.throughput(Throughput::Bytes(2 * size_of_val(x.as_slice()) as u64));
    group.bench_function("output", |bencher| {
        bencher.iter(|| group_norm::forward(&layout, 1e-5, black_box(&x), parameters, &mut y));
    });
    let statistics = group_norm::forward(&layout, 1e-5, &x, parameters, &mut y);
    group.throughput(Throughput::Bytes(3 * size_of_val(x.as_slice()) as u64));
    group.bench_function("gradients", |bencher| {
        bencher.iter(|| group_norm::backward(&layout, &x, parameters, &statistics, black_box(&gradient), &mut y));
    });
    group.finish();
}

fn ceilings(criterion: &mut Criterion) {
    ceiling::measure(criterion, "convolutions");
}

criterion_group! {
    name = benches;
    config = ceiling::settings();
    targets = ceilings, convolutions, normalisations
}
criterion_main!(benches);
