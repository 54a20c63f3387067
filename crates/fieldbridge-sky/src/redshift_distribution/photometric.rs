//! Bins cut in photometric redshift.

use std::sync::Arc;

use super::{RedshiftDistribution, TomographicBin, normalised, panels, refused};
use crate::SkyError;
use crate::quadrature::Panels;

/// The galaxies of a parent distribution whose photometric redshift, scattered by `smearing (1 + z)` about the true one,
/// falls between two edges:
///
/// `n_i(z) ~ n(z) / 2 [erf((z_high - z) / s) - erf((z_low - z) / s)]`, `s = sqrt(2) smearing (1 + z)`
/// (Ma, Hu and Huterer 2006, arXiv:astro-ph/0506614).
#[derive(Debug, Clone)]
pub struct PhotometricBin {
    parent: Arc<dyn RedshiftDistribution>,
    low: f64,
    high: f64,
    smearing: f64,
}

impl PhotometricBin {
    /// A bin between two photometric redshifts. A `smearing` of zero cuts in true redshift.
    ///
    /// # Errors
    /// [`SkyError::RedshiftDistribution`] for edges that do not ascend from zero or a smearing that is negative.
    pub fn new(parent: Arc<dyn RedshiftDistribution>, low: f64, high: f64, smearing: f64) -> Result<Self, SkyError> {
        if !(low >= 0.0 && low.is_finite()) {
            return Err(refused(
                "the lower edge",
                low,
                "a redshift from 0",
                "bins begin at a redshift",
            ));
        }
        let width = high - low;
        if !(width > 0.0 && width.is_finite()) {
            let hint = "the upper edge must lie above the lower one";
            return Err(refused("the width", width, "a positive number", hint));
        }
        if !(0.0..10.0).contains(&smearing) {
            let hint = "LSST year 10 has 0.05";
            return Err(refused("the smearing", smearing, "zero or a positive number", hint));
        }
        Ok(Self {
            parent,
            low,
            high,
            smearing,
        })
    }

    /// Its photometric edges.
    #[must_use]
    pub fn edges(&self) -> (f64, f64) {
        (self.low, self.high)
    }
}

impl RedshiftDistribution for PhotometricBin {
    fn shape(&self, redshift: f64) -> f64 {
        let inside = if self.smearing > 0.0 {
            let scale = 1.0 / (std::f64::consts::SQRT_2 * self.smearing * (1.0 + redshift));
            0.5 * (libm::erf((self.high - redshift) * scale) - libm::erf((self.low - redshift) * scale))
        } else {
            f64::from((self.low..self.high).contains(&redshift))
        };
        self.parent.shape(redshift) * inside.max(0.0)
    }

    fn maximum(&self) -> f64 {
        self.parent.maximum()
    }

    fn detail(&self) -> f64 {
        let smearing = if self.smearing > 0.0 {
            self.smearing
        } else {
            f64::INFINITY
        };
        smearing.min(self.parent.detail())
    }

    fn breaks(&self) -> Vec<f64> {
        let mut breaks = self.parent.breaks();
        if self.smearing == 0.0 {
            breaks.extend([self.low, self.high]);
        }
        breaks
    }
}

/// Redshifts that cut a distribution into `count` parts with as many galaxies each: 0, the edges between, its end.
///
/// # Errors
/// [`SkyError::RedshiftDistribution`] for no bins or a distribution that is empty.
pub fn equal_count_edges(parent: &dyn RedshiftDistribution, count: usize) -> Result<Vec<f64>, SkyError> {
    if count == 0 {
        return Err(refused(
            "the number of bins",
            0.0,
            "at least 1",
            "ask for one bin or more",
        ));
    }
    let panels = panels(&[parent])?;
    let density = normalised(parent, &panels)?;
    let total: f64 = panels
        .weights()
        .iter()
        .zip(panels.nodes())
        .map(|(w, u)| w * u.exp() * parent.shape(u.exp_m1()))
        .sum();
    let running = panels.running_integral(&density);
    let below = |end: f64| {
        // whole nodes first, then a fresh rule from the last node on
        let index = panels.nodes().partition_point(|&u| u < end);
        let (start, before) = if index == 0 {
            (0.0, 0.0)
        } else {
            (panels.nodes()[index - 1], running[index - 1])
        };
        if end - start < 1e-14 {
            return before;
        }
        let rest = Panels::uniform(start, end, 2, 8);
        let values: Vec<f64> = rest
            .nodes()
            .iter()
            .map(|u| u.exp() * parent.shape(u.exp_m1()) / total)
            .collect();
        before + rest.integral(&values)
    };
    let mut edges = vec![0.0];
    for index in 1..count {
        let target = index as f64 / count as f64;
        let (mut low, mut high) = (0.0, parent.maximum().ln_1p());
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if below(middle) < target {
                low = middle
            } else {
                high = middle
            }
        }
        edges.push((0.5 * (low + high)).exp_m1());
    }
    edges.push(parent.maximum());
    Ok(edges)
}

/// Cuts a survey into bins with as many galaxies each, smeared by photometric redshifts. The edges divide the true
/// redshifts evenly, as in `sbi_lens`, and each bin counts as `1 / count` of the galaxies.
///
/// # Errors
/// As [`equal_count_edges`] and [`PhotometricBin::new`]; [`SkyError::Survey`] for a density that is not positive.
pub fn equal_count_bins(
    parent: &Arc<dyn RedshiftDistribution>,
    count: usize,
    smearing: f64,
    galaxies_per_arcmin2: f64,
) -> Result<Vec<TomographicBin>, SkyError> {
    if !(galaxies_per_arcmin2 > 0.0 && galaxies_per_arcmin2.is_finite()) {
        return Err(SkyError::Survey {
            name: "galaxies per square arc minute",
            value: galaxies_per_arcmin2,
            expected: "a positive number",
            hint: "LSST year 10 has 27",
        });
    }
    let edges = equal_count_edges(parent.as_ref(), count)?;
    let pairs = edges.windows(2).enumerate();
    pairs
        .map(|(number, pair)| {
            let bin = PhotometricBin::new(Arc::clone(parent), pair[0], pair[1], smearing);
            let distribution = Arc::new(bin.map_err(|error| error.in_bin(number))?);
            Ok(TomographicBin {
                distribution,
                galaxies_per_arcmin2: galaxies_per_arcmin2 / count as f64,
            })
        })
        .collect()
}
