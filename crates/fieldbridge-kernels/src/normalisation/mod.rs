//! Layer and root-mean-square normalisation of rows, with what surrounds them in blocks of a network: an affine map, a
//! modulation and a gate that are the same for all tokens of a batch element, and the addition of a residual.

mod backward;
mod forward;
mod gate;
mod layout;
mod operation;
mod row;
#[cfg(test)]
mod tests;

pub use backward::{Gradients, backward};
pub use forward::forward;
pub use gate::{GateGradients, gate, gate_backward};
pub use layout::Layout;
pub use operation::{Parts, gated_residual, layer_norm, normalise, root_mean_square_norm};

/// What a row is divided by, and whether its mean is taken off first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `n = (x - mean) / sqrt(variance + epsilon)` (Ba et al. 2016, arXiv:1607.06450).
    Layer,
    /// `n = x / sqrt(mean of x^2 + epsilon)` (Zhang and Sennrich 2019, arXiv:1910.07467).
    RootMeanSquare,
}

/// A scale and a shift for each batch element (Peebles and Xie 2022, arXiv:2212.09748).
#[derive(Clone, Copy, Debug)]
pub struct Modulation<'a> {
    /// `[batch, width]`.
    pub scale: &'a [f32],
    /// `[batch, width]`.
    pub shift: &'a [f32],
}

/// A normalisation `y = (n weight + bias) (1 + scale) + shift` of each row; `n` is that of its [`Kind`].
#[derive(Clone, Copy, Debug)]
pub struct Normalisation<'a> {
    /// Which `n`.
    pub kind: Kind,
    /// Added to the variance.
    pub epsilon: f32,
    /// `[width]`; ones when there is none.
    pub weight: Option<&'a [f32]>,
    /// `[width]`; zeros when there is none.
    pub bias: Option<&'a [f32]>,
    /// None when there is none.
    pub modulation: Option<Modulation<'a>>,
}

impl Normalisation<'_> {
    fn check(&self, layout: Layout) {
        let Layout { batch, width, .. } = layout;
        for affine in [self.weight, self.bias].into_iter().flatten() {
            assert_eq!(affine.len(), width, "one weight and bias for each number of a row");
        }
        if let Some(Modulation { scale, shift }) = self.modulation {
            assert_eq!(
                (scale.len(), shift.len()),
                (batch * width, batch * width),
                "one modulation for each element"
            );
        }
    }

    /// Writes the factor of `n` in a batch element, `weight (1 + scale)`.
    fn factor(&self, element: usize, factor: &mut [f32]) {
        match self.weight {
            Some(weight) => factor.copy_from_slice(weight),
            None => factor.fill(1.0),
        }
        if let Some(Modulation { scale, .. }) = self.modulation {
            let scale = &scale[element * factor.len()..];
            factor
                .iter_mut()
                .zip(scale)
                .for_each(|(factor, scale)| *factor *= 1.0 + scale);
        }
    }

    /// Writes what is added to `n` times the factor in a batch element, `bias (1 + scale) + shift`.
    fn offset(&self, element: usize, offset: &mut [f32]) {
        match self.bias {
            Some(bias) => offset.copy_from_slice(bias),
            None => offset.fill(0.0),
        }
        if let Some(Modulation { scale, shift }) = self.modulation {
            let start = element * offset.len();
            let modulation = scale[start..].iter().zip(&shift[start..]);
            offset
                .iter_mut()
                .zip(modulation)
                .for_each(|(offset, (scale, shift))| *offset += *offset * scale + shift);
        }
    }
}
