//! Denoisers in closed form.

use rayon::prelude::*;

use super::{Denoiser, GaussianField};
use crate::error::Error;

/// The optimum for a [`GaussianField`] (Wiener 1949): every mode is multiplied by `t P / (t^2 P + (1 - t)^2)`.
#[derive(Clone, Copy, Debug)]
pub struct Wiener<'a>(pub &'a GaussianField);

impl Denoiser for Wiener<'_> {
    fn clean(&self, x: &[f64], t: f64) -> Result<Vec<f64>, Error> {
        let mut modes = self.0.transformed(x);
        let noise = (1.0 - t).powi(2);
        for (mode, power) in modes.iter_mut().zip(self.0.power().iter().cycle()) {
            *mode *= t * power / (t * t * power + noise);
        }
        Ok(self.0.transformed(&modes))
    }
}

/// The optimum when the data are nothing but these rows, each as likely: their mean with weights
/// `exp(-|x - t x_i|^2 / (2 (1 - t)^2))`. What a model of unlimited freedom learns; its draws are training rows.
#[derive(Clone, Copy, Debug)]
pub struct TrainingSet<'a> {
    /// `[rows, dimension]`, flat, at least one row.
    pub rows: &'a [f64],
    /// Numbers in a row.
    pub dimension: usize,
}

impl Denoiser for TrainingSet<'_> {
    fn clean(&self, x: &[f64], t: f64) -> Result<Vec<f64>, Error> {
        let width = self.dimension;
        let cleaned: Vec<Vec<f64>> = x
            .par_chunks_exact(width)
            .map(|point| {
                let squares: Vec<f64> = self
                    .rows
                    .chunks_exact(width)
                    .map(|row| point.iter().zip(row).map(|(x, y)| (x - t * y).powi(2)).sum())
                    .collect();
                let least = squares.iter().copied().fold(f64::INFINITY, f64::min);
                let weight = |square: f64| (-(square - least) / (2.0 * (1.0 - t).powi(2))).exp();
                let mut mean = vec![0.0; width];
                let mut total = 0.0;
                for (row, &square) in self.rows.chunks_exact(width).zip(&squares) {
                    let weight = weight(square);
                    total += weight;
                    mean.iter_mut().zip(row).for_each(|(sum, value)| *sum += weight * value);
                }
                mean.iter().map(|sum| sum / total).collect()
            })
            .collect();
        Ok(cleaned.concat())
    }
}
