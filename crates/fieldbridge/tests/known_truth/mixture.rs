//! Mixtures of normal distributions: density, draws, and the exact velocity of straight paths to them.

use burn_tensor::{Tensor, TensorData};
use fieldbridge::network::{Conditions, Network, Weights};
use fieldbridge::random::Stream;

/// Weight, means and deviations of one component, apart in each dimension.
#[derive(Clone, Debug)]
pub(crate) struct Component {
    pub(crate) weight: f64,
    pub(crate) mean: Vec<f64>,
    pub(crate) deviation: Vec<f64>,
}

#[derive(Clone, Debug)]
pub(crate) struct Mixture {
    pub(crate) name: &'static str,
    pub(crate) components: Vec<Component>,
}

fn component(weight: f64, mean: &[f64], deviation: &[f64]) -> Component {
    Component {
        weight,
        mean: mean.to_vec(),
        deviation: deviation.to_vec(),
    }
}

/// One normal distribution.
pub(crate) fn gaussian(mean: &[f64], deviation: &[f64]) -> Mixture {
    Mixture {
        name: "one normal distribution",
        components: vec![component(1.0, mean, deviation)],
    }
}

pub(crate) fn in_one_dimension() -> Mixture {
    Mixture {
        name: "two peaks",
        components: vec![component(0.35, &[-1.2], &[0.3]), component(0.65, &[0.7], &[0.5])],
    }
}

pub(crate) fn in_two_dimensions() -> Mixture {
    Mixture {
        name: "three clouds",
        components: vec![
            component(0.3, &[-1.0, -0.8], &[0.35, 0.5]),
            component(0.3, &[1.1, -0.6], &[0.4, 0.3]),
            component(0.4, &[0.2, 0.9], &[0.7, 0.35]),
        ],
    }
}

/// `ln(sum exp)`.
fn log_sum(terms: &[f64]) -> f64 {
    let highest = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    highest + terms.iter().map(|term| (term - highest).exp()).sum::<f64>().ln()
}

fn log_normal(x: f64, mean: f64, deviation: f64) -> f64 {
    let u = (x - mean) / deviation;
    -0.5 * u * u - deviation.ln() - 0.5 * (2.0 * std::f64::consts::PI).ln()
}

impl Mixture {
    pub(crate) fn dimension(&self) -> usize {
        self.components[0].mean.len()
    }

    pub(crate) fn log_density(&self, x: &[f32]) -> f64 {
        let terms: Vec<f64> = self
            .components
            .iter()
            .map(|c| {
                let each = x.iter().zip(c.mean.iter().zip(&c.deviation));
                c.weight.ln() + each.map(|(&x, (&m, &s))| log_normal(f64::from(x), m, s)).sum::<f64>()
            })
            .collect();
        log_sum(&terms)
    }

    pub(crate) fn log_densities(&self, points: &[f32]) -> Vec<f64> {
        points
            .chunks_exact(self.dimension())
            .map(|x| self.log_density(x))
            .collect()
    }

    pub(crate) fn sample(&self, rows: usize, purpose: &str) -> Vec<f32> {
        let dimension = self.dimension();
        let choices = Stream::new(43, purpose, 0).uniforms(rows);
        let normals = Stream::new(43, purpose, 1).normals(rows * dimension);
        let mut points = Vec::with_capacity(rows * dimension);
        for (row, &choice) in choices.iter().enumerate() {
            let mut below = 0.0;
            let chosen = self.components.iter().find(|c| {
                below += c.weight;
                f64::from(choice) < below
            });
            let c = chosen.unwrap_or(&self.components[self.components.len() - 1]);
            for d in 0..dimension {
                points.push((c.mean[d] + c.deviation[d] * f64::from(normals[row * dimension + d])) as f32);
            }
        }
        points
    }

    /// Mean and variance of one coordinate.
    pub(crate) fn moments(&self, d: usize) -> (f64, f64) {
        let mean: f64 = self.components.iter().map(|c| c.weight * c.mean[d]).sum();
        let square: f64 = self
            .components
            .iter()
            .map(|c| c.weight * (c.mean[d].powi(2) + c.deviation[d].powi(2)))
            .sum();
        (mean, square - mean * mean)
    }

