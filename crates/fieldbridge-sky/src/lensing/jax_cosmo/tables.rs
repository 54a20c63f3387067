//! Tables with straight lines between their rows.

use std::sync::LazyLock;

use crate::power::TransferFunction;
use crate::power::{top_hat, unnormalised};
use crate::quadrature::romberg_weights;
use crate::{Background, Cosmology, Real};

/// Scale factors of a table: from 0.001 to 1, even in the logarithm.
pub(super) struct ScaleFactors(LazyLock<Vec<f64>>);

/// Rows of the table of distances.
pub(super) static SCALE_FACTORS: ScaleFactors = ScaleFactors(LazyLock::new(|| even_logarithms(256)));
/// Rows of the table of growth.
pub(super) static GROWTH_SCALE_FACTORS: ScaleFactors = ScaleFactors(LazyLock::new(|| even_logarithms(128)));

fn even_logarithms(count: usize) -> Vec<f64> {
    let last = (count - 1) as f64;
    (0..count)
        .map(|index| 10.0_f64.powf(-3.0 + 3.0 * index as f64 / last))
        .collect()
}

/// A position in a table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    index: u32,
    fraction: f64,
}

impl ScaleFactors {
    /// Where `a` lies.
    pub(super) fn place(&self, a: f64) -> Place {
        let (index, fraction) = crate::interpolation::locate(&self.0, a);
        Place {
            index: index as u32,
            fraction,
        }
    }
}

impl Place {
    /// The table at this position.
    pub(super) fn read<R: Real>(self, table: &[R]) -> R {
        let (left, right) = (table[self.index as usize], table[self.index as usize + 1]);
        left + (right - left) * self.fraction
    }
}

/// Comoving distances, Mpc/h, by the rule of Runge and Kutta over `ln a`.
pub(super) fn distance_table<R: Real>(background: &Background<R>) -> Vec<R> {
    let ln_a: Vec<f64> = SCALE_FACTORS.0.iter().map(|a| a.ln()).collect();
    let slope = |ln_a: f64| background.distance_slope(-ln_a);
    let mut distances = vec![R::from(0.0)];
    for pair in ln_a.windows(2) {
        let sum = slope(pair[0]) + slope(0.5 * (pair[0] + pair[1])) * 4.0 + slope(pair[1]);
        distances.push(distances[distances.len() - 1] + sum * ((pair[1] - pair[0]) / 6.0));
    }
    let whole = distances[distances.len() - 1];
    distances.into_iter().map(|distance| whole - distance).collect()
}

/// Growth factors, by the rule of Runge and Kutta over `a` from `D = a`, one today.
pub(super) fn growth_table<R: Real>(background: &Background<R>) -> Vec<R> {
    let change = |a: f64, (factor, slope): (R, R)| {
        // q + 3 = friction: (2 + dlnE/dlna) / a + 1/a in terms of D(a)
        let drag = (background.expansion_slope(a) + 3.0) / a;
        (slope, background.omega_m(a) * (1.5 / (a * a)) * factor - drag * slope)
    };
    let moved = |(factor, slope): (R, R), by: (R, R), step: f64| (factor + by.0 * step, slope + by.1 * step);
    let mut state = (R::from(GROWTH_SCALE_FACTORS.0[0]), R::from(1.0));
    let mut factors = vec![state.0];
    for pair in GROWTH_SCALE_FACTORS.0.windows(2) {
        let (a, step) = (pair[0], pair[1] - pair[0]);
        let first = change(a, state);
        let second = change(a + 0.5 * step, moved(state, first, 0.5 * step));
        let third = change(a + 0.5 * step, moved(state, second, 0.5 * step));
        let fourth = change(pair[1], moved(state, third, step));
        state = moved(
            moved(
                moved(moved(state, first, step / 6.0), second, step / 3.0),
                third,
                step / 3.0,
            ),
            fourth,
            step / 6.0,
        );
        factors.push(state.0);
    }
    let today = state.0.recip();
    factors.into_iter().map(|factor| factor * today).collect()
}

/// Variance in spheres of 8 Mpc/h of `k^n_s T(k)^2`, by Romberg's rule over `ln k` from -4 to 3.
pub(super) fn sphere_variance<R: Real>(cosmology: &Cosmology<R>, transfer: &dyn TransferFunction<R>) -> R {
    const START: f64 = -4.0;
    const LENGTH: f64 = 7.0;
    let weights = romberg_weights(LENGTH, 7);
    let last = (weights.len() - 1) as f64;
    weights.iter().enumerate().fold(R::from(0.0), |sum, (index, weight)| {
        let k = (START + LENGTH * index as f64 / last).exp();
        sum + unnormalised(cosmology, transfer, k) * (weight * top_hat(8.0 * k).powi(2))
    })
}
