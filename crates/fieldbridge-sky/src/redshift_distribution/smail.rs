//! The usual form for a deep survey.

use super::{RedshiftDistribution, refused};
use crate::SkyError;

/// `n(z) ~ z^a exp(-(z / z0)^b)` up to a largest redshift (Smail, Ellis and Fitchett 1994, arXiv:astro-ph/9402049).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Smail {
    rise: f64,
    fall: f64,
    scale: f64,
    maximum: f64,
}

impl Smail {
    /// `a = rise`, `b = fall`, `z0 = scale`.
    ///
    /// # Errors
    /// [`SkyError::RedshiftDistribution`] for numbers that are not positive.
    pub fn new(rise: f64, fall: f64, scale: f64, maximum: f64) -> Result<Self, SkyError> {
        let numbers = [
            ("a", rise),
            ("b", fall),
            ("z0", scale),
            ("the largest redshift", maximum),
        ];
        for (what, value) in numbers {
            if value <= 0.0 || !value.is_finite() {
                let hint = "LSST year 10 has a = 2, b = 0.68, z0 = 0.11";
                return Err(refused(what, value, "a positive number", hint));
            }
        }
        Ok(Self {
            rise,
            fall,
            scale,
            maximum,
        })
    }

    /// Sources of LSST after ten years (DESC science requirements, arXiv:1809.01669), as `sbi_lens` uses them: to z = 10.
    #[must_use]
    pub fn lsst_y10() -> Self {
        Self {
            rise: 2.0,
            fall: 0.68,
            scale: 0.11,
            maximum: 10.0,
        }
    }
}

impl RedshiftDistribution for Smail {
    fn shape(&self, redshift: f64) -> f64 {
        redshift.powf(self.rise) * (-(redshift / self.scale).powf(self.fall)).exp()
    }

    fn maximum(&self) -> f64 {
        self.maximum
    }

    fn detail(&self) -> f64 {
        // the width of its peak, `z0 (a/b)^(1/b)`, over a few
        let peak = self.scale * (self.rise / self.fall).powf(1.0 / self.fall);
        0.25 * peak / (1.0 + peak) / (self.rise * self.fall).sqrt().max(1.0)
    }
}
