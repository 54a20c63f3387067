//! Densities and draws in the user's units.

use burn_tensor::{Tensor, TensorData};
use rayon::prelude::*;

use super::Model;
use crate::bridge::Rows;
use crate::data::Encoded;
use crate::error::Error;
use crate::network::Weights;
use crate::random::Stream;

/// Rows that pass through a bridge together. Fixed, so that results do not depend on the number of threads.
const CHUNK: usize = 512;

/// A log-density with an estimate of its numerical error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Density {
    /// `ln p`, in nats, of the point in the user's units.
    pub value: f64,
    /// Estimated absolute error; zero for bridges with an exact density.
    pub error: f64,
}

/// Starts and ends of the chunks of `count` rows.
fn chunks(count: usize) -> Vec<(usize, usize)> {
    (0..count)
        .step_by(CHUNK)
        .map(|start| (start, (start + CHUNK).min(count)))
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
        let results: Vec<Result<Vec<Density>, Error>> = chunks(rows.count)
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

    /// `each` draws of the target for every encoded row given its context, in the user's units: `rows * each * D`
    /// numbers. The draws of a row depend on the seed and on its place in the source alone.
    ///
    /// # Errors
    /// [`Error::Solver`] when a walk does not arrive.
    pub fn posterior(&self, encoded: &Encoded, each: usize, seed: u64) -> Result<Vec<f64>, Error> {
        let tasks = chunks(encoded.rows.count * each);
        let (dimension, width) = (self.bridge.dimension(), self.bridge.base_width());
        let results: Vec<Result<Vec<f64>, Error>> = tasks
            .into_par_iter()
            .map(|(start, end)| {
                let mut part = Rows {
                    count: end - start,
                    ..Rows::default()
                };
                let mut streams = Vec::with_capacity(end - start);
                let (first, last) = (start / each, (end - 1) / each);
                for row in first..=last {
                    let one = encoded.rows.slice(row, row + 1);
                    let from = start.max(row * each) - row * each;
                    let to = end.min((row + 1) * each) - row * each;
                    for _ in from..to {
                        part.context.extend_from_slice(&one.context);
                        part.mask.extend_from_slice(&one.mask);
                    }
                    let stream = Stream::new(seed, "posterior", encoded.source_rows[row] as u64);
                    let base = self.bridge.draw_base(each, &stream);
                    part.base.extend_from_slice(&base[from * width..to * width]);
                    streams.extend((from..to).map(|draw| stream.child("walk", draw as u64)));
                }
                let numbers: Vec<usize> = (start..end).map(|draw| draw % each).collect();
                self.draw(&part, &numbers, &streams)
                    .map_err(|error| shifted(error, start / each))
            })
            .collect();
        join(results, encoded.rows.count * each * dimension)
    }

    /// `count` draws of an unconditional model, in the user's units: `count * D` numbers. The draw number `i` depends
    /// on the seed and on `i` alone.
    ///
    /// # Errors
    /// [`Error::Solver`] when a walk does not arrive.
    ///
    /// # Panics
    /// When the model is conditional; use [`Model::posterior`].
    pub fn sample(&self, count: usize, seed: u64) -> Result<Vec<f64>, Error> {
        assert!(
            !self.is_conditional(),
            "a conditional model is drawn from given a context"
        );
        let results: Vec<Result<Vec<f64>, Error>> = chunks(count)
            .into_par_iter()
            .map(|(start, end)| {
                // whole chunks, so that a draw does not depend on how many are asked for
                let base = self
                    .bridge
                    .draw_base(CHUNK, &Stream::new(seed, "sample", (start / CHUNK) as u64));
                let base = base[..(end - start) * self.bridge.base_width()].to_vec();
                let part = Rows {
                    count: end - start,
                    base,
                    ..Rows::default()
                };
                let streams: Vec<Stream> = (start..end)
                    .map(|draw| Stream::new(seed, "walk", draw as u64))
                    .collect();
                self.draw(&part, &(start..end).collect::<Vec<_>>(), &streams)
                    .map_err(|error| shifted(error, start))
            })
            .collect();
        join(results, count * self.bridge.dimension())
    }

    /// Carries base points to the data, draw `n` by member `n mod members` with its own stream, and returns to the user's
    /// units.
    fn draw(&self, part: &Rows, numbers: &[usize], streams: &[Stream]) -> Result<Vec<f64>, Error> {
        let dimension = self.bridge.dimension();
        let mut values = vec![0.0; part.count * dimension];
        for (member, weights) in self.members.iter().enumerate() {
            let rows: Vec<usize> = (0..part.count)
                .filter(|&row| numbers[row] % self.members.len() == member)
                .collect();
            if rows.is_empty() {
                continue;
            }
            let chosen = choose(part, &rows);
            let base = Tensor::from_data(
                TensorData::new(chosen.base.clone(), [rows.len(), self.bridge.base_width()]),
                weights.device(),
            );
            let context = chosen.context_on(weights.device());
            let own: Vec<Stream> = rows.iter().map(|&row| streams[row].clone()).collect();
            let drawn = self.bridge.draw(weights, base, context.as_ref(), &own)?.into_data();
            let drawn = drawn.as_slice::<f32>().expect("draws are f32");
            for (&row, scaled) in rows.iter().zip(drawn.chunks_exact(dimension)) {
                let decoded = self.manifest.scaling.target.decode(scaled);
                values[row * dimension..(row + 1) * dimension].copy_from_slice(&decoded);
            }
        }
        Ok(values)
    }
}

/// Base points and contexts of some rows.
fn choose(part: &Rows, rows: &[usize]) -> Rows {
    let mut chosen = Rows {
        count: rows.len(),
        ..Rows::default()
    };
    for &row in rows {
        let mut one = part.slice(row, row + 1);
        chosen.base.append(&mut one.base);
        chosen.context.append(&mut one.context);
        chosen.mask.append(&mut one.mask);
    }
    chosen
}

/// A solver's error with its row counted from the start of all rows.
fn shifted(error: Error, start: usize) -> Error {
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

fn join(results: Vec<Result<Vec<f64>, Error>>, size: usize) -> Result<Vec<f64>, Error> {
    let mut values = Vec::with_capacity(size);
    for result in results {
        values.extend(result?);
    }
    Ok(values)
}
