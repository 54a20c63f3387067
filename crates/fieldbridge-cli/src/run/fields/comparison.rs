//! Draws of a model beside the exact posterior, summed over observations.

use fieldbridge::check::CheckError;
use fieldbridge::check::distance::{ClassifierTest, Distance, Points};
use fieldbridge::data::fields::FieldGeometry;
use fieldbridge::random::Stream;
use rayon::prelude::*;

use super::draws::Summary;
use super::exact::Beside;

/// Observations whose parameters are given to classifiers, which take long to train.
const CLASSIFIED: usize = 48;

/// Sums over observations.
pub(super) struct Comparison {
    pub(super) columns: Vec<String>,
    pub(super) geometry: FieldGeometry,
    draws: usize,
    /// For the model and for exact draws.
    pub(super) sides: [Side; 2],
    pub(super) exact_variance: Vec<f64>,
    samples: Vec<[Vec<f64>; 3]>,
}

/// One set of draws beside the exact posterior.
pub(super) struct Side {
    pub(super) offsets: Vec<Vec<f64>>,
    pub(super) widths: Vec<Vec<f64>>,
    /// Of every bin: squared offset of the mean map, with the scatter of the draws taken out.
    squares: Vec<f64>,
    /// Variance of every pixel, summed over observations.
    variance: Vec<f64>,
}

impl Side {
    fn new(parameters: usize, geometry: &FieldGeometry) -> Self {
        Self {
            offsets: vec![Vec::new(); parameters],
            widths: vec![Vec::new(); parameters],
            squares: vec![0.0; geometry.bins],
            variance: vec![0.0; geometry.size()],
        }
    }

    fn add(&mut self, found: &Summary, exact: &Beside, draws: usize) {
        let count = exact.parameters.len();
        for (parameter, (mean, deviation)) in exact.parameters.iter().enumerate() {
            let (own_mean, own_deviation) = found.moments(parameter, count);
            self.offsets[parameter].push((own_mean - mean) / deviation);
            self.widths[parameter].push(own_deviation / deviation);
        }
        let area = self.variance.len() / self.squares.len();
        for at in 0..self.variance.len() {
            self.squares[at / area] += (found.mean[at] - exact.mean[at]).powi(2) - found.variance[at] / draws as f64;
            self.variance[at] += found.variance[at];
        }
    }

    pub(super) fn mean_offset(&self) -> f64 {
        let all = || self.offsets.iter().flatten();
        all().map(|offset| offset.abs()).sum::<f64>() / all().count() as f64
    }

    pub(super) fn map_offset(&self, exact_variance: &[f64]) -> Vec<f64> {
        let area = exact_variance.len() / self.squares.len();
        let total = |bin: usize| exact_variance[bin * area..(bin + 1) * area].iter().sum::<f64>();
        let squares = self.squares.iter().enumerate();
        squares.map(|(bin, sum)| (sum / total(bin)).max(0.0).sqrt()).collect()
    }

    /// Ratio over all pixels of each bin, and scatter of the pixels about one.
    pub(super) fn variance_ratio(&self, exact_variance: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let area = exact_variance.len() / self.squares.len();
        let bins = self.variance.chunks_exact(area).zip(exact_variance.chunks_exact(area));
        bins.map(|(own, exact)| {
            let ratio = own.iter().sum::<f64>() / exact.iter().sum::<f64>();
            let squares = own.iter().zip(exact).map(|(own, exact)| (own / exact - 1.0).powi(2));
            (ratio, (squares.sum::<f64>() / area as f64).sqrt())
        })
        .unzip()
    }
}

impl Comparison {
    pub(super) fn new(columns: &[String], geometry: FieldGeometry, draws: usize) -> Self {
        Self {
            columns: columns.to_vec(),
            geometry,
            draws,
            sides: [0, 1].map(|_| Side::new(columns.len(), &geometry)),
            exact_variance: vec![0.0; geometry.size()],
            samples: Vec::new(),
        }
    }

    /// Adds an observation: draws of the model and exact ones.
    pub(super) fn add(&mut self, model: &Summary, drawn: &Summary, exact: &Beside) {
        self.sides[0].add(model, exact, self.draws);
        self.sides[1].add(drawn, exact, self.draws);
        for (sum, value) in self.exact_variance.iter_mut().zip(&exact.variance) {
            *sum += value;
        }
        self.samples
            .push([model.parameters.clone(), drawn.parameters.clone(), exact.others.clone()]);
    }

    /// How well classifiers tell draws of the model, and other exact draws, from exact draws.
    pub(super) fn classifiers(&self, seed: u64) -> Result<(Vec<f64>, Vec<f64>), CheckError> {
        let width = self.columns.len();
        let accuracies: Vec<(f64, f64)> = self
            .samples
            .par_iter()
            .take(CLASSIFIED)
            .enumerate()
            .map(|(row, [model, exact, others])| {
                let points = |name, values: &Vec<f64>| Points::new(name, values, width);
                let reference = points("exact draws", exact)?;
                let test = ClassifierTest::default();
                let stream = Stream::new(seed, "classifiers", row as u64);
                Ok((
                    test.between(&reference, &points("draws", model)?, &stream)?,
                    test.between(&reference, &points("other exact draws", others)?, &stream)?,
                ))
            })
            .collect::<Result<_, CheckError>>()?;
        Ok(accuracies.into_iter().unzip())
    }
}
