//! Values and log-slopes.

use super::super::{SLOPE_SHIFT, SMALLEST_SLOPE};
use super::naive::{Naive, double};
use super::*;

/// Numbers inside, at the ends, and outside.
fn numbers(draws: &mut Draws, count: usize) -> Vec<f32> {
    let special = [
        -BOUND,
        BOUND,
        0.0,
        BOUND.next_up(),
        -BOUND.next_up(),
        40.0,
        -1e6,
        BOUND.next_down(),
    ];
    let reach = 1.3 * BOUND;
    (0..count)
        .map(|index| {
            if index % 3 == 2 {
                special[index / 3 % 8]
            } else {
                draws.next() * reach
            }
        })
        .collect()
}

/// Distance on the circle, when there is one.
fn distance(boundary: Boundary, one: f64, other: f64) -> f64 {
    let period = 2.0 * f64::from(BOUND);
    match boundary {
        Boundary::Linear => (one - other).abs(),
        Boundary::Circular => (one - other - ((one - other) / period).round() * period).abs(),
    }
}

/// Checks against the definition. Knots are sums of single-precision numbers, up to 256 of them, so that they may be a
/// few units in the last place of the bound away: values and log-slopes are allowed to be those of numbers that near.
fn assert_near_the_definition(spline: Spline, direction: Direction, numbers: &[f32], parameters: &[f32]) {
    let (values, log_slopes) = evaluate(spline, direction, numbers, parameters);
    let moved = (2e-6 + 1e-8 * spline.bins as f64) * f64::from(BOUND);
    let each = parameters.chunks(spline.parameters());
    for (((&number, parameters), value), log_slope) in numbers.iter().zip(each).zip(values).zip(log_slopes) {
        let naive = Naive::new(spline, &double(parameters));
        let number = f64::from(number);
        let (expected, _) = naive.evaluate(direction, number);
        let around = (-8..=8).map(|at| naive.evaluate(direction, number + f64::from(at) / 8.0 * moved).1);
        let (least, most) = around.fold((f64::MAX, -f64::MAX), |(least, most), slope| {
            (least.min(slope), most.max(slope))
        });
        let case = format!("{spline:?} {direction:?} at {number}");
        let error = distance(spline.boundary, f64::from(value), expected);
        assert!(error <= moved * (1.0 + most.exp()), "{case}: {value} for {expected}");
        // the largest may be at a knot between two of the samples
        let margin = 2e-5 + (most - least) / 8.0;
        let inside = (least - margin..=most + margin).contains(&f64::from(log_slope));
        assert!(inside, "{case}: {log_slope} for {least} to {most}");
    }
}

#[test]
fn values_and_log_slopes_are_those_of_the_definition() {
    let mut draws = Draws(1);
    for bins in [1, 2, 3, 8, 10, 16, 33, 256] {
        for boundary in BOUNDARIES {
            let spline = spline(bins, boundary);
            for (count, scale) in [(0, 1.0), (1, 1.0), (15, 3.0), (16, 0.3), (17, 1.0), (100, 2.0)] {
                let numbers = numbers(&mut draws, count);
                let parameters = draws.take(count * spline.parameters(), scale);
                for direction in DIRECTIONS {
                    assert_near_the_definition(spline, direction, &numbers, &parameters);
                }
            }
        }
    }
}

#[test]
fn knots_are_met_from_either_side() {
    let mut draws = Draws(2);
    for bins in [2, 5, 10] {
        for boundary in BOUNDARIES {
            let spline = spline(bins, boundary);
            let parameters = draws.take(spline.parameters(), 1.0);
            let naive = Naive::new(spline, &double(&parameters));
            let (x, y, slopes) = naive.knots();
            for (direction, from, to, sign) in [(Direction::Forward, x, y, 1.0), (Direction::Inverse, y, x, -1.0)] {
                let numbers: Vec<f32> = from.iter().map(|&knot| knot as f32).collect();
                let all = parameters.repeat(numbers.len());
                let (values, log_slopes) = evaluate(spline, direction, &numbers, &all);
                for (((value, log_slope), expected), slope) in values.iter().zip(log_slopes).zip(to).zip(slopes) {
                    // bins are no smaller than a tenth of an even share here: a few roundings of the bound are little
                    assert!(
                        distance(boundary, f64::from(*value), *expected) < 1e-5,
                        "{value} for {expected}"
                    );
                    assert!(
                        (f64::from(log_slope) - sign * slope.ln()).abs() < 1e-4,
                        "{log_slope} for {}",
                        slope.ln()
                    );
                }
            }
        }
    }
}

