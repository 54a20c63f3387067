//! Activation functions of slices, with their derivatives and with a bias added on the way.

mod composed;
mod curve;
mod gelu;
mod gelu_tanh;
mod identity;
mod operation;
mod relu;
mod rows;
mod silu;
mod tanh;
#[cfg(test)]
mod tests;

pub use operation::activate;

use curve::Curve;

/// An activation function `a(z)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// `z`.
    Identity,
    /// `z / (1 + exp(-z))` (Elfwing et al. 2017, arXiv:1702.03118).
    Silu,
    /// `z P(z)` with the normal distribution function `P(z) = (1 + erf(z / sqrt 2)) / 2` (Hendrycks and Gimpel 2016,
    /// arXiv:1606.08415).
    Gelu,
    /// `z (1 + tanh(sqrt(2 / pi) (z + 0.044715 z^3))) / 2`, an approximation of [`Activation::Gelu`] from the same paper.
    GeluTanh,
    /// `tanh(z)`.
    Tanh,
    /// `max(z, 0)`.
    Relu,
}

/// Work to do with whichever function it is, known to the compiler.
trait WithCurve {
    fn with(self, curve: impl Curve);
}

impl Activation {
    /// Replaces each number by its value.
    pub fn forward(self, z: &mut [f32]) {
        if self != Self::Identity {
            self.choose(rows::Values {
                rows: z,
                width: 0,
                bias: None,
            });
        }
    }

    /// Replaces each number by its value and writes the derivative there into `slope`.
    ///
    /// # Panics
    /// When the lengths differ.
    pub fn forward_with_slope(self, z: &mut [f32], slope: &mut [f32]) {
        self.bias_forward_with_slope(z, 0, None, slope);
    }

    /// [`Activation::forward`] of rows of `width` numbers to which `bias`, if any, is added first.
    ///
    /// # Panics
    /// When the bias is not of length `width` or the rows are not whole.
    pub fn bias_forward(self, rows: &mut [f32], width: usize, bias: Option<&[f32]>) {
        check(rows, width, bias);
        if bias.is_some() || self != Self::Identity {
            self.choose(rows::Values { rows, width, bias });
        }
    }

    /// [`Activation::bias_forward`] that writes the derivatives into `slope`.
    ///
    /// # Panics
    /// When the bias is not of length `width`, the rows are not whole, or the slope is of another length.
    pub fn bias_forward_with_slope(self, rows: &mut [f32], width: usize, bias: Option<&[f32]>, slope: &mut [f32]) {
        check(rows, width, bias);
        assert_eq!(rows.len(), slope.len(), "one slope for each number");
        self.choose(rows::Slopes {
            rows,
            slope,
            width,
            bias,
        });
    }

    fn choose(self, work: impl WithCurve) {
        match self {
            Self::Identity => work.with(identity::Identity),
            Self::Silu => work.with(silu::Silu),
            Self::Gelu => work.with(gelu::Gelu),
            Self::GeluTanh => work.with(gelu_tanh::GeluTanh),
            Self::Tanh => work.with(tanh::Tanh),
            Self::Relu => work.with(relu::Relu),
        }
    }
}

fn check(rows: &[f32], width: usize, bias: Option<&[f32]>) {
    if let Some(bias) = bias {
        assert_eq!(bias.len(), width, "one bias for each number of a row");
        assert!(rows.is_empty() || rows.len().is_multiple_of(width), "whole rows");
    }
}
