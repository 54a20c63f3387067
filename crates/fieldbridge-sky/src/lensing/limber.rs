//! The sum over the line of sight, once it has been cut into points.

use std::f64::consts::PI;

use crate::power::{HalofitTerms, LinearPower};
use crate::{Real, SkyError};

/// The line of sight as a rule of quadrature: what each scheme makes of a universe.
pub(crate) struct LineOfSight<R> {
    linear: LinearPower<R>,
    bins: usize,
    points: Vec<Point<R>>,
    /// `[point, pair]`: weight of the rule times `2 pi^2 S W_i W_j`, pairs as in [`pairs`].
    weights: Vec<R>,
}

struct Point<R> {
    ln_distance: R,
    terms: HalofitTerms<R>,
}

/// Pairs `i <= j` of bins in the order of the spectra: (0,0), (0,1), ..., (1,1), ...
pub(crate) fn pairs(bins: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..bins).flat_map(move |first| (first..bins).map(move |second| (first, second)))
}

impl<R: Real> LineOfSight<R> {
    pub(crate) fn new(linear: LinearPower<R>, bins: usize) -> Self {
        Self {
            linear,
            bins,
            points: Vec::new(),
            weights: Vec::new(),
        }
    }

    /// Adds a point at transverse distance `distance`, Mpc/h, with the kernels of all bins there, h/Mpc, standing for a
    /// stretch `depth` of the line of sight, Mpc/h.
    pub(crate) fn push(&mut self, distance: R, depth: R, kernels: &[R], terms: HalofitTerms<R>) {
        let common = depth * distance * (2.0 * PI * PI);
        let scaled: Vec<R> = kernels.iter().map(|&kernel| kernel * common).collect();
        self.weights
            .extend(pairs(self.bins).map(|(first, second)| scaled[first] * kernels[second]));
        self.points.push(Point {
            ln_distance: distance.ln(),
            terms,
        });
    }

    /// Logarithms of the spectra of all pairs at `ln(l + 1/2)`, without the factor `f(l)`.
    ///
    /// # Errors
    /// [`SkyError::Spectrum`] when one is not a positive number.
    pub(crate) fn logarithms(&self, ln_ell: f64) -> Result<Vec<R>, SkyError> {
        let count = self.bins * (self.bins + 1) / 2;
        let mut sums = vec![R::from(0.0); count];
        for (point, weights) in self.points.iter().zip(self.weights.chunks(count)) {
            let ln_k = -point.ln_distance + ln_ell;
            let power = point.terms.delta_squared(self.linear.delta_squared(ln_k), ln_k);
            for (sum, &weight) in sums.iter_mut().zip(weights) {
                *sum += weight * power;
            }
        }
        for (sum, (first, second)) in sums.iter_mut().zip(pairs(self.bins)) {
            let value = sum.value();
            if value <= 0.0 || !sum.is_finite() {
                return Err(SkyError::Spectrum {
                    first,
                    second,
                    multipole: ln_ell.exp() - 0.5,
                    value,
                });
            }
            *sum = sum.ln() - 3.0 * ln_ell;
        }
        Ok(sums)
    }
}
