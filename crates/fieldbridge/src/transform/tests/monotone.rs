//! Maps of one number.

use burn_tensor::{Tensor, TensorData};

use super::super::{AffineMap, Boundary, Monotone, RationalQuadraticSpline};
use super::{assert_near, host, matrix, normals};
use crate::device::cpu;

const BOUND: f32 = 3.0;

fn spline(bins: usize, boundary: Boundary) -> RationalQuadraticSpline {
    RationalQuadraticSpline {
        bins,
        bound: BOUND,
        boundary,
    }
}

fn every_map() -> Vec<(String, Box<dyn Monotone>)> {
    let mut maps: Vec<(String, Box<dyn Monotone>)> = vec![("affine".to_owned(), Box::new(AffineMap))];
    for bins in [2, 5, 16] {
        for boundary in [Boundary::Linear, Boundary::Circular] {
            maps.push((
                format!("{boundary:?} spline of {bins} bins"),
                Box::new(spline(bins, boundary)),
            ));
        }
    }
    maps
}

fn circular(name: &str) -> bool {
    name.starts_with("Circular")
}

/// Numbers for a map: within a circle, or far beyond the bounds too.
fn numbers(name: &str) -> Vec<f32> {
    let inside = (0..61).map(|at| BOUND * (at as f32 / 30.5 - 0.999));
    let mut numbers: Vec<f32> = inside.collect();
    numbers.extend([-BOUND, 0.0, -BOUND * 0.999_999, BOUND * 0.999_999, BOUND.next_down()]);
    if !circular(name) {
        numbers.extend([
            BOUND,
            BOUND.next_up(),
            -BOUND.next_up(),
            3.5,
            -3.5,
            40.0,
            -40.0,
            1e6,
            -1e6,
        ]);
    }
    numbers
}

/// Numbers compared on the circle, when there is one: its two ends are one point.
fn assert_same_place(name: &str, found: &[f32], expected: &[f32], tolerance: f32) {
    let period = 2.0 * BOUND;
    let nearest: Vec<f32> = found
        .iter()
        .zip(expected)
        .map(|(&found, &expected)| {
            if circular(name) {
                found - ((found - expected) / period).round() * period
            } else {
                found
            }
        })
        .collect();
    assert_near(&nearest, expected, tolerance, name);
}

/// The same random parameters for each of `rows` numbers.
fn parameters(map: &dyn Monotone, rows: usize, scale: f32, draw: usize) -> Tensor<3> {
    let one: Vec<f32> = normals("parameters", map.parameters() * (draw + 1))[map.parameters() * draw..]
        .iter()
        .map(|value| value * scale)
        .collect();
    Tensor::<3>::from_data(TensorData::new(one, [1, 1, map.parameters()]), &cpu()).repeat_dim(0, rows)
}

#[test]
fn they_return_from_either_side() {
    for (name, map) in every_map() {
        for draw in 0..3 {
            let x = numbers(&name);
            let given = parameters(map.as_ref(), x.len(), 1.0, draw);
            let (y, forward) = map.forward(matrix(&x, 1), given.clone());
            let (back, inverse) = map.inverse(y, given.clone());
            assert_same_place(&name, &host(back), &x, 1e-4);
            assert_near(
                &host(forward.clone() + inverse),
                &vec![0.0; x.len()],
                1e-3,
                &format!("{name}, slopes there and back"),
            );
            let (there, inverse) = map.inverse(matrix(&x, 1), given.clone());
            let (again, forward) = map.forward(there, given);
            assert_same_place(&name, &host(again), &x, 1e-4);
            assert_near(
                &host(forward + inverse),
                &vec![0.0; x.len()],
                1e-3,
                &format!("{name}, slopes back and there"),
            );
        }
    }
}

#[test]
fn zero_parameters_give_the_identity() {
    for (name, map) in every_map() {
        let x = numbers(&name);
        let zero = Tensor::zeros([x.len(), 1, map.parameters()], &cpu());
        let (y, slope) = map.forward(matrix(&x, 1), zero.clone());
        assert_same_place(&name, &host(y), &x, 1e-5);
        assert_near(&host(slope), &vec![0.0; x.len()], 1e-5, &name);
        let (y, slope) = map.inverse(matrix(&x, 1), zero);
        assert_same_place(&name, &host(y), &x, 1e-5);
        assert_near(&host(slope), &vec![0.0; x.len()], 1e-5, &name);
    }
}

