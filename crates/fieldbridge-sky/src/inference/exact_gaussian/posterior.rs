//! The posterior given one observation.

use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};

use super::ExactGaussian;
use crate::inference::block::{root, wiener};

/// Share of the posterior that sums of fields may pass over.
const LEFT_OUT: f64 = 1e-5;

/// The joint posterior of parameters and fields given one observation. Maps are `[bin, row, column]`.
#[derive(Debug)]
pub struct ExactPosterior<'a> {
    law: &'a ExactGaussian,
    /// The observation in modes, `[bin, mode]`.
    modes: Vec<f64>,
    /// Share of the posterior in every cell.
    weights: Vec<f64>,
}

impl<'a> ExactPosterior<'a> {
    pub(super) fn new(law: &'a ExactGaussian, observation: &[f64]) -> Self {
        let area = law.pixels * law.pixels;
        assert_eq!(observation.len(), law.bins * area, "the observation has another size");
        let mut modes = observation.to_vec();
        for plane in modes.chunks_exact_mut(area) {
            law.transform.apply(plane);
            plane.iter_mut().for_each(|value| *value /= area as f64);
        }
        let squares = law.squares(&modes);
        let mut weights: Vec<f64> = law
            .precisions
            .chunks_exact(law.length())
            .zip(&law.constants)
            .map(|(precision, constant)| {
                let distance: f64 = precision.iter().zip(&squares).map(|(a, b)| a * b).sum();
                constant - 0.5 * distance
            })
            .collect();
        let highest = weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        weights
            .iter_mut()
            .for_each(|weight| *weight = (*weight - highest).exp());
        let total: f64 = weights.iter().sum();
        weights.iter_mut().for_each(|weight| *weight /= total);
        Self { law, modes, weights }
    }

    /// Share of the posterior in every cell of the grid, the second parameter fastest.
    #[must_use]
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    pub(super) fn centre(&self, cell: usize) -> [f64; 2] {
        let [first, second] = self.law.axes;
        [first.centre(cell / second.cells), second.centre(cell % second.cells)]
    }

    /// Mean of the parameters, and their deviations.
    #[must_use]
    pub fn parameter_moments(&self) -> ([f64; 2], [f64; 2]) {
        let (mut mean, mut squares) = ([0.0; 2], [0.0; 2]);
        for (cell, weight) in self.weights.iter().enumerate() {
            for (at, value) in self.centre(cell).into_iter().enumerate() {
                mean[at] += weight * value;
                squares[at] += weight * value * value;
            }
        }
        let deviation = |at: usize| (squares[at] - mean[at] * mean[at]).max(0.0).sqrt();
        (mean, [deviation(0), deviation(1)])
    }

    /// A cell by its share.
    fn draw_cell(&self, random: &mut impl Rng) -> usize {
        let mut left = random.random::<f64>();
        for (cell, weight) in self.weights.iter().enumerate() {
            left -= weight;
            if left < 0.0 {
                return cell;
            }
        }
        // rounding: the last that has any
        self.weights.iter().rposition(|&weight| weight > 0.0).unwrap_or(0)
    }

    /// One draw of the parameters, uniform within its cell, and of the maps.
    #[must_use]
    pub fn draw(&self, random: &mut impl Rng) -> ([f64; 2], Vec<f64>) {
        let cell = self.draw_cell(random);
        (self.within(cell, random), self.draw_field(cell, random))
    }

    /// One draw of the parameters alone.
    #[must_use]
    pub fn draw_parameters(&self, random: &mut impl Rng) -> [f64; 2] {
        let cell = self.draw_cell(random);
        self.within(cell, random)
    }

    /// A place in a cell.
    fn within(&self, cell: usize, random: &mut impl Rng) -> [f64; 2] {
        let mut parameters = self.centre(cell);
        for (value, axis) in parameters.iter_mut().zip(self.law.axes) {
            *value += (random.random::<f64>() - 0.5) * axis.step();
        }
        parameters
    }

    /// Wiener's filter and the root of the covariance that is left, in every mode of the octant of a cell.
    fn filters(&self, cell: usize) -> Vec<(Vec<f64>, Vec<f64>)> {
        let law = self.law;
        law.powers[cell * law.length()..(cell + 1) * law.length()]
            .chunks_exact(law.pairs())
            .map(|power| {
                let (filter, left) = wiener(power, &law.noise);
                (filter, root(&left, law.bins))
            })
            .collect()
    }

