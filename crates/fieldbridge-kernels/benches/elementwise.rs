//! Rates of work that goes once through memory, beside that of a copy: bytes read and written in a second.

mod ceiling;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use fieldbridge_kernels::activation::Activation;
use fieldbridge_kernels::elementary::slice;
use fieldbridge_kernels::normalisation::{Kind, Layout, Modulation, Normalisation, backward, forward, gate};
use fieldbridge_kernels::optimiser::{Segment, Settings, squared_norm, step};

/// One number of values that stays in the second cache and one that does not fit the last.
const COUNTS: [usize; 2] = [1 << 14, 1 << 23];
const WIDTH: usize = 256;

fn numbers(count: usize) -> Vec<f32> {
    (0..count)
        .map(|i| ((i * 7919) % 10_007) as f32 / 2500.0 - 2.0)
        .collect()
}

/// Times `work`, which moves `vectors` values for each of the counts.
fn rate<W: FnMut()>(criterion: &mut Criterion, name: &str, vectors: usize, work: impl Fn(usize) -> W) {
    let mut group = criterion.benchmark_group(name);
    for count in COUNTS {
        group.throughput(Throughput::Bytes((4 * vectors * count) as u64));
        let mut work = work(count);
        group.bench_function(BenchmarkId::from_parameter(count), |bencher| bencher.iter(&mut work));
    }
    group.finish();
}

fn functions(criterion: &mut Criterion) {
    type Function = fn(&mut [f32]);
    let functions: [(&str, Function); 6] = [
        ("exp", slice::exp),
        ("ln", slice::ln),
        ("tanh", slice::tanh),
        ("erf", slice::erf),
        ("sigmoid", slice::sigmoid),
        ("softplus", slice::softplus),
    ];
    for (name, function) in functions {
        rate(criterion, name, 4, |count| {
            let (from, mut values) = (numbers(count), numbers(count));
            move || {
                values.copy_from_slice(black_box(&from));
                function(black_box(&mut values));
            }
        });
    }
}

fn activations(criterion: &mut Criterion) {
    for activation in [
        Activation::Silu,
        Activation::Gelu,
        Activation::GeluTanh,
        Activation::Tanh,
    ] {
        rate(criterion, &format!("{activation:?} with slope"), 5, |count| {
            let (from, mut values, mut slopes) = (numbers(count), numbers(count), numbers(count));
            move || {
                values.copy_from_slice(black_box(&from));
                activation.forward_with_slope(black_box(&mut values), black_box(&mut slopes));
            }
        });
    }
}

fn norms(criterion: &mut Criterion) {
    let layout = |count: usize| Layout {
        batch: 8,
        tokens: count / WIDTH / 8,
        width: WIDTH,
    };
    let (scale, shift) = (numbers(8 * WIDTH), numbers(8 * WIDTH));
    let modulation = Some(Modulation {
        scale: &scale,
        shift: &shift,
    });
    let plain = Normalisation {
        kind: Kind::Layer,
        epsilon: 1e-5,
        weight: None,
        bias: None,
        modulation,
    };
    rate(criterion, "modulated layer norm", 2, |count| {
        let (x, mut y, mut statistics) = (numbers(count), numbers(count), vec![0.0; 2 * count / WIDTH]);
        move || {
            forward(
                plain,
                layout(count),
                black_box(&x),
                None,
                black_box(&mut y),
                &mut statistics,
            )
        }
    });
    rate(criterion, "modulated layer norm with residual", 4, |count| {
        let (x, addend, mut sum) = (numbers(count), numbers(count), numbers(count));
        let (mut y, mut statistics) = (numbers(count), vec![0.0; 2 * count / WIDTH]);
        move || {
            let residual = Some((&addend[..], &mut sum[..]));
            forward(
                plain,
                layout(count),
                black_box(&x),
                residual,
                black_box(&mut y),
                &mut statistics,
            );
        }
    });
    rate(criterion, "modulated layer norm backward", 3, |count| {
        let (x, mut y, mut statistics) = (numbers(count), numbers(count), vec![0.0; 2 * count / WIDTH]);
        forward(plain, layout(count), &x, None, &mut y, &mut statistics);
        move || {
            black_box(backward(
                plain,
                layout(count),
                black_box(&x),
                &statistics,
                black_box(&y),
                None,
            ));
        }
    });
    rate(criterion, "gate", 3, |count| {
        let (residual, branch, mut out) = (numbers(count), numbers(count), numbers(count));
        let shift = &shift;
        move || {
            gate(
                layout(count),
                black_box(&residual),
                black_box(&branch),
                shift,
                black_box(&mut out),
            )
        }
    });
}

fn steps(criterion: &mut Criterion) {
    rate(criterion, "squared norm", 1, |count| {
        let gradient = numbers(count);
        move || {
            black_box(squared_norm(black_box(&gradient)));
        }
    });
    rate(criterion, "step of AdamW with average", 9, |count| {
        let gradient = numbers(count);
        let [mut parameters, mut first, mut average] = [numbers(count), numbers(count), numbers(count)];
        let mut second = vec![0.5; count];
        let segments = [Segment {
            length: count,
            decays: true,
        }];
        move || {
            let average = Some(&mut average[..]);
            let settings = Settings {
                memory: 0.99,
                ..Settings::default()
            };
            step(
                &mut parameters,
                black_box(&gradient),
                &mut first,
                &mut second,
                average,
                &segments,
                settings,
            );
        }
    });
}

fn ceilings(criterion: &mut Criterion) {
    ceiling::measure(criterion, "elementwise");
}

criterion_group! {
    name = elementwise;
    config = ceiling::settings();
    targets = ceilings, functions, activations, norms, steps
}
criterion_main!(elementwise);
