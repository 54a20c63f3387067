//! Attention of 261 tokens in six heads of width 32, beside a matrix product of the `gemm` crate: both in
//! multiplications and additions a second. On two threads the ceiling is twice that of one.

mod ceiling;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fieldbridge_kernels::attention::{Destination, Inputs, Normalisation, Rotation, Sizes, Source, backward, forward};

const SIZES: Sizes = Sizes {
    batch: 4,
    queries: 261,
    keys: 261,
    heads: 6,
    width: 32,
};
/// Rows and columns of the product beside it.
const SQUARE: usize = 384;

/// Numbers between minus one and one.
fn numbers(count: usize) -> Vec<f32> {
    (0..count).map(|i| (i as f32 * 0.618_034).fract() * 2.0 - 1.0).collect()
}

/// Floating-point operations of one product of a score matrix with queries, keys or values.
fn product() -> u64 {
    2 * (SIZES.batch * SIZES.heads * SIZES.queries * SIZES.keys * SIZES.width) as u64
}

fn attention(criterion: &mut Criterion) {
    let joint = numbers(3 * SIZES.output());
    let gradient = numbers(SIZES.output());
    let weight = numbers(SIZES.width);
    let angles = numbers(SIZES.queries * SIZES.width / 2);
    let (cosine, sine): (Vec<f32>, Vec<f32>) = angles.iter().map(|angle| (angle.cos(), angle.sin())).unzip();
    let plain = Inputs {
        sizes: SIZES,
        source: Source::Joint(&joint),
        normalisation: None,
        query_rotation: None,
        key_rotation: None,
        mask: None,
    };
    let rotation = Some(Rotation {
        cosine: &cosine,
        sine: &sine,
    });
    let prepared = Inputs {
        normalisation: Some(Normalisation {
            query: &weight,
            key: &weight,
            epsilon: 1e-6,
        }),
        query_rotation: rotation,
        key_rotation: rotation,
        ..plain
    };
    let mut output = vec![0.0; SIZES.output()];
    let mut log_sums = vec![0.0; SIZES.score_rows()];
    let mut found = vec![0.0; joint.len()];
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("a pool of threads");
        let mut group = criterion.benchmark_group(format!("attention on {threads}"));
        for (name, inputs) in [("plain", &plain), ("normalised and turned", &prepared)] {
            group.throughput(Throughput::Elements(2 * product()));
            group.bench_function(format!("forward, {name}"), |bencher| {
                bencher.iter(|| pool.install(|| forward(black_box(inputs), &mut output, Some(&mut log_sums))));
            });
            group.throughput(Throughput::Elements(5 * product()));
            group.bench_function(format!("backward, {name}"), |bencher| {
                bencher.iter(|| {
                    let destination = Destination::Joint(&mut found);
                    pool.install(|| backward(black_box(inputs), &output, &log_sums, &gradient, destination))
                });
            });
        }
        group.finish();
    }
}

fn peer(criterion: &mut Criterion) {
    let (a, b) = (numbers(SQUARE * SQUARE), numbers(SQUARE * SQUARE));
    let mut c = vec![0.0_f32; SQUARE * SQUARE];
    let stride = SQUARE as isize;
    let mut group = criterion.benchmark_group("attention, peer");
    group.throughput(Throughput::Elements(2 * (SQUARE * SQUARE * SQUARE) as u64));
    group.bench_function("gemm on 1", |bencher| {
        bencher.iter(|| {
            // SAFETY: all three are square matrices of the given strides.
            unsafe {
                gemm::gemm(
                    SQUARE,
                    SQUARE,
                    SQUARE,
                    c.as_mut_ptr(),
                    1,
                    stride,
                    false,
                    black_box(&a).as_ptr(),
                    1,
                    stride,
                    black_box(&b).as_ptr(),
                    1,
                    stride,
                    1.0,
                    1.0,
                    false,
                    false,
                    false,
                    gemm::Parallelism::None,
                );
            }
        });
    });
    group.finish();
}

fn ceilings(criterion: &mut Criterion) {
    ceiling::measure(criterion, "attention");
}

criterion_group! {
    name = benches;
    config = ceiling::settings();
    targets = ceilings, attention, peer
}
criterion_main!(benches);