#[test]
fn they_increase() {
    for (name, map) in every_map() {
        for scale in [1.0, 5.0] {
            let x: Vec<f32> = (0..2000).map(|at| BOUND * (at as f32 / 1000.0 - 1.0)).collect();
            let (y, slope) = map.forward(matrix(&x, 1), parameters(map.as_ref(), x.len(), scale, 0));
            assert!(host(slope).iter().all(|slope| slope.is_finite()), "{name}");
            // bins may be a thousandth of the interval high, over half of it wide: steps near rounding
            for pair in host(y).windows(2) {
                assert!(pair[1] >= pair[0] - 1e-6 * BOUND, "{name}: {pair:?}");
            }
        }
    }
}

#[test]
fn the_log_slope_is_the_slope() {
    for (name, map) in every_map() {
        let x: Vec<f32> = numbers(&name)
            .into_iter()
            .filter(|x| x.abs() < 10.0 && (x.abs() - BOUND).abs() > 0.01)
            .collect();
        let given = parameters(map.as_ref(), x.len(), 0.7, 1);
        let step = 5e-4;
        let (_, log_slope) = map.forward(matrix(&x, 1), given.clone());
        let at = |sign: f32| map.forward(matrix(&x, 1) + sign * step, given.clone()).0;
        let numeric = host((at(1.0) - at(-1.0)) / (2.0 * step));
        let exact: Vec<f32> = host(log_slope).iter().map(|log| log.exp()).collect();
        for ((x, exact), numeric) in x.iter().zip(exact).zip(numeric) {
            assert!(
                (exact / numeric - 1.0).abs() < 5e-3,
                "{name} at {x}: {exact} against {numeric}"
            );
        }
    }
}

#[test]
fn splines_meet_their_knots_and_bounds() {
    // with zero heights the knots of y are equally spaced; those of x follow from the widths
    let map = spline(4, Boundary::Linear);
    let mut values = vec![0.4_f32, -0.3, 0.9, 0.0];
    values.extend([0.0; 4]);
    values.extend([0.5, -0.5, 1.0]);
    let total: f32 = values[..4].iter().map(|width| width.exp()).sum();
    let mut knots = vec![-BOUND];
    for width in &values[..4] {
        let share = width.exp() / total * (1.0 - 4e-3) + 1e-3;
        knots.push(knots.last().unwrap() + 2.0 * BOUND * share);
    }
    let given = Tensor::<3>::from_data(TensorData::new(values, [1, 1, 11]), &cpu()).repeat_dim(0, 5);
    let (y, log_slope) = map.forward(matrix(&knots, 1), given.clone());
    assert_near(&host(y.clone()), &[-3.0, -1.5, 0.0, 1.5, 3.0], 1e-5, "knots");
    let (x, _) = map.inverse(matrix(&[-3.0, -1.5, 0.0, 1.5, 3.0], 1), given);
    assert_near(&host(x), &knots, 1e-5, "knots of the inverse");
    // slope one at both ends, softplus of the parameter between
    let slope = |logit: f32| (1.0 + (logit + ((1.0_f32 - 1e-3).exp() - 1.0).ln()).exp()).ln() + 1e-3;
    let expected = [1.0, slope(0.5), slope(-0.5), slope(1.0), 1.0].map(f32::ln);
    assert_near(&host(log_slope), &expected, 1e-3, "slopes at knots");
}

