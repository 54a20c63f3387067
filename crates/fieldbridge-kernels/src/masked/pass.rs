//! A block of rows forward and backward, with sorted units.

use super::sorted::{Gradients, Rows, Sorted};
use super::units::Units;
use crate::activation::Activation;
use crate::pointwise;
use crate::product::{Matrix, MatrixMut, Start, multiply};
use crate::workspace::Buffer;

/// Units of a staircase taken together: a whole number of panels of every instruction set.
const STEP: usize = 32;

/// What a block of rows leaves for the way back: of every hidden layer the values, and the slopes where they cannot be
/// read off the values.
pub(super) type Kept = Vec<(Buffer, Option<Buffer>)>;

/// A network whose units are sorted.
pub(super) struct Network<'a> {
    pub(super) sorted: &'a Sorted,
    pub(super) units: &'a Units,
    pub(super) activation: Activation,
}

/// Rows of the inputs.
#[derive(Clone, Copy)]
pub(super) struct Block<'a> {
    pub(super) rows: usize,
    pub(super) x: &'a [f32],
    pub(super) context: Option<&'a [f32]>,
}

/// Gradients of the rows of a block's inputs, where they are wanted.
pub(super) struct Wanted<'a> {
    pub(super) x: Option<&'a mut [f32]>,
    pub(super) context: Option<&'a mut [f32]>,
}

/// Rows one after the other.
fn dense(data: &[f32], rows: usize) -> Matrix<'_> {
    Matrix::new(data, rows, data.len() / rows)
}

impl Rows {
    fn matrix(&self) -> Matrix<'_> {
        self.part(0, self.rows, 0, self.width)
    }

    /// Some of its rows and columns.
    fn part(&self, row: usize, rows: usize, column: usize, columns: usize) -> Matrix<'_> {
        let start = row * self.stride + column;
        Matrix::strided(&self.data[start.min(self.data.len())..], rows, columns, self.stride, 1)
    }
}

/// Neighbouring columns of rows one after the other.
fn chosen(data: &[f32], rows: usize, first: usize, columns: usize) -> Matrix<'_> {
    Matrix::strided(&data[first..], rows, columns, data.len() / rows, 1)
}

