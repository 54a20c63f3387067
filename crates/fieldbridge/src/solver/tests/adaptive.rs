//! Steps of their own for every row.

use std::cell::Cell;

use burn_tensor::Tensor;

use super::super::{Field, Solver, SolverKind, select_rows};
use super::{DormandPrince, dormand_prince, host, known_fields, matrix};
use crate::device::cpu;
use crate::error::Error;
use crate::network::{Activation, Conditions, Mlp, Network, Registry};

/// A field that is smooth for small `x` and lively for large.
fn uneven(x: Tensor<2>, t: Tensor<2>) -> Tensor<2> {
    (x.clone() * 3.0 + t * 5.0).sin() * x
}

#[test]
fn a_row_alone_walks_as_it_does_among_others() {
    let starts = [0.01, 0.3, 1.0, 5.0, 20.0, -7.0, 0.0];
    let solver = dormand_prince(1e-5);
    let together = solver.walk(&uneven, matrix(&starts, 1), 0.0, 1.0).unwrap();
    let errors = host(together.error.unwrap());
    for ((start, end), error) in starts.iter().zip(host(together.end)).zip(errors) {
        let alone = solver.walk(&uneven, matrix(&[*start], 1), 0.0, 1.0).unwrap();
        let found = host(alone.end)[0];
        assert!(
            (found - end).abs() <= 2e-6 * (1.0 + end.abs()),
            "{start}: {found} alone, {end} among others"
        );
        let alone = host(alone.error.unwrap())[0];
        assert!(
            (alone - error).abs() <= 0.2 * error.max(1e-7),
            "{start}: error {alone} alone, {error} among others"
        );
    }
}

#[test]
fn the_error_estimate_bounds_the_true_error() {
    for known in known_fields() {
        for tolerance in [1e-3, 1e-4, 1e-5] {
            let walk = dormand_prince(tolerance)
                .walk(&known.field, matrix(&known.starts, 1), 0.0, 1.0)
                .unwrap();
            let estimates = host(walk.error.unwrap());
            for ((&end, &estimate), start) in host(walk.end).iter().zip(&estimates).zip(known.starts) {
                let expected = (known.walk)(f64::from(start), 1.0);
                let error = (f64::from(end) - expected).abs();
                // local errors grow by at most e^3 on the way; single precision adds its rounding
                let rounding = 1e-6 * (1.0 + expected.abs());
                assert!(
                    error <= 3.0 * f64::from(estimate) + rounding,
                    "{} at {tolerance:e}: error {error:e}, estimate {estimate:e}",
                    known.name
                );
            }
        }
    }
}

#[test]
fn the_error_follows_the_tolerance() {
    // errors are those of the worst of the known fields
    let worst = |tolerance: f64| {
        let mut worst: f64 = 0.0;
        let mut cost = 0;
        for known in known_fields() {
            let walk = dormand_prince(tolerance)
                .walk(&known.field, matrix(&known.starts, 1), 0.0, 1.0)
                .unwrap();
            cost += walk.evaluations;
            for (&end, start) in host(walk.end).iter().zip(known.starts) {
                worst = worst.max((f64::from(end) - (known.walk)(f64::from(start), 1.0)).abs());
            }
        }
        (worst, cost)
    };
    let (loose, middle, tight) = (worst(1e-2), worst(1e-4), worst(1e-6));
    assert!(
        loose.0 < 1e-1 && middle.0 < 1e-3 && tight.0 < 1e-5,
        "{loose:?} {middle:?} {tight:?}"
    );
    assert!(
        middle.0 < 0.2 * loose.0 && tight.0 < 0.5 * middle.0,
        "{loose:?} {middle:?} {tight:?}"
    );
    assert!(
        loose.1 < middle.1 && middle.1 < tight.1,
        "{loose:?} {middle:?} {tight:?}"
    );
}

/// `dx/dt = rate (cos t - x)` with a rate for each row.
struct Relaxation(Tensor<2>);

impl Field for Relaxation {
    fn velocity(&self, x: Tensor<2>, t: Tensor<2>) -> Tensor<2> {
        (t.cos() - x) * self.0.clone()
    }

    fn select(&self, rows: &[usize]) -> Box<dyn Field + '_> {
        Box::new(Self(select_rows(self.0.clone(), rows)))
    }
}

#[test]
fn rows_that_arrive_early_leave_the_others_as_they_would_be_alone() {
    let rates = [0.1, 300.0, 1.0, 40.0, 0.1, 0.2, 7.0];
    let starts = [0.5, -1.0, 2.0, 0.0, 1.0, -3.0, 0.1];
    let solver = dormand_prince(1e-6);
    let together = solver
        .walk(&Relaxation(matrix(&rates, 1)), matrix(&starts, 1), 0.0, 1.0)
        .unwrap();
    let (ends, errors) = (host(together.end), host(together.error.unwrap()));
    for row in 0..rates.len() {
        let alone = solver
            .walk(
                &Relaxation(matrix(&rates[row..=row], 1)),
                matrix(&starts[row..=row], 1),
                0.0,
                1.0,
            )
            .unwrap();
        assert_eq!(host(alone.end), [ends[row]], "row {row}");
        assert_eq!(host(alone.error.unwrap()), [errors[row]], "row {row}");
    }
}

