//! Means of what a point of a path was made of, in closed form, as networks without parameters.
//!
//! `x = a x1 + b x0 + g z` with `x0` and `x1` from mixtures and `z` normal is a mixture over pairs of components, and the mean
//! of any `w0 x0 + w1 x1 + wz z` given `x` and the pair is linear in `x`.

use burn_tensor::{Tensor, TensorData};
use fieldbridge::network::{Conditions, Network, Weights};
use fieldbridge::path::{Head, Latent, PathKind};

use super::mixture::Mixture;

/// Weights of `x0`, `x1` and `z`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weighted {
    pub(crate) base: f64,
    pub(crate) data: f64,
    pub(crate) latent: f64,
}

#[derive(Clone, Debug)]
pub(crate) struct Ends {
    pub(crate) base: Mixture,
    pub(crate) data: Mixture,
}

/// One pair of components at a point: logarithm of its share, mean and variance of `x`, mean and slope of the answer.
struct Pair {
    log: f64,
    mean: Vec<f64>,
    variance: Vec<f64>,
    answer: Vec<f64>,
    slope: Vec<f64>,
}

impl Ends {
    fn pairs(&self, x: &[f64], mix: Weighted, asked: Weighted) -> Vec<Pair> {
        let mut pairs = Vec::new();
        for from in &self.base.components {
            for to in &self.data.components {
                let mut pair = Pair {
                    log: (from.weight * to.weight).ln(),
                    mean: Vec::new(),
                    variance: Vec::new(),
                    answer: Vec::new(),
                    slope: Vec::new(),
                };
                for (d, &x) in x.iter().enumerate() {
                    let (v0, v1) = (from.deviation[d].powi(2), to.deviation[d].powi(2));
                    let mean = mix.base * from.mean[d] + mix.data * to.mean[d];
                    let variance = (mix.base.powi(2) * v0 + mix.data.powi(2) * v1 + mix.latent.powi(2)).max(1e-30);
                    let covariance =
                        asked.base * mix.base * v0 + asked.data * mix.data * v1 + asked.latent * mix.latent;
                    let slope = covariance / variance;
                    pair.log +=
                        -0.5 * (x - mean).powi(2) / variance - 0.5 * (2.0 * std::f64::consts::PI * variance).ln();
                    pair.answer
                        .push(asked.base * from.mean[d] + asked.data * to.mean[d] + slope * (x - mean));
                    pair.mean.push(mean);
                    pair.variance.push(variance);
                    pair.slope.push(slope);
                }
                pairs.push(pair);
            }
        }
        pairs
    }

    /// `log p(x)` of `x = a x1 + b x0 + g z`.
    pub(crate) fn log_density(&self, x: &[f64], mix: Weighted) -> f64 {
        let nothing = Weighted {
            base: 0.0,
            data: 0.0,
            latent: 0.0,
        };
        let logs: Vec<f64> = self.pairs(x, mix, nothing).iter().map(|pair| pair.log).collect();
        let highest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        highest + logs.iter().map(|log| (log - highest).exp()).sum::<f64>().ln()
    }

    /// `E[asked | x]` and its derivative along directions.
    pub(crate) fn mean(
        &self,
        x: &[f64],
        mix: Weighted,
        asked: Weighted,
        directions: &[&[f64]],
    ) -> (Vec<f64>, Vec<Vec<f64>>) {
        let pairs = self.pairs(x, mix, asked);
        let highest = pairs.iter().map(|pair| pair.log).fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = pairs.iter().map(|pair| (pair.log - highest).exp()).sum();
        let shares: Vec<f64> = pairs.iter().map(|pair| (pair.log - highest).exp() / total).collect();
        let mean = |of: &dyn Fn(usize) -> f64| -> f64 { shares.iter().enumerate().map(|(k, s)| s * of(k)).sum() };
        let value = (0..x.len()).map(|d| mean(&|k| pairs[k].answer[d])).collect();
        let pushed = directions.iter().map(|u| {
            let along: Vec<f64> = pairs
                .iter()
                .map(|p| (0..x.len()).map(|d| -(x[d] - p.mean[d]) / p.variance[d] * u[d]).sum())
                .collect();
            let centre = mean(&|k| along[k]);
            (0..x.len())
                .map(|d| mean(&|k| pairs[k].slope[d] * u[d] + (along[k] - centre) * pairs[k].answer[d]))
                .collect()
        });
        (value, pushed.collect())
    }
}

