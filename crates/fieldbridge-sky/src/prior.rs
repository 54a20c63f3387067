//! Priors of the parameters of a universe.

mod moments;

use std::cmp::Ordering;

use rand::{Rng, RngExt};

use crate::{Cosmology, PARAMETERS, SkyError};

/// Least share of a normal distribution that its limits may leave.
const LEAST_SHARE: f64 = 1e-9;

/// The prior of one parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Prior {
    /// One value.
    Fixed(f64),
    /// Uniform between two values.
    Uniform {
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
    },
    /// Normal, cut at two values that may be infinite.
    Normal {
        /// Mean before the cut.
        mean: f64,
        /// Deviation before the cut.
        deviation: f64,
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
    },
}

impl Prior {
    fn check(&self, name: &'static str) -> Result<(), SkyError> {
        let refused = |what, value, expected, hint| {
            Err(SkyError::Prior {
                name,
                what,
                value,
                expected,
                hint,
            })
        };
        let fixed = "a prior of zero width is a number: write `NAME = NUMBER`";
        match *self {
            Self::Fixed(value) if value.is_finite() => Ok(()),
            Self::Fixed(value) => refused("value", value, "a finite number", "give a number"),
            Self::Uniform { low, high } if low.is_finite() && high.is_finite() && low < high => Ok(()),
            Self::Uniform { low, high } => refused("width", high - low, "a positive, finite number", fixed),
            Self::Normal { mean, .. } if !mean.is_finite() => refused("mean", mean, "a finite number", "give a number"),
            Self::Normal { deviation, .. } if !(deviation > 0.0 && deviation.is_finite()) => {
                refused("deviation", deviation, "a positive, finite number", fixed)
            }
            Self::Normal { low, high, .. } if low.partial_cmp(&high) != Some(Ordering::Less) => {
                refused("width", high - low, "a positive number", fixed)
            }
            Self::Normal { .. } => {
                let (below, above) = self.shares();
                if above - below > LEAST_SHARE {
                    return Ok(());
                }
                let hint = "the limits cut nearly all of the normal distribution away; move them towards its mean";
                refused("share between its limits", above - below, "more than 1e-9", hint)
            }
        }
    }

    /// Shares of the normal distribution below its two limits.
    fn shares(&self) -> (f64, f64) {
        match *self {
            Self::Normal {
                mean,
                deviation,
                low,
                high,
            } => (below((low - mean) / deviation), below((high - mean) / deviation)),
            _ => (0.0, 1.0),
        }
    }

    /// The value that has this share of the prior below it.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        match *self {
            Self::Fixed(value) => value,
            Self::Uniform { low, high } => low + share * (high - low),
            Self::Normal {
                mean,
                deviation,
                low,
                high,
            } => {
                let (under, over) = self.shares();
                let share = under + share * (over - under);
                (mean + deviation * quantile(share)).clamp(low, high)
            }
        }
    }

    /// Whether it has one value only.
    #[must_use]
    pub fn is_fixed(&self) -> bool {
        matches!(self, Self::Fixed(_))
    }

    /// The value that has as much of the prior below it as `normal` has of the standard normal distribution, and its
    /// derivative: the prior as a function of a standard normal number.
    #[must_use]
    pub fn of_normal(&self, normal: f64) -> (f64, f64) {
        match *self {
            Self::Fixed(value) => (value, 0.0),
            Self::Uniform { low, high } => {
                let width = high - low;
                // from the nearer end, so that no digits are lost
                let value = if normal < 0.0 {
                    low + width * below(normal)
                } else {
                    high - width * below(-normal)
                };
                (value, width * density(normal))
            }
            Self::Normal {
                mean,
                deviation,
                low,
                high,
            } => {
                if low == f64::NEG_INFINITY && high == f64::INFINITY {
                    return (mean + deviation * normal, deviation);
                }
                let (from, to) = ((low - mean) / deviation, (high - mean) / deviation);
                let share = below(to) - below(from);
                let z = if normal < 0.0 {
                    quantile(below(from) + share * below(normal))
                } else {
                    -quantile(below(-to) + share * below(-normal))
                };
                let value = (mean + deviation * z).clamp(low, high);
                (value, deviation * share * density(normal) / density(z))
            }
        }
    }

    /// Logarithm of the density at a value; zero for a fixed one at its value.
    #[must_use]
    pub fn log_density(&self, value: f64) -> f64 {
        let (inside, density) = match *self {
            Self::Fixed(fixed) => (value == fixed, 0.0),
            Self::Uniform { low, high } => ((low..=high).contains(&value), -(high - low).ln()),
            Self::Normal {
                mean,
                deviation,
                low,
                high,
            } => {
                let (under, over) = self.shares();
                let z = (value - mean) / deviation;
                let norm = deviation * (over - under) * (2.0 * std::f64::consts::PI).sqrt();
                ((low..=high).contains(&value), -0.5 * z * z - norm.ln())
            }
        };
        if inside { density } else { f64::NEG_INFINITY }
    }
}

/// The standard normal number with this share below it, by halving.
fn quantile(share: f64) -> f64 {
    let (mut left, mut right) = (-40.0_f64, 40.0_f64);
    while right - left > 1e-15 * left.abs().max(right.abs()).max(1.0) {
        let middle = 0.5 * (left + right);
        if middle <= left || middle >= right {
            break;
        }
        if below(middle) < share {
            left = middle;
        } else {
            right = middle;
        }
    }
    0.5 * (left + right)
}

