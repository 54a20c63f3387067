//! A trained bridge in the units of its user.
//!
//! A [`Model`] is a bridge with its parameters and the scaling fitted to its training rows. It is one file
//! (`model.safetensors`) with everything in it: the [`Manifest`] says what was learned from what, and holds known
//! answers that are asked again when the file is loaded.

mod density;
mod draw;
mod file;
mod manifest;
mod stored;
mod walk;

use fieldbridge_files::Table;

use crate::bridge::{self, Bridge, BridgeRecipe};
use crate::data::Encoded;
use crate::device::Device;
use crate::error::Error;
use crate::network::{Parameters, Weights};

pub use density::Density;
pub use manifest::{FORMAT_VERSION, KnownAnswer, Manifest, TrainingSummary};
pub use stored::Stored;
pub use walk::Passed;

/// A trained bridge; an equal mixture of them when it has several members.
#[derive(Debug)]
pub struct Model {
    /// What it is.
    pub manifest: Manifest,
    bridge: Box<dyn Bridge>,
    parameters: Vec<Parameters>,
    members: Vec<Weights>,
}

impl Model {
    /// Puts a model together from trained parameters, one set for each member, and notes its known answers on
    /// `examples` (a few encoded rows).
    ///
    /// # Errors
    /// When the bridge cannot be built or a known answer cannot be computed.
    pub fn new(
        mut manifest: Manifest,
        parameters: Vec<Parameters>,
        examples: &crate::bridge::Rows,
        device: &Device,
    ) -> Result<Self, Error> {
        manifest.known_answers.clear();
        manifest.training.members = parameters.len();
        let parameters = rounded(parameters, manifest.stored)?;
        let mut model = Self::assemble(manifest, parameters, device)?;
        let answers = match model.scaled_log_density(examples) {
            // draws are all there is
            Err(Error::NoDensity { .. }) => return Ok(model),
            answered => answered?,
        };
        model.manifest.known_answers = (0..examples.count)
            // a bounded base can give zero density, whose logarithm JSON cannot hold
            .filter(|&row| answers[row].value.is_finite())
            .map(|row| {
                let one = examples.slice(row, row + 1);
                KnownAnswer {
                    data: one.data,
                    context: one.context,
                    mask: one.mask,
                    log_density: answers[row].value,
                }
            })
            .collect();
        Ok(model)
    }

    /// The same parameters in a bridge described otherwise, such as with another sampler.
    ///
    /// # Errors
    /// When the choices do not fit together, or the parameters do not fit the bridge.
    pub fn with_bridge(self, bridge: BridgeRecipe, device: &Device) -> Result<Self, Error> {
        let manifest = Manifest {
            bridge,
            ..self.manifest
        };
        Self::assemble(manifest, self.parameters, device)
    }

    fn assemble(manifest: Manifest, parameters: Vec<Parameters>, device: &Device) -> Result<Self, Error> {
        let (bridge, layout) = Self::blueprint(&manifest)?;
        if let Some(member) = parameters.iter().position(|member| !member.has_layout_of(&layout)) {
            return Err(crate::error::shape(
                &format!("parameters of member {member}"),
                "those of the bridge the manifest describes",
                "those of another bridge",
            ));
        }
        let members = parameters.iter().map(|member| member.on(device)).collect();
        Ok(Self {
            manifest,
            bridge,
            parameters,
            members,
        })
    }

    /// The untrained bridge a manifest describes, and the layout of its parameters.
    fn blueprint(manifest: &Manifest) -> Result<(Box<dyn Bridge>, Parameters), Error> {
        let dimension = manifest.scaling.dimension();
        bridge::build(
            &manifest.bridge,
            dimension,
            &manifest.scaling.modalities(),
            manifest.seed,
        )
    }

    /// Whether the model is conditioned on something.
    pub fn is_conditional(&self) -> bool {
        self.manifest.scaling.is_conditional()
    }

    /// Names of the learned columns.
    pub fn target_columns(&self) -> &[String] {
        &self.manifest.scaling.target.columns
    }

    /// Names of the columns to read from a table before [`Model::encode`].
    pub fn columns(&self, with_target: bool) -> Vec<&str> {
        self.manifest.scaling.columns(with_target)
    }

    /// Number of trained values, over all members.
    pub fn parameter_count(&self) -> usize {
        self.parameters.iter().map(Parameters::count).sum()
    }

    /// Encodes a table whose first row is row `first_row` of its source; see
    /// [`Scaling::encode`](crate::data::Scaling::encode).
    ///
    /// # Errors
    /// When a column is absent, not numeric, or a vector of another length than in training.
    pub fn encode(&self, table: &Table, first_row: usize, with_target: bool) -> Result<Encoded, Error> {
        self.manifest.scaling.encode(table, first_row, with_target)
    }
}

/// Parameters as their file will hold them.
fn rounded(parameters: Vec<Parameters>, stored: Stored) -> Result<Vec<Parameters>, Error> {
    let member = |member: Parameters| {
        let too_large = |value: &&f32| value.is_finite() && !stored.rounded(**value).is_finite();
        if let Some(value) = member.values().iter().find(too_large) {
            return Err(Error::Recipe {
                key: "train.stored".to_owned(),
                reason: format!("is \"half\", which ends at 65,504, but a weight is {value}"),
                hint: "use \"single\"; nothing is trained again".to_owned(),
            });
        }
        Ok(member.with_values(member.values().iter().map(|&value| stored.rounded(value)).collect()))
    };
    match stored {
        Stored::Single => Ok(parameters),
        Stored::Half => parameters.into_iter().map(member).collect(),
    }
}
