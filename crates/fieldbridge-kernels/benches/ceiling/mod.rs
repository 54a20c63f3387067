//! What the processor can do at most, to hold the rates of kernels against: multiply-adds on registers alone, and
//! copies of arrays that fit the second cache, the last one, and neither. One thread, as in the benches beside it.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput};
use pulp::{Arch, Simd, WithSimd};

/// Chains of multiply-adds that hide each other's latency.
const CHAINS: usize = 12;
/// Multiply-adds of a chain.
const STEPS: usize = 100_000;

/// Lengths of the arrays copied.
const COPIED: [usize; 3] = [1 << 14, 1 << 18, 1 << 23];

/// Multiply-adds without memory.
struct MultiplyAdds;

impl WithSimd for MultiplyAdds {
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

/// Measures both under a name of its own for each bench, so that a kernel and its ceiling are of the same minute.
pub(crate) fn measure(criterion: &mut Criterion, bench: &str) {
    let mut group = criterion.benchmark_group(format!("ceiling of {bench}"));
    let lanes = Arch::new().dispatch(Lanes);
    group.throughput(Throughput::Elements((2 * CHAINS * STEPS * lanes) as u64));
    group.bench_function("multiply-adds", |bencher| {
        bencher.iter(|| Arch::new().dispatch(MultiplyAdds))
    });
    for length in COPIED {
        let (from, mut to) = (vec![1.0_f32; length], vec![0.0_f32; length]);
        group.throughput(Throughput::Bytes(2 * size_of_val(from.as_slice()) as u64));
        group.bench_function(format!("copy of {length}"), |bencher| {
            bencher.iter(|| black_box(&mut to).copy_from_slice(black_box(&from)));
        });
    }
    group.finish();
}

/// Short measurements, with all kernels on one thread unless a bench says otherwise.
pub(crate) fn settings() -> Criterion {
    // already set when this process measured something before
    let _ = rayon::ThreadPoolBuilder::new().num_threads(1).build_global();
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(400))
}