/// Density of the standard normal distribution.
fn density(z: f64) -> f64 {
    (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

/// Share of the standard normal distribution below a value.
fn below(z: f64) -> f64 {
    0.5 * libm::erfc(-z / std::f64::consts::SQRT_2)
}

/// Independent priors of the six [`PARAMETERS`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Priors([Prior; 6]);

impl Priors {
    /// Checks and keeps them, in the order of [`PARAMETERS`].
    ///
    /// # Errors
    /// [`SkyError::Prior`] for the first that has no width or is not a distribution.
    pub fn new(priors: [Prior; 6]) -> Result<Self, SkyError> {
        for (prior, name) in priors.iter().zip(PARAMETERS) {
            prior.check(name)?;
        }
        Ok(Self(priors))
    }

    /// Those of the mocks of `sbi_lens` (Zeghal et al. 2024, arXiv:2409.17975).
    #[must_use]
    pub fn lsst_y10() -> Self {
        let normal = |mean, deviation, low, high| Prior::Normal {
            mean,
            deviation,
            low,
            high,
        };
        let free = f64::INFINITY;
        Self([
            normal(0.2664, 0.2, 0.0, free),
            normal(0.0492, 0.006, -free, free),
            normal(0.831, 0.14, -free, free),
            normal(0.6727, 0.063, -free, free),
            normal(0.9645, 0.08, -free, free),
            normal(-1.0, 0.9, -2.0, -0.3),
        ])
    }

    /// Each of them.
    #[must_use]
    pub fn each(&self) -> &[Prior; 6] {
        &self.0
    }

    /// Draws a universe.
    pub fn sample(&self, random: &mut impl Rng) -> Cosmology {
        // one number for each parameter, fixed or not, so that fixing one leaves the others as they were
        Cosmology::flat(self.0.map(|prior| prior.quantile(random.random::<f64>())))
    }

    /// Logarithm of the density of the six parameters.
    #[must_use]
    pub fn log_density(&self, cosmology: &Cosmology) -> f64 {
        let pairs = self.0.iter().zip(cosmology.parameters());
        pairs.map(|(prior, value)| prior.log_density(value)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_undo_the_integral_of_the_density() {
        let cut = Prior::Normal {
            mean: -1.0,
            deviation: 0.9,
            low: -2.0,
            high: -0.3,
        };
        for share in [0.0, 0.1, 0.5, 0.9, 1.0] {
            let end = cut.quantile(share);
            let steps = 2000;
            let step = (end + 2.0) / f64::from(steps);
            let integral: f64 = (0..steps)
                .map(|n| cut.log_density(-2.0 + (f64::from(n) + 0.5) * step).exp() * step)
                .sum();
            assert!((integral - share).abs() < 1e-6, "{share} {integral}");
        }
        assert_eq!(cut.log_density(-2.1), f64::NEG_INFINITY);
        let flat = Prior::Uniform { low: 1.0, high: 3.0 };
        assert_eq!((flat.quantile(0.25), flat.log_density(2.0)), (1.5, -(2.0_f64.ln())));
        // far from the mean too
        let tail = Prior::Normal {
            mean: 0.0,
            deviation: 1.0,
            low: f64::NEG_INFINITY,
            high: f64::INFINITY,
        };
        assert!((tail.quantile(below(-5.0)) + 5.0).abs() < 1e-9);
    }

    #[test]
    fn priors_are_functions_of_a_normal_number() {
        let free = f64::INFINITY;
        let cut = |low, high| Prior::Normal {
            mean: -1.0,
            deviation: 0.9,
            low,
            high,
        };
        let priors = [
            cut(-2.0, -0.3),
            cut(-free, free),
            cut(-1.2, free),
            Prior::Uniform { low: 0.1, high: 0.4 },
        ];
        for prior in priors {
            for normal in [-6.0, -1.3, 0.0, 0.4, 2.5, 6.0] {
                let (value, slope) = prior.of_normal(normal);
                if normal.abs() < 3.0 {
                    let quantile = prior.quantile(below(normal));
                    assert!(
                        (value - quantile).abs() < 1e-12,
                        "{prior:?} {normal}: {value} {quantile}"
                    );
                }
                let difference = (prior.of_normal(normal + 1e-5).0 - prior.of_normal(normal - 1e-5).0) / 2e-5;
                assert!(
                    (slope - difference).abs() < 1e-8 * slope.abs() + 2e-10,
                    "{prior:?} {normal}: {slope} {difference}"
                );
                // the density of the value times the slope is that of the number
                let product = prior.log_density(value).exp() * slope;
                assert!((product / density(normal) - 1.0).abs() < 1e-6, "{prior:?} {normal}");
            }
        }
        assert_eq!(Prior::Fixed(0.7).of_normal(1.0), (0.7, 0.0));
    }

    #[test]
    fn priors_without_width_are_refused_by_name() {
        let mut priors = *Priors::lsst_y10().each();
        priors[2] = Prior::Uniform { low: 0.8, high: 0.8 };
        let error = Priors::new(priors).unwrap_err().to_string();
        assert!(
            error.contains("sigma_8") && error.contains("width") && error.contains('0'),
            "{error}"
        );
        let normal = |deviation, low, high| Prior::Normal {
            mean: 0.8,
            deviation,
            low,
            high,
        };
        for bad in [
            normal(0.0, 0.0, 1.0),
            normal(f64::NAN, 0.0, 1.0),
            normal(0.1, 1.0, 0.5),
            normal(0.1, 5.0, 6.0),
            Prior::Fixed(f64::NAN),
        ] {
            priors[2] = bad;
            assert!(Priors::new(priors).is_err(), "{bad:?}");
        }
    }
}
