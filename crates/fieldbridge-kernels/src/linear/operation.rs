//! The layer forward and backward on slices.

use std::marker::PhantomData;

use burn_tensor::Tensor;

use crate::activation::Activation;
use crate::array::{Array, View};
use crate::operation::{AnyTensor, Operation};
use crate::pointwise;
use crate::product::{Matrix, MatrixMut, Precision, Start, multiply_parallel, multiply_rows};
use crate::workspace::Buffer;

/// Which of its parts a layer has; its inputs are `x`, `W`, then bias, mask and addend as far as it has them.
#[derive(Debug)]
pub(super) struct Linear {
    pub(super) activation: Activation,
    pub(super) precision: Precision,
    pub(super) bias: bool,
    pub(super) mask: bool,
    pub(super) addend: bool,
}

/// The inputs by name.
struct Parts<T> {
    x: T,
    weight: T,
    bias: Option<T>,
    mask: Option<T>,
    addend: Option<T>,
}

impl Linear {
    fn parts<T>(&self, inputs: impl IntoIterator<Item = T>) -> Parts<T> {
        let mut inputs = inputs.into_iter();
        let mut next = || inputs.next().expect("as many inputs as parts");
        Parts {
            x: next(),
            weight: next(),
            bias: self.bias.then(&mut next),
            mask: self.mask.then(&mut next),
            addend: self.addend.then(&mut next),
        }
    }

    fn has_slope(&self) -> bool {
        self.activation != Activation::Identity
    }
}

/// A matrix with its mask applied, if it has one.
fn masked(weight: &[f32], mask: Option<View<'_>>) -> Option<Buffer> {
    mask.map(|mask| {
        let mut masked = Buffer::copy_of(weight);
        pointwise::multiply(&mut masked, mask.data);
        masked
    })
}

/// Memory that is written in blocks by several threads.
struct Blocks<'a> {
    start: *mut f32,
    length: usize,
    of: PhantomData<&'a mut [f32]>,
}

// SAFETY: the pointer comes from a mutable slice, and `Blocks::from` leaves it to the caller that blocks are disjoint.
unsafe impl Sync for Blocks<'_> {}

impl<'a> Blocks<'a> {
    fn of(memory: &'a mut [f32]) -> Self {
        Self {
            start: memory.as_mut_ptr(),
            length: memory.len(),
            of: PhantomData,
        }
    }

    /// A block of the memory.
    ///
    /// # Safety
    /// No two blocks that live at the same time overlap.
    unsafe fn from(&self, first: usize, length: usize) -> &'a mut [f32] {
        assert!(first + length <= self.length, "a block lies inside its memory");
        // SAFETY: inside, by the assertion, and not aliased, as the caller promises.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(first), length) }
    }
}

impl Operation for Linear {
    fn composed(&self, inputs: Vec<AnyTensor>) -> AnyTensor {
        let parts = self.parts(inputs.into_iter().map(Tensor::<2>::from_dispatch));
        let weight = match parts.mask {
            Some(mask) => parts.weight * mask,
            None => parts.weight,
        };
        let around = [parts.bias, parts.addend];
        let [x, weight] = [parts.x, weight].map(|factor| self.precision.composed_factor(factor));
        let product = self.precision.composed_product(x.matmul(weight));
        let z = around.into_iter().flatten().fold(product, |sum, part| sum + part);
        self.activation.composed(z).into_dispatch()
    }

