//! Gradients against finite differences of the definition in double precision.

use super::naive::{Naive, double};
use super::*;

/// Central differences with respect to the number and all parameters.
fn differences(
    spline: Spline,
    direction: Direction,
    number: f64,
    parameters: &[f64],
    [of_value, of_log_slope]: [f64; 2],
) -> (f64, Vec<f64>) {
    let step = 1e-6;
    let loss = |number: f64, parameters: &[f64]| {
        let (value, log_slope) = Naive::new(spline, parameters).evaluate(direction, number);
        of_value * value + of_log_slope * log_slope
    };
    let of_number = (loss(number + step, parameters) - loss(number - step, parameters)) / (2.0 * step);
    let of_parameters = (0..parameters.len()).map(|place| {
        let at = |sign: f64| {
            let mut moved = parameters.to_vec();
            moved[place] += sign * step;
            loss(number, &moved)
        };
        (at(1.0) - at(-1.0)) / (2.0 * step)
    });
    (of_number, of_parameters.collect())
}

#[test]
fn gradients_are_those_of_finite_differences() {
    let mut draws = Draws(11);
    for (bins, scale) in [(1, 1.0), (2, 1.0), (3, 2.0), (8, 1.0), (10, 0.3), (16, 1.0), (33, 1.0)] {
        for boundary in BOUNDARIES {
            let spline = spline(bins, boundary);
            for count in [0, 1, 17, 40] {
                let numbers = draws.take(count, 1.1 * BOUND);
                let parameters = draws.take(count * spline.parameters(), scale);
                let of_values = draws.take(count, 1.0);
                let of_log_slopes = draws.take(count, 1.0);
                for direction in DIRECTIONS {
                    let (of_numbers, of_parameters) =
                        differentiate(spline, direction, &numbers, &parameters, &of_values, &of_log_slopes);
                    let each = spline.parameters();
                    for index in 0..count {
                        let given = double(&parameters[index * each..][..each]);
                        let from = [f64::from(of_values[index]), f64::from(of_log_slopes[index])];
                        let (of_number, expected) =
                            differences(spline, direction, f64::from(numbers[index]), &given, from);
                        let found_number = f64::from(of_numbers[index]);
                        let found = double(&of_parameters[index * each..][..each]);
                        let size = 1.0
                            + expected
                                .iter()
                                .fold(of_number.abs(), |most, value| most.max(value.abs()));
                        // knots are off by a few roundings of the bound, bins as narrow as a hundredth of it
                        let pairs = found.iter().zip(&expected).chain([(&found_number, &of_number)]);
                        for (place, (found, expected)) in pairs.enumerate() {
                            let error = (found - expected).abs() / size;
                            assert!(
                                error < 2e-4,
                                "{spline:?} {direction:?}, {place}: {found} for {expected}"
                            );
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn outside_linear_ends_only_the_number_has_a_gradient() {
    let spline = spline(10, Boundary::Linear);
    let numbers = [3.1_f32, -3.1, 1e20, -40.0, f32::INFINITY];
    let mut draws = Draws(12);
    let parameters = draws.take(5 * spline.parameters(), 1.0);
    let of_values = draws.take(5, 1.0);
    for direction in DIRECTIONS {
        let (of_numbers, of_parameters) =
            differentiate(spline, direction, &numbers, &parameters, &of_values, &[2.0; 5]);
        assert_eq!(of_numbers, of_values);
        assert!(of_parameters.iter().all(|&gradient| gradient == 0.0));
    }
}

#[test]
fn gradients_are_finite_at_knots_at_ends_and_for_extreme_parameters() {
    let mut draws = Draws(13);
    for boundary in BOUNDARIES {
        for bins in [2, 5, 16] {
            let spline = spline(bins, boundary);
            for scale in [0.0, 50.0_f32, 200.0] {
                let numbers: Vec<f32> = (-20..=20).map(|at| at as f32 / 20.0 * BOUND).collect();
                let count = numbers.len();
                let signs = draws.take(count * spline.parameters(), 1.0);
                let parameters: Vec<f32> = signs.iter().map(|sign| scale.copysign(*sign)).collect();
                let ones = vec![1.0; count];
                for direction in DIRECTIONS {
                    let (of_numbers, of_parameters) =
                        differentiate(spline, direction, &numbers, &parameters, &ones, &ones);
                    let finite = of_numbers
                        .iter()
                        .chain(&of_parameters)
                        .all(|gradient| gradient.is_finite());
                    assert!(finite, "{spline:?} {direction:?} {scale}");
                }
            }
        }
    }
}

#[test]
fn what_is_not_a_number_reaches_its_own_gradients_only() {
    let spline = spline(8, Boundary::Linear);
    let each = spline.parameters();
    let mut draws = Draws(14);
    let mut numbers = draws.take(40, BOUND);
    let mut parameters = draws.take(40 * each, 1.0);
    numbers[3] = f32::NAN;
    parameters[20 * each + 1] = f32::NAN;
    for direction in DIRECTIONS {
        let (of_numbers, of_parameters) =
            differentiate(spline, direction, &numbers, &parameters, &[1.0; 40], &[1.0; 40]);
        for (index, (of_number, of_parameters)) in of_numbers.iter().zip(of_parameters.chunks(each)).enumerate() {
            let broken = [3, 20].contains(&index);
            assert_eq!(of_number.is_nan(), broken, "{index}");
            assert_eq!(
                of_parameters.iter().any(|gradient| gradient.is_nan()),
                broken,
                "{index}"
            );
        }
    }
}

#[test]
fn gradients_do_not_depend_on_threads() {
    let mut draws = Draws(15);
    for boundary in BOUNDARIES {
        let spline = spline(10, boundary);
        let numbers = draws.take(5001, 1.2 * BOUND);
        let parameters = draws.take(numbers.len() * spline.parameters(), 1.0);
        let (of_values, of_log_slopes) = (draws.take(numbers.len(), 1.0), draws.take(numbers.len(), 1.0));
        for direction in DIRECTIONS {
            assert_same_on_any_number_of_threads(|| {
                differentiate(spline, direction, &numbers, &parameters, &of_values, &of_log_slopes)
            });
        }
    }
}
