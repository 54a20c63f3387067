//! Activation functions against double precision.

use super::Activation;
use crate::elementary::sweep::erf_of_double;

const ALL: [Activation; 6] = [
    Activation::Identity,
    Activation::Silu,
    Activation::Gelu,
    Activation::GeluTanh,
    Activation::Tanh,
    Activation::Relu,
];

fn truth(activation: Activation, z: f64) -> f64 {
    match activation {
        Activation::Identity => z,
        Activation::Silu => z / (1.0 + (-z).exp()),
        Activation::Gelu => z * (0.5 + 0.5 * erf_of_double(z / 2.0_f64.sqrt())),
        Activation::GeluTanh => {
            let inner = (2.0 / std::f64::consts::PI).sqrt() * (z + 0.044715 * z.powi(3));
            0.5 * z * (1.0 + inner.tanh())
        }
        Activation::Tanh => z.tanh(),
        Activation::Relu => z.max(0.0),
    }
}

fn spread() -> Vec<f32> {
    (-20_011..=20_011).map(|i| i as f32 * 1e-3).collect()
}

/// Within some units in the last place of one, or of the number when that is larger.
fn assert_close(found: f32, expected: f64, units: f64, what: &str) {
    let allowed = units * f64::from(f32::EPSILON) * expected.abs().max(1.0);
    assert!(
        (f64::from(found) - expected).abs() <= allowed,
        "{what}: {found:e}, not {expected:e}"
    );
}

#[test]
fn values_are_those_of_the_formula() {
    for activation in ALL {
        let mut values = spread();
        activation.forward(&mut values);
        for (&z, &value) in spread().iter().zip(&values) {
            assert_close(
                value,
                truth(activation, f64::from(z)),
                1.5,
                &format!("{activation:?} at {z}"),
            );
        }
    }
}

#[test]
fn slopes_are_those_of_finite_differences() {
    for activation in ALL {
        let (mut values, mut slopes) = (spread(), vec![0.0; spread().len()]);
        activation.forward_with_slope(&mut values, &mut slopes);
        let mut plain = spread();
        activation.forward(&mut plain);
        assert_eq!(values, plain, "{activation:?}: the same values with slopes as without");
        for (&z, &slope) in spread().iter().zip(&slopes) {
            if activation == Activation::Relu && z == 0.0 {
                assert_eq!(slope, 0.0);
                continue;
            }
            let (z, step) = (f64::from(z), 1e-5);
            let expected = (truth(activation, z + step) - truth(activation, z - step)) / (2.0 * step);
            // one less the logistic function is off by half a unit, which counts |z| times, or |z u'| times for the
            // tangent's argument u, whose derivative is below 6 where the function still bends
            let units = 2.0 + 3.0 * z.abs();
            assert_close(slope, expected, units, &format!("slope of {activation:?} at {z}"));
        }
    }
}

#[test]
fn the_tail_of_gelu_keeps_its_digits() {
    let mut values = [-3.0, -5.0, -8.0];
    Activation::Gelu.forward(&mut values);
    // z P(z) from tables of the normal distribution
    for (value, expected) in values
        .into_iter()
        .zip([-0.004_049_694_1, -1.433_257_9e-6, -4.976_767_9e-15])
    {
        // the square in the exponent is rounded, which costs the more digits the larger it is: 32 halves of a unit at -8
        assert!(
            (f64::from(value) / expected - 1.0).abs() < 3e-6,
            "{value:e}, not {expected:e}"
        );
    }
}

#[test]
fn a_bias_is_added_to_each_row() {
    for width in [0, 1, 3, 16, 33] {
        for count in [0, 1, 2, 5] {
            let rows: Vec<f32> = (0..count * width).map(|i| (i as f32 * 0.7).sin() * 3.0).collect();
            let bias: Vec<f32> = (0..width).map(|i| (i as f32).cos()).collect();
            for activation in ALL {
                let mut expected = rows.clone();
                expected.iter_mut().enumerate().for_each(|(i, z)| *z += bias[i % width]);
                let mut expected_slope = vec![0.0; rows.len()];
                activation.forward_with_slope(&mut expected, &mut expected_slope);
                let mut found = rows.clone();
                activation.bias_forward(&mut found, width, Some(&bias));
                assert_eq!(found, expected, "{activation:?} {count} x {width}");
                let (mut found, mut slope) = (rows.clone(), vec![0.0; rows.len()]);
                activation.bias_forward_with_slope(&mut found, width, Some(&bias), &mut slope);
                assert_eq!(
                    (found, slope),
                    (expected, expected_slope),
                    "{activation:?} {count} x {width}"
                );
            }
        }
    }
}

#[test]
fn large_numbers_and_nan_come_through() {
    for activation in ALL {
        let (mut values, mut slopes) = ([1e30, -1e30, f32::MAX, f32::MIN, f32::NAN], [0.0; 5]);
        let limits = values;
        activation.forward_with_slope(&mut values, &mut slopes);
        for (z, (value, slope)) in limits.into_iter().zip(values.into_iter().zip(slopes)).take(4) {
            let (end, rise) = match activation {
                Activation::Identity => (z, 1.0),
                Activation::Tanh => (z.signum(), 0.0),
                _ => (z.max(0.0), f32::from(z > 0.0)),
            };
            assert_eq!((value, slope), (end, rise), "{activation:?} at {z}");
        }
        assert!(values[4].is_nan(), "{activation:?}");
        assert!(
            slopes[4].is_nan() || activation == Activation::Identity,
            "{activation:?}"
        );
    }
}
