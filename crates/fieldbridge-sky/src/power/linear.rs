//! The linear power spectrum today, on a fine grid of wave numbers.

use std::f64::consts::PI;
use std::ops::Range;
use std::sync::LazyLock;

use super::TransferFunction;
use crate::interpolation::{hermite, locate, natural_spline_slopes};
use crate::{Cosmology, Real, SkyError};

/// Smallest and largest wave number of the grid, h/Mpc.
const LIMITS: (f64, f64) = (1e-5, 1e4);
/// Points of the grid: a step of 0.017 in `ln k` follows the acoustic oscillations to 2e-5.
const POINTS: usize = 1201;

/// `ln k` of the first point and the step.
static GRID: LazyLock<(f64, f64)> = LazyLock::new(|| (LIMITS.0.ln(), (LIMITS.1 / LIMITS.0).ln() / (POINTS - 1) as f64));
static WAVENUMBERS: LazyLock<Vec<f64>> = LazyLock::new(|| {
    (0..POINTS)
        .map(|index| (GRID.0 + GRID.1 * index as f64).exp())
        .collect()
});
/// Trapezoidal weights in `ln k` times the squared transform of a sphere of 8 Mpc/h.
static SPHERE_OF_8: LazyLock<Vec<f64>> =
    LazyLock::new(|| WAVENUMBERS.iter().map(|k| GRID.1 * top_hat(k * 8.0).powi(2)).collect());

/// Fourier transform of a homogeneous sphere, `3 (sin x - x cos x) / x^3`.
pub(crate) fn top_hat(x: f64) -> f64 {
    if x < 0.1 {
        // the closed form cancels; the next term is below 1e-14
        let square = x * x;
        return 1.0 - square / 10.0 * (1.0 - square / 28.0 * (1.0 - square / 54.0));
    }
    3.0 * (x.sin() - x * x.cos()) / x.powi(3)
}

/// Linear power spectrum of matter today, as `Delta^2(k) = k^3 P(k) / (2 pi^2)`, the variance per `ln k`.
///
/// Between the points it is a cubic in `ln k`; beyond `1e-5 .. 1e4 h/Mpc` a power law goes on.
#[derive(Debug, Clone)]
pub struct LinearPower<R = f64> {
    delta_squared: Vec<R>,
}

impl<R: Real> LinearPower<R> {
    /// `P(k)` proportional to `k^n_s T(k)^2`, with the variance in spheres of 8 Mpc/h equal to `sigma_8^2`.
    ///
    /// # Errors
    /// [`SkyError::Parameter`] for impossible parameters; [`SkyError::MatterPower`] when the power is not positive and
    /// finite somewhere.
    pub fn new(cosmology: &Cosmology<R>, transfer: &dyn TransferFunction<R>) -> Result<Self, SkyError> {
        Self::normalised(cosmology, transfer, None)
    }

    /// As [`LinearPower::new`], with the variance in spheres of 8 Mpc/h of `k^n_s T(k)^2` known.
    pub(crate) fn normalised(
        cosmology: &Cosmology<R>,
        transfer: &dyn TransferFunction<R>,
        variance: Option<R>,
    ) -> Result<Self, SkyError> {
        cosmology.check()?;
        let mut delta_squared: Vec<R> = WAVENUMBERS
            .iter()
            .map(|&k| unnormalised(cosmology, transfer, k))
            .collect();
        let variance = variance.unwrap_or_else(|| crate::quadrature::weighted_sum(&delta_squared, &SPHERE_OF_8));
        let amplitude = cosmology.sigma_8.square() / variance;
        for value in &mut delta_squared {
            *value = *value * amplitude;
        }
        Self { delta_squared }.checked()
    }

    fn checked(self) -> Result<Self, SkyError> {
        for (&value, &wavenumber) in self.delta_squared.iter().zip(WAVENUMBERS.iter()) {
            if value.value() <= 0.0 || !value.is_finite() {
                let value = value.value() * 2.0 * PI * PI / wavenumber.powi(3);
                let hint = "look at the densities: the fit has no meaning for a universe almost without dark matter";
                return Err(SkyError::MatterPower {
                    wavenumber,
                    value,
                    hint,
                });
            }
        }
        Ok(self)
    }

    /// Variance per `ln k` at `ln k`, k in h/Mpc.
    #[inline]
    pub fn delta_squared(&self, ln_k: R) -> R {
        let position = (ln_k.value() - GRID.0) / GRID.1;
        let last = POINTS - 1;
        if position < 0.0 || position > last as f64 {
            return self.beyond(ln_k, position < 0.0);
        }
        let index = (position as usize).clamp(1, POINTS - 3);
        let x = position - index as f64;
        let [a, b, c, d] = [-1, 0, 1, 2].map(|offset| self.delta_squared[index.wrapping_add_signed(offset)]);
        // Lagrange's cubic through four points, and its slope for the derivatives of ln k
        let weights = [
            -x * (x - 1.0) * (x - 2.0) / 6.0,
            (x + 1.0) * (x - 1.0) * (x - 2.0) / 2.0,
            -(x + 1.0) * x * (x - 2.0) / 2.0,
            (x + 1.0) * x * (x - 1.0) / 6.0,
        ];
        let square = 3.0 * x * x;
        let slopes = [
            -(square - 6.0 * x + 2.0) / 6.0,
            (square - 4.0 * x - 1.0) / 2.0,
            -(square - 2.0 * x - 2.0) / 2.0,
            (square - 1.0) / 6.0,
        ];
        let value = a * weights[0] + b * weights[1] + c * weights[2] + d * weights[3];
        let slope = a.value() * slopes[0] + b.value() * slopes[1] + c.value() * slopes[2] + d.value() * slopes[3];
        value + ln_k.infinitesimal() * (slope / GRID.1)
    }

