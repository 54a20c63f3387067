//! Monotone rational-quadratic splines.

use burn_tensor::{Int, Tensor, activation};
use serde::{Deserialize, Serialize};

use super::Monotone;

/// Smallest width and height of a bin, as a share of the interval.
const SMALLEST_BIN: f32 = 1e-3;
/// Smallest slope at a knot.
const SMALLEST_SLOPE: f32 = 1e-3;

/// What happens at the ends of the interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Boundary {
    /// Identity outside, slope one at both ends.
    #[default]
    Linear,
    /// The interval is a circle: equal slopes at both ends, numbers outside are wrapped into it
    /// (Rezende et al. 2020, arXiv:2002.02428).
    Circular,
}

/// Splines of ratios of quadratics through `bins + 1` knots on `[-bound, bound]` (Durkan et al. 2019,
/// arXiv:1906.04032; Gregory and Delbourgo 1982).
///
/// Within a bin of width `w`, height `h`, mean slope `s = h/w` and end slopes `d_0`, `d_1`, at `u` in `[0, 1]`:
/// `y = y_0 + h (s u^2 + d_0 u (1-u)) / (s + (d_0 + d_1 - 2 s) u (1-u))`.
#[derive(Clone, Copy, Debug)]
pub struct RationalQuadraticSpline {
    /// Number of bins.
    pub bins: usize,
    /// Half the length of the interval.
    pub bound: f32,
    /// What happens at its ends.
    pub boundary: Boundary,
}

/// The bin a number falls into, each `[batch, D]`.
struct Bin {
    x: Tensor<2>,
    y: Tensor<2>,
    width: Tensor<2>,
    height: Tensor<2>,
    slope_left: Tensor<2>,
    slope_right: Tensor<2>,
}

/// Knots, each `[batch, D, bins]`: left edges, sizes, and slopes at either side.
struct Knots {
    x: Tensor<3>,
    y: Tensor<3>,
    widths: Tensor<3>,
    heights: Tensor<3>,
    slopes_left: Tensor<3>,
    slopes_right: Tensor<3>,
}

impl Knots {
    fn bin(self, index: Tensor<3, Int>) -> Bin {
        let pick = |values: Tensor<3>| values.gather(2, index.clone()).squeeze_dim(2);
        Bin {
            x: pick(self.x),
            y: pick(self.y),
            width: pick(self.widths),
            height: pick(self.heights),
            slope_left: pick(self.slopes_left),
            slope_right: pick(self.slopes_right),
        }
    }
}

impl RationalQuadraticSpline {
    fn knots(&self, parameters: Tensor<3>) -> Knots {
        let [batch, dimension, _] = parameters.dims();
        let bins = self.bins;
        let lengths = |logits: Tensor<3>| {
            let share = activation::softmax(logits, 2) * (1.0 - SMALLEST_BIN * bins as f32) + SMALLEST_BIN;
            share * (2.0 * self.bound)
        };
        let left = |lengths: &Tensor<3>| lengths.clone().cumsum(2) - lengths.clone() - self.bound;
        let widths = lengths(parameters.clone().narrow(2, 0, bins));
        let heights = lengths(parameters.clone().narrow(2, bins, bins));
        // softplus shifted so that zero gives slope one
        let shift = ((1.0 - SMALLEST_SLOPE).exp() - 1.0).ln();
        let slopes = |logits: Tensor<3>| activation::softplus(logits + shift, 1.0) + SMALLEST_SLOPE;
        let (slopes_left, slopes_right) = match self.boundary {
            Boundary::Linear => {
                let one = Tensor::ones([batch, dimension, 1], &parameters.device());
                let inner = slopes(parameters.narrow(2, 2 * bins, bins - 1));
                (
                    Tensor::cat(vec![one.clone(), inner.clone()], 2),
                    Tensor::cat(vec![inner, one], 2),
                )
            }
            Boundary::Circular => {
                let all = slopes(parameters.narrow(2, 2 * bins, bins));
                let first = all.clone().narrow(2, 0, 1);
                let right = if bins > 1 {
                    Tensor::cat(vec![all.clone().narrow(2, 1, bins - 1), first], 2)
                } else {
                    first
                };
                (all, right)
            }
        };
        Knots {
            x: left(&widths),
            y: left(&heights),
            widths,
            heights,
            slopes_left,
            slopes_right,
        }
    }

