//! What is observed, in words.

use fieldbridge::data::fields::{Observable, ObservationRecipe};

use super::FieldInput;

fn observation<'a>(input: &FieldInput<'a>) -> Option<&'a ObservationRecipe> {
    input.manifest.scaling.fields.as_ref().map(|fields| &fields.observation)
}

/// Whether shear is observed.
pub(super) fn is_shear(input: &FieldInput<'_>) -> bool {
    observation(input).is_some_and(|observation| observation.kind == Observable::Shear)
}

fn is_masked(input: &FieldInput<'_>) -> bool {
    observation(input).is_some_and(|observation| observation.mask.is_some())
}

/// What the maps are given.
pub(super) fn given(input: &FieldInput<'_>) -> &'static str {
    match (is_shear(input), is_masked(input)) {
        (false, false) => "the same maps with noise",
        (false, true) => "the same maps with noise behind random survey masks",
        (true, false) => "their shear with noise",
        (true, true) => "their shear with noise behind random survey masks",
    }
}

/// What is new at every use of a training row.
pub(super) fn renewed(input: &FieldInput<'_>) -> &'static str {
    match is_masked(input) {
        false => "with new noise",
        true => "with new noise behind a new mask",
    }
}

/// Name of the curve of the observed map's power.
pub(super) fn observed_power(input: &FieldInput<'_>) -> &'static str {
    match is_masked(input) {
        false => "observed, with noise",
        true => "observed, with noise and zeros",
    }
}

/// What the caption of the maps says of the observed one; nothing of whole convergence.
pub(super) fn of_observed_map(input: &FieldInput<'_>) -> String {
    let shear = match is_shear(input) {
        true => {
            " The observed map is the E mode of the noisy shear (Kaiser and Squires 1993), with zeros where there is none."
        }
        false => "",
    };
    let grey = if is_masked(input) {
        " Grey: hidden by the mask."
    } else {
        ""
    };
    format!("{shear}{grey}")
}
