//! Transforms of several numbers.

use burn_tensor::Tensor;

use super::super::{
    Affine, AffineMap, Autoregressive, Boundary, Coupling, Monotone, Permutation, RationalQuadraticSpline, Residual,
    Reversed, Rotation, Supplier, Transform,
};
use super::{assert_near, host, matrix, normals};
use crate::device::cpu;
use crate::network::{Activation, Registry, Weights};
use crate::random::Stream;

const CONTEXT: usize = 3;

fn supplier(context: usize) -> Supplier {
    Supplier {
        context,
        width: 16,
        blocks: 1,
        activation: Activation::Silu,
    }
}

fn maps() -> Vec<(&'static str, Box<dyn Monotone>)> {
    let spline = RationalQuadraticSpline {
        bins: 6,
        bound: 3.0,
        boundary: Boundary::Linear,
    };
    vec![("affine", Box::new(AffineMap)), ("spline", Box::new(spline))]
}

struct Case {
    name: String,
    transform: Box<dyn Transform>,
    /// With values moved off their start.
    weights: Weights,
    /// At their start.
    fresh: Weights,
    dimension: usize,
    context: usize,
}

fn case(
    name: String,
    dimension: usize,
    context: usize,
    build: impl FnOnce(&mut Registry) -> Box<dyn Transform>,
) -> Case {
    let mut registry = Registry::new();
    let transform = build(&mut registry);
    let mut parameters = registry.finish(2);
    let fresh = parameters.on(&cpu());
    let noise = Stream::new(3, "perturbation", 0).normals(parameters.count());
    for (value, noise) in parameters.values_mut().iter_mut().zip(noise) {
        // more would give slopes of 1e-6, whose inverse single precision cannot hold
        *value += 0.1 * noise;
    }
    Case {
        name,
        transform,
        weights: parameters.on(&cpu()),
        fresh,
        dimension,
        context,
    }
}

/// Every transform, with and without context, in one to three dimensions.
fn every_transform() -> Vec<Case> {
    let mut cases = Vec::new();
    for dimension in 1..=3 {
        cases.push(case(format!("affine {dimension}"), dimension, 0, |registry| {
            Box::new(Affine::new(registry, dimension))
        }));
        cases.push(case(format!("rotation {dimension}"), dimension, 0, |registry| {
            Box::new(Rotation::new(registry, dimension, &Stream::new(1, "rotation", 0)))
        }));
        cases.push(case(format!("permutation {dimension}"), dimension, 0, |_| {
            let order: Vec<usize> = (0..dimension).map(|at| (at + 1) % dimension).collect();
            Box::new(Permutation::new(&order))
        }));
        for context in [0, CONTEXT] {
            cases.push(case(
                format!("residual {dimension} context {context}"),
                dimension,
                context,
                |registry| Box::new(Residual::new(registry, dimension, context, 16, 2, 0.8)),
            ));
            for (kind, map) in maps() {
                let name = format!("inverse autoregressive {kind} {dimension} context {context}");
                cases.push(case(name, dimension, context, |registry| {
                    let order = [vec![1], vec![2, 1], vec![2, 3, 1]][dimension - 1].clone();
                    let layer = Autoregressive::new(registry, order, map, supplier(context));
                    Box::new(Reversed(Box::new(layer)))
                }));
            }
            for (kind, map) in maps() {
                let name = format!("autoregressive {kind} {dimension} context {context}");
                cases.push(case(name, dimension, context, |registry| {
                    let order = [vec![1], vec![2, 1], vec![2, 3, 1]][dimension - 1].clone();
                    Box::new(Autoregressive::new(registry, order, map, supplier(context)))
                }));
            }
            for (kind, map) in maps().into_iter().filter(|_| dimension > 1) {
                let name = format!("coupling {kind} {dimension} context {context}");
                cases.push(case(name, dimension, context, |registry| {
                    Box::new(Coupling::new(registry, dimension, map, supplier(context)))
                }));
            }
        }
    }
    cases
}

/// Points near and far, and their contexts.
fn points(case: &Case) -> (Vec<f32>, Option<Tensor<2>>) {
    let rows = 40;
    let mut x: Vec<f32> = normals("points", rows * case.dimension)
        .iter()
        .map(|x| x * 1.5)
        .collect();
    // far outside the splines, and exactly at their bounds
    x[..case.dimension].fill(30.0);
    x[case.dimension..2 * case.dimension].fill(-3.0);
    x[2 * case.dimension..3 * case.dimension].fill(3.0);
    let context = (case.context > 0).then(|| matrix(&normals("contexts", rows * case.context), case.context));
    (x, context)
}

#[test]
fn they_return_from_either_side_with_opposite_volumes() {
    for case in every_transform() {
        let (x, context) = points(&case);
        let (z, there) = case
            .transform
            .forward(&case.weights, matrix(&x, case.dimension), context.as_ref());
        let (back, and_back) = case.transform.inverse(&case.weights, z, context.as_ref());
        let zero = vec![0.0; x.len() / case.dimension];
        assert_near(&host(back), &x, 1e-4, &case.name);
        assert_near(&host(there + and_back), &zero, 1e-3, &case.name);
        let (there, volume) = case
            .transform
            .inverse(&case.weights, matrix(&x, case.dimension), context.as_ref());
        let (again, and_again) = case.transform.forward(&case.weights, there, context.as_ref());
        assert_near(&host(again), &x, 1e-4, &case.name);
        assert_near(&host(volume + and_again), &zero, 1e-3, &case.name);
    }
}