    /// Index of the bin whose left edge is the last one at or below the number, `[batch, D, 1]`.
    fn index(&self, numbers: &Tensor<2>, left_edges: &Tensor<3>) -> Tensor<3, Int> {
        let [batch, dimension] = numbers.dims();
        if self.bins == 1 {
            return Tensor::zeros([batch, dimension, 1], &numbers.device());
        }
        let inner = left_edges.clone().narrow(2, 1, self.bins - 1);
        let at_or_above = numbers
            .clone()
            .detach()
            .unsqueeze_dim::<3>(2)
            .greater_equal(inner.detach());
        at_or_above.int().sum_dim(2)
    }

    /// The number moved into the interval, and the distance it was moved by.
    fn enter(&self, numbers: Tensor<2>) -> Tensor<2> {
        match self.boundary {
            Boundary::Linear => numbers.clamp(-self.bound, self.bound),
            Boundary::Circular => {
                let period = 2.0 * self.bound;
                let turns = ((numbers.clone().detach() + self.bound) / period).floor();
                numbers - turns * period
            }
        }
    }

    /// Identity where the number is outside and the ends are linear.
    fn leave(&self, numbers: Tensor<2>, inside: (Tensor<2>, Tensor<2>)) -> (Tensor<2>, Tensor<2>) {
        match self.boundary {
            Boundary::Circular => inside,
            Boundary::Linear => {
                let outside = numbers.clone().detach().abs().greater_elem(self.bound);
                (
                    inside.0.mask_where(outside.clone(), numbers),
                    inside.1.mask_fill(outside, 0.0),
                )
            }
        }
    }
}

/// `log dy/dx` at `u` in the bin.
fn log_slope(bin: &Bin, u: Tensor<2>) -> Tensor<2> {
    let mean = bin.height.clone() / bin.width.clone();
    let v = u.clone().neg() + 1.0;
    let uv = u.clone() * v.clone();
    let curvature = bin.slope_left.clone() + bin.slope_right.clone() - mean.clone() * 2.0;
    let denominator = mean.clone() + curvature * uv.clone();
    let numerator =
        bin.slope_right.clone() * u.square() + mean.clone() * uv * 2.0 + bin.slope_left.clone() * v.square();
    mean.log() * 2.0 + numerator.log() - denominator.log() * 2.0
}

impl Monotone for RationalQuadraticSpline {
    fn parameters(&self) -> usize {
        match self.boundary {
            Boundary::Linear => 3 * self.bins - 1,
            Boundary::Circular => 3 * self.bins,
        }
    }

    fn forward(&self, x: Tensor<2>, parameters: Tensor<3>) -> (Tensor<2>, Tensor<2>) {
        let knots = self.knots(parameters);
        let entered = self.enter(x.clone());
        let index = self.index(&entered, &knots.x);
        let bin = knots.bin(index);
        let u = ((entered - bin.x.clone()) / bin.width.clone()).clamp(0.0, 1.0);
        let uv = u.clone() * (u.clone().neg() + 1.0);
        let mean = bin.height.clone() / bin.width.clone();
        let curvature = bin.slope_left.clone() + bin.slope_right.clone() - mean.clone() * 2.0;
        let rise = bin.height.clone() * (mean.clone() * u.clone().square() + bin.slope_left.clone() * uv.clone());
        let y = bin.y.clone() + rise / (mean + curvature * uv);
        let slope = log_slope(&bin, u);
        self.leave(x, (y, slope))
    }

    fn inverse(&self, y: Tensor<2>, parameters: Tensor<3>) -> (Tensor<2>, Tensor<2>) {
        let knots = self.knots(parameters);
        let entered = self.enter(y.clone());
        let index = self.index(&entered, &knots.y);
        let bin = knots.bin(index);
        // a u^2 + b u + c = 0, solved in the form that does not cancel
        let above = entered - bin.y.clone();
        let mean = bin.height.clone() / bin.width.clone();
        let curvature = bin.slope_left.clone() + bin.slope_right.clone() - mean.clone() * 2.0;
        let bent = above.clone() * curvature;
        let a = bin.height.clone() * (mean.clone() - bin.slope_left.clone()) + bent.clone();
        let b = bin.height.clone() * bin.slope_left.clone() - bent;
        let c = (mean * above).neg();
        let root = (b.clone().square() - a * c.clone() * 4.0).clamp_min(0.0).sqrt();
        let u = (c * 2.0 / (b.neg() - root).clamp_max(-1e-30)).clamp(0.0, 1.0);
        let x = bin.x.clone() + u.clone() * bin.width.clone();
        let slope = log_slope(&bin, u).neg();
        self.leave(y, (x, slope))
    }
}
