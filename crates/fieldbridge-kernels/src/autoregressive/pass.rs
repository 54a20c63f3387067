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
    /// `[context, BATCH]`.
    context: Vec<f32>,
    /// Numbers given, what they become, and what the network sees, `[D, BATCH]`, sorted.
    given: Vec<f32>,
    found: Vec<f32>,
    seen: Vec<f32>,
    /// Of each hidden layer, the sums, when they are kept, and the activations, `[units, BATCH]`, sorted.
    sums: Vec<Vec<f32>>,
    activations: Vec<Vec<f32>>,
    /// Parameters of the dimensions of one level.
    parameters: Vec<f32>,
    log_slopes: Vec<f32>,
}

impl<'a> Pass<'a> {
    pub(super) fn new(network: &'a Prepared, direction: Direction, map: Map) -> Self {
        let rows = |count: usize| vec![0.0; count * BATCH];
        let units = |kept: bool| move |count: usize| rows(if kept { count } else { 0 });
        Self {
            network,
            direction,
            map,
            context: rows(network.context),
            given: rows(network.dimension),
            found: rows(network.dimension),
            seen: rows(network.dimension),
            sums: network
                .hidden
                .iter()
                .map(|layer| units(layer.kept)(layer.units.items.len()))
                .collect(),
            activations: network
                .hidden
                .iter()
                .map(|layer| rows(layer.units.items.len()))
                .collect(),
            parameters: rows(network.outputs.iter().map(|block| block.units).max().unwrap_or(0)),
            log_slopes: rows(1),
        }
    }

    /// At most [`BATCH`] rows; the numbers of rows that are not there are zero, so that products always have the same
    /// shape and a row's result does not depend on how many there are.
    pub(super) fn run(&mut self, numbers: &[f32], context: &[f32], values: &mut [f32], log_slopes: &mut [f32]) {
        let network = self.network;
        transpose(numbers, &network.order.items, &mut self.given);
        let all: Vec<usize> = (0..network.context).collect();
        transpose(context, &all, &mut self.context);
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
        let layer = &self.network.hidden[index];
        let units = layer.units.of(level);
        let (before, rest) = self.activations.split_at_mut(index);
        let target = &mut rest[0][units.start * BATCH..units.end * BATCH];
        let inputs = before.last().unwrap_or(&self.seen);
        let block = &layer.blocks[level];
        start(block, &self.context, target);
        if let Some((other, places)) = &layer.added {
            for (row, place) in target.chunks_exact_mut(BATCH).zip(&places[units.clone()]) {
                let other = &self.sums[*other][place * BATCH..(place + 1) * BATCH];
                row.iter_mut().zip(other).for_each(|(sum, other)| *sum += other);
            }
        }
        product(&block.weights, block, block.inputs, inputs, target);
        if layer.kept {
            self.sums[index][units.start * BATCH..units.end * BATCH].copy_from_slice(target);
        }
        self.network.activation.forward(target);
    }

    /// Maps the dimensions of a level.
    fn dimensions(&mut self, level: usize, total: &mut [f32; BATCH]) {
        let block = &self.network.outputs[level];
        let parameters = &mut self.parameters[..block.units * BATCH];
        start(block, &self.context, parameters);
        let inputs = self.activations.last().expect("at least one hidden layer");
        product(&block.weights, block, block.inputs, inputs, parameters);
        let each = self.network.parameters * BATCH;
        for (dimension, parameters) in self.network.order.of(level).zip(parameters.chunks_exact_mut(each)) {
            let rows = dimension * BATCH..(dimension + 1) * BATCH;
            let (given, found) = (&self.given[rows.clone()], &mut self.found[rows.clone()]);
            evaluate(self.map, self.direction, given, parameters, found, &mut self.log_slopes);
            for (total, log_slope) in total.iter_mut().zip(&self.log_slopes) {
                *total += log_slope;
            }
            self.seen[rows].copy_from_slice(match self.direction {
                Direction::Forward => given,
                Direction::Inverse => found,
            });
        }
    }
}

/// What units have without the dimensions.
fn start(block: &Block, context: &[f32], target: &mut [f32]) {
    for (row, bias) in target.chunks_exact_mut(BATCH).zip(&block.bias) {
        row.fill(*bias);
    }
    if !block.context.is_empty() {
        product(&block.context, block, context.len() / BATCH, context, target);
    }
}

/// Adds weights times the first of the inputs.
fn product(weights: &[f32], block: &Block, count: usize, inputs: &[f32], target: &mut [f32]) {
    multiply(
        Matrix::new(weights, block.units, count),
        Matrix::new(&inputs[..count * BATCH], count, BATCH),
        MatrixMut::new(target, block.units, BATCH),
        Start::Keep,
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
                Direction::Forward => -limit,
                Direction::Inverse => limit,
            };
            for (scale, log_slope) in scales.iter_mut().zip(log_slopes.iter_mut()) {
                *scale *= sign;
                *log_slope = *scale;
            }
            slice::exp(scales);
            let given = numbers.iter().zip(shifts).zip(scales);
            for (value, ((number, shift), scale)) in values.iter_mut().zip(given) {
                *value = match direction {
                    Direction::Forward => (number - *shift) * *scale,
                    Direction::Inverse => number * *scale + *shift,
                };
            }
        }
    }
}
