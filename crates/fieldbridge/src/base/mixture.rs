//! Equal round clouds.

use std::f64::consts::PI;

use burn_tensor::{Tensor, TensorData};
use rand::Rng;

use super::Base;
use crate::random::Stream;

/// `p(z) = 1/K sum_k N(z; m_k, s^2 1)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Mixture {
    /// Means `m_k`, each as long as a data point.
    pub means: Vec<Vec<f64>>,
    /// Deviation `s`.
    pub deviation: f64,
}

impl Base for Mixture {
    fn sample(&self, rows: usize, dimension: usize, stream: &Stream) -> Vec<f32> {
        let normals = stream.child("normals", 0).normals(rows * dimension);
        let mut choice = stream.child("component", 0).generator();
        let mut points = Vec::with_capacity(normals.len());
        for normal in normals.chunks_exact(dimension.max(1)) {
            // 64 bits leave no bias that could be seen
            let chosen = ((u128::from(choice.next_u64()) * self.means.len() as u128) >> 64) as usize;
            points.extend(
                normal
                    .iter()
                    .zip(&self.means[chosen])
                    .map(|(normal, mean)| (mean + self.deviation * f64::from(*normal)) as f32),
            );
        }
        points
    }

    fn log_density(&self, z: Tensor<2>) -> Tensor<1> {
        let [_, dimension] = z.dims();
        let flat: Vec<f32> = self.means.iter().flatten().map(|&mean| mean as f32).collect();
        let means = Tensor::<2>::from_data(TensorData::new(flat, [self.means.len(), dimension]), &z.device());
        let distances = (z.unsqueeze_dim::<3>(1) - means.unsqueeze_dim::<3>(0))
            .square()
            .sum_dim(2)
            .squeeze_dim::<2>(2);
        let exponents = distances * (-0.5 / (self.deviation * self.deviation));
        let highest = exponents.clone().max_dim(1);
        let sum = (exponents - highest.clone()).exp().sum_dim(1).log() + highest;
        let constant =
            -(self.means.len() as f64).ln() - dimension as f64 * (self.deviation.ln() + 0.5 * (2.0 * PI).ln());
        sum.squeeze_dim::<1>(1) + constant
    }
}
