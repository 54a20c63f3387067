//! Our matrix products on one thread in the shapes of networks, beside the `gemm` crate and beside fused multiply-adds
//! on registers alone, which are the peak of the processor: all in multiplications and additions a second.

mod ceiling;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use fieldbridge_kernels::product::{Matrix, MatrixMut, Precision, Start, multiply, multiply_rows};

/// Which factor is given transposed.
#[derive(Clone, Copy)]
enum Layout {
    /// Activations times weights.
    Plain,
    /// Gradients times transposed weights.
    RightTransposed,
    /// Transposed activations times gradients.
    LeftTransposed,
}

/// Name of the layout, the layout, and rows, shared index and columns of the product.
const SHAPES: [(&str, Layout, [usize; 3]); 16] = [
    ("plain", Layout::Plain, [256, 256, 256]),
    ("plain", Layout::Plain, [1044, 192, 576]),
    ("plain", Layout::Plain, [1044, 768, 192]),
    ("plain", Layout::Plain, [1044, 64, 64]),
    ("plain", Layout::Plain, [1044, 34, 256]),
    ("plain", Layout::Plain, [512, 256, 174]),
    ("plain", Layout::Plain, [1044, 256, 2]),
    ("plain", Layout::Plain, [64, 32, 261]),
    ("plain", Layout::Plain, [64, 261, 32]),
    ("right transposed", Layout::RightTransposed, [256, 256, 256]),
    ("right transposed", Layout::RightTransposed, [1044, 576, 192]),
    ("right transposed", Layout::RightTransposed, [1044, 2, 256]),
    ("left transposed", Layout::LeftTransposed, [256, 1044, 256]),
    ("left transposed", Layout::LeftTransposed, [192, 1044, 576]),
    ("left transposed", Layout::LeftTransposed, [34, 1044, 256]),
    ("left transposed", Layout::LeftTransposed, [256, 1044, 2]),
];

/// Numbers between minus one and one.
fn numbers(count: usize) -> Vec<f32> {
    (0..count).map(|i| (i as f32 * 0.618_034).fract() * 2.0 - 1.0).collect()
}

fn ceilings(criterion: &mut Criterion) {
    ceiling::measure(criterion, "products");
}

fn products(criterion: &mut Criterion) {
    let one_thread = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .expect("a thread");
    for (name, layout, [rows, depth, columns]) in SHAPES {
        let (a, b) = (numbers(rows * depth), numbers(depth * columns));
        let a = match layout {
            Layout::LeftTransposed => Matrix::new(&a, depth, rows).transposed(),
            _ => Matrix::new(&a, rows, depth),
        };
        let b = match layout {
            Layout::RightTransposed => Matrix::new(&b, columns, depth).transposed(),
            _ => Matrix::new(&b, depth, columns),
        };
        let mut c = vec![0.0; rows * columns];
        let mut group = criterion.benchmark_group(format!("{name} {rows} x {depth} x {columns}"));
        group.throughput(Throughput::Elements(2 * (rows * depth * columns) as u64));
        group.bench_function(BenchmarkId::from_parameter("ours"), |bencher| {
            bencher.iter(|| {
                multiply(
                    black_box(a),
                    black_box(b),
                    MatrixMut::new(&mut c, rows, columns),
                    Start::Zero,
                );
            });
        });
        // the rounding of both factors counts
        group.bench_function(BenchmarkId::from_parameter("ours, bfloat16"), |bencher| {
            one_thread.install(|| {
                bencher.iter(|| {
                    let into = MatrixMut::new(&mut c, rows, columns);
                    multiply_rows(
                        Precision::Bf16,
                        black_box(a),
                        black_box(b),
                        into,
                        Start::Zero,
                        |_, _| {},
                    );
                });
            });
        });
        group.bench_function(BenchmarkId::from_parameter("gemm"), |bencher| {
            bencher.iter(|| {
                // SAFETY: the views lie inside their slices, and `c` has `rows` times `columns` numbers.
                unsafe {
                    gemm::gemm(
                        rows,
                        columns,
                        depth,
                        c.as_mut_ptr(),
                        1,
                        columns as isize,
                        false,
                        black_box(a).data.as_ptr(),
                        a.column_stride as isize,
                        a.row_stride as isize,
                        black_box(b).data.as_ptr(),
                        b.column_stride as isize,
                        b.row_stride as isize,
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
}

criterion_group! {
    name = benches;
    config = ceiling::settings();
    targets = ceilings, products
}
criterion_main!(benches);
