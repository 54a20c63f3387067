//! Weights in the order of sorted units, and gradients back in their own.

use super::operation::Parts;
use super::units::Units;
use crate::array::View;
use crate::workspace::Buffer;

/// Numbers between the end of a row and the next: rows a power of two apart would share few places of a cache.
const GAP: usize = 16;

/// A matrix with its rows at a distance.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    pub(super) data: Buffer,
    pub(super) rows: usize,
    pub(super) width: usize,
    pub(super) stride: usize,
}

impl Rows {
    fn stale(rows: usize, width: usize) -> Self {
        let stride = width + GAP;
        Self {
            data: Buffer::stale(rows * stride),
            rows,
            width,
            stride,
        }
    }

    fn row_mut(&mut self, row: usize) -> &mut [f32] {
        &mut self.data[row * self.stride..][..self.width]
    }
}

/// A network's weights with masks applied and hidden units sorted.
pub(super) struct Sorted {
    /// Of all layers, the last one included.
    pub(super) weights: Vec<Rows>,
    pub(super) biases: Vec<Buffer>,
    /// What the context adds to the first layer.
    pub(super) context: Option<Rows>,
}

/// Columns of `row` in another order.
fn columns<'a>(row: &'a [f32], order: &'a [usize]) -> impl Iterator<Item = f32> + 'a {
    order.iter().map(|&column| row[column])
}

impl Sorted {
    pub(super) fn new(parts: &Parts<View<'_>>, units: &Units) -> Self {
        let hidden = units.layers();
        let weights = parts.layers.iter().enumerate().map(|(index, layer)| {
            let width = layer.weight.width();
            let mut sorted = Rows::stale(layer.weight.rows(), width);
            let row = |row: usize| row * width..(row + 1) * width;
            for place in 0..sorted.rows {
                let to = sorted.row_mut(place);
                if index == 0 {
                    let at = row(place);
                    let order = units.order(0);
                    let factors = columns(&layer.mask.data[at.clone()], order);
                    let values = columns(&layer.weight.data[at], order).zip(factors);
                    to.iter_mut()
                        .zip(values)
                        .for_each(|(to, (value, factor))| *to = value * factor);
                } else if index < hidden {
                    let at = row(units.order(index - 1)[place]);
                    let start = units.seen_from(index, place);
                    let (below, above) = to.split_at_mut(start);
                    below.fill(0.0);
                    let values = columns(&layer.weight.data[at], &units.order(index)[start..]);
                    above.iter_mut().zip(values).for_each(|(to, value)| *to = value);
                } else {
                    let at = row(units.order(index - 1)[place]);
                    let values = layer.weight.data[at.clone()].iter().zip(&layer.mask.data[at]);
                    to.iter_mut()
                        .zip(values)
                        .for_each(|(to, (value, factor))| *to = value * factor);
                }
            }
            sorted
        });
        let biases = parts.layers.iter().enumerate().map(|(index, layer)| {
            let mut sorted = Buffer::copy_of(layer.bias.data);
            if index < hidden {
                let values = columns(layer.bias.data, units.order(index));
                sorted.iter_mut().zip(values).for_each(|(to, value)| *to = value);
            }
            sorted
        });
        let context = parts.context.as_ref().map(|(_, weight)| {
            let mut sorted = Rows::stale(weight.rows(), weight.width());
            for place in 0..sorted.rows {
                let values = columns(&weight.data[place * weight.width()..], units.order(0));
                sorted
                    .row_mut(place)
                    .iter_mut()
                    .zip(values)
                    .for_each(|(to, value)| *to = value);
            }
            sorted
        });
        Self {
            weights: weights.collect(),
            biases: biases.collect(),
            context,
        }
    }
}

/// Gradients of the weights of [`Sorted`], rows together.
pub(super) struct Gradients {
    pub(super) weights: Vec<Buffer>,
    pub(super) biases: Vec<Buffer>,
    pub(super) context: Option<Buffer>,
}

impl Gradients {
    /// Adds those of other rows.
    pub(super) fn add(&mut self, others: &Self) {
        let own = self.weights.iter_mut().chain(&mut self.biases).chain(&mut self.context);
        let others = others.weights.iter().chain(&others.biases).chain(&others.context);
        for (own, other) in own.zip(others) {
            own.iter_mut().zip(other.iter()).for_each(|(sum, value)| *sum += value);
        }
    }

    /// The gradient of a layer's matrix in its own order.
    pub(super) fn weight(&self, layer: usize, mask: View<'_>, units: &Units) -> Buffer {
        let (sorted, width) = (&self.weights[layer], mask.width());
        let mut found = Buffer::stale(mask.data.len());
        for place in 0..mask.rows() {
            let from = &sorted[place * width..][..width];
            let row = if layer == 0 {
                place
            } else {
                units.order(layer - 1)[place]
            };
            let to = &mut found[row * width..][..width];
            if layer < units.layers() {
                let start = if layer == 0 { 0 } else { units.seen_from(layer, place) };
                if start > 0 {
                    to.fill(0.0);
                }
                for (&column, value) in units.order(layer)[start..].iter().zip(&from[start..]) {
                    to[column] = *value;
                }
            } else {
                to.copy_from_slice(from);
            }
            if layer == 0 || layer == units.layers() {
                let factors = &mask.data[row * width..][..width];
                to.iter_mut().zip(factors).for_each(|(value, factor)| *value *= factor);
            }
        }
        found
    }

    /// The gradient of a layer's bias in its own order.
    pub(super) fn bias(&self, layer: usize, units: &Units) -> Buffer {
        let sorted = &self.biases[layer];
        if layer == units.layers() {
            return sorted.clone();
        }
        unsorted(sorted, sorted.len(), units.order(layer))
    }

    /// The gradient of the context's matrix in its own order.
    pub(super) fn context(&self, units: &Units) -> Option<Buffer> {
        let sorted = self.context.as_ref()?;
        Some(unsorted(sorted, units.count(0), units.order(0)))
    }
}

/// Rows whose columns go back to their own places.
fn unsorted(sorted: &[f32], width: usize, order: &[usize]) -> Buffer {
    let mut found = Buffer::stale(sorted.len());
    let rows = found
        .chunks_exact_mut(width.max(1))
        .zip(sorted.chunks_exact(width.max(1)));
    for (to, from) in rows {
        for (&column, value) in order.iter().zip(from) {
            to[column] = *value;
        }
    }
    found
}
