//! Five bent blades.

use std::f64::consts::PI;

use rand::Rng;

use super::{Drawn, Known, choice, normal};

const BLADES: usize = 5;
/// Deviations along and across a blade.
const ALONG: f64 = 0.3;
const ACROSS: f64 = 0.1;
/// A blade turns by `RATE * exp(a)` at the distance `a` along it.
const RATE: f64 = 0.25;
/// Size of the whole.
const SCALE: f64 = 2.0;

/// `2 R(-(2 pi k / 5 + exp(a) / 4)) (a, b)` with `a ~ N(1, 0.3^2)`, `b ~ N(0, 0.1^2)`, the rotation `R` and a blade `k`.
#[derive(Debug)]
pub(super) struct Pinwheel;

fn angle(blade: usize, along: f64) -> f64 {
    2.0 * PI * blade as f64 / BLADES as f64 + RATE * along.exp()
}

/// `R(angle) (x, y)`.
fn turned([x, y]: [f64; 2], angle: f64) -> [f64; 2] {
    let (sine, cosine) = angle.sin_cos();
    [cosine * x - sine * y, sine * x + cosine * y]
}

impl Known for Pinwheel {
    fn draw(&self, generator: &mut dyn Rng) -> Drawn {
        let part = choice(BLADES, generator);
        let along = 1.0 + ALONG * normal(generator);
        let across = ACROSS * normal(generator);
        Drawn {
            point: turned([along, across], -angle(part, along)).map(|x| SCALE * x),
            part,
        }
    }

    /// Every `a` with `a = [R(angle(a)) x / 2]_1` is a way the point may have come about; the determinant of the map
    /// from `(a, b)` is `4 (1 + b exp(a) / 4)`.
    fn log_density(&self, point: [f64; 2]) -> f64 {
        let point = point.map(|x| x / SCALE);
        let mut density = 0.0;
        for blade in 0..BLADES {
            let misfit = |along: f64| turned(point, angle(blade, along))[0] - along;
            let steps = 200;
            let place = |at: usize| 1.0 + ALONG * (14.0 * at as f64 / steps as f64 - 7.0);
            let mut below = misfit(place(0));
            for step in 1..=steps {
                let above = misfit(place(step));
                if (below > 0.0) != (above > 0.0) {
                    let along = root(misfit, place(step - 1), place(step));
                    let across = turned(point, angle(blade, along))[1];
                    let exponent = ((along - 1.0) / ALONG).powi(2) + (across / ACROSS).powi(2);
                    let bend = (1.0 + across * RATE * along.exp()).abs();
                    density += (-0.5 * exponent).exp() / bend;
                }
                below = above;
            }
        }
        (density / (BLADES as f64 * 2.0 * PI * ALONG * ACROSS * SCALE * SCALE)).ln()
    }

    fn edge(&self) -> f64 {
        SCALE * (1.0 + 5.5 * ALONG)
    }
}

/// Where a function that changes its sign between `low` and `high` is zero, by halving.
fn root(function: impl Fn(f64) -> f64, low: f64, high: f64) -> f64 {
    let (mut low, mut high) = (low, high);
    let positive_below = function(low) > 0.0;
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if (function(middle) > 0.0) == positive_below {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}
