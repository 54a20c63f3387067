//! Simulations and observations as a model is asked about them.

use super::{FieldScaling, FieldSimulations};
use crate::data::scaling::{Encoded, Scaling};
use crate::data::target::as_single;
use crate::error::Error;

impl Scaling {
    /// Simulations with their truth and the noise of the store.
    ///
    /// # Errors
    /// When they cannot be read, or are of other fields than were learned.
    pub fn encode_simulations(&self, simulations: &FieldSimulations, rows: &[usize]) -> Result<Encoded, Error> {
        let fields = self.fields_like(simulations)?;
        let columns = simulations.places_of(&self.target.columns).map_err(|_| {
            crate::error::shape(
                "parameters of the simulations",
                self.target.columns.join(", "),
                simulations.names.join(", "),
            )
        })?;
        let mut encoded = Encoded::default();
        let volume = self.learned_fields().map_or(0.0, FieldScaling::log_volume);
        for &row in rows {
            let all = simulations.parameters(row..row + 1)?;
            let parameters: Vec<f64> = columns.iter().map(|&column| all[column]).collect();
            let (scaled, mut log_volume) = self.target.encode(&parameters);
            let scaled = as_single(&scaled);
            encoded.rows.data.extend_from_slice(&scaled);
            encoded.target.extend(parameters);
            if self.learned_fields().is_some() {
                let maps = simulations.convergence(row..row + 1)?;
                encoded.rows.data.extend(fields.encode(&maps, &scaled));
                log_volume += fields.row_log_volume(&maps, &scaled);
                encoded.target.extend(maps.iter().map(|&value| f64::from(value)));
            }
            fields.encode_observation(&fields.simulated(simulations, row)?, &mut encoded.rows);
            encoded.log_volume.push(log_volume + volume);
        }
        encoded.source_rows = rows.to_vec();
        finish(&mut encoded);
        Ok(encoded)
    }

    /// One observation, of convergence `[row, column, bin]`, or of shear with its two components one after the other; NaN where
    /// nothing is observed. The draws of a model depend on `number`.
    ///
    /// # Errors
    /// When fields are not learned, or the observation has another size, values that are infinite, NaN without masks having been
    /// learned, or NaN alone.
    pub fn encode_observation(&self, observation: &[f32], number: usize) -> Result<Encoded, Error> {
        let Some(fields) = &self.fields else {
            return Err(crate::error::shape("model", "a model of fields", "a model of columns"));
        };
        if observation.len() != fields.observed_size() {
            return Err(crate::error::shape(
                "observation",
                fields.observed_size(),
                observation.len(),
            ));
        }
        fields.require_observed(observation)?;
        let mut encoded = Encoded {
            source_rows: vec![number],
            ..Encoded::default()
        };
        fields.encode_observation(observation, &mut encoded.rows);
        finish(&mut encoded);
        Ok(encoded)
    }

    fn fields_like(&self, simulations: &FieldSimulations) -> Result<&FieldScaling, Error> {
        match &self.fields {
            Some(fields) if fields.geometry == simulations.geometry => Ok(fields),
            Some(fields) => Err(crate::error::shape(
                "simulated fields",
                format!("{:?}", fields.geometry),
                format!("{:?}", simulations.geometry),
            )),
            None => Err(crate::error::shape("model", "a model of fields", "a model of columns")),
        }
    }
}

/// Fills in what follows from the rest.
fn finish(encoded: &mut Encoded) {
    let count = encoded.source_rows.len();
    encoded.outside = vec![Vec::new(); count];
    encoded.rows.count = count;
}

impl FieldScaling {
    /// Refuses an observation the model has no answer to.
    fn require_observed(&self, observation: &[f32]) -> Result<(), Error> {
        let count = |wanted: fn(&f32) -> bool| observation.iter().filter(|value| wanted(value)).count();
        let of = observation.len();
        let refuse = |reason: String, hint: &str| {
            Err(Error::Observation {
                reason,
                hint: hint.to_owned(),
            })
        };
        if self.observation.mask.is_none() {
            return match count(|value| !value.is_finite()) {
                0 => Ok(()),
                missing => refuse(
                    format!(
                        "{missing} of {of} pixels are not finite, and this model learned from whole maps and cannot be asked about \
                         masked ones"
                    ),
                    "train one with [observation.mask] in its recipe, as recipes/jade-masked.toml",
                ),
            };
        }
        match count(|value| value.is_infinite()) {
            0 => {}
            infinite => {
                return refuse(
                    format!("{infinite} of {of} pixels are infinite"),
                    "give NaN where nothing is observed",
                );
            }
        }
        if !self.seen(observation).contains(&true) {
            return refuse(
                format!(
                    "all of its {} places are masked (NaN)",
                    self.geometry.pixels * self.geometry.pixels
                ),
                "a posterior given nothing is the prior; give a map with at least one observed pixel",
            );
        }
        Ok(())
    }
}
