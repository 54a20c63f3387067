//! Continuous flows: linear velocities in closed form, and the gradient through the solver.

use burn_tensor::{Tensor, TensorData};
use fieldbridge::base::Normal;
use fieldbridge::bridge::{Bridge, BridgeKind, BridgeRecipe, ContinuousFlow, ContinuousFlowRecipe, Rows, build};
use fieldbridge::device::cpu;
use fieldbridge::likelihood::{ExactTrace, Hutchinson, Trace, TraceKind};
use fieldbridge::network::{Conditions, Network, NetworkKind, NetworkRecipe, Precision, Weights};
use fieldbridge::random::Stream;
use fieldbridge::solver::{DormandPrince, RungeKutta, SolverKind};
use fieldbridge::train::{gradient, mean_loss};

use super::exact::no_weights;
use super::{host, log_density, mean_and_error, normals, rows, tensor};

/// `v = A x` with `A = [[r, -w], [w, r]]`: growth by `exp(r t)` and a rotation by `w t`.
#[derive(Clone, Debug)]
struct Spiral {
    growth: f64,
    turn: f64,
}

impl Spiral {
    fn matrix(&self) -> Tensor<2> {
        let (r, w) = (self.growth as f32, self.turn as f32);
        Tensor::from_data(TensorData::new(vec![r, w, -w, r], [2, 2]), &cpu())
    }
}

impl Network for Spiral {
    fn forward(&self, _weights: &Weights, x: Tensor<2>, _conditions: &Conditions) -> Tensor<2> {
        x.matmul(self.matrix())
    }

    fn forward_with_tangents(
        &self,
        weights: &Weights,
        x: Tensor<2>,
        conditions: &Conditions,
        tangents: Tensor<3>,
    ) -> (Tensor<2>, Tensor<3>) {
        let [rows, directions, dimension] = tangents.dims();
        let pushed = tangents.reshape([rows * directions, dimension]).matmul(self.matrix());
        (
            self.forward(weights, x, conditions),
            pushed.reshape([rows, directions, dimension]),
        )
    }
}

fn spiral(trace: Box<dyn Trace>) -> ContinuousFlow {
    ContinuousFlow {
        dimension: 2,
        base: Box::new(Normal),
        network: Box::new(Spiral { growth: 0.4, turn: 1.3 }),
        training_solver: Box::new(RungeKutta { steps: 20 }),
        training_trace: TraceKind::Exact,
        kinetic: 0.0,
        jacobian: 0.0,
        solver: Box::new(DormandPrince {
            tolerance: 1e-6,
            max_evaluations: 20_000,
        }),
        trace,
        embedding: None,
    }
}

/// Normal with deviation `exp(r)`: the rotation changes nothing.
fn log_density_of_spiral(x: &[f32]) -> f64 {
    let scale = 0.4_f64.exp();
    let squared: f64 = x.iter().map(|&x| f64::from(x).powi(2)).sum();
    -0.5 * squared / scale.powi(2) - 2.0 * scale.ln() - (2.0 * std::f64::consts::PI).ln()
}

#[test]
fn a_linear_velocity_costs_its_trace() {
    let points = normals("points", 400);
    for (name, trace) in [
        ("exact", Box::new(ExactTrace) as Box<dyn Trace>),
        ("Hutchinson", Box::new(Hutchinson { probes: 4 })),
    ] {
        let found = log_density(&spiral(trace), &no_weights(), &rows(&points, 2, &[]));
        for (x, (value, error)) in points.chunks_exact(2).zip(found) {
            let expected = log_density_of_spiral(x);
            // random signs see the trace of this matrix exactly: off the diagonal it is antisymmetric
            assert!(
                (value - expected).abs() < 2e-4 && error < 1e-3,
                "{name}: {value} +- {error}, expected {expected}"
            );
        }
    }
}

#[test]
fn the_loss_of_training_is_that_density_and_its_penalties_are_known() {
    let points = normals("points", 64);
    let mut bridge = spiral(Box::new(ExactTrace));
    let batch = rows(&points, 2, &[]);
    let losses = |bridge: &ContinuousFlow| host(bridge.loss(&no_weights(), &batch));
    let plain = losses(&bridge);
    for (x, loss) in points.chunks_exact(2).zip(&plain) {
        assert!((loss + log_density_of_spiral(x)).abs() < 1e-4);
    }
    // |v|^2 = (r^2 + w^2) |x|^2 exp(2 r (t - 1)) along the walk that ends at x; |dv/dx|^2 = 2 (r^2 + w^2)
    let speed = 0.4_f64.powi(2) + 1.3_f64.powi(2);
    let shrinking = (1.0 - (-0.8_f64).exp()) / 0.8;
    bridge.kinetic = 0.3;
    for ((x, loss), plain) in points.chunks_exact(2).zip(losses(&bridge)).zip(&plain) {
        let squared: f64 = x.iter().map(|&x| f64::from(x).powi(2)).sum();
        let expected = 0.3 * speed * squared * shrinking;
        assert!(
            (loss - plain - expected).abs() < 1e-4 * (1.0 + expected),
            "{loss} {plain} {expected}"
        );
    }
    (bridge.kinetic, bridge.jacobian) = (0.0, 0.1);
    for (loss, plain) in losses(&bridge).iter().zip(&plain) {
        assert!((loss - plain - 0.2 * speed).abs() < 1e-4);
    }
}