impl Network<'_> {
    /// Writes the outputs.
    pub(super) fn forward(&self, block: Block<'_>, outputs: &mut [f32], keep: bool) -> Kept {
        let rows = block.rows;
        let slope_apart = keep && !matches!(self.activation, Activation::Relu | Activation::Identity);
        let mut kept: Kept = Vec::with_capacity(self.units.layers());
        for layer in 0..self.units.layers() {
            let width = self.units.count(layer);
            let mut values = Buffer::stale(rows * width);
            match kept.last() {
                None => self.first(block, &mut values),
                Some((before, _)) => self.staircase(layer, before, rows, &mut values),
            }
            let bias = Some(&*self.sorted.biases[layer]);
            let slope = slope_apart.then(|| Buffer::stale(rows * width));
            let slope = match slope {
                Some(mut slope) => {
                    self.activation
                        .bias_forward_with_slope(&mut values, width, bias, &mut slope);
                    Some(slope)
                }
                None => {
                    self.activation.bias_forward(&mut values, width, bias);
                    None
                }
            };
            kept.push((values, slope));
        }
        let (last, bias) = (self.units.layers(), &self.sorted.biases[self.units.layers()]);
        let (before, _) = kept.last().expect("at least one hidden layer");
        let into = MatrixMut::new(outputs, rows, bias.len());
        multiply(
            dense(before, rows),
            self.sorted.weights[last].matrix(),
            into,
            Start::Zero,
        );
        Activation::Identity.bias_forward(outputs, bias.len(), Some(bias));
        kept
    }

    fn first(&self, block: Block<'_>, values: &mut [f32]) {
        let width = self.units.count(0);
        let mut add = |from: &[f32], weight: &Rows, start| {
            let from = Matrix::new(from, block.rows, weight.rows);
            multiply(from, weight.matrix(), MatrixMut::new(values, block.rows, width), start);
        };
        add(block.x, &self.sorted.weights[0], Start::Zero);
        if let (Some(context), Some(weight)) = (block.context, &self.sorted.context) {
            add(context, weight, Start::Keep);
        }
    }

    /// Values of a hidden layer but the first: of every few units, from what any of them sees.
    fn staircase(&self, layer: usize, before: &[f32], rows: usize, values: &mut [f32]) {
        let width = self.units.count(layer);
        for first in (0..width).step_by(STEP) {
            let count = STEP.min(width - first);
            let depth = self.units.sees(layer, first + count - 1);
            multiply(
                chosen(before, rows, 0, depth),
                self.sorted.weights[layer].part(0, depth, first, count),
                MatrixMut::strided(&mut values[first..], rows, count, width),
                Start::Zero,
            );
        }
    }

    /// Gradients of the weights from those of the outputs, and of the inputs as far as they are wanted.
    pub(super) fn backward(&self, block: Block<'_>, kept: Kept, gradient: &[f32], wanted: Wanted<'_>) -> Gradients {
        let (rows, layers) = (block.rows, self.units.layers());
        let (mut weights, mut biases) = (Vec::with_capacity(layers + 1), Vec::with_capacity(layers + 1));
        let mut context = None;
        let mut wanted = Some(wanted);
        let mut through: Option<Buffer> = None;
        for layer in (0..=layers).rev() {
            let gradient = through.as_deref().unwrap_or(gradient);
            let width = self.sorted.biases[layer].len();
            let mut bias = Buffer::zeros(width);
            pointwise::add_rows(&mut bias, gradient);
            biases.push(bias);
            if layer == 0 {
                weights.push(weight_gradient(block.x, gradient, rows));
                context = block.context.map(|context| weight_gradient(context, gradient, rows));
                let wanted = wanted.take().expect("the first layer comes once");
                let parts = [
                    (wanted.x, Some(&self.sorted.weights[0])),
                    (wanted.context, self.sorted.context.as_ref()),
                ];
                for (into, weight) in parts {
                    if let (Some(into), Some(weight)) = (into, weight) {
                        let into = MatrixMut::new(into, rows, weight.rows);
                        multiply(dense(gradient, rows), weight.matrix().transposed(), into, Start::Zero);
                    }
                }
                break;
            }
            let (values, slope) = &kept[layer - 1];
            let mut before = Buffer::stale(values.len());
            if layer == layers {
                weights.push(weight_gradient(values, gradient, rows));
                let into = MatrixMut::new(&mut before, rows, self.sorted.weights[layer].rows);
                multiply(
                    dense(gradient, rows),
                    self.sorted.weights[layer].matrix().transposed(),
                    into,
                    Start::Zero,
                );
            } else {
                weights.push(self.staircase_backward(layer, values, gradient, rows, &mut before));
            }
            match (slope, self.activation) {
                (Some(slope), _) => pointwise::multiply(&mut before, slope),
                (None, Activation::Identity) => {}
                (None, _) => pointwise::where_positive(&mut before, values),
            }
            through = Some(before);
        }
        weights.reverse();
        biases.reverse();
        Gradients {
            weights,
            biases,
            context,
        }
    }

    /// The gradient of a staircase, where it is not zero, and that of the values before.
    fn staircase_backward(
        &self,
        layer: usize,
        values: &[f32],
        gradient: &[f32],
        rows: usize,
        before: &mut [f32],
    ) -> Buffer {
        let (inputs, width) = (self.units.count(layer - 1), self.units.count(layer));
        // what is below the staircase is not read, but must not be slow to add
        let mut found = Buffer::zeros(inputs * width);
        for first in (0..inputs).step_by(STEP) {
            let count = STEP.min(inputs - first);
            let start = self.units.seen_from(layer, first);
            let through = chosen(gradient, rows, start.min(width), width - start);
            let into = &mut found[(first * width + start).min(inputs * width)..];
            multiply(
                chosen(values, rows, first, count).transposed(),
                through,
                MatrixMut::strided(into, count, width - start, width),
                Start::Zero,
            );
            multiply(
                through,
                self.sorted.weights[layer]
                    .part(first, count, start, width - start)
                    .transposed(),
                MatrixMut::strided(&mut before[first..], rows, count, inputs),
                Start::Zero,
            );
        }
        found
    }
}

/// `xᵀ g`.
fn weight_gradient(x: &[f32], gradient: &[f32], rows: usize) -> Buffer {
    let (x, gradient) = (dense(x, rows), dense(gradient, rows));
    let mut found = Buffer::stale(x.columns * gradient.columns);
    let into = MatrixMut::new(&mut found, x.columns, gradient.columns);
    multiply(x.transposed(), gradient, into, Start::Zero);
    found
}
