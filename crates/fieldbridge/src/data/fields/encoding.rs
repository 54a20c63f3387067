//! Simulations and observations as a model is asked about them.

use super::{FieldScaling, FieldSimulations};
use crate::bridge::Rows;
use crate::data::scaling::{Encoded, Scaling};
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
            let (scaled, log_volume) = self.target.encode(&parameters);
            encoded.rows.data.extend(scaled.iter().map(|&value| value as f32));
            encoded.target.extend(parameters);
            if self.learned_fields().is_some() {
                let maps = simulations.convergence(row..row + 1)?;
                fields.encode(&maps, &mut encoded.rows.data);
                encoded.target.extend(maps.iter().map(|&value| f64::from(value)));
            }
            fields.encode_observation(&simulations.observation(row..row + 1)?, &mut encoded.rows.context);
            encoded.log_volume.push(log_volume + volume);
        }
        encoded.source_rows = rows.to_vec();
        finish(&mut encoded);
        Ok(encoded)
    }

    /// One observation, place by place; the draws of a model depend on `number`.
    ///
    /// # Errors
    /// When fields are not learned, or the observation has another size or values that are not finite.
    pub fn encode_observation(&self, observation: &[f32], number: usize) -> Result<Encoded, Error> {
        let Some(fields) = &self.fields else {
            return Err(crate::error::shape("model", "a model of fields", "a model of columns"));
        };
        if observation.len() != fields.geometry.size() {
            return Err(crate::error::shape(
                "observation",
                fields.geometry.size(),
                observation.len(),
            ));
        }
        let mut encoded = Encoded {
            source_rows: vec![number],
            ..Encoded::default()
        };
        fields.encode_observation(observation, &mut encoded.rows.context);
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

/// Fills in what follows from the rest: nothing is missing.
fn finish(encoded: &mut Encoded) {
    let count = encoded.source_rows.len();
    encoded.outside = vec![Vec::new(); count];
    encoded.rows = Rows {
        count,
        mask: vec![1.0; encoded.rows.context.len()],
        ..std::mem::take(&mut encoded.rows)
    };
}