fn small(training_trace: TraceKind, training_solver: SolverKind) -> BridgeRecipe {
    BridgeRecipe {
        kind: BridgeKind::ContinuousFlow,
        continuous_flow: ContinuousFlowRecipe {
            network: NetworkRecipe {
                kind: NetworkKind::Mlp,
                width: 8,
                blocks: 1,
                ..NetworkRecipe::default()
            },
            frequencies: 2,
            training_trace,
            training_solver,
            kinetic: 0.05,
            jacobian: 0.02,
            ..ContinuousFlowRecipe::default()
        },
        ..BridgeRecipe::default()
    }
}

#[test]
fn the_gradient_through_the_solver_is_that_of_finite_differences() {
    let cases = [
        (TraceKind::Exact, SolverKind::RungeKutta { steps: 4 }),
        (TraceKind::Hutchinson { probes: 2 }, SolverKind::Heun { steps: 6 }),
        // steps of its own choice are constants of the gradient, so it is right to their tolerance
        (
            TraceKind::Exact,
            SolverKind::DormandPrince {
                tolerance: 1e-6,
                max_evaluations: 2000,
            },
        ),
    ];
    for (trace, solver) in cases {
        let (bridge, mut parameters) = build(&small(trace, solver), 2, &[], 5).unwrap();
        let noise = normals("perturbation", parameters.count());
        for (value, noise) in parameters.values_mut().iter_mut().zip(noise) {
            *value += 0.4 * noise;
        }
        let mut batch = rows(&normals("rows", 2 * 64), 2, &[]);
        bridge.join(&mut batch, &Stream::new(6, "join", 0));
        let stream = Stream::new(6, "dropout", 0);
        let found = gradient(
            bridge.as_ref(),
            &parameters,
            &batch,
            64,
            (0.0, &stream),
            Precision::Single,
            &cpu(),
        );
        let norm = found.values.iter().map(|slope| slope * slope).sum::<f32>().sqrt();
        assert!(norm > 0.1, "{norm}");
        let loss = |values: Vec<f32>| mean_loss(bridge.as_ref(), &parameters.with_values(values), &batch, &cpu());
        // along the gradient, and along random directions
        let mut directions = vec![found.values.iter().map(|slope| slope / norm).collect::<Vec<f32>>()];
        for index in 0..4 {
            let random = Stream::new(7, "direction", index).normals(parameters.count());
            let length = random.iter().map(|u| u * u).sum::<f32>().sqrt();
            directions.push(random.iter().map(|u| u / length).collect());
        }
        for direction in directions {
            let step = 2e-2;
            let moved = |sign: f32| -> Vec<f32> {
                let values = parameters.values().iter().zip(&direction);
                values.map(|(value, u)| value + sign * step * u).collect()
            };
            let numeric = (loss(moved(1.0)) - loss(moved(-1.0))) / (2.0 * f64::from(step));
            let slope: f32 = found.values.iter().zip(&direction).map(|(slope, u)| slope * u).sum();
            assert!(
                (f64::from(slope) - numeric).abs() < 1e-2 * f64::from(norm),
                "{trace:?}, {solver:?}: {slope} against {numeric}, norm {norm}"
            );
        }
    }
}

#[test]
fn random_probes_leave_the_mean_of_the_loss() {
    let exact = build(&small(TraceKind::Exact, SolverKind::RungeKutta { steps: 4 }), 2, &[], 5).unwrap();
    let random = build(
        &small(TraceKind::Hutchinson { probes: 1 }, SolverKind::RungeKutta { steps: 4 }),
        2,
        &[],
        5,
    )
    .unwrap();
    let mut parameters = exact.1;
    let noise = normals("perturbation", parameters.count());
    for (value, noise) in parameters.values_mut().iter_mut().zip(noise) {
        *value += 0.4 * noise;
    }
    let weights = parameters.on(&cpu());
    let points = normals("rows", 2 * 32);
    let expected = host(exact.0.loss(&weights, &rows(&points, 2, &[])));
    let differences: Vec<f64> = (0..200)
        .flat_map(|index| {
            let mut batch: Rows = rows(&points, 2, &[]);
            random.0.join(&mut batch, &Stream::new(8, "join", index));
            let found = host(random.0.loss(&weights, &batch));
            found
                .into_iter()
                .zip(expected.clone())
                .map(|(found, expected)| found - expected)
                .collect::<Vec<_>>()
        })
        .collect();
    let (mean, error) = mean_and_error(&differences);
    assert!(error > 1e-4, "the probes change nothing: {error}");
    assert!(mean.abs() < 4.0 * error, "{mean} +- {error}");
}

#[test]
fn a_velocity_that_runs_away_is_an_error_or_a_loss_that_is_no_number() {
    let mut bridge = spiral(Box::new(ExactTrace));
    bridge.network = Box::new(Spiral {
        growth: -1e4,
        turn: 0.0,
    });
    let x = tensor(&[1.0, 1.0], 2);
    let refused = bridge.log_density(&no_weights(), x, None, &Stream::new(9, "trace", 0));
    assert!(matches!(refused, Err(fieldbridge::Error::Solver { .. })), "{refused:?}");
    let losses = host(bridge.loss(&no_weights(), &rows(&[1.0, 1.0], 2, &[])));
    assert!(losses.iter().all(|loss| loss.is_nan()));
}
