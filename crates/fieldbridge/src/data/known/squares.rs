//! Uniform distributions on squares.

use std::f64::consts::LN_2;

use rand::Rng;

use super::{Drawn, Known, choice, uniform};

/// Uniform on `[-1, 1]^2`.
#[derive(Debug)]
pub(super) struct UniformSquare;

impl Known for UniformSquare {
    fn draw(&self, generator: &mut dyn Rng) -> Drawn {
        let mut coordinate = || 2.0 * uniform(generator) - 1.0;
        Drawn {
            point: [coordinate(), coordinate()],
            part: 0,
        }
    }

    fn log_density(&self, point: [f64; 2]) -> f64 {
        if point.iter().all(|x| x.abs() <= 1.0) {
            -2.0 * LN_2
        } else {
            f64::NEG_INFINITY
        }
    }

    fn edge(&self) -> f64 {
        1.0
    }
}

/// Fields of side 2 of a board `[-4, 4]^2`; a field is dark when the numbers of its row and column add to an even one.
#[derive(Debug)]
pub(super) struct Checkerboard;

impl Known for Checkerboard {
    fn draw(&self, generator: &mut dyn Rng) -> Drawn {
        let field = choice(8, generator);
        let column = field / 2;
        let row = 2 * (field % 2) + column % 2;
        let mut coordinate = |at: usize| 2.0 * (at as f64 + uniform(generator)) - 4.0;
        Drawn {
            point: [coordinate(column), coordinate(row)],
            part: field,
        }
    }

    fn log_density(&self, point: [f64; 2]) -> f64 {
        let [column, row] = point.map(|x| ((x + 4.0) / 2.0).floor() as i64);
        let on_board = point.iter().all(|&x| (-4.0..4.0).contains(&x));
        if on_board && (column + row) % 2 == 0 {
            -5.0 * LN_2
        } else {
            f64::NEG_INFINITY
        }
    }

    fn edge(&self) -> f64 {
        4.0
    }
}
