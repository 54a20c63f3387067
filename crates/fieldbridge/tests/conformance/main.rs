//! Every implementation of every trait through the same checks.

mod answers;
mod contexts;
mod families;
mod nouns;
mod refusals;
mod walks;

use burn_tensor::{Tensor, TensorData};
use fieldbridge::base::BaseKind;
use fieldbridge::bridge::{Bridge, BridgeKind, BridgeRecipe, Rows, build};
use fieldbridge::device::cpu;
use fieldbridge::network::{Modality, Parameters};
use fieldbridge::random::Stream;

pub(crate) fn tensor(values: &[f32], columns: usize) -> Tensor<2> {
    Tensor::from_data(
        TensorData::new(values.to_vec(), [values.len() / columns, columns]),
        &cpu(),
    )
}

pub(crate) fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().as_slice::<f32>().unwrap().to_vec()
}

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
    let modality = |name: &str, width| Modality {
        name: name.to_owned(),
        width,
    };
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
