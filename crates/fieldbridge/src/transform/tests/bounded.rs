//! Maps between an interval and the line.

use super::super::{Bijection, Bounded, Transform};
use super::{assert_near, host, matrix};
use crate::device::cpu;
use crate::network::Registry;

fn bijections() -> Vec<Bijection> {
    vec![
        Bijection::Identity,
        Bijection::Log { low: -2.0 },
        Bijection::Softplus { low: 1.0, scale: 0.5 },
        Bijection::Logit { low: -1.0, high: 3.0 },
    ]
}

/// Numbers strictly inside, near the bounds too.
fn inside(bijection: &Bijection) -> Vec<f64> {
    match *bijection {
        Bijection::Identity => vec![-1e3, -1.0, 0.0, 2.5, 1e3],
        Bijection::Log { low } => [1e-4, 0.1, 1.0, 7.0, 300.0].map(|above| low + above).to_vec(),
        Bijection::Softplus { low, .. } => [1e-4, 0.1, 1.0, 7.0, 300.0].map(|above| low + above).to_vec(),
        Bijection::Logit { low, high } => [1e-4, 0.01, 0.3, 0.9, 0.9999]
            .map(|share| low + share * (high - low))
            .to_vec(),
    }
}

#[test]
fn they_return_from_either_side() {
    for bijection in bijections() {
        for x in inside(&bijection) {
            let (y, _) = bijection.forward(x);
            let back = bijection.inverse(y);
            assert!(
                (back - x).abs() < 1e-10 * (1.0 + x.abs()),
                "{bijection:?}: {x} came back as {back}"
            );
        }
        for y in [-20.0, -3.0, -0.1, 0.0, 0.7, 4.0, 12.0] {
            let (again, _) = bijection.forward(bijection.inverse(y));
            assert!((again - y).abs() < 1e-6, "{bijection:?}: {y} came back as {again}");
        }
    }
}

#[test]
fn the_log_slope_is_the_slope() {
    for bijection in bijections() {
        for x in inside(&bijection) {
            let step = 1e-7;
            let numeric = (bijection.forward(x + step).0 - bijection.forward(x - step).0) / (2.0 * step);
            let exact = bijection.forward(x).1.exp();
            assert!(
                (exact / numeric - 1.0).abs() < 1e-4,
                "{bijection:?} at {x}: {exact} against {numeric}"
            );
        }
    }
}

#[test]
fn nothing_leaves_the_interval_however_far_the_draw() {
    for bijection in bijections() {
        for y in [-1e4, -800.0, -100.0, -40.0, -20.0, 20.0, 40.0, 100.0, 600.0] {
            let x = bijection.inverse(y);
            assert!(bijection.contains(x), "{bijection:?}: {y} gives {x}");
            assert!(bijection.forward(x).0.is_finite() && bijection.forward(x).1.is_finite());
        }
        // beyond the largest number there is nothing to return: still inside
        assert!(bijection.contains(bijection.inverse(1e4)), "{bijection:?}");
    }
}

#[test]
fn what_is_outside_is_not_contained() {
    for bijection in bijections() {
        let mut outside = vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
        match bijection {
            Bijection::Identity => {}
            Bijection::Log { low } | Bijection::Softplus { low, .. } => outside.extend([low, low - 1.0]),
            Bijection::Logit { low, high } => outside.extend([low, high, low - 1.0, high + 1.0]),
        }
        for x in outside {
            assert!(!bijection.contains(x), "{bijection:?} contains {x}");
        }
    }
}

#[test]
fn tensors_and_numbers_agree() {
    let bijections = bijections();
    let weights = Registry::new().finish(0).on(&cpu());
    let columns: Vec<Vec<f64>> = bijections.iter().map(inside).collect();
    let bounded = Bounded {
        bijections: bijections.clone(),
    };
    for row in 0..5 {
        // as single precision keeps them
        let x: Vec<f32> = columns.iter().map(|column| column[row] as f32).collect();
        let (z, volume) = bounded.forward(&weights, matrix(&x, 4), None);
        let exact: Vec<(f64, f64)> = bijections
            .iter()
            .zip(&x)
            .map(|(bijection, &x)| bijection.forward(f64::from(x)))
            .collect();
        let values: Vec<f32> = exact.iter().map(|(y, _)| *y as f32).collect();
        let total: f64 = exact.iter().map(|(_, slope)| slope).sum();
        assert_near(&host(z.clone()), &values, 1e-5, "forward");
        assert_near(&host(volume.clone()), &[total as f32], 1e-5, "volume");
        let (back, opposite) = bounded.inverse(&weights, z, None);
        assert_near(&host(back), &x, 1e-4, "there and back");
        assert_near(&host(volume + opposite), &[0.0], 1e-3, "opposite volumes");
    }
}

#[test]
fn tensors_never_leave_the_interval() {
    let bijections = bijections();
    let weights = Registry::new().finish(0).on(&cpu());
    let bounded = Bounded {
        bijections: bijections.clone(),
    };
    for y in [-80.0_f32, -50.0, -20.0, 0.0, 20.0, 50.0, 80.0] {
        let (x, _) = bounded.inverse(&weights, matrix(&[y; 4], 4), None);
        let x = host(x);
        for (bijection, &x) in bijections.iter().zip(&x) {
            assert!(bijection.contains(f64::from(x)), "{bijection:?}: {y} gives {x}");
        }
    }
}
