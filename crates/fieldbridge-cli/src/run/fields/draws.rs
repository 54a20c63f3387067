//! What is kept of the draws of one observation.

use fieldbridge::data::fields::FieldGeometry;
use fieldbridge_sky::statistics::BandPowers;

use super::extremes::extremes;

/// Sums over the draws of one observation. Maps are `[bin, row, column]`.
pub(super) struct Summary {
    /// Parameters of every draw, `draws * parameters`.
    pub(super) parameters: Vec<f64>,
    pub(super) mean: Vec<f64>,
    /// Variance of every pixel, of a sample.
    pub(super) variance: Vec<f64>,
    /// Power of every draw, `[draw, pair, band]`.
    pub(super) power: Vec<f64>,
    /// Lowest and highest pixel of every draw, `[draw, bin]`.
    pub(super) extremes: Vec<[f64; 2]>,
}

impl Summary {
    /// Of draws `[parameters, maps place by place]`.
    pub(super) fn of(draws: &[f64], parameters: usize, geometry: &FieldGeometry, bands: &BandPowers) -> Self {
        let width = parameters + geometry.size();
        let count = (draws.len() / width) as f64;
        let mut found = Self {
            parameters: Vec::new(),
            mean: vec![0.0; geometry.size()],
            variance: vec![0.0; geometry.size()],
            power: Vec::new(),
            extremes: Vec::new(),
        };
        for draw in draws.chunks_exact(width) {
            found.parameters.extend_from_slice(&draw[..parameters]);
            let maps = geometry.by_bin(&draw[parameters..]);
            for ((mean, square), value) in found.mean.iter_mut().zip(&mut found.variance).zip(&maps) {
                *mean += value / count;
                *square += value * value / count;
            }
            found.power.extend(bands.measure(&maps));
            found.extremes.extend(extremes(&maps, geometry.bins));
        }
        for (square, mean) in found.variance.iter_mut().zip(&found.mean) {
            *square = (*square - mean * mean).max(0.0) * count / (count - 1.0).max(1.0);
        }
        found
    }

    /// Mean power over the draws, `[pair, band]`.
    pub(super) fn mean_power(&self, draws: usize) -> Vec<f64> {
        let numbers = self.power.len() / draws;
        (0..numbers)
            .map(|at| self.power.iter().skip(at).step_by(numbers).sum::<f64>() / draws as f64)
            .collect()
    }

    /// A percentile of the power over the draws, `[pair, band]`.
    pub(super) fn power_percentile(&self, draws: usize, share: f64) -> Vec<f64> {
        let numbers = self.power.len() / draws;
        (0..numbers)
            .map(|at| {
                let mut values: Vec<f64> = self.power.iter().skip(at).step_by(numbers).copied().collect();
                values.sort_by(f64::total_cmp);
                values[(share * (draws - 1) as f64).round() as usize]
            })
            .collect()
    }

    /// Mean and deviation of one parameter.
    pub(super) fn moments(&self, parameter: usize, parameters: usize) -> (f64, f64) {
        moments(self.parameters.iter().skip(parameter).step_by(parameters).copied())
    }
}

/// Mean and deviation of a sample.
pub(super) fn moments(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let count = values.clone().count() as f64;
    let mean = values.clone().sum::<f64>() / count;
    let squares = values.map(|value| (value - mean).powi(2)).sum::<f64>();
    (mean, (squares / (count - 1.0).max(1.0)).sqrt())
}

/// Mean of a sample and its standard error.
pub(super) fn mean_and_error(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let count = values.clone().count() as f64;
    let (mean, deviation) = moments(values);
    (mean, deviation / count.sqrt())
}