#[test]
fn forward_and_inverse_undo_each_other() {
    let mut draws = Draws(3);
    for bins in [2, 8, 10, 16, 40] {
        for boundary in BOUNDARIES {
            let spline = spline(bins, boundary);
            let numbers = draws.take(200, 1.2 * BOUND);
            let parameters = draws.take(numbers.len() * spline.parameters(), 1.0);
            for (there, back) in [
                (Direction::Forward, Direction::Inverse),
                (Direction::Inverse, Direction::Forward),
            ] {
                let (between, slopes_there) = evaluate(spline, there, &numbers, &parameters);
                let (found, slopes_back) = evaluate(spline, back, &between, &parameters);
                for index in 0..numbers.len() {
                    // what is rounded on the way there is stretched by the slope back
                    let allowed = 1e-5 * (1.0 + f64::from(slopes_back[index].exp()));
                    let (number, found) = (f64::from(numbers[index]), f64::from(found[index]));
                    assert!(
                        distance(boundary, number, found) < allowed,
                        "{number} came back as {found}"
                    );
                    assert!(
                        (slopes_there[index] + slopes_back[index]).abs() < 2e-3,
                        "slopes at {number}"
                    );
                }
            }
        }
    }
}

#[test]
fn steep_ends_do_not_cost_digits_of_the_inverse() {
    // the slope at the right end of the first bin is ten thousand times the mean: the other formula of the root would
    // lose four digits; what is left here is the rounding of numbers of the size of the bound
    let spline = spline(2, Boundary::Circular);
    let parameters = [0.0, 0.0, 0.0, 0.0, 0.0, 1e4];
    let numbers = [-2.0_f32, -0.3, -0.03, -0.003];
    let (x, _) = evaluate(spline, Direction::Inverse, &numbers, &parameters.repeat(numbers.len()));
    let naive = Naive::new(spline, &double(&parameters));
    for (&number, x) in numbers.iter().zip(x) {
        let (expected, _) = naive.evaluate(Direction::Inverse, f64::from(number));
        assert!((f64::from(x) - expected).abs() < 5e-7, "{x} for {expected}");
    }
}

#[test]
fn zero_parameters_give_the_identity() {
    assert!(((1.0 + SLOPE_SHIFT.exp()).ln() + SMALLEST_SLOPE - 1.0).abs() < 2e-7);
    for bins in [2, 10, 256] {
        for boundary in BOUNDARIES {
            let spline = spline(bins, boundary);
            let numbers = Draws(4).take(100, BOUND);
            for direction in DIRECTIONS {
                let (values, log_slopes) = evaluate(spline, direction, &numbers, &vec![0.0; 100 * spline.parameters()]);
                for ((number, value), log_slope) in numbers.iter().zip(values).zip(log_slopes) {
                    assert!(
                        (number - value).abs() < 2e-6 && log_slope.abs() < 2e-6,
                        "{number}: {value} {log_slope}"
                    );
                }
            }
        }
    }
}

#[test]
fn outside_linear_ends_nothing_changes() {
    let spline = spline(10, Boundary::Linear);
    let numbers = [
        BOUND.next_up(),
        -BOUND.next_up(),
        1e30,
        -1e30,
        f32::INFINITY,
        f32::NEG_INFINITY,
    ];
    let parameters = Draws(5).take(numbers.len() * spline.parameters(), 3.0);
    for direction in DIRECTIONS {
        let (values, log_slopes) = evaluate(spline, direction, &numbers, &parameters);
        assert_eq!(values, numbers);
        assert_eq!(log_slopes, [0.0; 6]);
    }
}

#[test]
fn a_circle_has_its_period() {
    let spline = spline(8, Boundary::Circular);
    let mut draws = Draws(6);
    let numbers = draws.take(50, 0.99 * BOUND);
    let parameters = draws.take(numbers.len() * spline.parameters(), 1.0);
    for direction in DIRECTIONS {
        let (values, log_slopes) = evaluate(spline, direction, &numbers, &parameters);
        for turns in [-1000.0, -3.0, -1.0, 1.0, 2.0, 777.0] {
            let turned: Vec<f32> = numbers.iter().map(|number| number + turns * 2.0 * BOUND).collect();
            let (again, slopes_again) = evaluate(spline, direction, &turned, &parameters);
            for index in 0..numbers.len() {
                // the turned number is rounded at its own size
                let allowed = 2e-6 + 3e-7 * turned[index].abs();
                let slope = log_slopes[index].exp().max(1.0);
                assert!(
                    (again[index] - values[index]).abs() < allowed * slope,
                    "{} after {turns}",
                    numbers[index]
                );
                assert!((slopes_again[index] - log_slopes[index]).abs() < 30.0 * allowed * slope);
            }
        }
    }
}

