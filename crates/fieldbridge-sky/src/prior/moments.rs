//! Centre and width of priors.

use super::{Prior, Priors, density};
use crate::Cosmology;

impl Prior {
    /// Mean and deviation. With `a` and `b` the limits in deviations from the mean before the cut, `Z` the share between them
    /// and `f` the standard normal density, a cut normal has the mean `mu + s (f(a) - f(b)) / Z` and the variance
    /// `s^2 [1 + (a f(a) - b f(b)) / Z - ((f(a) - f(b)) / Z)^2]` (Johnson, Kotz and Balakrishnan 1994, chapter 13).
    #[must_use]
    pub fn mean_and_deviation(&self) -> (f64, f64) {
        match *self {
            Self::Fixed(value) => (value, 0.0),
            Self::Uniform { low, high } => (0.5 * (low + high), (high - low) / 12.0_f64.sqrt()),
            Self::Normal {
                mean,
                deviation,
                low,
                high,
            } => {
                let (under, over) = self.shares();
                let share = over - under;
                let ends = [(low - mean) / deviation, (high - mean) / deviation];
                let [first, last] = ends.map(|end| density(end) / share);
                // the density of an infinite end is zero, and so is its product
                let [low, high] = [(ends[0], first), (ends[1], last)]
                    .map(|(end, density)| if end.is_finite() { end * density } else { 0.0 });
                let shift = first - last;
                let variance = (1.0 + low - high - shift * shift).max(0.0);
                (mean + deviation * shift, deviation * variance.sqrt())
            }
        }
    }
}

impl Priors {
    /// The universe of the medians: the fiducial one.
    #[must_use]
    pub fn centre(&self) -> Cosmology {
        Cosmology::flat(self.each().map(|prior| prior.of_normal(0.0).0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_integrals_over_the_density() {
        let free = f64::INFINITY;
        let cut = |low, high| Prior::Normal {
            mean: 0.2664,
            deviation: 0.2,
            low,
            high,
        };
        for prior in [
            cut(-free, free),
            cut(0.0, free),
            cut(-free, 0.3),
            cut(0.1, 0.4),
            Prior::Uniform { low: -2.0, high: -0.3 },
        ] {
            let (low, high) = (prior.quantile(1e-12), prior.quantile(1.0 - 1e-12));
            let steps = 20_000;
            let step = (high - low) / f64::from(steps);
            let sum = |power: i32| -> f64 {
                (0..steps)
                    .map(|n| low + (f64::from(n) + 0.5) * step)
                    .map(|value| prior.log_density(value).exp() * value.powi(power) * step)
                    .sum()
            };
            let (mean, deviation) = prior.mean_and_deviation();
            let exact = (sum(2) - sum(1).powi(2)).sqrt();
            assert!((mean - sum(1)).abs() < 1e-6, "{prior:?}: {mean} {}", sum(1));
            assert!((deviation - exact).abs() < 1e-6, "{prior:?}: {deviation} {exact}");
        }
        assert_eq!(Prior::Fixed(0.3).mean_and_deviation(), (0.3, 0.0));
    }

    #[test]
    fn half_of_every_prior_lies_below_the_centre() {
        let priors = Priors::lsst_y10();
        for (prior, value) in priors.each().iter().zip(priors.centre().parameters()) {
            assert!((prior.quantile(0.5) - value).abs() < 1e-12, "{prior:?} {value}");
        }
    }
}
