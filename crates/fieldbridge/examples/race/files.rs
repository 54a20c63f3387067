//! Tensors to and from .safetensors files.

use std::collections::HashMap;
use std::path::Path;

use fieldbridge::network::Parameters;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

/// All tensors of a file, each its shape and its numbers in single precision.
pub(crate) type Tensors = HashMap<String, (Vec<usize>, Vec<f32>)>;

fn numbers(view: &TensorView<'_>) -> Result<Vec<f32>, String> {
    match view.dtype() {
        Dtype::F32 => Ok(view
            .data()
            .chunks_exact(4)
            .map(|bytes| f32::from_le_bytes(bytes.try_into().expect("four bytes")))
            .collect()),
        other => Err(format!("expected F32, found {other:?}")),
    }
}

/// Reads a file.
pub(crate) fn read(path: &Path) -> Result<Tensors, String> {
    let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let file = SafeTensors::deserialize(&bytes).map_err(|error| format!("{}: {error}", path.display()))?;
    file.iter()
        .map(|(name, view)| Ok((name.to_owned(), (view.shape().to_vec(), numbers(&view)?))))
        .collect()
}

/// Writes tensors of single precision.
pub(crate) fn write(path: &Path, tensors: &[(String, Vec<usize>, Vec<f32>)]) {
    let bytes: Vec<Vec<u8>> = tensors
        .iter()
        .map(|(_, _, values)| values.iter().flat_map(|value| value.to_le_bytes()).collect())
        .collect();
    let views = tensors.iter().zip(&bytes).map(|((name, shape, _), bytes)| {
        let view = TensorView::new(Dtype::F32, shape.clone(), bytes).expect("shape and numbers agree");
        (name.clone(), view)
    });
    let text = safetensors::serialize(views, None).expect("tensors are well formed");
    std::fs::write(path, text).expect("the folder can be written");
}

/// One tensor of a file.
pub(crate) fn take(tensors: &mut Tensors, name: &str) -> Result<(Vec<usize>, Vec<f32>), String> {
    tensors
        .remove(name)
        .ok_or_else(|| format!("there is no tensor `{name}`"))
}

/// The same layout with the values of a file.
pub(crate) fn load(parameters: &Parameters, tensors: &Tensors) -> Result<Parameters, String> {
    let mut values = Vec::with_capacity(parameters.count());
    for (entry, _) in parameters.entries() {
        let (shape, stored) = tensors
            .get(&entry.name)
            .ok_or_else(|| format!("there is no tensor `{}`", entry.name))?;
        if stored.len() != entry.size() {
            return Err(format!(
                "`{}` has shape {shape:?}, expected {:?}",
                entry.name, entry.shape
            ));
        }
        values.extend_from_slice(stored);
    }
    Ok(parameters.with_values(values))
}
