//! One batch of rows through all levels.

use super::BATCH;
use super::network::Map;
use super::prepared::{Block, Prepared};
use crate::elementary::slice;
use crate::product::{Matrix, MatrixMut, Start, multiply};
use crate::spline::Direction;

/// Memory for one batch; each number of all rows is a row of [`BATCH`] here.
pub(super) struct Pass<'a> {
    network: &'a Prepared,
    direction: Direction,
    map: Map,
    /// Numbers given, and what they become, `[D, BATCH]`, sorted.
    given: Vec<f32>,
    found: Vec<f32>,
    /// The inputs of every layer: a one, the context if the layer sees it, and the dimensions or the activations of the
    /// layer before, sorted.
    inputs: Vec<Vec<f32>>,
    /// Of each hidden layer the sums before the activation, when they are kept.
    sums: Vec<Vec<f32>>,
    /// Parameters of the dimensions of one level.
    parameters: Vec<f32>,
    log_slopes: Vec<f32>,
}

impl<'a> Pass<'a> {
    pub(super) fn new(network: &'a Prepared, direction: Direction, map: Map) -> Self {
        let rows = |count: usize| vec![0.0; count * BATCH];
        let units = network.hidden.iter().map(|layer| layer.units.items.len());
        let sizes = std::iter::once(network.dimension).chain(units);
        let inputs = sizes.enumerate().map(|(layer, size)| {
            let mut inputs = rows(network.head(layer) + size);
            inputs[..BATCH].fill(1.0);
            inputs
        });
        let kept = network
            .hidden
            .iter()
            .map(|layer| if layer.kept { layer.units.items.len() } else { 0 });
        Self {
            network,
            direction,
            map,
            given: rows(network.dimension),
            found: rows(network.dimension),
            inputs: inputs.collect(),
            sums: kept.map(rows).collect(),
            parameters: rows(network.outputs.iter().map(|block| block.units).max().unwrap_or(0)),
            log_slopes: rows(1),
        }
    }

    /// At most [`BATCH`] rows; the numbers of rows that are not there are zero, so that products always have the same
    /// shape and a row's result does not depend on how many there are.
    pub(super) fn run(&mut self, numbers: &[f32], context: &[f32], values: &mut [f32], log_slopes: &mut [f32]) {
        let network = self.network;
        transpose(numbers, &network.order.items, &mut self.given);
        let whole: Vec<usize> = (0..network.context).collect();
        let mut conditioned = (0..self.inputs.len()).filter(|&layer| network.conditioned[layer]);
        if let Some(first) = conditioned.next() {
            let rows = BATCH..network.head(first) * BATCH;
            transpose(context, &whole, &mut self.inputs[first][rows.clone()]);
            for layer in conditioned {
                let (from, to) = self.inputs.split_at_mut(layer);
                to[0][rows.clone()].copy_from_slice(&from[first][rows.clone()]);
            }
        }
        let mut total = [0.0; BATCH];
        for level in 0..network.levels() {
            for layer in 0..network.hidden.len() {
                self.hidden(layer, level);
            }
            self.dimensions(level, &mut total);
        }
        let dimension = network.dimension;
        for (found, &to) in self.found.chunks_exact(BATCH).zip(&network.order.items) {
            for (row, value) in values.chunks_exact_mut(dimension).zip(found) {
                row[to] = *value;
            }
        }
        log_slopes.copy_from_slice(&total[..log_slopes.len()]);
    }

    /// Evaluates the units of a hidden layer that are of a level.
    fn hidden(&mut self, index: usize, level: usize) {
        let network = self.network;
        let layer = &network.hidden[index];
        let units = layer.units.of(level);
        let (inputs, outputs) = self.inputs.split_at_mut(index + 1);
        let head = network.head(index + 1);
        let target = &mut outputs[0][(head + units.start) * BATCH..(head + units.end) * BATCH];
        let start = match &layer.added {
            None => Start::Zero,
            Some((other, places)) => {
                let sums = &self.sums[*other];
                for (row, place) in target.chunks_exact_mut(BATCH).zip(&places[units.clone()]) {
                    row.copy_from_slice(&sums[place * BATCH..(place + 1) * BATCH]);
                }
                Start::Keep
            }
        };
        product(&layer.blocks[level], &inputs[index], target, start);
        if layer.kept {
            self.sums[index][units.start * BATCH..units.end * BATCH].copy_from_slice(target);
        }
        network.activation.forward(target);
    }

    /// Maps the dimensions of a level.
    fn dimensions(&mut self, level: usize, total: &mut [f32; BATCH]) {
        let network = self.network;
        let block = &network.outputs[level];
        let parameters = &mut self.parameters[..block.units * BATCH];
        let inputs = self.inputs.last().expect("at least two layers");
        product(block, inputs, parameters, Start::Zero);
        let each = network.parameters * BATCH;
        for (dimension, parameters) in network.order.of(level).zip(parameters.chunks_exact_mut(each)) {
            let rows = dimension * BATCH..(dimension + 1) * BATCH;
            let (given, found) = (&self.given[rows.clone()], &mut self.found[rows]);
            evaluate(self.map, self.direction, given, parameters, found, &mut self.log_slopes);
            for (total, log_slope) in total.iter_mut().zip(&self.log_slopes) {
                *total += log_slope;
            }
            let place = network.head(0) + dimension;
            self.inputs[0][place * BATCH..(place + 1) * BATCH].copy_from_slice(match self.direction {
                Direction::Forward => given,
                Direction::Inverse => found,
            });
        }
    }
}

/// Weights times those of the inputs that the block sees.
fn product(block: &Block, inputs: &[f32], target: &mut [f32], start: Start) {
    multiply(
        Matrix::new(&block.weights, block.units, block.inputs),
        Matrix::new(&inputs[..block.inputs * BATCH], block.inputs, BATCH),
        MatrixMut::new(target, block.units, BATCH),
        start,
    );
}

/// Chosen columns of rows, each a row of [`BATCH`], filled up with zeros.
fn transpose(rows: &[f32], chosen: &[usize], columns: &mut [f32]) {
    for (column, &from) in columns.chunks_exact_mut(BATCH).zip(chosen) {
        let mut rows = rows.chunks_exact(chosen.len());
        column.fill_with(|| rows.next().map_or(0.0, |row| row[from]));
    }
}

/// Values and log-slopes of one dimension; parameters are used up.
fn evaluate(
    map: Map,
    direction: Direction,
    numbers: &[f32],
    parameters: &mut [f32],
    values: &mut [f32],
    log_slopes: &mut [f32],
) {
    match map {
        Map::Spline(spline) => spline.evaluate_rows(direction, numbers, parameters, values, log_slopes),
        Map::Affine { limit } => {
            let (shifts, scales) = parameters.split_at_mut(numbers.len());
            scales.iter_mut().for_each(|scale| *scale /= limit);
            slice::tanh(scales);
            let sign = match direction {
                Direction::Forward => limit,
                Direction::Inverse => -limit,
            };
            for (scale, log_slope) in scales.iter_mut().zip(log_slopes.iter_mut()) {
                *scale *= sign;
                *log_slope = *scale;
            }
            slice::exp(scales);
            let given = numbers.iter().zip(shifts).zip(scales);
            for (value, ((number, shift), scale)) in values.iter_mut().zip(given) {
                *value = match direction {
                    Direction::Forward => number * *scale + *shift,
                    Direction::Inverse => (number - *shift) * *scale,
                };
            }
        }
    }
}
