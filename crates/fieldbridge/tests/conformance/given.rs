//! Rows, contexts and small bridges that tests ask.

use fieldbridge::base::BaseKind;
use fieldbridge::bridge::{Bridge, BridgeKind, BridgeRecipe, Rows, build};
use fieldbridge::network::{Modality, Parameters};
use fieldbridge::random::Stream;

pub(crate) fn normals(purpose: &str, count: usize) -> Vec<f32> {
    Stream::new(61, purpose, 0).normals(count)
}

/// Length of a data point of most families.
pub(crate) const DIMENSION: usize = 3;

/// Images are of four pixels, pairs for a uniform base too.
pub(crate) fn dimension(recipe: &BridgeRecipe) -> usize {
    let even = recipe.kind == BridgeKind::ImageFlow
        || recipe.kind == BridgeKind::AffineFlow && recipe.affine_flow.base == BaseKind::Uniform;
    if even { 4 } else { DIMENSION }
}

pub(crate) fn modalities(conditional: bool) -> Vec<Modality> {
    let modality = |name: &str, width| Modality::new(name, width);
    if conditional {
        vec![
            modality("magnitudes", 2),
            modality("errors", 1),
            modality("start", DIMENSION),
        ]
    } else {
        Vec::new()
    }
}

pub(crate) fn rows(count: usize, dimension: usize, conditional: bool) -> Rows {
    let width = if conditional { 3 + DIMENSION } else { 0 };
    Rows {
        count,
        data: normals("rows", count * dimension),
        context: normals("contexts", count * width),
        mask: (0..count * width).map(|at| f32::from(u8::from(at % 5 != 0))).collect(),
        ..Rows::default()
    }
}

/// A bridge with its parameters moved off their zeros.
pub(crate) fn built(recipe: &BridgeRecipe, conditional: bool) -> (Box<dyn Bridge>, Parameters) {
    let (bridge, mut parameters) = build(recipe, dimension(recipe), &modalities(conditional), 3).unwrap();
    let noise = normals("perturbation", parameters.count());
    for (value, noise) in parameters.values_mut().iter_mut().zip(noise) {
        *value += 0.1 * noise;
    }
    (bridge, parameters)
}
