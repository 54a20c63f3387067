//! Draws in the user's units.

use burn_tensor::{Tensor, TensorData};
use rayon::prelude::*;

use super::Model;
use super::density::{CHUNK, chunks, shifted};
use super::walk::Passed;
use crate::bridge::Rows;
use crate::data::Encoded;
use crate::error::Error;
use crate::network::{Context, Weights};
use crate::random::Stream;
use crate::solver::Stop;

/// Numbers of the data points that are drawn together, at most a chunk of rows and at least a few.
const NUMBERS_TOGETHER: usize = 1 << 15;
const LEAST_TOGETHER: usize = 16;

/// Draws that are made together.
pub(super) struct Questions {
    /// Base points and contexts.
    part: Rows,
    /// Which draw each is, of its row or of all.
    numbers: Vec<usize>,
    /// The chance of each.
    streams: Vec<Stream>,
}

impl Model {
    /// `each` draws of the target for every encoded row given its context, in the user's units: `rows * each * D`
    /// numbers. The draws of a row depend on the seed and on its place in the source alone.
    ///
    /// # Errors
    /// [`Error::Solver`] when a walk does not arrive.
    pub fn posterior(&self, encoded: &Encoded, each: usize, seed: u64) -> Result<Vec<f64>, Error> {
        let count = encoded.rows.count * each;
        // long rows in small chunks, whose activations stay in the caches
        let chunk = (NUMBERS_TOGETHER / self.bridge.base_width().max(1)).clamp(LEAST_TOGETHER, CHUNK);
        let results = in_chunks_of(chunk, count, |start, end| {
            let questions = self.given(encoded, each, seed, (start, end));
            self.draw(&questions).map_err(|error| shifted(error, start / each))
        });
        join(results, count * self.bridge.dimension())
    }

    /// Draws `start..end` of the posteriors of encoded rows.
    pub(super) fn given(&self, encoded: &Encoded, each: usize, seed: u64, (start, end): (usize, usize)) -> Questions {
        let width = self.bridge.base_width();
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
            // however many draws, their context is embedded once
            part.given.extend((from..to).map(|_| row - first));
            part.context.extend(one.context);
            part.mask.extend(one.mask);
            let stream = Stream::new(seed, "posterior", encoded.source_rows[row] as u64);
            let base = self.bridge.draw_base(each, &stream);
            part.base.extend_from_slice(&base[from * width..to * width]);
            streams.extend((from..to).map(|draw| stream.child("walk", draw as u64)));
        }
        Questions {
            part,
            numbers: (start..end).map(|draw| draw % each).collect(),
            streams,
        }
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
        let results = in_chunks(count, |start, end| {
            let questions = self.unconditional(seed, (start, end));
            self.draw(&questions).map_err(|error| shifted(error, start))
        });
        join(results, count * self.bridge.dimension())
    }

    /// Draws `start..end` of an unconditional model, inside one chunk.
    pub(super) fn unconditional(&self, seed: u64, (start, end): (usize, usize)) -> Questions {
        assert!(
            !self.is_conditional(),
            "a conditional model is drawn from given a context"
        );
        // whole chunks, so that a draw does not depend on how many are asked for
        let base = self
            .bridge
            .draw_base(CHUNK, &Stream::new(seed, "sample", (start / CHUNK) as u64));
        Questions {
            part: Rows {
                count: end - start,
                base: base[..(end - start) * self.bridge.base_width()].to_vec(),
                ..Rows::default()
            },
            numbers: (start..end).collect(),
            streams: (start..end)
                .map(|draw| Stream::new(seed, "walk", draw as u64))
                .collect(),
        }
    }

    /// Carries base points to the data, and returns to the user's units.
    fn draw(&self, questions: &Questions) -> Result<Vec<f64>, Error> {
        let mut drawn = self.by_member(questions, |weights, base, context, streams| {
            let end = self.bridge.draw(weights, base, context, streams)?;
            Ok(vec![Stop { time: 1.0, points: end }])
        })?;
        Ok(drawn.pop().map_or(Vec::new(), |passed| passed.points))
    }

    /// Asks for stops of every draw, draw `n` of member `n mod members` with its own stream, in the user's units.
    pub(super) fn by_member(
        &self,
        questions: &Questions,
        ask: impl Fn(&Weights, Tensor<2>, Option<&Context>, &[Stream]) -> Result<Vec<Stop>, Error>,
    ) -> Result<Vec<Passed>, Error> {
        let Questions { part, numbers, streams } = questions;
        let dimension = self.bridge.dimension();
        let mut passed: Vec<Passed> = Vec::new();
        for (member, weights) in self.members.iter().enumerate() {
            let rows: Vec<usize> = (0..part.count)
                .filter(|&row| numbers[row] % self.members.len() == member)
                .collect();
            if rows.is_empty() {
                continue;
            }
            let chosen = part.choose(&rows);
            let base = Tensor::from_data(
                TensorData::new(chosen.base.clone(), [rows.len(), self.bridge.base_width()]),
                weights.device(),
            );
            let context = chosen.context_on(weights.device());
            let own: Vec<Stream> = rows.iter().map(|&row| streams[row].clone()).collect();
            let stops = ask(weights, base, context.as_ref(), &own)?;
            if passed.is_empty() {
                passed.extend(stops.iter().map(|stop| Passed {
                    time: stop.time,
                    points: vec![0.0; part.count * dimension],
                }));
            }
            for (stop, passed) in stops.into_iter().zip(&mut passed) {
                let points = stop.points.into_data();
                let points = points.as_slice::<f32>().expect("draws are f32");
                for (&row, scaled) in rows.iter().zip(points.chunks_exact(dimension)) {
                    let decoded = self.manifest.scaling.decode(scaled);
                    passed.points[row * dimension..(row + 1) * dimension].copy_from_slice(&decoded);
                }
            }
        }
        Ok(passed)
    }
}

/// Does the chunks of `count` draws, in parallel.
pub(super) fn in_chunks<T: Send>(count: usize, work: impl Fn(usize, usize) -> T + Sync + Send) -> Vec<T> {
    in_chunks_of(CHUNK, count, work)
}

/// The same in chunks of another size.
fn in_chunks_of<T: Send>(size: usize, count: usize, work: impl Fn(usize, usize) -> T + Sync + Send) -> Vec<T> {
    chunks(count, size)
        .into_par_iter()
        .map(|(start, end)| work(start, end))
        .collect()
}

fn join(results: Vec<Result<Vec<f64>, Error>>, size: usize) -> Result<Vec<f64>, Error> {
    let mut values = Vec::with_capacity(size);
    for result in results {
        values.extend(result?);
    }
    Ok(values)
}
