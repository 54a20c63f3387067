//! The covariances of convergence and noise of all bins in every mode.

use crate::field::LensingField;
use crate::{Cosmology, SkyError};

/// `P = C(l) / area` in every mode of the octant, packed: `[mode, pair of bins]`, pairs (0,0), (0,1), ..., (1,1), ... The mean of
/// a map has none.
///
/// # Errors
/// Those of [`LensingField::spectra`].
pub(super) fn packed_powers(field: &LensingField, cosmology: &Cosmology) -> Result<Vec<f64>, SkyError> {
    let spectra = field.spectra(cosmology)?;
    let area = field.patch().steradian();
    let pairs: Vec<Vec<f64>> = spectra.all().map(|(_, values)| field.at_modes(values)).collect();
    let modes = field.octant().len();
    Ok((0..modes)
        .flat_map(|mode| pairs.iter().map(move |values| values[mode] / area))
        .collect())
}

/// `N = sigma^2 / pixels` of a mode in each bin, of noise of the deviation `sigma` in each pixel.
pub(super) fn noise_of_a_mode(field: &LensingField, noise: &[f64]) -> Vec<f64> {
    let pixels = field.patch().area_pixels() as f64;
    noise.iter().map(|deviation| deviation * deviation / pixels).collect()
}