#[test]
fn a_batch_costs_what_its_rows_cost_alone() {
    let rows_evaluated = |starts: &[f32]| {
        let count = Cell::new(0);
        let field = |x: Tensor<2>, t: Tensor<2>| {
            count.set(count.get() + x.dims()[0]);
            uneven(x, t)
        };
        dormand_prince(1e-5).walk(&field, matrix(starts, 1), 0.0, 1.0).unwrap();
        count.get()
    };
    let starts = [0.01, 0.3, 1.0, 5.0, 20.0, -7.0, 0.0];
    let alone: Vec<usize> = starts.iter().map(|&start| rows_evaluated(&[start])).collect();
    assert!(alone.iter().max() > alone.iter().min(), "{alone:?}");
    assert_eq!(rows_evaluated(&starts), alone.iter().sum::<usize>(), "{alone:?}");
}

#[test]
fn a_row_of_a_network_walks_alone_as_among_others_to_the_last_bit() {
    let mut registry = Registry::new();
    let network = Mlp::new(&mut registry, 2, Some(16), 0, &[64, 64], 2, Activation::Silu);
    let mut parameters = registry.finish(3);
    // the last layer begins at zero, and a field of zero is no test
    for (at, value) in parameters.values_mut().iter_mut().enumerate() {
        *value += 0.1 * (at as f32 * 0.7).sin();
    }
    let weights = parameters.on(&cpu());
    let field = |x: Tensor<2>, t: Tensor<2>| {
        let conditions = Conditions {
            t: Some(t),
            context: None,
        };
        network.forward(&weights, x, &conditions)
    };
    let starts: Vec<f32> = (0..2 * 70).map(|at| 2.0 * (at as f32 * 1.7).sin()).collect();
    let walk = |rows: &[f32]| {
        let walk = dormand_prince(1e-4).walk(&field, matrix(rows, 2), 0.0, 1.0).unwrap();
        (host(walk.end), host(walk.error.unwrap()))
    };
    let (ends, errors) = walk(&starts);
    assert!(ends.iter().zip(&starts).any(|(end, start)| (end - start).abs() > 0.1));
    for rows in [0..1, 3..10, 69..70] {
        let part = 2 * rows.start..2 * rows.end;
        let alone = walk(&starts[part.clone()]);
        assert_eq!(alone, (ends[part.clone()].to_vec(), errors[part].to_vec()), "{rows:?}");
    }
}

#[test]
fn a_stiff_field_ends_in_an_error_that_says_where() {
    let solver = DormandPrince {
        tolerance: 1e-5,
        max_evaluations: 300,
    };
    // the second row relaxes a million times faster than the others
    let field = Relaxation(matrix(&[1.0, 1e6, 1.0], 1));
    match solver.walk(&field, matrix(&[0.0; 3], 1), 0.0, 1.0) {
        Err(Error::Solver {
            row,
            time,
            evaluations,
            limit,
            ..
        }) => {
            assert_eq!((row, limit), (1, 300));
            assert!((0.0..1.0).contains(&time));
            assert!((300..310).contains(&evaluations), "{evaluations}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_start_that_is_no_number_is_an_error() {
    for start in [f32::NAN, f32::INFINITY] {
        match dormand_prince(1e-5).walk(
            &|x: Tensor<2>, _: Tensor<2>| x.neg(),
            matrix(&[1.0, start], 1),
            0.0,
            1.0,
        ) {
            Err(Error::Solver { row, time, .. }) => assert_eq!((row, time), (1, 0.0)),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn steps_grow_where_nothing_happens() {
    let walk = dormand_prince(1e-5)
        .walk(
            &|x: Tensor<2>, _: Tensor<2>| x.zeros_like(),
            matrix(&[1.0, 2.0], 2),
            0.0,
            1.0,
        )
        .unwrap();
    assert!(walk.evaluations < 40, "{}", walk.evaluations);
    assert_eq!((host(walk.end), walk.rejected), (vec![1.0, 2.0], 0));
}

#[test]
fn kinds_build_what_they_name_and_read_as_recipes_write_them() {
    let kinds = [
        ("method = \"euler\"\nsteps = 7", SolverKind::Euler { steps: 7 }),
        ("method = \"heun\"\nsteps = 7", SolverKind::Heun { steps: 7 }),
        (
            "method = \"runge_kutta\"\nsteps = 7",
            SolverKind::RungeKutta { steps: 7 },
        ),
        (
            "method = \"dormand_prince\"\ntolerance = 1e-4",
            SolverKind::DormandPrince {
                tolerance: 1e-4,
                max_evaluations: 20_000,
            },
        ),
    ];
    for (text, kind) in kinds {
        assert_eq!(toml::from_str::<SolverKind>(text).unwrap(), kind);
        let expected = match kind {
            SolverKind::Euler { .. } => "Euler { steps: 7 }",
            SolverKind::Heun { .. } => "Heun { steps: 7 }",
            SolverKind::RungeKutta { .. } => "RungeKutta { steps: 7 }",
            SolverKind::DormandPrince { .. } => "DormandPrince { tolerance: 0.0001, max_evaluations: 20000 }",
        };
        assert_eq!(format!("{:?}", kind.build()), expected);
    }
    assert!(toml::from_str::<SolverKind>("method = \"euler\"\nsteps = 7\ntolerance = 1.0").is_err());
}
