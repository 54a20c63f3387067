//! How the error falls with the step, and the way back.

use burn_tensor::Tensor;

use super::{Euler, Heun, RungeKutta, Solver, every_solver, host, known_fields, matrix};
use crate::error::Error;

type Build = fn(usize) -> Box<dyn Solver>;

#[test]
fn fixed_steps_converge_at_their_order() {
    // step counts for which the error is above the rounding of single precision
    let methods: [(&str, f64, usize, Build); 3] = [
        ("Euler", 1.0, 32, |steps| Box::new(Euler { steps })),
        ("Heun", 2.0, 12, |steps| Box::new(Heun { steps })),
        ("Runge-Kutta", 4.0, 6, |steps| Box::new(RungeKutta { steps })),
    ];
    for (name, order, steps, build) in methods {
        for known in known_fields() {
            let error = |steps| {
                let walk = build(steps)
                    .walk(&known.field, matrix(&known.starts, 1), 0.0, 1.0)
                    .unwrap();
                assert!(walk.error.is_none() && walk.rejected == 0);
                host(walk.end)
                    .iter()
                    .zip(known.starts)
                    .map(|(&end, start)| (f64::from(end) - (known.walk)(f64::from(start), 1.0)).abs())
                    .fold(0.0, f64::max)
            };
            let measured = (error(steps) / error(2 * steps)).log2();
            assert!(
                (order - 0.35..order + 0.6).contains(&measured),
                "{name} on {}: order {measured}, errors {:e} {:e}",
                known.name,
                error(steps),
                error(2 * steps)
            );
        }
    }
}

#[test]
fn every_solver_finds_the_known_walk_in_both_directions_and_returns() {
    for solver in every_solver() {
        for known in known_fields() {
            let there = solver.walk(&known.field, matrix(&known.starts, 1), 0.0, 1.0).unwrap();
            assert!(there.evaluations > 0);
            for (&end, start) in host(there.end.clone()).iter().zip(known.starts) {
                let expected = (known.walk)(f64::from(start), 1.0);
                let error = (f64::from(end) - expected).abs();
                assert!(error < 3e-3, "{solver:?} on {}: {end} against {expected}", known.name);
            }
            let back = solver.walk(&known.field, there.end, 1.0, 0.0).unwrap();
            for (&back, start) in host(back.end).iter().zip(known.starts) {
                assert!(
                    (back - start).abs() < 5e-3,
                    "{solver:?} on {}: {back} against {start}",
                    known.name
                );
            }
        }
    }
}

#[test]
fn no_time_is_no_walk() {
    for solver in every_solver() {
        let start = [1.0, -2.0, 0.3, 4.0];
        let walk = solver
            .walk(&|x: Tensor<2>, _: Tensor<2>| x.neg(), matrix(&start, 2), 0.4, 0.4)
            .unwrap();
        assert_eq!(host(walk.end), start, "{solver:?}");
    }
}

#[test]
fn no_rows_are_no_walk() {
    for solver in every_solver() {
        let walk = solver
            .walk(&|x: Tensor<2>, _: Tensor<2>| x.neg(), matrix(&[], 2), 0.0, 1.0)
            .unwrap();
        assert_eq!(walk.end.dims(), [0, 2], "{solver:?}");
    }
}

#[test]
fn a_field_that_is_no_number_is_an_error_with_its_row() {
    for solver in every_solver() {
        // the square root of the third row runs out on the way
        let field = |x: burn_tensor::Tensor<2>, t: burn_tensor::Tensor<2>| (x.clone() - t * 0.6).sqrt() * 0.0 + x * 0.0;
        let result = solver.walk(&field, matrix(&[5.0, 3.0, 0.3, 2.0], 1), 0.0, 1.0);
        match result {
            Err(Error::Solver {
                row, time, evaluations, ..
            }) => {
                assert_eq!(row, 2, "{solver:?}");
                assert!((0.0..=1.0).contains(&time), "{solver:?}: {time}");
                assert!(evaluations > 0);
            }
            other => panic!("{solver:?}: {other:?}"),
        }
    }
}