#[test]
fn what_is_not_a_number_stays_so_and_stays_alone() {
    for boundary in BOUNDARIES {
        let spline = spline(10, boundary);
        let each = spline.parameters();
        let mut draws = Draws(7);
        let numbers = draws.take(40, BOUND);
        let parameters = draws.take(40 * each, 1.0);
        for direction in DIRECTIONS {
            let (values, log_slopes) = evaluate(spline, direction, &numbers, &parameters);
            let mut broken = numbers.clone();
            broken[3] = f32::NAN;
            let mut broken_parameters = parameters.clone();
            broken_parameters[5 * each + 2] = f32::NAN;
            broken_parameters[20 * each + 13] = f32::NAN;
            let (found, found_slopes) = evaluate(spline, direction, &broken, &broken_parameters);
            for index in 0..40 {
                if [3, 5, 20].contains(&index) {
                    assert!(
                        found[index].is_nan() && found_slopes[index].is_nan(),
                        "{index}: {}",
                        found[index]
                    );
                } else {
                    let pair = |value: f32, slope: f32| (value.to_bits(), slope.to_bits());
                    let expected = pair(values[index], log_slopes[index]);
                    assert_eq!(pair(found[index], found_slopes[index]), expected, "{index}");
                }
            }
        }
    }
}

#[test]
fn extreme_parameters_give_finite_values() {
    let mut draws = Draws(8);
    for boundary in BOUNDARIES {
        for bins in [2, 5, 16] {
            let spline = spline(bins, boundary);
            for scale in [50.0_f32, 200.0, 1e4] {
                let numbers = numbers(&mut draws, 60);
                let signs = draws.take(60 * spline.parameters(), 1.0);
                let parameters: Vec<f32> = signs.iter().map(|sign| scale.copysign(*sign)).collect();
                for direction in DIRECTIONS {
                    let (values, log_slopes) = evaluate(spline, direction, &numbers, &parameters);
                    assert!(
                        values.iter().chain(&log_slopes).all(|value| value.is_finite()),
                        "{spline:?} {scale}"
                    );
                }
            }
        }
    }
}

#[test]
fn results_depend_neither_on_threads_nor_on_neighbours() {
    let spline = spline(8, Boundary::Linear);
    let mut draws = Draws(9);
    let numbers = draws.take(5001, 1.2 * BOUND);
    let parameters = draws.take(numbers.len() * spline.parameters(), 1.0);
    for direction in DIRECTIONS {
        assert_same_on_any_number_of_threads(|| evaluate(spline, direction, &numbers, &parameters));
        let (values, log_slopes) = evaluate(spline, direction, &numbers, &parameters);
        for first in [1, 7, 4990] {
            let of = &parameters[first * spline.parameters()..];
            let (alone, slopes_alone) = evaluate(spline, direction, &numbers[first..], of);
            assert_eq!(bits(&alone), bits(&values[first..]));
            assert_eq!(bits(&slopes_alone), bits(&log_slopes[first..]));
        }
    }
}

#[test]
fn parameters_may_come_in_rows() {
    let mut draws = Draws(10);
    for boundary in BOUNDARIES {
        let spline = spline(5, boundary);
        let each = spline.parameters();
        for count in [0, 1, 16, 37] {
            let numbers = draws.take(count, 1.2 * BOUND);
            let parameters = draws.take(count * each, 1.0);
            let rows: Vec<f32> = (0..each * count)
                .map(|at| parameters[at % count * each + at / count])
                .collect();
            for direction in DIRECTIONS {
                let (mut values, mut log_slopes) = (vec![0.0; count], vec![0.0; count]);
                spline.evaluate_rows(direction, &numbers, &rows, &mut values, &mut log_slopes);
                assert_eq!((values, log_slopes), evaluate(spline, direction, &numbers, &parameters));
            }
        }
    }
}
