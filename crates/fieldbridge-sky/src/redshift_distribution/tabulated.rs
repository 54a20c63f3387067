//! A distribution measured by others.

use super::{RedshiftDistribution, refused};
use crate::SkyError;
use crate::interpolation::locate;

/// Finer details than this, in `ln(1+z)`, are not followed.
const FINEST: f64 = 0.01;

/// `n(z)` given at some redshifts, straight lines between them and nothing outside.
#[derive(Debug, Clone, PartialEq)]
pub struct TabulatedRedshifts {
    redshifts: Vec<f64>,
    densities: Vec<f64>,
}

impl TabulatedRedshifts {
    /// A table with ascending redshifts.
    ///
    /// # Errors
    /// [`SkyError::Table`] for fewer than two rows or other lengths; [`SkyError::RedshiftDistribution`] for redshifts that
    /// are negative or do not ascend, and densities that are negative, not finite, or all zero.
    pub fn new(redshifts: Vec<f64>, densities: Vec<f64>) -> Result<Self, SkyError> {
        if redshifts.len() != densities.len() || redshifts.len() < 2 {
            return Err(SkyError::Table {
                table: "n(z)",
                what: "its size",
                found: format!("{} redshifts and {} densities", redshifts.len(), densities.len()),
                expected: "as many of each, at least 2".into(),
                hint: "give one density for each redshift",
            });
        }
        let mut last = -f64::MIN_POSITIVE;
        for &redshift in &redshifts {
            if redshift <= last || !redshift.is_finite() {
                return Err(refused(
                    "a redshift",
                    redshift,
                    "ascending redshifts from 0",
                    "sort the table",
                ));
            }
            last = redshift;
        }
        if let Some(&density) = densities.iter().find(|density| **density < 0.0 || !density.is_finite()) {
            return Err(refused(
                "a density",
                density,
                "zero or a positive number",
                "a density is never negative",
            ));
        }
        if densities.iter().all(|&density| density == 0.0) {
            return Err(refused(
                "every density",
                0.0,
                "a positive number somewhere",
                "there are no galaxies in it",
            ));
        }
        Ok(Self { redshifts, densities })
    }
}

impl RedshiftDistribution for TabulatedRedshifts {
    fn shape(&self, redshift: f64) -> f64 {
        let last = self.redshifts.len() - 1;
        if redshift < self.redshifts[0] || redshift > self.redshifts[last] {
            return 0.0;
        }
        let (index, fraction) = locate(&self.redshifts, redshift);
        self.densities[index] + fraction * (self.densities[index + 1] - self.densities[index])
    }

    fn maximum(&self) -> f64 {
        self.redshifts[self.redshifts.len() - 1]
    }

    fn detail(&self) -> f64 {
        let steps = self.redshifts.windows(2).map(|pair| pair[1].ln_1p() - pair[0].ln_1p());
        steps.fold(f64::INFINITY, f64::min).max(FINEST)
    }

    fn breaks(&self) -> Vec<f64> {
        let mut breaks = vec![self.redshifts[0]];
        for &redshift in &self.redshifts {
            if redshift.ln_1p() - breaks[breaks.len() - 1].ln_1p() >= FINEST {
                breaks.push(redshift);
            }
        }
        breaks
    }
}
