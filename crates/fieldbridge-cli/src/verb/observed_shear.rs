//! An observed map of shear from a file.

use std::path::Path;

use anyhow::{Context, bail};
use fieldbridge::data::fields::FieldGeometry;
use fieldbridge_files::read_array;

/// Both components, `[component, bin, row, column]` in the file, place by place and one after the other.
///
/// # Errors
/// For a file that cannot be read, or of another shape.
pub(super) fn read(path: &Path, geometry: FieldGeometry) -> anyhow::Result<Vec<f32>> {
    let FieldGeometry { bins, pixels, .. } = geometry;
    let array = read_array(path).context("observed shear is an npy file or a Zarr store of simulations")?;
    if array.shape != [2, bins, pixels, pixels] {
        bail!(
            "{} has the shape {:?}; the model learned from shear, [2, {bins}, {pixels}, {pixels}]: both components of {bins} bins of \
             {pixels} by {pixels} pixels, {} degrees wide",
            path.display(),
            array.shape,
            geometry.width_degrees
        );
    }
    let values: Vec<f32> = array.to_f64()?.into_iter().map(|value| value as f32).collect();
    let components = values.chunks_exact(geometry.size());
    Ok(components.flat_map(|maps| geometry.by_place(maps)).collect())
}