/// What an exact network answers.
#[derive(Clone, Debug)]
pub(crate) enum Question {
    /// The output of a head on a path.
    Head(PathKind, Head),
    /// `a' x1 + b' x0` of an interpolant.
    Along(PathKind, Latent),
    /// `z` of an interpolant.
    Latent(PathKind, Latent),
    /// `x1 - x0 - g sqrt(t) z` of a point source with factor `g`.
    PointSource(f64),
}

impl Question {
    /// How `x` is made, what is asked, and the factor between a point and what the network sees.
    fn at(&self, t: f64) -> (Weighted, Weighted, f64) {
        match self {
            Self::Head(path, head) => {
                let at = path.build().schedule(t);
                let (base, data) = head.target(&at);
                let mix = Weighted {
                    base: at.base,
                    data: at.data,
                    latent: 0.0,
                };
                let asked = Weighted {
                    base,
                    data,
                    latent: 0.0,
                };
                (mix, asked, head.input_scale(&at))
            }
            Self::Along(path, latent) | Self::Latent(path, latent) => {
                let at = path.build().schedule(t);
                let mix = Weighted {
                    base: at.base,
                    data: at.data,
                    latent: latent.at(t).0,
                };
                let along = matches!(self, Self::Along(..));
                let asked = Weighted {
                    base: if along { at.base_rate } else { 0.0 },
                    data: if along { at.data_rate } else { 0.0 },
                    latent: if along { 0.0 } else { 1.0 },
                };
                (mix, asked, 1.0)
            }
            Self::PointSource(size) => (
                Weighted {
                    base: 1.0 - t,
                    data: t,
                    latent: size * (1.0 - t) * t.sqrt(),
                },
                Weighted {
                    base: -1.0,
                    data: 1.0,
                    latent: -size * t.sqrt(),
                },
                1.0,
            ),
        }
    }
}

/// The exact answer as a network.
#[derive(Clone, Debug)]
pub(crate) struct Exact {
    pub(crate) ends: Ends,
    pub(crate) question: Question,
}

fn doubles<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    let values: Vec<f32> = tensor.into_data().try_into_vec().unwrap();
    values.into_iter().map(f64::from).collect()
}

impl Network for Exact {
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
        let times = doubles(conditions.t.clone().unwrap());
        let seen = doubles(x);
        let u = if directions == 0 { Vec::new() } else { doubles(tangents) };
        let (mut values, mut products) = (Vec::new(), Vec::new());
        for row in 0..rows {
            let (mix, asked, scale) = self.question.at(times[row]);
            let x: Vec<f64> = seen[row * dimension..(row + 1) * dimension]
                .iter()
                .map(|x| x / scale)
                .collect();
            let per_row = directions * dimension;
            let scaled: Vec<f64> = u[row * per_row..(row + 1) * per_row]
                .iter()
                .map(|u| u / scale)
                .collect();
            let u: Vec<&[f64]> = scaled.chunks_exact(dimension).collect();
            let (value, pushed) = self.ends.mean(&x, mix, asked, &u);
            values.extend(value.iter().map(|&value| value as f32));
            products.extend(pushed.iter().flatten().map(|&value| value as f32));
        }
        (
            Tensor::from_data(TensorData::new(values, [rows, dimension]), &device),
            Tensor::from_data(TensorData::new(products, [rows, directions, dimension]), &device),
        )
    }
}
