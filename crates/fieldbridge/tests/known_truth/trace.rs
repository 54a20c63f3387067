//! Traces of known matrices.

use burn_tensor::{Tensor, TensorData};
use fieldbridge::device::cpu;
use fieldbridge::likelihood::{ExactTrace, Hutchinson, Trace, TraceKind};
use fieldbridge::random::Stream;

use super::{host, mean_and_error, normals};

const DIMENSION: usize = 5;

fn matrix() -> (Tensor<2>, f64) {
    let values = normals("matrix", DIMENSION * DIMENSION);
    let trace = (0..DIMENSION).map(|at| f64::from(values[at * DIMENSION + at])).sum();
    (
        Tensor::from_data(TensorData::new(values, [DIMENSION, DIMENSION]), &cpu()),
        trace,
    )
}

/// Estimates of the trace, `[rows, estimates]`.
fn estimates(trace: &dyn Trace, rows: usize, index: u64) -> Tensor<2> {
    let (a, _) = matrix();
    let tangents = trace.tangents(rows, DIMENSION, &Stream::new(0, "probes", index), &cpu());
    let directions = tangents.dims()[1];
    let products = tangents
        .clone()
        .reshape([rows * directions, DIMENSION])
        .matmul(a.transpose());
    trace.estimates(tangents, products.reshape([rows, directions, DIMENSION]))
}

#[test]
fn the_exact_trace_is_the_trace() {
    let found = estimates(&ExactTrace, 7, 0);
    assert_eq!(found.dims(), [7, 1]);
    for value in host(found) {
        assert!((value - matrix().1).abs() < 1e-5);
    }
}

#[test]
fn random_probes_are_unbiased_and_their_spread_is_their_error() {
    let (_, trace) = matrix();
    let probes = 8;
    let found = estimates(&Hutchinson { probes }, 4000, 1);
    assert_eq!(found.dims(), [4000, probes]);
    let all = host(found);
    let (mean, error) = mean_and_error(&all);
    assert!(
        (mean - trace).abs() < 4.0 * error,
        "{mean} +- {error}, expected {trace}"
    );
    // each row's own error covers as often as that of a mean of eight does (Student, 7 degrees of freedom: 66 %)
    let covered = all.chunks_exact(probes).filter(|row| {
        let (mean, error) = mean_and_error(row);
        (mean - trace).abs() < error
    });
    let share = covered.count() as f64 / 4000.0;
    assert!((0.58..0.74).contains(&share), "{share}");
}

#[test]
fn probes_depend_on_their_stream_alone() {
    let trace = TraceKind::Hutchinson { probes: 2 }.build();
    assert_eq!(
        host(estimates(trace.as_ref(), 3, 4)),
        host(estimates(trace.as_ref(), 3, 4))
    );
    assert_ne!(
        host(estimates(trace.as_ref(), 3, 4)),
        host(estimates(trace.as_ref(), 3, 5))
    );
}
