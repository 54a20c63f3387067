//! Our matrix products on one thread in the shapes of networks, beside the `gemm` crate and beside fused multiply-adds
//! on registers alone, which are the peak of the processor: all in multiplications and additions a second.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use fieldbridge_kernels::product::{Matrix, MatrixMut, Start, multiply};
use pulp::{Simd, WithSimd};

/// Chains of multiply-adds that hide each other's latency.
const CHAINS: usize = 12;
/// Multiply-adds of a chain.
const STEPS: usize = 100_000;

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

/// Multiply-adds without memory.
struct Peak;

impl WithSimd for Peak {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        let (factor, term) = (simd.splat_f32s(black_box(0.5)), simd.splat_f32s(black_box(0.25)));
        let mut chains = [simd.splat_f32s(black_box(1.0)); CHAINS];
        for _ in 0..STEPS {
            for chain in &mut chains {
                *chain = simd.mul_add_e_f32s(factor, *chain, term);
            }
        }
        chains.into_iter().map(|chain| simd.reduce_sum_f32s(chain)).sum()
    }
}

/// Lanes of the widest vectors.
struct Lanes;

impl WithSimd for Lanes {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> usize {
        S::F32_LANES
    }
}

fn peak(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("peak");
    let lanes = pulp::Arch::new().dispatch(Lanes);
    group.throughput(Throughput::Elements((2 * CHAINS * STEPS * lanes) as u64));
    group.bench_function("multiply-adds", |bencher| {
        bencher.iter(|| pulp::Arch::new().dispatch(Peak))
    });
    group.finish();
}

fn products(criterion: &mut Criterion) {
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
    config = Criterion::default().sample_size(20).measurement_time(std::time::Duration::from_millis(500)).warm_up_time(std::time::Duration::from_millis(200));
    targets = peak, products
}
criterion_main!(benches);
