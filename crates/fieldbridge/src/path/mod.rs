//! How two joined points are connected.
//!
//! Between a base point `x0` and a data point `x1` a path puts `x_t = a(t) x1 + b(t) x0`, with `t` from 0 (base) to 1
//! (data). Every path knows its [`Schedule`], so that a network may be read as velocity, noise, score or clean data.

mod linear;

use burn_tensor::Tensor;
use serde::{Deserialize, Serialize};

pub use linear::Linear;

/// `a`, `b` and their time derivatives at each time, every one `[batch, 1]`.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// Weight of the data point.
    pub data: Tensor<2>,
    /// Weight of the base point.
    pub base: Tensor<2>,
    /// Time derivative of the weight of the data point.
    pub data_rate: Tensor<2>,
    /// Time derivative of the weight of the base point.
    pub base_rate: Tensor<2>,
}

/// A family of curves from base to data.
pub trait Path: Send + Sync + std::fmt::Debug {
    /// The schedule at times `t`: `[batch, 1]`.
    fn schedule(&self, t: Tensor<2>) -> Schedule;

    /// The point `x_t` and its velocity `a'(t) x1 + b'(t) x0`, each `[batch, D]`.
    fn at(&self, x0: Tensor<2>, x1: Tensor<2>, t: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let schedule = self.schedule(t);
        let point = x1.clone() * schedule.data + x0.clone() * schedule.base;
        (point, x1 * schedule.data_rate + x0 * schedule.base_rate)
    }
}

/// A path by name, as recipes write it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PathKind {
    /// Straight lines at constant speed.
    #[default]
    Linear,
}

impl PathKind {
    /// The path it names.
    pub fn build(self) -> Box<dyn Path> {
        match self {
            Self::Linear => Box::new(Linear),
        }
    }
}
