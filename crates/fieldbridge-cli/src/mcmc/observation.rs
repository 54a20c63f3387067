//! The map that is to be explained.

use std::path::Path;

use anyhow::Context;
use fieldbridge::recipe::RecipeFile;
use fieldbridge_files::read_array;
use fieldbridge_sky::Simulator;

use crate::simulate::making::simulation;
use crate::simulate::recipe::SimulationRecipe;

/// A noisy map, `[bin, row, column]`.
pub(crate) struct Observed {
    pub(crate) convergence: Vec<f64>,
    /// Where it comes from, for people.
    pub(crate) source: String,
    /// The universe and the map without noise, when it was made here.
    pub(crate) truth: Option<Truth>,
}

/// What is known of a simulation.
pub(crate) struct Truth {
    pub(crate) parameters: [f64; 6],
    pub(crate) convergence: Vec<f64>,
}

/// Reads the map that flag or recipe name, or makes a simulation.
///
/// # Errors
/// For a file that cannot be read, of another shape or with pixels of another size.
pub(crate) fn observed(
    file: &RecipeFile<SimulationRecipe>,
    simulator: &Simulator,
    flag: Option<&Path>,
    number: Option<u64>,
) -> anyhow::Result<Observed> {
    let recipe = &file.recipe.observation;
    let named = recipe.file.as_ref().filter(|_| number.is_none());
    let path = flag
        .map(Path::to_owned)
        .or_else(|| named.map(|name| file.folder().join(name)));
    let Some(path) = path else {
        let index = number.unwrap_or(recipe.simulation);
        let made = simulation(simulator, file.recipe.seed, index)?;
        return Ok(Observed {
            source: format!("simulation {index} of the recipe"),
            truth: Some(Truth {
                parameters: made.cosmology.parameters(),
                convergence: made.convergence,
            }),
            convergence: made.observation,
        });
    };
    let patch = simulator.field.patch();
    if let Some(found) = recipe.pixel_arcmin
        && ((found / patch.pixel_arcmin() - 1.0).abs() > 1e-3 || !found.is_finite())
    {
        let reason = format!(
            "is {found}, but pixels of the patch are {} arc minutes wide",
            patch.pixel_arcmin()
        );
        let hint = "make patch.width_degrees that of the observation";
        return Err(file.refused("observation.pixel_arcmin", reason, hint).into());
    }
    let array = read_array(&path)?;
    let values = array.to_f64().with_context(|| path.display().to_string())?;
    let convergence = in_planes(&array.shape, &values, simulator.field.bins(), patch.pixels()).with_context(|| {
        format!(
            "{}: the observation has the shape {:?}, expected [{n}, {n}, {bins}] or [{bins}, {n}, {n}], as patch.pixels = {n} and \
             sources.bins = {bins} say; change them, or give another file",
            path.display(),
            array.shape,
            n = patch.pixels(),
            bins = simulator.field.bins()
        )
    })?;
    Ok(Observed {
        convergence,
        source: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        truth: None,
    })
}

/// `[bin, row, column]` of either order of axes; none for another shape. Where both would do, bins come first.
pub(crate) fn in_planes(shape: &[usize], values: &[f64], bins: usize, side: usize) -> Option<Vec<f64>> {
    match *shape {
        [first, second, third] if first == bins && second == side && third == side => Some(values.to_vec()),
        [first, second] if bins == 1 && first == side && second == side => Some(values.to_vec()),
        [first, second, third] if first == side && second == side && third == bins => {
            let plane = |bin| values.iter().skip(bin).step_by(bins).copied();
            Some((0..bins).flat_map(plane).collect())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_orders_of_axes_are_read_and_other_shapes_are_not() {
        let values: Vec<f64> = (0..8).map(f64::from).collect();
        let last = in_planes(&[2, 2, 2], &values, 2, 2).unwrap();
        assert_eq!(last, values);
        let values: Vec<f64> = (0..27).map(f64::from).collect();
        assert_eq!(in_planes(&[3, 3, 3], &values, 2, 3), None);
        let values: Vec<f64> = (0..18).map(f64::from).collect();
        let planes = in_planes(&[3, 3, 2], &values, 2, 3).unwrap();
        assert_eq!(planes[..4], [0.0, 2.0, 4.0, 6.0]);
        assert_eq!(planes[9], 1.0);
        assert_eq!(in_planes(&[3, 3], &values[..9], 1, 3).unwrap(), values[..9]);
        assert_eq!(in_planes(&[3, 3], &values[..9], 2, 3), None);
    }
}
