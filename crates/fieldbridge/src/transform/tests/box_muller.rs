//! Box and Muller's transform: uniform to normal, and the way back.

use std::f64::consts::PI;

use super::super::{BoxMuller, Transform};
use super::{assert_near, host, matrix, normals};
use crate::base::{Base, Uniform};
use crate::device::cpu;
use crate::network::{Registry, Weights};
use crate::random::Stream;

fn no_weights() -> Weights {
    Registry::new().finish(0).on(&cpu())
}

fn forward(x: &[f32], dimension: usize) -> (Vec<f32>, Vec<f32>) {
    let (z, volume) = BoxMuller.forward(&no_weights(), matrix(x, dimension), None);
    (host(z), host(volume))
}

fn inverse(z: &[f32], dimension: usize) -> (Vec<f32>, Vec<f32>) {
    let (x, volume) = BoxMuller.inverse(&no_weights(), matrix(z, dimension), None);
    (host(x), host(volume))
}

#[test]
fn a_uniform_square_becomes_the_standard_normal_density() {
    for dimension in [2, 6] {
        let mut x = normals("points", 300 * dimension);
        // far out too, where the place is lost and the density is not
        x[..dimension].fill(7.0);
        let (z, volume) = BoxMuller.forward(&no_weights(), matrix(&x, dimension), None);
        let found = host(Uniform.log_density(z) + volume);
        for (row, found) in x.chunks_exact(dimension).zip(found) {
            let squares: f64 = row.iter().map(|&x| f64::from(x).powi(2)).sum();
            let expected = -0.5 * squares - 0.5 * dimension as f64 * (2.0 * PI).ln();
            assert!(
                (f64::from(found) - expected).abs() < 1e-5 * (1.0 + expected.abs()),
                "{row:?}: {found} {expected}"
            );
        }
    }
}

#[test]
fn uniform_draws_become_normal_ones() {
    let count = 100_000;
    let base = Uniform.sample(count, 2, &Stream::new(7, "base", 0));
    let (x, _) = inverse(&base, 2);
    let moment = |values: &mut dyn Iterator<Item = f64>| values.sum::<f64>() / count as f64;
    let axis = |d: usize| x.iter().skip(d).step_by(2).map(|&x| f64::from(x));
    let normal_moment = |power: i32| -> f64 {
        [1.0, 0.0, 1.0, 0.0, 3.0, 0.0, 15.0, 0.0, 105.0, 0.0, 945.0, 0.0, 10395.0][power as usize]
    };
    for d in 0..2 {
        for power in 1..=6 {
            let found = moment(&mut axis(d).map(|x| x.powi(power)));
            // the variance of a power is a higher moment less the square of this one
            let error = ((normal_moment(2 * power) - normal_moment(power).powi(2)) / count as f64).sqrt();
            assert!(
                (found - normal_moment(power)).abs() < 4.0 * error,
                "axis {d}, power {power}: {found}"
            );
        }
    }
    // both coordinates are made of the same two numbers, and independent
    for (p, q) in [(1, 1), (2, 2), (1, 2), (3, 1)] {
        let found = moment(&mut axis(0).zip(axis(1)).map(|(x, y)| x.powi(p) * y.powi(q)));
        let expected = normal_moment(p) * normal_moment(q);
        let error = ((normal_moment(2 * p) * normal_moment(2 * q) - expected.powi(2)) / count as f64).sqrt();
        assert!((found - expected).abs() < 4.0 * error, "{p} {q}: {found}");
    }
}

#[test]
fn it_returns_from_either_side_with_opposite_volumes() {
    let z: Vec<f32> = Stream::new(8, "square", 0)
        .uniforms(4000)
        .iter()
        .map(|u| 1.98 * u - 0.99)
        .collect();
    let (x, there) = inverse(&z, 2);
    let (again, and_back) = forward(&x, 2);
    assert_near(&again, &z, 1e-5, "from the square");
    let opposite: Vec<f32> = and_back.iter().map(|volume| -volume).collect();
    assert_near(&there, &opposite, 1e-4, "volumes");
    // within a radius of 2.5; further out `z_1` is near -1 and holds few digits of the radius
    let x: Vec<f32> = normals("plane", 4000).iter().map(|x| x.clamp(-1.7, 1.7)).collect();
    assert_near(&inverse(&forward(&x, 2).0, 2).0, &x, 1e-5, "from the plane");
}

#[test]
fn the_analytic_jacobian_is_the_numerical_one() {
    let x: Vec<f32> = normals("points", 200).iter().map(|x| x.clamp(-1.6, 1.6)).collect();
    let step = 2e-3_f32;
    for point in x.chunks_exact(2) {
        // where the angle jumps from one end to the other there is no derivative
        if point[0] > 0.0 && point[1].abs() < 0.05 || point[0].hypot(point[1]) < 0.2 {
            continue;
        }
        let at = |dx: f32, dy: f32| forward(&[point[0] + dx, point[1] + dy], 2).0;
        let slope = |plus: Vec<f32>, minus: Vec<f32>| -> Vec<f64> {
            plus.iter()
                .zip(minus)
                .map(|(p, m)| f64::from(p - m) / f64::from(2.0 * step))
                .collect()
        };
        let (by_x, by_y) = (
            slope(at(step, 0.0), at(-step, 0.0)),
            slope(at(0.0, step), at(0.0, -step)),
        );
        let numeric = (by_x[0] * by_y[1] - by_x[1] * by_y[0]).abs().ln();
        let exact = f64::from(forward(point, 2).1[0]);
        assert!((numeric - exact).abs() < 5e-3, "{point:?}: {exact} against {numeric}");
    }
}

#[test]
fn the_edges_of_the_square_are_finite() {
    let edges = [-1.0, -1.0, -1.0, 1.0, 1.0, -1.0, 1.0, 1.0, -1.0, 0.3, 0.5, 1.0];
    let (x, volume) = inverse(&edges, 2);
    assert!(
        x.iter().chain(&volume).all(|value| value.is_finite()),
        "{x:?} {volume:?}"
    );
    assert!(x.chunks_exact(2).all(|x| x[0].hypot(x[1]) < 5.9));
    // the ends of the second side are one direction
    assert_near(&x[..2], &x[2..4], 1e-5, "one direction");
    let (z, volume) = forward(&[0.0, 0.0, 100.0, -100.0, -3.0, 0.0], 2);
    assert!(
        z.iter().all(|z| (-1.0..=1.0).contains(z)) && volume.iter().all(|value| value.is_finite()),
        "{z:?}"
    );
}

#[test]
#[should_panic(expected = "takes pairs of numbers, found 3")]
fn an_odd_number_of_coordinates_has_no_pairs() {
    forward(&[0.0; 3], 3);
}