    /// The power law through the two outermost points.
    #[cold]
    fn beyond(&self, ln_k: R, below: bool) -> R {
        let (end, next) = if below { (0, 1) } else { (POINTS - 1, POINTS - 2) };
        let (end_value, next_value) = (self.delta_squared[end].ln(), self.delta_squared[next].ln());
        let slope = (end_value - next_value) / (GRID.1 * (end as f64 - next as f64));
        (end_value + slope * (ln_k - WAVENUMBERS[end].ln())).exp()
    }

    /// Power today at `k` in h/Mpc, (Mpc/h)^3.
    pub fn power(&self, wavenumber: f64) -> R {
        self.delta_squared(R::from(wavenumber.ln())) * (2.0 * PI * PI / wavenumber.powi(3))
    }

    /// Deviation of the linear density today in spheres of `radius` Mpc/h.
    pub fn sigma(&self, radius: f64) -> R {
        let terms = self.delta_squared.iter().zip(WAVENUMBERS.iter());
        let variance = terms.fold(R::from(0.0), |sum, (&value, k)| {
            sum + value * (GRID.1 * top_hat(k * radius).powi(2))
        });
        variance.sqrt()
    }

    /// Points of the grid, thinned: wave numbers and `Delta^2`, and the step in `ln k`.
    pub(crate) fn thinned(&self, stride: usize) -> (impl Iterator<Item = (f64, R)> + '_, f64) {
        let points = WAVENUMBERS.iter().copied().zip(self.delta_squared.iter().copied());
        (points.step_by(stride), GRID.1 * stride as f64)
    }

    /// Range of wave numbers of the grid, h/Mpc.
    #[must_use]
    pub fn range() -> Range<f64> {
        LIMITS.0..LIMITS.1
    }
}

/// `k^(3 + n_s) T(k)^2 / (2 pi^2)`: the variance per `ln k` up to a constant.
pub(crate) fn unnormalised<R: Real>(cosmology: &Cosmology<R>, transfer: &dyn TransferFunction<R>, k: f64) -> R {
    ((cosmology.n_s + 3.0) * k.ln()).exp() * transfer.at(k).square() * (1.0 / (2.0 * PI * PI))
}

impl LinearPower<f64> {
    /// A spectrum computed elsewhere (a Boltzmann code): `wavenumbers` in h/Mpc, ascending, `power` in (Mpc/h)^3. A
    /// cubic spline of the logarithms fills the grid; beyond the table the power laws of its ends go on.
    ///
    /// # Errors
    /// [`SkyError::Table`] for fewer than eight points, other lengths or an order that is not ascending;
    /// [`SkyError::MatterPower`] for power that is not a positive number.
    pub fn from_table(wavenumbers: &[f64], power: &[f64]) -> Result<Self, SkyError> {
        let table = |what, found: String, expected: String, hint| SkyError::Table {
            table: "matter power spectrum",
            what,
            found,
            expected,
            hint,
        };
        if wavenumbers.len() != power.len() || power.len() < 8 {
            let found = format!("{} wave numbers and {} powers", wavenumbers.len(), power.len());
            return Err(table(
                "its size",
                found,
                "as many of each, at least 8".into(),
                "give one power for each wave number",
            ));
        }
        let ascending = wavenumbers
            .windows(2)
            .position(|pair| !(pair[0] > 0.0 && pair[0] < pair[1]));
        if let Some(index) = ascending {
            let found = format!("{} then {} at row {index}", wavenumbers[index], wavenumbers[index + 1]);
            return Err(table(
                "the wave numbers",
                found,
                "ascending, positive".into(),
                "sort the table, in h/Mpc",
            ));
        }
        for (&wavenumber, &value) in wavenumbers.iter().zip(power) {
            if value <= 0.0 || !value.is_finite() {
                let hint = "a table of the power spectrum holds powers, not their logarithms";
                return Err(SkyError::MatterPower {
                    wavenumber,
                    value,
                    hint,
                });
            }
        }
        let ln_k: Vec<f64> = wavenumbers.iter().map(|k| k.ln()).collect();
        let ln_p: Vec<f64> = power.iter().map(|p| p.ln()).collect();
        let slopes = natural_spline_slopes(&ln_k, &ln_p);
        let last = ln_k.len() - 1;
        let value = |k: f64| {
            let x = k.ln();
            let ln_power = if x <= ln_k[0] {
                ln_p[0] + slopes[0] * (x - ln_k[0])
            } else if x >= ln_k[last] {
                ln_p[last] + slopes[last] * (x - ln_k[last])
            } else {
                let (index, fraction) = locate(&ln_k, x);
                let width = ln_k[index + 1] - ln_k[index];
                hermite(
                    ln_p[index],
                    slopes[index],
                    ln_p[index + 1],
                    slopes[index + 1],
                    width,
                    fraction,
                )
                .0
            };
            ln_power.exp() * k.powi(3) / (2.0 * PI * PI)
        };
        Self {
            delta_squared: WAVENUMBERS.iter().map(|&k| value(k)).collect(),
        }
        .checked()
    }
}
