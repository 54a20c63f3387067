//! A model beside the distribution its rows were drawn from.

use fieldbridge::check::Mean;
use fieldbridge::data::Encoded;
use fieldbridge::model::{Density, Model};
use fieldbridge::recipe::Recipe;

/// Mean of `log p - log q` over rows with the known density `p`; none when it is not known, or is that of other columns.
pub(crate) fn below_truth(model: &Model, recipe: &Recipe, encoded: &Encoded, found: &[Density]) -> Option<Mean> {
    let known = recipe.data.known().ok()??;
    if model.is_conditional() || model.target_columns() != ["x", "y"] {
        return None;
    }
    let lost: Vec<f64> = encoded
        .target
        .chunks_exact(2)
        .zip(found)
        .map(|(point, density)| known.log_density([point[0], point[1]]) - density.value)
        .collect();
    Mean::of(&lost)
}
