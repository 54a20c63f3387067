//! Monotone rational-quadratic splines.

use burn_tensor::Tensor;
use fieldbridge_kernels::autoregressive::Map;
use fieldbridge_kernels::spline::{self, Spline, rational_quadratic_spline, rational_quadratic_spline_inverse};
use serde::{Deserialize, Serialize};

use super::Monotone;

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

impl RationalQuadraticSpline {
    /// The same among the kernels, where its formulas stand.
    fn kernel(&self) -> Spline {
        Spline {
            bins: self.bins,
            bound: self.bound,
            boundary: match self.boundary {
                Boundary::Linear => spline::Boundary::Linear,
                Boundary::Circular => spline::Boundary::Circular,
            },
        }
    }
}

impl Monotone for RationalQuadraticSpline {
    fn parameters(&self) -> usize {
        self.kernel().parameters()
    }

    fn forward(&self, x: Tensor<2>, parameters: Tensor<3>) -> (Tensor<2>, Tensor<2>) {
        rational_quadratic_spline(x, parameters, self.kernel())
    }

    fn inverse(&self, y: Tensor<2>, parameters: Tensor<3>) -> (Tensor<2>, Tensor<2>) {
        rational_quadratic_spline_inverse(y, parameters, self.kernel())
    }

    fn map(&self) -> Option<Map> {
        Some(Map::Spline(self.kernel()))
    }
}
