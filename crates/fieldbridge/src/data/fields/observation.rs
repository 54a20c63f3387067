//! What a recipe says of the observation of simulated fields.

use serde::{Deserialize, Serialize};

use super::MaskRecipe;
use crate::error::Error;

/// What is measured in every pixel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Observable {
    /// Convergence, with white noise.
    #[default]
    Convergence,
    /// Both components of shear, each with white noise of the deviation that the convergence would have.
    Shear,
}

/// Table `[observation]`: what is observed of simulated fields. By default, convergence in every pixel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObservationRecipe {
    /// What is measured.
    #[serde(default)]
    pub kind: Observable,
    /// Seed of what chance adds to rows that are not trained on, their masks and the noise of their shear, so that runs with other
    /// seeds are judged on the same observations.
    #[serde(default)]
    pub seed: u64,
    /// The law of the masks; none: every pixel is observed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask: Option<MaskRecipe>,
}

impl ObservationRecipe {
    /// Whether it is convergence in every pixel.
    pub fn is_plain(&self) -> bool {
        self.kind == Observable::Convergence && self.mask.is_none()
    }

    /// Numbers at each place that a network is given: one for each bin, or `E` and `B` of each bin and, as the last number,
    /// whether the place is observed.
    pub fn channels(&self, bins: usize) -> usize {
        match self.kind {
            Observable::Convergence => bins,
            Observable::Shear => 2 * bins + 1,
        }
    }

    /// Refuses masks that cannot be, and masks before a network that is not told of them.
    ///
    /// # Errors
    /// [`Error::Recipe`] with the key.
    pub fn check(&self, read_by_network: bool) -> Result<(), Error> {
        let Some(mask) = &self.mask else {
            return Ok(());
        };
        if read_by_network {
            return Err(Error::Recipe {
                key: "observation.mask".to_owned(),
                reason: "stands beside [context.observation], whose network is not told which pixels are hidden"
                    .to_owned(),
                hint: "leave one of them out; a `joint_transformer` without [context.observation] learns behind masks"
                    .to_owned(),
            });
        }
        mask.check()
    }
}
