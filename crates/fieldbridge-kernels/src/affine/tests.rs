//! The map against its composition, its inverse, and finite differences.

use burn_tensor::{Device, Tensor, TensorData};

use super::operation::Affine;
use super::shift_and_scale;
use crate::operation::Operation;
use crate::spline::Direction;

fn values(count: usize, seed: f32) -> Vec<f32> {
    (0..count).map(|at| 2.0 * (at as f32 * 1.3 + seed).sin()).collect()
}

fn tensor<const D: usize>(shape: [usize; D], seed: f32) -> Tensor<D> {
    let data = TensorData::new(values(shape.iter().product(), seed), shape);
    Tensor::from_data(data, &Device::flex().autodiff()).require_grad()
}

fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().as_slice::<f32>().expect("single precision").to_vec()
}

/// A weighted sum of values and log-slopes.
fn total(value: Tensor<2>, log_slope: Tensor<2>) -> Tensor<1> {
    let shape = value.dims();
    (value * tensor(shape, 0.4)).sum() + (log_slope * tensor(shape, 0.9)).sum()
}

#[test]
fn it_agrees_with_its_composition_in_values_and_gradients() {
    for limit in [6.0, 0.7, f32::INFINITY] {
        for direction in [Direction::Forward, Direction::Inverse] {
            for shape in [[1, 1], [5, 3], [40, 8]] {
                let (x, p) = (tensor(shape, 0.1), tensor([shape[0], shape[1], 2], 0.2));
                let (value, log_slope) = shift_and_scale(x.clone(), p.clone(), limit, direction);
                let operation = Affine { limit, direction };
                let both = operation.composed(vec![x.clone().into_dispatch(), p.clone().into_dispatch()]);
                let both = Tensor::<3>::from_dispatch(both);
                let part = |index: usize| both.clone().narrow(0, index, 1).squeeze_dim::<2>(0);
                let results = |value: Tensor<2>, log_slope: Tensor<2>| {
                    let gradients = total(value.clone(), log_slope.clone()).backward();
                    let of_x = host(x.grad(&gradients).expect("it is tracked"));
                    let of_p = host(p.grad(&gradients).expect("it is tracked"));
                    [host(value), host(log_slope), of_x, of_p].concat()
                };
                let (fused, composed) = (results(value, log_slope), results(part(0), part(1)));
                assert_eq!(fused.len(), composed.len());
                for (a, b) in fused.iter().zip(&composed) {
                    assert!(
                        (a - b).abs() <= 4e-6 * (1.0 + b.abs()),
                        "{limit} {direction:?}: {a} and {b}"
                    );
                }
            }
        }
    }
}

#[test]
fn the_inverse_returns_and_no_rows_are_no_rows() {
    let (x, p) = (tensor([30, 4], 0.1), tensor([30, 4, 2], 0.2));
    let (y, there) = shift_and_scale(x.clone(), p.clone(), 6.0, Direction::Forward);
    let (back, again) = shift_and_scale(y, p, 6.0, Direction::Inverse);
    for (a, b) in host(back).iter().zip(host(x)) {
        assert!((a - b).abs() <= 2e-6 * (1.0 + b.abs()), "{a} and {b}");
    }
    assert_eq!(host(there.neg()), host(again));
    let none = shift_and_scale(tensor([0, 4], 0.0), tensor([0, 4, 2], 0.0), 6.0, Direction::Forward);
    assert_eq!(none.0.dims(), [0, 4]);
}

#[test]
fn gradients_are_finite_differences_of_the_definition() {
    let limit = 1.5_f64;
    let value = |x: f64, m: f64, s: f64| {
        let c = limit * (s / limit).tanh();
        0.3 * (x * c.exp() + m) + 0.8 * c
    };
    let one = |number: f32| Tensor::<2>::from_data([[number]], &Device::flex().autodiff()).require_grad();
    for (x, m, s) in [(0.4_f32, -0.2_f32, 0.9_f32), (-1.3, 0.5, -2.0), (2.0, 1.0, 0.0)] {
        let (number, pair) = (
            one(x),
            Tensor::<3>::from_data([[[m, s]]], &Device::flex().autodiff()).require_grad(),
        );
        let (y, log_slope) = shift_and_scale(number.clone(), pair.clone(), limit as f32, Direction::Forward);
        let gradients = (y * 0.3 + log_slope * 0.8).sum().backward();
        let found = [
            host(number.grad(&gradients).expect("it is tracked")),
            host(pair.grad(&gradients).expect("it is tracked")),
        ]
        .concat();
        let at = [f64::from(x), f64::from(m), f64::from(s)];
        for (place, found) in found.iter().enumerate() {
            let moved = |by: f64| {
                let mut at = at;
                at[place] += by;
                value(at[0], at[1], at[2])
            };
            let expected = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            assert!(
                (f64::from(*found) - expected).abs() < 2e-6,
                "{place}: {found} and {expected}"
            );
        }
    }
}