#[test]
fn a_circular_spline_has_the_period_of_its_circle_in_value_and_slope() {
    for bins in [2, 5, 16] {
        let map = spline(bins, Boundary::Circular);
        let x: Vec<f32> = (0..50).map(|at| BOUND * (at as f32 / 25.0 - 0.99)).collect();
        let given = parameters(&map, x.len(), 1.0, 0);
        let (y, slope) = map.forward(matrix(&x, 1), given.clone());
        for turns in [-3.0, -1.0, 1.0, 2.0] {
            let (turned, slope_turned) = map.forward(matrix(&x, 1) + turns * 2.0 * BOUND, given.clone());
            assert_near(&host(turned), &host(y.clone()), 2e-4, "value");
            assert_near(&host(slope_turned), &host(slope.clone()), 5e-3, "slope");
            let (back, _) = map.inverse(y.clone() + turns * 2.0 * BOUND, given.clone());
            // turning rounds `y` at the size of the turned number; the inverse spreads that by its slope
            let rounding = 3.0 * turns.abs() * 2.0 * BOUND * f32::EPSILON;
            for ((back, x), slope) in host(back).iter().zip(&x).zip(host(slope.clone())) {
                let allowed = 2e-4 + rounding * (-slope).exp();
                assert!(
                    (back - x).abs() <= allowed,
                    "inverse: {back}, expected {x} to {allowed}"
                );
            }
        }
        // both sides of the seam
        let seam = [-BOUND, BOUND.next_down()];
        let (_, slopes) = map.forward(matrix(&seam, 1), parameters(&map, 2, 1.0, 0));
        let slopes = host(slopes);
        assert!((slopes[0] - slopes[1]).abs() < 1e-4, "{slopes:?}");
    }
}

#[test]
fn gradients_stay_finite_at_extreme_parameters() {
    for (name, map) in every_map() {
        for scale in [50.0_f32, 200.0] {
            let x = numbers(&name);
            let device = cpu().autodiff();
            let count = x.len() * map.parameters();
            let signs: Vec<f32> = normals("signs", count)
                .iter()
                .map(|value| scale.copysign(*value))
                .collect();
            let signs = TensorData::new(signs, [x.len(), 1, map.parameters()]);
            for inverse in [false, true] {
                let given = Tensor::<3>::from_data(signs.clone(), &device).require_grad();
                let at = Tensor::<2>::from_data(TensorData::new(x.clone(), [x.len(), 1]), &device).require_grad();
                let (y, slope) = if inverse {
                    map.inverse(at.clone(), given.clone())
                } else {
                    map.forward(at.clone(), given.clone())
                };
                assert!(
                    host(y.clone())
                        .iter()
                        .chain(&host(slope.clone()))
                        .all(|value| value.is_finite()),
                    "{name}"
                );
                let gradients = (y.sum() + slope.sum()).backward();
                let slopes = host(given.grad(&gradients).unwrap());
                let moved = host(at.grad(&gradients).unwrap());
                assert!(
                    slopes.iter().chain(&moved).all(|slope| slope.is_finite()),
                    "{name} at +-{scale}, inverse: {inverse}"
                );
            }
        }
    }
}

#[test]
fn the_gradient_of_the_density_is_that_of_finite_differences() {
    for (name, map) in every_map() {
        let x = [0.37_f32, -1.9, 2.2];
        let start = parameters(map.as_ref(), x.len(), 0.7, 2);
        let loss = |given: Tensor<3>, x: Tensor<2>| {
            let (y, slope) = map.forward(x, given);
            (y.square() * -0.5 + slope).sum()
        };
        let device = cpu().autodiff();
        let tracked = Tensor::<3>::from_data(start.clone().into_data(), &device).require_grad();
        let at = Tensor::<2>::from_data(TensorData::new(x.to_vec(), [3, 1]), &device);
        let gradients = loss(tracked.clone(), at).backward();
        let exact = host(tracked.grad(&gradients).unwrap());
        let flat = host(start.clone());
        let step = 2e-3;
        for (place, exact) in exact.into_iter().enumerate() {
            let at = |sign: f32| {
                let mut moved = flat.clone();
                moved[place] += sign * step;
                let moved = Tensor::<3>::from_data(TensorData::new(moved, start.dims()), &cpu());
                host(loss(moved, matrix(&x, 1)))[0]
            };
            let numeric = (at(1.0) - at(-1.0)) / (2.0 * step);
            assert!(
                (exact - numeric).abs() < 1e-2 * (1.0 + exact.abs()),
                "{name}, parameter {place}: {exact} {numeric}"
            );
        }
    }
}
