//! Descriptions of masked networks and of the maps they give parameters to.

use std::error::Error;
use std::fmt;

use crate::activation::Activation;
use crate::spline::Spline;

/// One masked layer, `x (W * mask) + c C + b`.
#[derive(Clone, Copy, Debug)]
pub struct Layer<'a> {
    /// `W`, `[inputs, outputs]`.
    pub weights: &'a [f32],
    /// Zero where an output does not see an input, `[inputs, outputs]`; without a mask every output sees every input.
    pub mask: Option<&'a [f32]>,
    /// `b`, `[outputs]`.
    pub bias: Option<&'a [f32]>,
    /// `C`, `[context, outputs]`.
    pub context: Option<&'a [f32]>,
    /// Number of outputs.
    pub outputs: usize,
}

/// How layers follow each other; `a` is the activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The first layer takes the dimensions, each other one `a` of the one before.
    Plain,
    /// `h = first(x)`, then for each pair of layers `h += outer(a(inner(a(h))))`, then `last(a(h))`; layers are given in
    /// the order first, inner, outer, inner, outer, ..., last.
    Residual,
}

/// A masked network from the dimensions to the parameters of each dimension's map.
#[derive(Clone, Debug)]
pub struct Network<'a> {
    /// Number of dimensions, at least one.
    pub dimension: usize,
    /// Width of the context, zero without.
    pub context: usize,
    /// The nonlinearity between layers.
    pub activation: Activation,
    /// How layers follow each other.
    pub form: Form,
    /// At least two layers; the outputs of the last are as many for each dimension, those of the first dimension first.
    pub layers: Vec<Layer<'a>>,
}

/// The masks let a dimension's parameters depend on the dimension itself, by whatever way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAutoregressive;

impl fmt::Display for NotAutoregressive {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the masks let a dimension depend on itself")
    }
}

impl Error for NotAutoregressive {}

/// The monotone map of each dimension.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Map {
    /// A rational-quadratic spline.
    Spline(Spline),
    /// `z = (x - m) exp(-l tanh(s / l))` with parameters `(m, s)`.
    Affine {
        /// `l`, the largest size of a log-scale.
        limit: f32,
    },
}

impl Map {
    /// Parameters for each dimension.
    pub fn parameters(self) -> usize {
        match self {
            Self::Spline(spline) => spline.parameters(),
            Self::Affine { .. } => 2,
        }
    }
}

impl Form {
    /// The layer that the result of layer `index` of `count` is added to.
    pub(super) fn added_to(self, index: usize, count: usize) -> Option<usize> {
        let outer = self == Self::Residual && index >= 2 && index.is_multiple_of(2) && index + 1 < count;
        outer.then(|| index - 2)
    }
}
