//! Model files: safetensors with the manifest in their metadata, under one checksum.

use std::collections::HashMap;
use std::path::Path;

use fieldbridge_files::FileError;
use fieldbridge_files::atomic::write_atomically;
use safetensors::tensor::{SafeTensors, TensorView};
use serde::{Deserialize, Serialize};

use super::{FORMAT_VERSION, Manifest, Model};
use crate::bridge::Rows;
use crate::device::Device;
use crate::error::Error;
use crate::network::Parameters;

/// Key of the metadata; a single one, so that equal models are equal bytes.
const KEY: &str = "fieldbridge";

/// Largest difference of a known answer when it is asked again, relative to one plus its size: other processors may
/// round otherwise.
const ANSWER_TOLERANCE: f64 = 2e-3;

#[derive(Serialize, Deserialize)]
struct Envelope {
    format_version: u32,
    /// BLAKE3 over the manifest and all tensors, hexadecimal.
    checksum: String,
    /// The manifest, JSON.
    manifest: String,
}

/// Hash of the manifest's text and of every tensor: name, length and bytes.
fn checksum<'a>(manifest: &str, tensors: impl Iterator<Item = (&'a str, &'a [u8])>) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(manifest.as_bytes());
    for (name, bytes) in tensors {
        hasher.update(name.as_bytes());
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    }
    hasher.finalize().to_hex().to_string()
}

fn tensor_name(member: usize, name: &str) -> String {
    format!("member{member}.{name}")
}

impl Model {
    /// Writes the model; the file appears whole or not at all, and equal models are equal bytes.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        let mut tensors: Vec<(String, Vec<usize>, Vec<u8>)> = Vec::new();
        for (member, parameters) in self.parameters.iter().enumerate() {
            for (entry, values) in parameters.entries() {
                let name = tensor_name(member, &entry.name);
                tensors.push((name, entry.shape.clone(), self.manifest.stored.bytes(values)));
            }
        }
        tensors.sort_by(|left, right| left.0.cmp(&right.0));
        let manifest = serde_json::to_string(&self.manifest).expect("a manifest is plain data");
        let checksum = checksum(
            &manifest,
            tensors.iter().map(|(name, _, bytes)| (name.as_str(), bytes.as_slice())),
        );
        let envelope = Envelope {
            format_version: FORMAT_VERSION,
            checksum,
            manifest,
        };
        let metadata = HashMap::from([(
            KEY.to_owned(),
            serde_json::to_string(&envelope).expect("an envelope is plain data"),
        )]);
        let views = tensors.iter().map(|(name, shape, bytes)| {
            (
                name.as_str(),
                TensorView::new(self.manifest.stored.dtype(), shape.clone(), bytes).expect("bytes of every value"),
            )
        });
        let bytes = safetensors::serialize(views, Some(metadata)).expect("the tensors are valid");
        Ok(write_atomically(path, |file| file.write_all(&bytes))?)
    }

    /// Reads a model and asks its known answers again.
    ///
    /// # Errors
    /// [`Error::Model`] when the file is damaged, was written by a newer release, or answers differently; file errors.
    pub fn load(path: &Path, device: &Device) -> Result<Self, Error> {
        let refuse = |reason: String, hint: &str| Error::Model {
            path: path.to_owned(),
            reason,
            hint: hint.to_owned(),
        };
        let damaged = |reason: String| {
            refuse(
                format!("the model file is damaged: {reason}"),
                "restore it from a copy, or train again",
            )
        };
        let bytes = std::fs::read(path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => refuse(
                "there is no model file".to_owned(),
                "name a run directory made by `fieldbridge run`, or train one first",
            ),
            _ => FileError::Io {
                path: path.to_owned(),
                action: "read",
                source,
            }
            .into(),
        })?;
        let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|error| damaged(error.to_string()))?;
        let text = header.metadata().as_ref().and_then(|map| map.get(KEY));
        let text = text.ok_or_else(|| {
            refuse(
                "is a safetensors file without a Fieldbridge manifest".to_owned(),
                "name a model made by Fieldbridge",
            )
        })?;
        let version: serde_json::Value = serde_json::from_str(text).map_err(|error| damaged(error.to_string()))?;
        let version = version
            .get("format_version")
            .and_then(serde_json::Value::as_u64)
            .unwrap_or(0);
        if version > u64::from(FORMAT_VERSION) {
            return Err(refuse(
                format!("has format version {version}, this release reads up to {FORMAT_VERSION}"),
                "use a newer release of Fieldbridge",
            ));
        }
        let envelope: Envelope = serde_json::from_str(text).map_err(|error| damaged(error.to_string()))?;
        let tensors = SafeTensors::deserialize(&bytes).map_err(|error| damaged(error.to_string()))?;
        let mut all: Vec<(String, TensorView<'_>)> = tensors.tensors();
        all.sort_by(|left, right| left.0.cmp(&right.0));
        let found = checksum(
            &envelope.manifest,
            all.iter().map(|(name, view)| (name.as_str(), view.data())),
        );
        if found != envelope.checksum {
            return Err(damaged("its checksum does not match its contents".to_owned()));
        }
        let manifest: Manifest =
            serde_json::from_str(&envelope.manifest).map_err(|error| damaged(error.to_string()))?;
        // the version outside the checksum must be the one inside
        if manifest.format_version != envelope.format_version {
            return Err(damaged(format!(
                "it says both format version {} and {}",
                envelope.format_version, manifest.format_version
            )));
        }
        let (_, layout) = Self::blueprint(&manifest)?;
        let members = manifest.training.members.max(1);
        let parameters = (0..members)
            .map(|member| {
                let mut values = Vec::with_capacity(layout.count());
                for (entry, _) in layout.entries() {
                    let name = tensor_name(member, &entry.name);
                    let tensor = tensors.tensor(&name).map_err(|error| damaged(error.to_string()))?;
                    if tensor.shape() != entry.shape || tensor.dtype() != manifest.stored.dtype() {
                        let (found, shape) = (tensor.dtype(), tensor.shape());
                        return Err(damaged(format!("tensor `{name}` has shape {shape:?} of {found:?}")));
                    }
                    values.extend(manifest.stored.values(tensor.data()));
                }
                Ok(layout.with_values(values))
            })
            .collect::<Result<Vec<Parameters>, Error>>()?;
        let model = Self::assemble(manifest, parameters, device)?;
        model.ask_known_answers().map_err(|reason| {
            refuse(
                reason,
                "the file may come from another release or the build may be broken; please report it",
            )
        })?;
        Ok(model)
    }

    fn ask_known_answers(&self) -> Result<(), String> {
        let known = &self.manifest.known_answers;
        let mut rows = Rows {
            count: known.len(),
            ..Rows::default()
        };
        for answer in known {
            rows.data.extend(&answer.data);
            rows.context.extend(&answer.context);
            rows.mask.extend(&answer.mask);
        }
        let densities = self.scaled_log_density(&rows).map_err(|error| error.to_string())?;
        for (place, (answer, density)) in known.iter().zip(&densities).enumerate() {
            let difference = (answer.log_density - density.value).abs();
            if difference.is_nan() || difference > ANSWER_TOLERANCE * (1.0 + answer.log_density.abs()) + density.error {
                return Err(format!(
                    "known answer {place} should be a log-density of {}, this build gives {}",
                    answer.log_density, density.value
                ));
            }
        }
        Ok(())
    }
}
