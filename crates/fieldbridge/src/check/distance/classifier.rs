//! The classifier two-sample test.

use rand::Rng;
use rayon::prelude::*;

use super::perceptron::Perceptron;
use super::{Distance, Points, require_comparable};
use crate::check::bootstrap::bootstrap_standard_error;
use crate::check::error::{CheckError, require_count};
use crate::check::point::Estimate;
use crate::random::Stream;

/// Resamples of held-out rows; they cost nothing beside a training.
const RESAMPLES: usize = 500;

/// Accuracy, on rows it has not seen, of a network trained to tell the sample from the reference: 1/2 when it cannot, 1
/// when they lie apart (Lopez-Paz and Oquab 2016, arXiv:1610.06545). For two normal laws of one covariance a distance `m`
/// apart (in deviations) the best there can be is `Phi(m/2)`.
///
/// The recipe is that of the benchmark `sbibm` (Lueckmann et al. 2021, arXiv:2101.04653): columns scaled by mean and
/// deviation of the reference; five folds; scikit-learn's `MLPClassifier` with two hidden layers of `10 d` rectified units,
/// Adam, at most 10,000 passes, all else its default, so no validation rows: it ends when the training loss stands still.
/// Other random numbers, so single values differ by the scatter of trainings.
///
/// The standard error is that of the shares of held-out rows told rightly (bootstrap over these rows), with the networks
/// as they are. A network that trains badly says 1/2, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassifierTest {
    /// Number of folds, at least 2.
    pub folds: usize,
}

impl Default for ClassifierTest {
    fn default() -> Self {
        Self { folds: 5 }
    }
}

impl Distance for ClassifierTest {
    fn between(&self, reference: &Points, sample: &Points, stream: &Stream) -> Result<f64, CheckError> {
        Ok(self.mean_accuracy(&self.told_rightly(reference, sample, stream)?))
    }

    fn estimate(
        &self,
        reference: &Points,
        sample: &Points,
        _resamples: usize,
        stream: &Stream,
    ) -> Result<Estimate, CheckError> {
        let folds = self.told_rightly(reference, sample, stream)?;
        let all = folds.concat();
        let seed = stream.child("held out", 0).generator().next_u64();
        let share = |rows: &[usize]| rows.iter().filter(|&&row| all[row]).count() as f64 / rows.len() as f64;
        Ok(Estimate {
            value: self.mean_accuracy(&folds),
            standard_error: bootstrap_standard_error(all.len(), RESAMPLES, seed, share)?,
        })
    }
}

impl ClassifierTest {
    /// For every fold, whether each of its rows was told rightly by the network trained on the others.
    fn told_rightly(&self, reference: &Points, sample: &Points, stream: &Stream) -> Result<Vec<Vec<bool>>, CheckError> {
        require_comparable(reference, sample, 2)?;
        require_count("folds", 2, self.folds)?;
        let rows = reference.rows();
        if sample.rows() != rows {
            return Err(CheckError::UnequalRows {
                what: "classifier two-sample test",
                reference: rows,
                sample: sample.rows(),
            });
        }
        require_comparable(reference, sample, self.folds)?;
        let (means, deviations) = (reference.means(), reference.deviations());
        let scaled = |points: &Points| points.standardised(&means, &deviations);
        let features: Vec<f32> = [scaled(reference), scaled(sample)]
            .iter()
            .flat_map(|points| points.values().iter().map(|&value| value as f32))
            .collect();
        let order = stream.child("folds", 0).permutation(2 * rows);
        let inputs = reference.dimension();
        let table = |places: &[usize]| -> (Vec<f32>, Vec<bool>) {
            let features = places
                .iter()
                .flat_map(|&row| &features[row * inputs..(row + 1) * inputs]);
            (
                features.copied().collect(),
                places.iter().map(|&row| row >= rows).collect(),
            )
        };
        (0..self.folds)
            .into_par_iter()
            .map(|fold| -> Result<Vec<bool>, CheckError> {
                let (held_out, training) = parts(&order, fold, self.folds);
                let (features, classes) = table(&training);
                let classifier = Perceptron::trained(&features, &classes, inputs, &stream.child("fold", fold as u64))?;
                let (features, classes) = table(held_out);
                let found = classifier.classes(&features);
                Ok(found
                    .iter()
                    .zip(&classes)
                    .map(|(found, class)| found == class)
                    .collect())
            })
            .collect()
    }

    /// The mean over folds of the share told rightly.
    fn mean_accuracy(&self, folds: &[Vec<bool>]) -> f64 {
        let share = |fold: &Vec<bool>| fold.iter().filter(|&&right| right).count() as f64 / fold.len() as f64;
        folds.iter().map(share).sum::<f64>() / folds.len() as f64
    }
}

/// One fold of an order, and the rest; the first folds are one longer where they cannot be equal.
fn parts(order: &[usize], fold: usize, folds: usize) -> (&[usize], Vec<usize>) {
    let (length, longer) = (order.len() / folds, order.len() % folds);
    let start = fold * length + fold.min(longer);
    let end = start + length + usize::from(fold < longer);
    (&order[start..end], [&order[..start], &order[end..]].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_hold_every_row_once() {
        let order: Vec<usize> = (0..13).rev().collect();
        let mut all = Vec::new();
        for fold in 0..5 {
            let (held_out, training) = parts(&order, fold, 5);
            assert_eq!(held_out.len(), if fold < 3 { 3 } else { 2 });
            assert_eq!(held_out.len() + training.len(), 13);
            assert!(held_out.iter().all(|row| !training.contains(row)));
            all.extend_from_slice(held_out);
        }
        assert_eq!(all, order);
    }

    #[test]
    fn sets_of_unequal_size_are_refused() {
        let points = |rows: usize| Points::new("points", &vec![0.5; rows], 1).unwrap();
        let found = ClassifierTest::default().between(&points(10), &points(12), &Stream::new(0, "", 0));
        let message = found.unwrap_err().to_string();
        assert!(message.contains("10") && message.contains("12"), "{message}");
    }
}
