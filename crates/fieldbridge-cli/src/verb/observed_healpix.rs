//! A HEALPix cut-out as an observed map.

use std::path::Path;

use anyhow::{Context, bail};
use fieldbridge::data::fields::FieldGeometry;
use fieldbridge_files::{ColumnKind, FitsUnit, TableFile};
use fieldbridge_sky::field::Patch;
use fieldbridge_sky::survey::{CutOut, Healpix, PixelOrder};

/// Column of the pixels, in capitals or not.
const PIXEL: &str = "PIXEL";
/// Pixels that differ more than this from those of the model, as a share, are told.
const TOLD: f64 = 0.05;
/// Values this far below zero mean that there is none: `UNSEEN` is -1.6375e30.
const UNSEEN: f64 = -1e30;

/// Maps `[bin, y, x]` of a binary table with the column `PIXEL` and one column of values for every bin, in their order, on the
/// flat patch of the model around the mean direction of the pixels. Pixels of the patch that the table lacks are NaN.
///
/// # Errors
/// For a table without explicit pixels, `NSIDE` or `ORDERING`, or with another number of columns.
pub(crate) fn read(
    path: &Path,
    unit: &FitsUnit,
    geometry: FieldGeometry,
    notes: &mut Vec<String>,
) -> anyhow::Result<Vec<f64>> {
    let place = path.display();
    if unit.text("ZIMAGE") == Some("T") {
        bail!("{place} holds a compressed image, which is not read; undo it first: `funpack FILE.fits.fz`");
    }
    let table = TableFile::open_group(path, &unit.number.to_string())?;
    let named = |column: &str| column.eq_ignore_ascii_case(PIXEL);
    let Some(pixel) = table.columns().iter().find(|column| named(&column.name)) else {
        let names: Vec<&str> = table.columns().iter().map(|column| column.name.as_str()).collect();
        bail!(
            "{place} has a table with the columns {}, but no column {PIXEL}: a cut-out names its pixels; write one with \
             `healpy.write_map(FILE, maps, partial=True)`",
            names.join(", ")
        );
    };
    let columns: Vec<&str> = table
        .columns()
        .iter()
        .filter(|column| !named(&column.name) && matches!(column.kind, ColumnKind::Number | ColumnKind::Integer))
        .map(|column| column.name.as_str())
        .collect();
    let wide = table.columns().iter().find(|column| column.width != 1);
    if columns.len() != geometry.bins || wide.is_some() {
        let wide = wide.map_or(String::new(), |column| {
            format!(", {} of them in each row of {}", column.width, column.name)
        });
        bail!(
            "{place} has {} columns of values ({}{wide}); the model knows {} bins: one column of one number a row for each",
            columns.len(),
            columns.join(", "),
            geometry.bins
        );
    }
    let sphere = sphere(unit).with_context(|| place.to_string())?;
    let pixels = table.read_numbers(&[&pixel.name], 0..table.rows())?.columns()[0].to_f64()?;
    if let Some(row) = pixels.iter().position(|&pixel| !(pixel >= 0.0 && pixel.fract() == 0.0)) {
        bail!(
            "{place}: row {row} has the pixel {}, expected a whole number from 0 on",
            pixels[row]
        );
    }
    let values = table.read_numbers(&columns, 0..table.rows())?;
    let seen = |value: f64| if value < UNSEEN { f64::NAN } else { value };
    let maps: Vec<Vec<f64>> = values
        .columns()
        .iter()
        .map(|column| Ok(column.to_f64()?.into_iter().map(seen).collect()))
        .collect::<anyhow::Result<_>>()?;
    let pixels = pixels.into_iter().map(|pixel| pixel as u64).collect();
    let cut_out = CutOut::new(sphere, pixels, maps).with_context(|| place.to_string())?;
    let flat = cut_out
        .flat(&Patch::new(geometry.pixels, geometry.width_degrees)?)
        .with_context(|| place.to_string())?;
    let (own, other) = (geometry.pixel_arcmin(), sphere.pixel_arcmin());
    let [longitude, latitude] = flat.centre_degrees;
    if (other / own - 1.0).abs() > TOLD {
        notes.push(format!(
            "{place} has pixels of {other:.3} arcmin, the model knows pixels of {own:.3} arcmin; each pixel of the patch around longitude \
             {longitude:.3} and latitude {latitude:.3} degrees has the value of the pixel that holds its centre, with the noise of that"
        ));
    }
    if flat.repeated > 0 {
        notes.push(format!(
            "{} of {} pixels of the patch have the value of another one too, and so its noise; the model learned from noise that is \
             independent",
            flat.repeated,
            geometry.pixels * geometry.pixels
        ));
    }
    Ok(flat.maps)
}

/// The sphere that the keywords `NSIDE` and `ORDERING` describe.
fn sphere(unit: &FitsUnit) -> anyhow::Result<Healpix> {
    let nside = unit.number_of("NSIDE")?.context("the table lacks the keyword NSIDE")?;
    if !(nside >= 1.0 && nside.fract() == 0.0) {
        bail!("NSIDE is {nside}, expected a whole number from 1 on");
    }
    let order = match unit.text("ORDERING") {
        Some("RING") => PixelOrder::Ring,
        Some("NESTED" | "NEST") => PixelOrder::Nested,
        other => bail!(
            "the keyword ORDERING is {}, expected RING or NESTED",
            other.unwrap_or("missing")
        ),
    };
    Ok(Healpix::new(nside as u64, order)?)
}
