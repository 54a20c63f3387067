//! The non-linear scale as read from a table of variances.

use std::sync::LazyLock;

use crate::Real;
use crate::power::{LinearPower, NonlinearScale, filtered_moments};
use crate::quadrature::simpson_weights;

/// Rows of the table, from 1e-4 to 10 Mpc/h, even in the logarithm.
const RADII: usize = 256;
/// Steps of Simpson's rule in `ln k`, from 1e-4 to 1e4 h/Mpc.
const STEPS: usize = 256;
const LN_K: (f64, f64) = (-9.210_340_371_976_182, 9.210_340_371_976_182);
const LN_RADIUS: (f64, f64) = (-9.210_340_371_976_182, std::f64::consts::LN_10);

/// `[radius, k]`: `e^(-k^2 R^2)`, the same for every universe.
static FILTERS: LazyLock<Vec<f64>> = LazyLock::new(|| {
    (0..RADII)
        .flat_map(|row| (0..=STEPS).map(move |column| (-(ln_radius(row) + ln_k(column)).exp().powi(2)).exp()))
        .collect()
});

fn ln_radius(row: usize) -> f64 {
    LN_RADIUS.0 + (LN_RADIUS.1 - LN_RADIUS.0) * row as f64 / (RADII - 1) as f64
}

fn ln_k(column: usize) -> f64 {
    LN_K.0 + (LN_K.1 - LN_K.0) * column as f64 / STEPS as f64
}

/// Variances today under a Gaussian filter, and the spectrum they come from.
pub(super) struct ScaleTable<R> {
    /// `k` and `Delta^2` times the weight of the rule.
    spectrum: Vec<(f64, R)>,
    variances: Vec<R>,
}

impl<R: Real> ScaleTable<R> {
    pub(super) fn new(linear: &LinearPower<R>) -> Self {
        let weights = simpson_weights((LN_K.1 - LN_K.0) / STEPS as f64, STEPS);
        let point = |(column, &weight): (usize, &f64)| {
            let ln_k = ln_k(column);
            (ln_k.exp(), linear.delta_squared(R::from(ln_k)) * weight)
        };
        let spectrum: Vec<(f64, R)> = weights.iter().enumerate().map(point).collect();
        let variance = |filter: &[f64]| {
            // filters fall with k: beyond this there is nothing
            let terms = filter.iter().zip(&spectrum).take_while(|(filter, _)| **filter > 1e-26);
            terms.fold(R::from(0.0), |sum, (&filter, &(_, value))| sum + value * filter)
        };
        let variances = FILTERS.chunks(STEPS + 1).map(variance).collect();
        Self { spectrum, variances }
    }

    /// The scale when fluctuations are `growth` times those of today.
    pub(super) fn at(&self, growth: R) -> NonlinearScale<R> {
        let square = growth.square();
        let variance = |row: usize| self.variances[row] * square;
        // the row nearest to one; variances fall with the radius
        let below = self
            .variances
            .partition_point(|row| row.value() * square.value() > 1.0)
            .clamp(1, RADII - 1);
        let distance = |row: usize| (1.0 - variance(row).value()).abs();
        let nearest = if distance(below - 1) <= distance(below) {
            below - 1
        } else {
            below
        };
        let row = nearest.clamp(1, RADII - 2);
        // always the line to the row before, whichever side one lies on, but for the last
        let other = if row == RADII - 2 { row + 1 } else { row - 1 };
        let slope = (variance(other) - variance(row)).recip() * (ln_radius(other) - ln_radius(row));
        let mut ln_radius = slope * (-variance(row) + 1.0) + ln_radius(row);
        if ln_radius.value() < 1e-6_f64.ln() {
            ln_radius = R::from(1e-6_f64.ln());
        }
        let [_, s1, s2, s3] = filtered_moments(self.spectrum.iter().copied(), ln_radius.value().exp());
        let change = ln_radius.infinitesimal();
        let first = (s1 + (s1 - s2) * change * 2.0) * square;
        let second = (s2 + (s2 * 4.0 - s3 * 2.0) * change) * square;
        NonlinearScale {
            ln_wavenumber: -ln_radius,
            effective_index: first * 2.0 - 3.0,
            curvature: first.square() * 4.0 + (first - second) * 4.0,
        }
    }
}
