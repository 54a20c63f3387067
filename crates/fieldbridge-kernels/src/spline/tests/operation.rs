//! Splines of tensors against their composition.

use burn_tensor::{Device, Tensor, TensorData};

use super::*;
use crate::spline::{rational_quadratic_spline, rational_quadratic_spline_inverse};

/// Values, log-slopes and the gradients of one number that depends on all of them.
fn results(
    spline: Spline,
    numbers: &TensorData,
    parameters: &TensorData,
    function: impl Fn(Tensor<2>, Tensor<3>) -> (Tensor<2>, Tensor<2>),
) -> Vec<Vec<f32>> {
    let device = Device::flex().autodiff();
    let numbers = Tensor::<2>::from_data(numbers.clone(), &device).require_grad();
    let parameters = Tensor::<3>::from_data(parameters.clone(), &device).require_grad();
    assert_eq!(parameters.dims()[2], spline.parameters());
    let (values, log_slopes) = function(numbers.clone(), parameters.clone());
    let gradients = (values.clone().square() * 0.5 + log_slopes.clone() * 0.7)
        .sum()
        .backward();
    let host = |data: TensorData| data.try_to_vec::<f32>().unwrap();
    vec![
        host(values.into_data()),
        host(log_slopes.into_data()),
        host(numbers.grad(&gradients).unwrap().into_data()),
        host(parameters.grad(&gradients).unwrap().into_data()),
    ]
}

#[test]
fn tensors_have_the_values_and_gradients_of_the_composition() {
    let mut draws = Draws(31);
    for boundary in BOUNDARIES {
        for (rows, dimension, bins) in [(1, 1, 1), (7, 3, 2), (20, 6, 8)] {
            let spline = spline(bins, boundary);
            let count = rows * dimension;
            let numbers = TensorData::new(draws.take(count, 1.1 * BOUND), [rows, dimension]);
            let parameters = draws.take(count * spline.parameters(), 1.0);
            let parameters = TensorData::new(parameters, [rows, dimension, spline.parameters()]);
            for direction in DIRECTIONS {
                let fused = results(spline, &numbers, &parameters, |numbers, parameters| match direction {
                    Direction::Forward => rational_quadratic_spline(numbers, parameters, spline),
                    Direction::Inverse => rational_quadratic_spline_inverse(numbers, parameters, spline),
                });
                let composed = results(spline, &numbers, &parameters, |numbers, parameters| {
                    spline.composed(direction, numbers, parameters)
                });
                for (fused, composed) in fused.iter().zip(&composed) {
                    let size = composed.iter().fold(1.0_f32, |most, value| most.max(value.abs()));
                    for (fused, composed) in fused.iter().zip(composed) {
                        // both are off by the rounding of knots, seen through slopes within narrow bins
                        assert!(
                            (fused - composed).abs() < 2e-4 * size,
                            "{spline:?} {direction:?}: {fused} {composed}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn no_rows_give_no_values() {
    let spline = spline(4, Boundary::Linear);
    let device = Device::flex();
    let numbers = Tensor::<2>::zeros([0, 3], &device);
    let parameters = Tensor::<3>::zeros([0, 3, spline.parameters()], &device);
    let (values, log_slopes) = rational_quadratic_spline(numbers, parameters, spline);
    assert_eq!((values.dims(), log_slopes.dims()), ([0, 3], [0, 3]));
}