    fn draw_field(&self, cell: usize, random: &mut impl Rng) -> Vec<f64> {
        let law = self.law;
        let (bins, area) = (law.bins, law.pixels * law.pixels);
        let filters = self.filters(cell);
        let mut maps = vec![0.0; bins * area];
        let mut white = vec![0.0; bins];
        law.each_mode(|mode, entry| {
            let (filter, root) = &filters[entry];
            white.fill_with(|| StandardNormal.sample(&mut *random));
            for bin in 0..bins {
                maps[bin * area + mode] = (0..bins)
                    .map(|other| {
                        filter[bin * bins + other] * self.modes[other * area + mode]
                            + root[bin * bins + other] * white[other]
                    })
                    .sum();
            }
        });
        law.to_pixels(&mut maps);
        maps
    }

    /// The mean map given Wiener's filters in every mode of the octant.
    fn filtered(&self, filters: &[(Vec<f64>, Vec<f64>)]) -> Vec<f64> {
        let law = self.law;
        let (bins, area) = (law.bins, law.pixels * law.pixels);
        let mut maps = vec![0.0; bins * area];
        law.each_mode(|mode, entry| {
            let filter = &filters[entry].0;
            for bin in 0..bins {
                maps[bin * area + mode] = (0..bins)
                    .map(|other| filter[bin * bins + other] * self.modes[other * area + mode])
                    .sum();
            }
        });
        law.to_pixels(&mut maps);
        maps
    }

    /// The cells that matter, by falling share: all but some that hold at most [`LEFT_OUT`] together.
    fn cells(&self) -> Vec<usize> {
        let mut cells: Vec<usize> = (0..self.weights.len()).collect();
        cells.sort_by(|&one, &other| self.weights[other].total_cmp(&self.weights[one]));
        let mut held = 0.0;
        let enough = cells.iter().position(|&cell| {
            held += self.weights[cell];
            held >= 1.0 - LEFT_OUT
        });
        cells.truncate(enough.map_or(cells.len(), |last| last + 1));
        cells
    }

    /// Mean and variance of every pixel over universes and fields: `E[m]` and `E[V] + Var[m]` with Wiener's mean `m` and
    /// variance `V` in each universe.
    #[must_use]
    pub fn map_moments(&self) -> (Vec<f64>, Vec<f64>) {
        let law = self.law;
        let area = law.pixels * law.pixels;
        let mut mean = vec![0.0; law.bins * area];
        let mut squares = vec![0.0; law.bins * area];
        let mut within = vec![0.0; law.bins];
        let mut total = 0.0;
        for cell in self.cells() {
            let weight = self.weights[cell];
            total += weight;
            let filters: Vec<(Vec<f64>, Vec<f64>)> = law.powers[cell * law.length()..(cell + 1) * law.length()]
                .chunks_exact(law.pairs())
                .map(|power| wiener(power, &law.noise))
                .collect();
            for ((mean, square), value) in mean.iter_mut().zip(&mut squares).zip(self.filtered(&filters)) {
                *mean += weight * value;
                *square += weight * value * value;
            }
            for ((_, left), images) in filters.iter().zip(&law.multiplicities) {
                // cas^2 of a mode and of its mirror image is 2
                for (bin, sum) in within.iter_mut().enumerate() {
                    *sum += weight * images * left[bin * law.bins + bin];
                }
            }
        }
        mean.iter_mut().for_each(|value| *value /= total);
        let variance = squares
            .iter()
            .zip(&mean)
            .enumerate()
            .map(|(at, (square, mean))| (within[at / area] + square) / total - mean * mean)
            .collect();
        (mean, variance)
    }
}

impl ExactGaussian {
    /// Calls with every mode and its entry in the octant.
    fn each_mode(&self, mut call: impl FnMut(usize, usize)) {
        for row in 0..self.pixels {
            for (column, entry) in self.octant.row(row).enumerate() {
                call(row * self.pixels + column, entry);
            }
        }
    }

    fn to_pixels(&self, maps: &mut [f64]) {
        self.transform.apply_each(maps);
    }

    /// Sums of products of the bins over all modes of each entry of the octant, packed.
    fn squares(&self, modes: &[f64]) -> Vec<f64> {
        let (area, pairs) = (self.pixels * self.pixels, self.pairs());
        let mut squares = vec![0.0; self.length()];
        self.each_mode(|mode, entry| {
            let mut at = entry * pairs;
            for first in 0..self.bins {
                for second in first..self.bins {
                    squares[at] += modes[first * area + mode] * modes[second * area + mode];
                    at += 1;
                }
            }
        });
        squares
    }
}
