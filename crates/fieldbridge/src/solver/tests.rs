//! Solvers against fields whose walks are known.

mod adaptive;
mod order;

use burn_tensor::{Tensor, TensorData};

use super::{DormandPrince, Euler, Heun, RungeKutta, Solver, Watch};
use crate::device::cpu;

fn matrix(values: &[f32], columns: usize) -> Tensor<2> {
    Tensor::from_data(
        TensorData::new(values.to_vec(), [values.len() / columns, columns]),
        &cpu(),
    )
}

fn host(tensor: Tensor<2>) -> Vec<f32> {
    tensor.into_data().as_slice::<f32>().expect("f32").to_vec()
}

fn dormand_prince(tolerance: f64) -> DormandPrince {
    DormandPrince {
        tolerance,
        max_evaluations: 20_000,
    }
}

fn every_solver() -> Vec<Box<dyn Solver>> {
    vec![
        Box::new(Euler { steps: 2000 }),
        Box::new(Heun { steps: 200 }),
        Box::new(RungeKutta { steps: 50 }),
        Box::new(dormand_prince(1e-6)),
    ]
}

/// A field with a known walk.
struct Known {
    name: &'static str,
    field: fn(Tensor<2>, Tensor<2>) -> Tensor<2>,
    /// Position at a time, from the position at time 0.
    walk: fn(f64, f64) -> f64,
    starts: [f32; 3],
}

fn known_fields() -> [Known; 3] {
    [
        Known {
            name: "decay",
            field: |x, _| x.neg(),
            walk: |x, t| x * (-t).exp(),
            starts: [1.0, -2.0, 0.3],
        },
        Known {
            name: "logistic growth",
            field: |x, _| x.clone() * (x.neg() + 1.0) * 3.0,
            walk: |x, t| x * (3.0 * t).exp() / (1.0 + x * ((3.0 * t).exp() - 1.0)),
            starts: [0.1, 0.5, 1.4],
        },
        Known {
            name: "a field of time, x cos(4 t)",
            field: |x, t| x * (t * 4.0).cos(),
            walk: |x, t| x * ((4.0 * t).sin() / 4.0).exp(),
            starts: [1.0, -0.5, 2.0],
        },
    ]
}

#[test]
fn a_watched_walk_passes_where_the_known_one_does() {
    for known in known_fields() {
        for solver in every_solver() {
            let start = matrix(&known.starts, 1);
            let mut watch = Watch::pieces(5);
            let watched = solver
                .walk_watched(&known.field, start.clone(), (0.0, 1.0), &mut watch)
                .unwrap();
            let end = solver.walk(&known.field, start.clone(), 0.0, 1.0).unwrap().end;
            let stops = watch.between(start, watched.end.clone(), |_, x| x);
            assert_eq!(stops.len(), 6, "{} by {solver:?}", known.name);
            for stop in &stops {
                let found = host(stop.points.clone());
                for (&begin, found) in known.starts.iter().zip(found) {
                    let expected = (known.walk)(f64::from(begin), stop.time);
                    // Euler's error is the largest, the inverse of its steps
                    let off = (f64::from(found) - expected).abs();
                    assert!(off < 5e-3, "{} by {solver:?} at {}: {off}", known.name, stop.time);
                }
            }
            for (one, other) in host(watched.end).iter().zip(host(end)) {
                assert!((one - other).abs() < 1e-4, "{} by {solver:?}", known.name);
            }
        }
    }
}
