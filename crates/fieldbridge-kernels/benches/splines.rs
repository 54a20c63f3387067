//! Splines, and densities and draws of an autoregressive network of splines.
//!
//! Throughput of splines counts bytes that go in and out once: a number, its parameters, its value and its log-slope,
//! and for gradients those of all. That of networks counts multiplications and additions of the weights that masks leave.

mod ceiling;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use fieldbridge_kernels::activation::Activation;
use fieldbridge_kernels::autoregressive::{Form, Layer, Map, Network, Prepared};
use fieldbridge_kernels::spline::{Boundary, Direction, Spline};

const DIMENSION: usize = 6;

/// Numbers that look uniform in `[-scale, scale)`.
fn numbers(count: usize, scale: f32) -> Vec<f32> {
    let mut state = 1_u64;
    let next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        scale * ((state >> 40) as f32 / (1 << 23) as f32 - 1.0)
    };
    std::iter::repeat_with(next).take(count).collect()
}

fn spline(bins: usize) -> Spline {
    Spline {
        bins,
        bound: 5.0,
        boundary: Boundary::Linear,
    }
}

/// Values and gradients of 1024 rows of six dimensions.
fn splines(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("spline");
    let count = 1024 * DIMENSION;
    for bins in [8, 10, 16] {
        let spline = spline(bins);
        let x = numbers(count, 5.5);
        let parameters = numbers(count * spline.parameters(), 1.0);
        let (mut values, mut log_slopes) = (vec![0.0; count], vec![0.0; count]);
        let (mut of_x, mut of_parameters) = (x.clone(), parameters.clone());
        for direction in [Direction::Forward, Direction::Inverse] {
            let numbers = count * (3 + spline.parameters());
            let name = |what: &str| BenchmarkId::new(format!("{direction:?} {what}"), bins);
            group.throughput(Throughput::Bytes((4 * numbers) as u64));
            group.bench_function(name("values"), |bencher| {
                bencher.iter(|| spline.evaluate(direction, &x, &parameters, &mut values, &mut log_slopes));
            });
            group.throughput(Throughput::Bytes((4 * 2 * numbers) as u64));
            group.bench_function(name("gradients"), |bencher| {
                bencher.iter(|| {
                    spline.differentiate(
                        direction,
                        &x,
                        &parameters,
                        &values,
                        &log_slopes,
                        &mut of_x,
                        &mut of_parameters,
                    );
                });
            });
        }
    }
    group.finish();
}

/// Weights and mask of a layer from and to units of degrees.
fn masked(from: &[usize], to: &[usize], strict: bool) -> (Vec<f32>, Vec<f32>) {
    let sees = |input: usize, output: usize| if strict { input < output } else { input <= output };
    let mask = from
        .iter()
        .flat_map(|&from| to.iter().map(move |&to| f32::from(u8::from(sees(from, to)))));
    let weights = numbers(from.len() * to.len(), 1.0 / (from.len() as f32).sqrt());
    (weights, mask.collect())
}

/// Densities and draws of one transform with a residual network of one block.
fn draws(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("autoregressive");
    let rows = 8192;
    let map = Map::Spline(spline(8));
    for width in [64, 128, 256] {
        let places: Vec<usize> = (1..=DIMENSION).collect();
        let hidden: Vec<usize> = (0..width).map(|unit| 1 + unit % (DIMENSION - 1)).collect();
        let outputs: Vec<usize> = places.iter().flat_map(|&place| vec![place; map.parameters()]).collect();
        let parts = [
            masked(&places, &hidden, false),
            masked(&hidden, &hidden, false),
            masked(&hidden, &hidden, false),
            masked(&hidden, &outputs, true),
        ];
        let seen: f32 = parts.iter().flat_map(|(_, mask)| mask).sum();
        group.throughput(Throughput::Elements((2 * rows) as u64 * seen as u64));
        let layers = parts
            .iter()
            .zip([width, width, width, outputs.len()])
            .map(|((weights, mask), outputs)| Layer {
                weights,
                mask: Some(mask),
                bias: None,
                context: None,
                outputs,
            });
        let network = Network {
            dimension: DIMENSION,
            context: 0,
            activation: Activation::Silu,
            form: Form::Residual,
            layers: layers.collect(),
        };
        let prepared = Prepared::new(&network).expect("masks of an order");
        let given = numbers(rows * DIMENSION, 3.0);
        for direction in [Direction::Forward, Direction::Inverse] {
            group.bench_function(BenchmarkId::new(format!("{direction:?}"), width), |bencher| {
                bencher.iter(|| black_box(prepared.transform(direction, &given, &[], map)));
            });
        }
    }
    group.finish();
}

fn ceilings(criterion: &mut Criterion) {
    ceiling::measure(criterion, "splines");
}

criterion_group! {
    name = benches;
    config = ceiling::settings();
    targets = ceilings, splines, draws
}
criterion_main!(benches);
