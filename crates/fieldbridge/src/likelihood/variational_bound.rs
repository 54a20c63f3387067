//! A lower bound of the log-density of a diffusion.

use std::f64::consts::PI;

use burn_tensor::Tensor;

use super::LogDensity;
use crate::path::NoiseLevels;
use crate::random::Stream;
use crate::solver::{Denoiser, normals, row_streams};

/// `log p(x) >= - (prior + diffusion + reconstruction)` (Kingma et al. 2021, arXiv:2107.00630), with `l = 2 log(a / b)`:
///
/// - prior: the divergence of `N(a x, b^2)` from `N(0, a^2 + b^2)` at the first time;
/// - diffusion: `1/2 integral of E |n - n(x_t, t)|^2 dl`, `x_t = a x + b n`, by one stratified draw of `l` and `n` each;
/// - reconstruction: `D (1/2 + 1/2 log 2 pi + log(b / a))` at the last time, of `N(x_t / a, b^2 / a^2)`.
///
/// It holds for a normal base. The mean of `|n|^2` is known, so `1/2 k (|n|^2 - D)` with `k = (a^2 / (a^2 + b^2))^2` is taken
/// off every draw, which removes most of its scatter. The error is the standard error of the integral, from differences
/// of neighbouring draws; how far the bound itself lies below the density, which depends on how well the network is
/// trained, is not part of it: compare with the probability flow to see it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VariationalBound {
    /// Draws of noise level and noise for each row.
    pub draws: usize,
    /// Highest and lowest noise level; the steps between do not matter.
    pub levels: NoiseLevels,
}

impl VariationalBound {
    /// The bound for every row of `x`, `[batch, D]`.
    pub fn log_density(&self, denoiser: &dyn Denoiser, x: Tensor<2>, stream: &Stream) -> LogDensity {
        let [rows, dimension] = x.dims();
        let path = denoiser.path();
        let ends = self.levels.times(path, denoiser.interval(), 2);
        let (start, end) = (path.schedule(ends[0]), path.schedule(ends[1]));
        let place = |level: f64| -2.0 * level.ln();
        let (first, last) = (place(start.noise_level()), place(end.noise_level()));
        let streams = row_streams(stream, rows);
        let jitter = stream.child("levels", 0).uniforms(self.draws);
        let device = x.device();
        let terms: Vec<Tensor<2>> = jitter
            .iter()
            .enumerate()
            .map(|(draw, &jitter)| {
                let share = (draw as f64 + f64::from(jitter)) / self.draws as f64;
                let level = (-0.5 * (first + share * (last - first))).exp();
                let t = denoiser.interval().clamp(path.time_of_level(level));
                let at = path.schedule(t);
                let noise = normals(&streams, draw, dimension, &device);
                let clean = denoiser.clean(x.clone() * at.data + noise.clone() * at.base, t);
                let error = (x.clone() - clean).square().sum_dim(1) * at.noise_level().powi(-2);
                let known = (at.data / at.radius()).powi(4);
                (error - (noise.square().sum_dim(1) - dimension as f64) * known) * 0.5
            })
            .collect();
        let terms = Tensor::cat(terms, 1);
        let span = last - first;
        let integral = terms.clone().mean_dim(1) * span;
        let neighbours = self.draws.saturating_sub(1);
        let steps = terms.clone().narrow(1, 1, neighbours) - terms.narrow(1, 0, neighbours);
        let error = (steps.square().sum_dim(1) / (2.0 * neighbours as f64 * self.draws as f64)).sqrt() * span;
        let (a, b, radius) = (start.data, start.base, start.radius());
        let prior = x.square().sum_dim(1) * (0.5 * (a / radius).powi(2))
            + 0.5 * dimension as f64 * ((b / radius).powi(2) - 1.0 - 2.0 * (b / radius).ln());
        let reconstruction = dimension as f64 * (0.5 + 0.5 * (2.0 * PI).ln() + end.noise_level().ln());
        LogDensity {
            value: (prior + integral + reconstruction).neg().squeeze_dim(1),
            error: error.squeeze_dim(1),
        }
    }
}