/// Determinant of a matrix of at most three rows.
fn determinant(m: &[f64], dimension: usize) -> f64 {
    match dimension {
        1 => m[0],
        2 => m[0] * m[3] - m[1] * m[2],
        _ => {
            m[0] * (m[4] * m[8] - m[5] * m[7]) - m[1] * (m[3] * m[8] - m[5] * m[6]) + m[2] * (m[3] * m[7] - m[4] * m[6])
        }
    }
}

#[test]
fn the_log_volume_is_that_of_the_numerical_jacobian() {
    for case in every_transform() {
        let (x, context) = points(&case);
        let dimension = case.dimension;
        let rows = x.len() / dimension;
        let map = |x: &[f32]| {
            case.transform
                .forward(&case.weights, matrix(x, dimension), context.as_ref())
        };
        let volumes = host(map(&x).1);
        let step = 1e-3_f32;
        // columns[k]: change of every output when input k moves
        let columns: Vec<Vec<f32>> = (0..dimension)
            .map(|input| {
                let at = |sign: f32| {
                    let mut moved = x.clone();
                    moved
                        .iter_mut()
                        .skip(input)
                        .step_by(dimension)
                        .for_each(|x| *x += sign * step);
                    map(&moved).0
                };
                host((at(1.0) - at(-1.0)) / (2.0 * step))
            })
            .collect();
        // the first rows are far away, or at a bound where only one-sided derivatives exist
        for row in 3..rows {
            let jacobian: Vec<f64> = (0..dimension)
                .flat_map(|input| (0..dimension).map(move |output| (input, output)))
                .map(|(input, output)| f64::from(columns[input][row * dimension + output]))
                .collect();
            let numeric = determinant(&jacobian, dimension).abs().ln();
            let exact = f64::from(volumes[row]);
            assert!(
                (exact - numeric).abs() < 1e-2,
                "{} row {row}: {exact} against {numeric}",
                case.name
            );
        }
    }
}

#[test]
fn learned_transforms_start_as_the_identity() {
    for case in every_transform() {
        if case.name.starts_with("rotation") || case.name.starts_with("permutation") {
            continue;
        }
        let (x, context) = points(&case);
        let (z, volume) = case
            .transform
            .forward(&case.fresh, matrix(&x, case.dimension), context.as_ref());
        assert_near(&host(z), &x, 1e-5, &case.name);
        assert_near(&host(volume), &vec![0.0; x.len() / case.dimension], 1e-5, &case.name);
    }
}

#[test]
fn the_context_matters_row_by_row() {
    for case in every_transform().into_iter().filter(|case| case.context > 0) {
        let (x, context) = points(&case);
        let dimension = case.dimension;
        // the first rows are outside the splines, where nothing happens
        let x: Vec<f32> = x[3 * dimension..].iter().map(|x| x.clamp(-2.0, 2.0)).collect();
        let context = context.unwrap();
        let rows = context.dims()[0] - 3;
        let context = context.narrow(0, 3, rows);
        let map = |context: &Tensor<2>| {
            host(
                case.transform
                    .forward(&case.weights, matrix(&x, dimension), Some(context))
                    .0,
            )
        };
        let before = map(&context);
        let mut other = host(context);
        other[0] += 1.0;
        let after = map(&matrix(&other, CONTEXT));
        assert_ne!(before[..dimension], after[..dimension], "{}", case.name);
        assert_eq!(before[dimension..], after[dimension..], "{}", case.name);
    }
}

#[test]
fn a_rotation_is_orthogonal_and_depends_on_its_stream() {
    for dimension in [1, 2, 3, 17] {
        let drawn = |index| {
            let mut registry = Registry::new();
            let rotation = Rotation::new(&mut registry, dimension, &Stream::new(1, "rotation", index));
            let weights = registry.finish(0).on(&cpu());
            rotation.forward(&weights, Tensor::eye(dimension, &cpu()), None).0
        };
        let q = drawn(0);
        let product = host(q.clone().matmul(q.transpose()));
        let identity = host(Tensor::<2>::eye(dimension, &cpu()));
        assert_near(&product, &identity, 1e-6, "Q Q^T");
        assert!(dimension == 1 || host(drawn(0)) != host(drawn(1)));
    }
}

#[test]
fn a_permutation_reorders() {
    let weights = Registry::new().finish(0).on(&cpu());
    let permutation = Permutation::new(&[2, 0, 1]);
    let (z, _) = permutation.forward(&weights, matrix(&[10.0, 11.0, 12.0, 20.0, 21.0, 22.0], 3), None);
    assert_eq!(host(z), [12.0, 10.0, 11.0, 22.0, 20.0, 21.0]);
}

#[test]
#[should_panic(expected = "every dimension appears once")]
fn a_permutation_names_every_dimension() {
    Permutation::new(&[0, 0, 1]);
}