    fn forward(&self, inputs: &[View<'_>], keep: bool) -> (Array, Vec<Array>) {
        let parts = self.parts(inputs.iter().copied());
        let (rows, width) = (parts.x.rows(), parts.weight.width());
        let masked = masked(parts.weight.data, parts.mask);
        let weight = masked.as_deref().unwrap_or(parts.weight.data);
        let weight = Matrix::new(weight, parts.x.width(), width);
        let mut output = Buffer::stale(rows * width);
        let bias = parts.bias.map(|bias| bias.data);
        let x = Matrix::new(parts.x.data, rows, parts.x.width());
        let add = |first: usize, block: &mut [f32]| {
            if let Some(addend) = parts.addend {
                pointwise::add(block, &addend.data[first * width..][..block.len()]);
            }
        };
        let mut kept = Vec::new();
        if keep && self.has_slope() {
            let mut slope = Buffer::stale(rows * width);
            let slopes = Blocks::of(&mut slope);
            multiply_rows(
                self.precision,
                x,
                weight,
                MatrixMut::new(&mut output, rows, width),
                Start::Zero,
                |first, block| {
                    add(first, block);
                    // SAFETY: blocks of whole rows do not overlap, and each is handed out once.
                    let slope = unsafe { slopes.from(first * width, block.len()) };
                    self.activation.bias_forward_with_slope(block, width, bias, slope);
                },
            );
            kept.push(Array::new(slope, [rows, width]));
        } else {
            multiply_rows(
                self.precision,
                x,
                weight,
                MatrixMut::new(&mut output, rows, width),
                Start::Zero,
                |first, block| {
                    add(first, block);
                    self.activation.bias_forward(block, width, bias);
                },
            );
        }
        (Array::new(output, [rows, width]), kept)
    }

    fn backward(
        &self,
        inputs: &[View<'_>],
        kept: Vec<Array>,
        gradient: View<'_>,
        wanted: &[bool],
    ) -> Vec<Option<Array>> {
        let parts = self.parts(inputs.iter().copied());
        let wanted = self.parts(wanted.iter().copied());
        let (rows, inner, width) = (gradient.rows(), parts.weight.rows(), gradient.width());
        // the gradient before the activation, in the memory of the slope
        let mut sums = wanted.bias.filter(|&wanted| wanted).map(|_| Buffer::zeros(width));
        let slope = kept.into_iter().next().map(|mut slope| {
            pointwise::multiply_adding_rows(&mut slope.data, gradient.data, sums.as_deref_mut());
            slope.data
        });
        let through = Matrix::new(slope.as_deref().unwrap_or(gradient.data), rows, width);
        let x_gradient = wanted.x.then(|| {
            let masked = masked(parts.weight.data, parts.mask);
            let weight = masked.as_deref().unwrap_or(parts.weight.data);
            let weight = Matrix::new(weight, inner, width);
            let mut found = Buffer::stale(rows * inner);
            let into = MatrixMut::new(&mut found, rows, inner);
            multiply_rows(
                self.precision,
                through,
                weight.transposed(),
                into,
                Start::Zero,
                |_, _| {},
            );
            Array::new(found, parts.x.shape)
        });
        let weight_gradient = wanted.weight.then(|| {
            let mut found = Buffer::stale(inner * width);
            let x = Matrix::new(parts.x.data, rows, inner);
            multiply_parallel(
                self.precision,
                x.transposed(),
                through,
                MatrixMut::new(&mut found, inner, width),
                Start::Zero,
            );
            if let Some(mask) = parts.mask {
                pointwise::multiply(&mut found, mask.data);
            }
            Array::new(found, [inner, width])
        });
        if let (Some(sums), None) = (&mut sums, &slope) {
            pointwise::add_rows(sums, gradient.data);
        }
        let bias_gradient = wanted.bias.map(|_| sums.map(|sums| Array::new(sums, [1, width])));
        let addend_gradient = wanted.addend.map(|wanted| {
            let wanted = wanted && self.has_slope();
            wanted.then(|| Array::new(slope.expect("kept by the forward pass"), [rows, width]))
        });
        let mut found = vec![x_gradient, weight_gradient];
        found.extend(bias_gradient);
        found.extend(wanted.mask.map(|_| None));
        found.extend(addend_gradient);
        found
    }

    fn reads(&self, index: usize) -> bool {
        // the bias and the addend leave no trace in the gradients
        index < 2 || (self.mask && index == 2 + usize::from(self.bias))
    }

    fn passes(&self, index: usize) -> bool {
        // the addend comes last
        let others = 2 + usize::from(self.bias) + usize::from(self.mask);
        self.addend && index == others && !self.has_slope()
    }
}
