//! Where the density becomes non-linear, for halofit.

use std::sync::LazyLock;

use super::LinearPower;
use crate::interpolation::hermite;
use crate::{Real, SkyError};

/// Radii at which the variance is tabulated, Mpc/h.
const LIMITS: (f64, f64) = (2e-4, 50.0);
const POINTS: usize = 100;
/// Each fourth wave number is enough: the filter is smooth.
const STRIDE: usize = 4;

static LN_RADIUS: LazyLock<(f64, f64)> =
    LazyLock::new(|| (LIMITS.0.ln(), (LIMITS.1 / LIMITS.0).ln() / (POINTS - 1) as f64));

/// The scale `R` at which the variance under a Gaussian filter, `sigma^2(R) = int dlnk Delta^2 e^(-k^2 R^2)`, is one, and
/// the shape of the spectrum there (Smith et al. 2003, arXiv:astro-ph/0207664, equations C6 to C8).
#[derive(Debug, Clone, Copy)]
pub struct NonlinearScale<R = f64> {
    /// `ln k_sigma` with `k_sigma = 1 / R`, h/Mpc.
    pub ln_wavenumber: R,
    /// Effective index `n = -3 - dln sigma^2 / dln R`.
    pub effective_index: R,
    /// Curvature `C = -d^2 ln sigma^2 / dln R^2`.
    pub curvature: R,
}

/// Logarithm of the variance today and its first three derivatives by `ln R`.
#[derive(Debug, Clone, Copy)]
struct Variance<R> {
    ln: R,
    first: R,
    second: R,
    third: R,
}

/// Table of variances of a linear spectrum, from which the scale at any growth factor is read.
#[derive(Debug, Clone)]
pub struct NonlinearScales<R = f64> {
    table: Vec<Variance<R>>,
}

/// Filters below `e^-60` add less than rounding does.
const NOTHING: f64 = 60.0;

/// `sums[j] = sum of value (kR)^(2j) e^(-k^2 R^2)`: the variance and what its derivatives are made of. `points` are wave
/// numbers, ascending, and values: `Delta^2` times the weight of a rule.
pub(crate) fn filtered_moments<R: Real, const N: usize>(points: impl Iterator<Item = (f64, R)>, radius: f64) -> [R; N] {
    let mut sums = [R::from(0.0); N];
    for (k, value) in points {
        let square = (k * radius).powi(2);
        if square > NOTHING {
            break;
        }
        let mut weight = (-square).exp();
        for sum in &mut sums {
            *sum += value * weight;
            weight *= square;
        }
    }
    sums
}

impl<R: Real> NonlinearScales<R> {
    /// Filters a spectrum on all radii of the table.
    #[must_use]
    pub fn new(linear: &LinearPower<R>) -> Self {
        let (points, step) = linear.thinned(STRIDE);
        let points: Vec<(f64, R)> = points.collect();
        let row = |index: usize| {
            let radius = (LN_RADIUS.0 + LN_RADIUS.1 * index as f64).exp();
            let [s0, s1, s2, s3] = filtered_moments(points.iter().copied(), radius);
            // derivatives of the variance by ln R over the variance
            let scale = s0.recip();
            let first = s1 * scale * -2.0;
            let second = (s2 - s1) * scale * 4.0;
            let third = (s2 * 3.0 - s3 - s1) * scale * 8.0;
            Variance {
                ln: (s0 * step).ln(),
                first,
                second: second - first.square(),
                third: third - first * second * 3.0 + first.cube() * 2.0,
            }
        };
        Self {
            table: (0..POINTS).map(row).collect(),
        }
    }

    /// The scale when fluctuations are `growth` times those of today; none when they are linear down to 0.2 kpc/h.
    ///
    /// # Errors
    /// [`SkyError::NonlinearScale`] when they are non-linear beyond 50 Mpc/h.
    pub fn at(&self, growth: R) -> Result<Option<NonlinearScale<R>>, SkyError> {
        let target = growth.ln() * -2.0;
        let last = &self.table[POINTS - 1];
        if last.ln.value() >= target.value() {
            let variance = (last.ln - target).exp().value();
            return Err(SkyError::NonlinearScale {
                radius: LIMITS.1,
                variance,
            });
        }
        // variances fall with the radius
        let index = self.table.partition_point(|row| row.ln.value() > target.value());
        if index == 0 {
            return Ok(None);
        }
        let (left, right) = (&self.table[index - 1], &self.table[index]);
        let step = LN_RADIUS.1;
        let variance = |x: R| hermite(left.ln, left.first, right.ln, right.first, step, x);
        // Newton on values; the last step, with derivatives, is the implicit function theorem
        let mut fraction = R::from((left.ln - target).value() / (left.ln - right.ln).value());
        for _ in 0..4 {
            let (value, slope) = variance(R::from(fraction.value()));
            fraction = (target - value) / (slope * step) + fraction.value();
        }
        let (value, slope) = variance(R::from(fraction.value()));
        fraction = (target - value) / (slope.value() * step) + fraction.value();
        let (first, _) = hermite(left.first, left.second, right.first, right.second, step, fraction);
        let (second, _) = hermite(left.second, left.third, right.second, right.third, step, fraction);
        Ok(Some(NonlinearScale {
            ln_wavenumber: -((fraction + (index - 1) as f64) * step + LN_RADIUS.0),
            effective_index: -first - 3.0,
            curvature: -second,
        }))
    }
}
