//! The noise that galaxies have shapes of their own.

use crate::SkyError;
use crate::constants::ARCMIN2_PER_STERADIAN;

/// Power spectrum of the shape noise of one bin, `sigma_e^2 / n`, in steradian (dimensionless convergence squared per
/// mode). `ellipticity` is the deviation of one component, the density is per square arc minute.
///
/// # Errors
/// [`SkyError::Survey`] for a deviation that is negative or a density that is not positive.
pub fn shape_noise(ellipticity: f64, galaxies_per_arcmin2: f64) -> Result<f64, SkyError> {
    if !(ellipticity >= 0.0 && ellipticity.is_finite()) {
        return Err(SkyError::Survey {
            name: "ellipticity deviation of one component",
            value: ellipticity,
            expected: "zero or a positive number",
            hint: "LSST year 10 has 0.26",
        });
    }
    positive(
        "galaxies per square arc minute",
        galaxies_per_arcmin2,
        "LSST year 10 has 27 in all, 5.4 in each of five bins",
    )?;
    Ok(ellipticity * ellipticity / (galaxies_per_arcmin2 * ARCMIN2_PER_STERADIAN))
}

/// Deviation of the noise of convergence in a square pixel of `pixel_arcmin` arc minutes on a side.
///
/// # Errors
/// As [`shape_noise`], and for a side that is not positive.
pub fn pixel_noise(ellipticity: f64, galaxies_per_arcmin2: f64, pixel_arcmin: f64) -> Result<f64, SkyError> {
    positive(
        "pixel side in arc minutes",
        pixel_arcmin,
        "LSST year 10 mocks have 2.34",
    )?;
    let power = shape_noise(ellipticity, galaxies_per_arcmin2)?;
    Ok((power * ARCMIN2_PER_STERADIAN).sqrt() / pixel_arcmin)
}

fn positive(name: &'static str, value: f64, hint: &'static str) -> Result<(), SkyError> {
    if value > 0.0 && value.is_finite() {
        return Ok(());
    }
    Err(SkyError::Survey {
        name,
        value,
        expected: "a positive number",
        hint,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_of_the_lsst_mock_have_their_known_noise() {
        // 27 galaxies per square arc minute in five bins, 10 degrees on 256 pixels
        let noise = pixel_noise(0.26, 5.4, 600.0 / 256.0).unwrap();
        assert!((noise - 0.04774).abs() < 5e-6);
        // white noise of a pixel and its power: sigma^2 times the area in steradian
        let side = (600.0_f64 / 256.0 / 60.0).to_radians();
        assert!((noise * noise * side * side / shape_noise(0.26, 5.4).unwrap() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn surveys_without_galaxies_are_refused() {
        for (ellipticity, density, pixel) in [(-0.1, 5.0, 1.0), (0.26, 0.0, 1.0), (0.26, 5.0, f64::NAN)] {
            assert!(matches!(
                pixel_noise(ellipticity, density, pixel),
                Err(SkyError::Survey { .. })
            ));
        }
    }
}
