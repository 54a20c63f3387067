//! How the sources are spread over redshift.

mod photometric;
mod smail;
mod tabulated;
#[cfg(test)]
mod tests;

use std::fmt::Debug;
use std::sync::Arc;

pub use photometric::{PhotometricBin, equal_count_bins, equal_count_edges};
pub use smail::Smail;
pub use tabulated::TabulatedRedshifts;

use crate::SkyError;
use crate::quadrature::Panels;

/// Widest panel in `ln(1+z)`, whatever the distributions are.
const WIDEST_PANEL: f64 = 0.1;
/// Width of the first panel, and how fast panels widen: near us the acoustic oscillations pass through the integrals, and
/// one of them takes a fixed fraction of the distance.
const FIRST_PANEL: f64 = 0.01;
const WIDENING: f64 = 1.25;
/// Panels are at most this many times as wide as the narrowest detail.
const PANEL_PER_DETAIL: f64 = 2.0;
/// Nodes in a panel.
const ORDER: usize = 5;

/// The density of sources over redshift, up to a constant.
pub trait RedshiftDistribution: Debug + Send + Sync {
    /// `n(z)` up to a constant; never negative.
    fn shape(&self, redshift: f64) -> f64;

    /// Redshift beyond which there are no sources.
    fn maximum(&self) -> f64;

    /// Width in `ln(1+z)` of its narrowest detail.
    fn detail(&self) -> f64 {
        f64::INFINITY
    }

    /// Redshifts at which it jumps or bends.
    fn breaks(&self) -> Vec<f64> {
        Vec::new()
    }
}

/// One tomographic bin of a survey.
#[derive(Debug, Clone)]
pub struct TomographicBin {
    /// Where its sources are.
    pub distribution: Arc<dyn RedshiftDistribution>,
    /// How many there are, per square arc minute.
    pub galaxies_per_arcmin2: f64,
}

/// Panels in `ln(1+z)` on which all the distributions are smooth, up to the largest redshift of any.
///
/// # Errors
/// [`SkyError::RedshiftDistribution`] for a largest redshift that is not positive and finite.
pub(crate) fn panels(distributions: &[&dyn RedshiftDistribution]) -> Result<Panels, SkyError> {
    let mut end = 0.0_f64;
    let mut width = WIDEST_PANEL;
    let mut breaks = Vec::new();
    for (bin, distribution) in distributions.iter().enumerate() {
        let maximum = distribution.maximum();
        if maximum <= 0.0 || !maximum.is_finite() {
            let hint = "the distribution must end at some redshift, 10 is far enough";
            let expected = "a positive number";
            return Err(refused("the largest redshift", maximum, expected, hint).in_bin(bin));
        }
        end = end.max(maximum.ln_1p());
        width = width.min(PANEL_PER_DETAIL * distribution.detail());
        breaks.extend(distribution.breaks().into_iter().map(f64::ln_1p));
    }
    breaks.retain(|&edge| edge > 0.0 && edge < end);
    breaks.push(end);
    breaks.sort_by(f64::total_cmp);
    breaks.dedup_by(|next, last| *next - *last < 1e-9);
    let mut edges = vec![0.0];
    let mut last = 0.0_f64;
    for stop in breaks {
        while last < stop {
            let next = (last * WIDENING).max(FIRST_PANEL).min(last + width);
            // no sliver before the break
            last = if stop - next < 0.2 * (next - last) { stop } else { next };
            edges.push(last);
        }
    }
    Ok(Panels::new(edges, ORDER))
}

/// `n(z) dz / dln(1+z)` at the nodes, normalised to an integral of one.
///
/// # Errors
/// [`SkyError::RedshiftDistribution`] when it is negative or not finite somewhere, or empty.
pub(crate) fn normalised(distribution: &dyn RedshiftDistribution, panels: &Panels) -> Result<Vec<f64>, SkyError> {
    let mut values = Vec::with_capacity(panels.nodes().len());
    for &u in panels.nodes() {
        let redshift = u.exp_m1();
        let value = if redshift > distribution.maximum() {
            0.0
        } else {
            distribution.shape(redshift)
        };
        if value < 0.0 || !value.is_finite() {
            let hint = "a density is never negative";
            return Err(refused("n(z) somewhere", value, "zero or a positive number", hint));
        }
        values.push(value * (1.0 + redshift));
    }
    let total = panels.integral(&values);
    if total <= 0.0 || !total.is_finite() {
        let hint = "there are no galaxies in it; look at the edges of the bin and at the largest redshift";
        return Err(refused("the integral of n(z)", total, "a positive number", hint));
    }
    for value in &mut values {
        *value /= total;
    }
    Ok(values)
}

/// Mean redshift of a distribution.
///
/// # Errors
/// [`SkyError::RedshiftDistribution`] when it is empty or not a density.
pub fn mean_redshift(distribution: &dyn RedshiftDistribution) -> Result<f64, SkyError> {
    let panels = panels(&[distribution])?;
    let values = normalised(distribution, &panels)?;
    let moments: Vec<f64> = values
        .iter()
        .zip(panels.nodes())
        .map(|(value, u)| value * u.exp_m1())
        .collect();
    Ok(panels.integral(&moments))
}

fn refused(what: &'static str, value: f64, expected: &'static str, hint: &'static str) -> SkyError {
    SkyError::RedshiftDistribution {
        bin: None,
        what,
        value,
        expected,
        hint,
    }
}
