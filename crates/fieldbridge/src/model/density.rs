//! Densities in the user's units.

use burn_tensor::Tensor;
use rayon::prelude::*;

use super::Model;
use crate::bridge::Rows;
use crate::data::Encoded;
use crate::error::Error;
use crate::network::Weights;
use crate::random::Stream;

/// Rows that pass through a bridge together. Fixed, so that results do not depend on the number of threads.
pub(super) const CHUNK: usize = 512;

/// A log-density with an estimate of its numerical error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Density {
    /// `ln p`, in nats, of the point in the user's units.
    pub value: f64,
    /// Estimated absolute error; zero for bridges with an exact density.
    pub error: f64,
}

/// Starts and ends of the chunks of `size` of `count` rows.
pub(super) fn chunks(count: usize, size: usize) -> Vec<(usize, usize)> {
    (0..count)
        .step_by(size)
        .map(|start| (start, (start + size).min(count)))
        .collect()
}

fn host(values: Tensor<1>) -> Vec<f64> {
    let data = values.into_data();
    data.as_slice::<f32>()
        .expect("densities are f32")
        .iter()
        .map(|&value| f64::from(value))
        .collect()
}

/// `ln(mean exp(v))`, and the error of the parts weighted by their share.
fn mixture(parts: &[Density]) -> Density {
    if let [one] = parts {
        return *one;
    }
    let highest = parts.iter().map(|part| part.value).fold(f64::NEG_INFINITY, f64::max);
    if !highest.is_finite() {
        return Density {
            value: highest,
            error: parts.iter().map(|part| part.error).fold(0.0, f64::max),
        };
    }
    let shares: Vec<f64> = parts.iter().map(|part| (part.value - highest).exp()).collect();
    let total: f64 = shares.iter().sum();
    let error = shares
        .iter()
        .zip(parts)
        .map(|(share, part)| share / total * part.error)
        .sum();
    Density {
        value: highest + (total / parts.len() as f64).ln(),
        error,
    }
}

impl Model {
    /// Log-density of the target of every encoded row given its context, in the user's units: the Jacobian of all
    /// scaling is included.
    ///
    /// # Errors
    /// [`Error::Solver`] when a walk does not arrive.
    pub fn log_density(&self, encoded: &Encoded) -> Result<Vec<Density>, Error> {
        let scaled = self.scaled_log_density(&encoded.rows)?;
        let with_jacobian = |(density, volume): (Density, &f64)| Density {
            value: density.value + volume,
            ..density
        };
        Ok(scaled.into_iter().zip(&encoded.log_volume).map(with_jacobian).collect())
    }

    /// Log-density of scaled rows.
    pub(super) fn scaled_log_density(&self, rows: &Rows) -> Result<Vec<Density>, Error> {
        let results: Vec<Result<Vec<Density>, Error>> = chunks(rows.count, rows.together(CHUNK))
            .into_par_iter()
            .map(|(start, end)| {
                let part = rows.slice(start, end);
                let members: Vec<Vec<Density>> = self
                    .members
                    .iter()
                    .map(|weights| self.member_log_density(weights, &part, start as u64))
                    .collect::<Result<_, _>>()
                    .map_err(|error| shifted(error, start))?;
                Ok((0..part.count)
                    .map(|row| mixture(&members.iter().map(|member| member[row]).collect::<Vec<_>>()))
                    .collect())
            })
            .collect();
        let mut densities = Vec::with_capacity(rows.count);
        for result in results {
            densities.extend(result?);
        }
        Ok(densities)
    }

    fn member_log_density(&self, weights: &Weights, part: &Rows, start: u64) -> Result<Vec<Density>, Error> {
        let x = part.tensor(&part.data, weights.device());
        let context = part.context_on(weights.device());
        let stream = Stream::new(self.manifest.seed, "trace", start);
        let density = self.bridge.log_density(weights, x, context.as_ref(), &stream)?;
        let pairs = host(density.value).into_iter().zip(host(density.error));
        Ok(pairs.map(|(value, error)| Density { value, error }).collect())
    }
}

/// A solver's error with its row counted from the start of all rows.
pub(super) fn shifted(error: Error, start: usize) -> Error {
    match error {
        Error::Solver {
            time,
            step,
            row,
            evaluations,
            limit,
        } => Error::Solver {
            time,
            step,
            row: row + start,
            evaluations,
            limit,
        },
        other => other,
    }
}