    /// Velocity at a point and its Jacobian applied to directions. On a straight path from the standard normal
    /// distribution `x_t` is a mixture of `N(t m, t^2 s^2 + (1-t)^2)`, and the velocity the mean over components of
    /// `m + (t s^2 - (1-t)) / (t^2 s^2 + (1-t)^2) (x - t m)`, weighted by how likely each one is at `x`.
    fn velocity(&self, x: &[f64], t: f64, directions: &[&[f64]]) -> (Vec<f64>, Vec<Vec<f64>>) {
        let dimension = x.len();
        let variance = |s: f64| t * t * s * s + (1.0 - t).powi(2);
        let slope = |s: f64| (t * s * s - (1.0 - t)) / variance(s);
        let logs: Vec<f64> = self
            .components
            .iter()
            .map(|c| {
                c.weight.ln()
                    + (0..dimension)
                        .map(|d| log_normal(x[d], t * c.mean[d], variance(c.deviation[d]).sqrt()))
                        .sum::<f64>()
            })
            .collect();
        let total = log_sum(&logs);
        let shares: Vec<f64> = logs.iter().map(|log| (log - total).exp()).collect();
        let each: Vec<Vec<f64>> = self
            .components
            .iter()
            .map(|c| {
                (0..dimension)
                    .map(|d| c.mean[d] + slope(c.deviation[d]) * (x[d] - t * c.mean[d]))
                    .collect()
            })
            .collect();
        let mean = |values: &dyn Fn(usize) -> f64| -> f64 {
            shares.iter().enumerate().map(|(k, share)| share * values(k)).sum()
        };
        let velocity = (0..dimension).map(|d| mean(&|k| each[k][d])).collect();
        let products = directions
            .iter()
            .map(|u| {
                // derivative of the logarithm of each component along the direction
                let along: Vec<f64> = self
                    .components
                    .iter()
                    .map(|c| {
                        (0..dimension)
                            .map(|d| -(x[d] - t * c.mean[d]) / variance(c.deviation[d]) * u[d])
                            .sum()
                    })
                    .collect();
                let centre = mean(&|k| along[k]);
                (0..dimension)
                    .map(|d| {
                        mean(&|k| slope(self.components[k].deviation[d]) * u[d] + (along[k] - centre) * each[k][d])
                    })
                    .collect()
            })
            .collect();
        (velocity, products)
    }
}

fn doubles<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    let data = tensor.into_data();
    data.as_slice::<f32>()
        .unwrap()
        .iter()
        .map(|&value| f64::from(value))
        .collect()
}

/// The exact velocity as a network without parameters.
impl Network for Mixture {
    fn forward(&self, weights: &Weights, x: Tensor<2>, conditions: &Conditions) -> Tensor<2> {
        let [rows, dimension] = x.dims();
        let none = Tensor::zeros([rows, 0, dimension], &x.device());
        self.forward_with_tangents(weights, x, conditions, none).0
    }

    fn forward_with_tangents(
        &self,
        _weights: &Weights,
        x: Tensor<2>,
        conditions: &Conditions,
        tangents: Tensor<3>,
    ) -> (Tensor<2>, Tensor<3>) {
        let device = x.device();
        let [rows, dimension] = x.dims();
        let directions = tangents.dims()[1];
        let t = doubles(conditions.t.clone().unwrap());
        let x = doubles(x);
        let u = if directions == 0 { Vec::new() } else { doubles(tangents) };
        let (mut values, mut products) = (Vec::new(), Vec::new());
        for row in 0..rows {
            let per_row = directions * dimension;
            let u: Vec<&[f64]> = u[row * per_row..(row + 1) * per_row].chunks_exact(dimension).collect();
            let (velocity, pushed) = self.velocity(&x[row * dimension..(row + 1) * dimension], t[row], &u);
            values.extend(velocity.iter().map(|&value| value as f32));
            products.extend(pushed.iter().flatten().map(|&value| value as f32));
        }
        (
            Tensor::from_data(TensorData::new(values, [rows, dimension]), &device),
            Tensor::from_data(TensorData::new(products, [rows, directions, dimension]), &device),
        )
    }
}
