//! Between an interval and the whole line: logit, logarithm, softplus.

use burn_tensor::{Tensor, activation};
use serde::{Deserialize, Serialize};

use super::{Transform, total};
use crate::network::Weights;

/// A fixed increasing map from an interval onto the real line, so that nothing drawn ever leaves the interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bijection {
    /// `y = x` on the whole line.
    #[default]
    Identity,
    /// `y = ln(x - low)` on `(low, infinity)`.
    Log {
        /// Lower bound.
        low: f64,
    },
    /// `y = ln(exp((x - low) / scale) - 1)` on `(low, infinity)`: logarithmic near the bound, linear far from it.
    Softplus {
        /// Lower bound.
        low: f64,
        /// Distance from the bound at which the map turns linear.
        scale: f64,
    },
    /// `y = ln((x - low) / (high - x))` on `(low, high)`.
    Logit {
        /// Lower bound.
        low: f64,
        /// Upper bound.
        high: f64,
    },
}

impl Bijection {
    /// `y` and `ln dy/dx`; not a number when `x` is outside the interval.
    pub fn forward(&self, x: f64) -> (f64, f64) {
        match *self {
            Self::Identity => (x, 0.0),
            Self::Log { low } => {
                let y = (x - low).ln();
                (y, -y)
            }
            Self::Softplus { low, scale } => {
                let u = (x - low) / scale;
                // ln(e^u - 1) = u + ln(1 - e^-u), and its slope is 1 / (1 - e^-u)
                let rest = (-(-u).exp_m1()).ln();
                (u + rest, -rest - scale.ln())
            }
            Self::Logit { low, high } => {
                let (below, above) = (x - low, high - x);
                ((below / above).ln(), (high - low).ln() - below.ln() - above.ln())
            }
        }
    }

    /// `x`, always strictly inside the interval: where rounding would reach a bound, the next number within.
    pub fn inverse(&self, y: f64) -> f64 {
        let (x, low, high) = match *self {
            Self::Identity => return y,
            Self::Log { low } => (low + y.exp(), low, f64::INFINITY),
            Self::Softplus { low, scale } => {
                let above = scale * (y.max(0.0) + (-y.abs()).exp().ln_1p());
                (low + above, low, f64::INFINITY)
            }
            Self::Logit { low, high } => (low + (high - low) / (1.0 + (-y).exp()), low, high),
        };
        x.clamp(low.next_up(), high.next_down())
    }

    /// Whether `x` is strictly inside.
    pub fn contains(&self, x: f64) -> bool {
        match *self {
            Self::Identity => x.is_finite(),
            Self::Log { low } | Self::Softplus { low, .. } => x > low && x.is_finite(),
            Self::Logit { low, high } => x > low && x < high,
        }
    }

    /// The interval in words.
    pub fn interval(&self) -> String {
        match *self {
            Self::Identity => "any finite number".to_owned(),
            Self::Log { low } | Self::Softplus { low, .. } => format!("above {low}"),
            Self::Logit { low, high } => format!("between {low} and {high}"),
        }
    }
}

/// Rounding kept strictly inside the interval, as single precision sees it.
fn within(x: Tensor<2>, low: f64, high: f64) -> Tensor<2> {
    x.clamp((low as f32).next_up(), (high as f32).next_down())
}

/// A bijection for each dimension, as a transform of tensors.
#[derive(Clone, Debug)]
pub struct Bounded {
    /// One for each dimension.
    pub bijections: Vec<Bijection>,
}

impl Bounded {
    fn each(
        &self,
        x: Tensor<2>,
        map: impl Fn(&Bijection, Tensor<2>) -> (Tensor<2>, Tensor<2>),
    ) -> (Tensor<2>, Tensor<1>) {
        let mut values = Vec::with_capacity(self.bijections.len());
        let mut slopes = Vec::with_capacity(self.bijections.len());
        for (index, bijection) in self.bijections.iter().enumerate() {
            let (value, slope) = map(bijection, x.clone().narrow(1, index, 1));
            values.push(value);
            slopes.push(slope);
        }
        (Tensor::cat(values, 1), total(Tensor::cat(slopes, 1)))
    }
}

impl Transform for Bounded {
    fn forward(&self, _weights: &Weights, x: Tensor<2>, _context: Option<&Tensor<2>>) -> (Tensor<2>, Tensor<1>) {
        self.each(x, |bijection, x| match *bijection {
            Bijection::Identity => (x.clone(), x.zeros_like()),
            Bijection::Log { low } => {
                let y = (x - low).log();
                (y.clone(), y.neg())
            }
            Bijection::Softplus { low, scale } => {
                let u = (x - low) / scale;
                // 1 - e^-u without cancellation near the bound: 2 t / (1 + t) with t = tanh(u / 2)
                let t = activation::tanh(u.clone() * 0.5);
                let rest = (t.clone() * 2.0 / (t + 1.0)).log();
                (u + rest.clone(), rest.neg() - scale.ln())
            }
            Bijection::Logit { low, high } => {
                let (below, above) = ((x.clone() - low).log(), (x.neg() + high).log());
                (below.clone() - above.clone(), (below + above).neg() + (high - low).ln())
            }
        })
    }

    fn inverse(&self, _weights: &Weights, z: Tensor<2>, _context: Option<&Tensor<2>>) -> (Tensor<2>, Tensor<1>) {
        self.each(z, |bijection, y| match *bijection {
            Bijection::Identity => (y.clone(), y.zeros_like()),
            Bijection::Log { low } => (within(y.clone().exp() + low, low, f64::INFINITY), y),
            Bijection::Softplus { low, scale } => {
                let slope = activation::log_sigmoid(y.clone()) + scale.ln();
                (
                    within(activation::softplus(y, 1.0) * scale + low, low, f64::INFINITY),
                    slope,
                )
            }
            Bijection::Logit { low, high } => {
                let slope = activation::log_sigmoid(y.clone()) + activation::log_sigmoid(y.clone().neg());
                let x = activation::sigmoid(y) * (high - low) + low;
                (within(x, low, high), slope + (high - low).ln())
            }
        })
    }
}
