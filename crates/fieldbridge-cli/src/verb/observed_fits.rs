//! An observed map in a FITS file: an image with the scale of its pixels, or a cut-out of the sphere.

use std::path::Path;

use anyhow::{Context, bail};
use fieldbridge::data::fields::FieldGeometry;
use fieldbridge_files::{FitsKind, FitsUnit, fits_units};

use super::observed_healpix;
use crate::mcmc::observation::in_planes;

/// Pixels that differ more than this from those of the model, as a share, are told.
const TOLD: f64 = 0.01;
/// Pixels that differ more than this are refused.
const REFUSED: f64 = 0.05;

/// Maps `[bin, y, x]` of the image or table of a file; `group` names one of several. What is unlike the model's patch goes to
/// `notes`.
///
/// # Errors
/// For a file without a map of the model's shape, or with pixels of another size.
pub(crate) fn read(
    path: &Path,
    group: Option<&str>,
    geometry: FieldGeometry,
    notes: &mut Vec<String>,
) -> anyhow::Result<Vec<f64>> {
    let unit = chosen(path, group)?;
    match unit.kind {
        FitsKind::Table => observed_healpix::read(path, &unit, geometry, notes),
        _ => image(path, &unit, geometry, notes),
    }
}

/// The unit of this name or number; the only image, or the only table of a file without images.
fn chosen(path: &Path, group: Option<&str>) -> anyhow::Result<FitsUnit> {
    let mut units = fits_units(path)?;
    units.retain(|unit| unit.kind != FitsKind::Other);
    let listed = |units: &[FitsUnit]| units.iter().map(FitsUnit::described).collect::<Vec<_>>().join(", ");
    if units.is_empty() {
        bail!(
            "{} holds neither an image nor a binary table; give a file with a map",
            path.display()
        );
    }
    if let Some(group) = group {
        let names = listed(&units);
        let found = units.into_iter().find(|unit| unit.is_called(group));
        return found.with_context(|| format!("{} has no extension {group}; it has {names}", path.display()));
    }
    let images: Vec<FitsUnit> = units
        .iter()
        .filter(|unit| unit.kind == FitsKind::Image)
        .cloned()
        .collect();
    let mut candidates = if images.is_empty() { units } else { images };
    if candidates.len() > 1 {
        bail!(
            "{} holds {} maps, expected one: name one of {} with --group; maps of several bins are one image [bin, y, x]",
            path.display(),
            candidates.len(),
            listed(&candidates)
        );
    }
    Ok(candidates.remove(0))
}

fn image(path: &Path, unit: &FitsUnit, geometry: FieldGeometry, notes: &mut Vec<String>) -> anyhow::Result<Vec<f64>> {
    let array = unit.read_image()?;
    // axes of length one before the others mean nothing: Stokes, frequency
    let mut shape = array.shape.as_slice();
    while shape.len() > 3 && shape[0] == 1 {
        shape = &shape[1..];
    }
    let FieldGeometry { bins, pixels, .. } = geometry;
    let Some(planes) = in_planes(shape, &array.to_f64()?, bins, pixels) else {
        bail!(
            "{} has an image of the shape {:?} (NAXISn, the last first); the model knows {bins} bins of {pixels} by {pixels} pixels, \
             [{bins}, {pixels}, {pixels}]; cut the patch out, or ask another model",
            path.display(),
            array.shape
        );
    };
    let own = geometry.pixel_arcmin();
    let Some(sides) = unit.pixel_degrees()? else {
        notes.push(format!(
            "{} does not say how wide its pixels are (CDELT or CD, in degrees); they are taken to be those of the model, {own:.4} \
             arcmin",
            path.display()
        ));
        return Ok(planes);
    };
    let [x, y] = sides.map(|degrees| 60.0 * degrees);
    let mismatch = [x, y]
        .map(|side| (side / own - 1.0).abs())
        .into_iter()
        .fold(0.0, f64::max);
    let words = format!(
        "{} has pixels of {x:.4} by {y:.4} arcmin, the model knows pixels of {own:.4} arcmin: {:.1} % apart",
        path.display(),
        100.0 * mismatch
    );
    if mismatch > REFUSED {
        bail!("{words}; resample the map to the model's pixels, or ask a model of such pixels");
    }
    if mismatch > TOLD {
        notes.push(format!("{words}; multipoles and noise are off by as much"));
    }
    Ok(planes)
}
