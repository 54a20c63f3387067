//! Splines composed of ordinary operations.

use burn_tensor::{Int, Tensor, activation};

use super::{Boundary, Direction, SLOPE_SHIFT, SMALLEST_SLOPE, Spline};

/// The bin a number falls into, each `[rows, D]`.
struct Bin {
    x: Tensor<2>,
    y: Tensor<2>,
    width: Tensor<2>,
    height: Tensor<2>,
    slope_left: Tensor<2>,
    slope_right: Tensor<2>,
}

/// Left edges, sizes, and slopes at either side of all bins, each `[rows, D, bins]`.
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

impl Spline {
    /// Values and log-slopes of `[rows, D]` numbers with parameters `[rows, D, P]`.
    pub(super) fn composed(
        self,
        direction: Direction,
        numbers: Tensor<2>,
        parameters: Tensor<3>,
    ) -> (Tensor<2>, Tensor<2>) {
        let knots = self.knots(parameters);
        let entered = self.entered(numbers.clone());
        let edges = match direction {
            Direction::Forward => &knots.x,
            Direction::Inverse => &knots.y,
        };
        let index = self.index(&entered, edges);
        let bin = knots.bin(index);
        let (value, log_slope) = match direction {
            Direction::Forward => bin.forward(entered),
            Direction::Inverse => bin.inverse(entered),
        };
        match self.boundary {
            Boundary::Circular => (value, log_slope),
            Boundary::Linear => {
                let outside = numbers.clone().detach().abs().greater_elem(self.bound);
                let value = value.mask_where(outside.clone(), numbers);
                (value, log_slope.mask_fill(outside, 0.0))
            }
        }
    }

    fn knots(self, parameters: Tensor<3>) -> Knots {
        let [rows, dimension, _] = parameters.dims();
        let bins = self.bins;
        let lengths = |first: usize| {
            let shares = activation::softmax(parameters.clone().narrow(2, first, bins), 2);
            shares * self.spread() + self.least()
        };
        let left = |lengths: &Tensor<3>| lengths.clone().cumsum(2) - lengths.clone() - self.bound;
        let (widths, heights) = (lengths(0), lengths(bins));
        let inner = self.parameters() - 2 * bins;
        let ends = (inner > 0).then(|| {
            let logits = parameters.clone().narrow(2, 2 * bins, inner);
            activation::softplus(logits + SLOPE_SHIFT, 1.0) + SMALLEST_SLOPE
        });
        let one = Tensor::ones([rows, dimension, 1], &parameters.device());
        let all = match self.boundary {
            Boundary::Linear => vec![Some(one.clone()), ends, Some(one)],
            Boundary::Circular => vec![ends.clone(), ends.map(|slopes| slopes.narrow(2, 0, 1))],
        };
        let all = Tensor::cat(all.into_iter().flatten().collect(), 2);
        Knots {
            x: left(&widths),
            y: left(&heights),
            widths,
            heights,
            slopes_left: all.clone().narrow(2, 0, bins),
            slopes_right: all.narrow(2, 1, bins),
        }
    }

    /// Index of the bin whose left edge is the last one at or below the number, `[rows, D, 1]`.
    fn index(self, numbers: &Tensor<2>, left_edges: &Tensor<3>) -> Tensor<3, Int> {
        let [rows, dimension] = numbers.dims();
        if self.bins == 1 {
            return Tensor::zeros([rows, dimension, 1], &numbers.device());
        }
        let inner = left_edges.clone().detach().narrow(2, 1, self.bins - 1);
        let numbers = numbers.clone().detach().unsqueeze_dim::<3>(2);
        numbers.greater_equal(inner).int().sum_dim(2)
    }

    /// Numbers moved into the interval.
    fn entered(self, numbers: Tensor<2>) -> Tensor<2> {
        match self.boundary {
            Boundary::Linear => numbers.clamp(-self.bound, self.bound),
            Boundary::Circular => {
                let period = 2.0 * self.bound;
                let turns = ((numbers.clone().detach() + self.bound) / period).floor();
                numbers - turns * period
            }
        }
    }
}

impl Bin {
    fn mean(&self) -> Tensor<2> {
        self.height.clone() / self.width.clone()
    }

    /// `D` at `u` and `v = 1 - u`.
    fn denominator(&self, u: &Tensor<2>, v: &Tensor<2>) -> Tensor<2> {
        let ends = (self.slope_left.clone() + self.slope_right.clone()) * u.clone() * v.clone();
        self.mean() * (u.clone().square() + v.clone().square()) + ends
    }

    fn log_slope(&self, u: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        let denominator = self.denominator(&u, &v);
        let numerator = self.slope_right.clone() * u.clone().square()
            + self.mean() * (u * v.clone()) * 2.0
            + self.slope_left.clone() * v.square();
        self.mean().log() * 2.0 + numerator.log() - denominator.log() * 2.0
    }

    fn forward(self, x: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let u = ((x - self.x.clone()) / self.width.clone()).clamp(0.0, 1.0);
        let v = u.clone().neg() + 1.0;
        let rise = (self.mean() * u.clone() + self.slope_left.clone() * v.clone()) * u.clone();
        let y = self.y.clone() + self.height.clone() * rise / self.denominator(&u, &v);
        (y, self.log_slope(u, v))
    }

    /// The root as for slices: one of `u` and `1 - u` is found from a sum of positive terms.
    fn inverse(self, y: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let t = ((y - self.y.clone()) / self.height.clone()).clamp(0.0, 1.0);
        let rest = t.clone().neg() + 1.0;
        let q = self.slope_left.clone() * rest.clone() - self.slope_right.clone() * t.clone();
        let twice = self.mean() * 2.0;
        let root = (q.clone().square() + twice.clone().square() * t.clone() * rest.clone()).sqrt();
        let falling = q.clone().detach().lower_elem(0.0);
        let near = twice * t.mask_where(falling.clone(), rest);
        let part = near.clone() / (near + q.abs() + root);
        let other = part.clone().neg() + 1.0;
        let u = part.clone().mask_where(falling.clone(), other.clone());
        let v = other.mask_where(falling, part);
        let x = self.x.clone() + u.clone() * self.width.clone();
        let slope = self.log_slope(u, v).neg();
        (x, slope)
    }
}
