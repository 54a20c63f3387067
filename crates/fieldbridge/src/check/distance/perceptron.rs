//! A small network that tells two classes apart, trained as scikit-learn's `MLPClassifier` is.

use burn_tensor::{Tensor, TensorData};

use crate::check::error::CheckError;
use crate::device::cpu;
use crate::network::{Activation, Conditions, Mlp, Network, Parameters, Registry, Weights};
use crate::random::Stream;
use crate::train::{AdamW, Step};

/// Units of each of the two hidden layers for every input.
const UNITS_PER_INPUT: usize = 10;
/// Rows of a batch.
const BATCH: usize = 200;
/// Length of Adam's steps.
const LEARNING_RATE: f64 = 1e-3;
/// Weight of the squared matrices in the loss.
const PENALTY: f32 = 1e-4;
/// Training ends when the loss has not fallen by this much ...
const LEAST_GAIN: f64 = 1e-4;
/// ... for more than so many passes.
const PATIENCE: usize = 10;
/// Most passes over the data.
const MOST_PASSES: usize = 10_000;

/// Two hidden layers of `10 d` rectified units each and the logit of the second class.
pub(super) struct Perceptron {
    network: Mlp,
    parameters: Parameters,
    inputs: usize,
}

impl Perceptron {
    /// Trained on `[rows, inputs]` features and the class of every row.
    ///
    /// Weights and biases start uniform on `±sqrt(6 / (inputs + outputs))` of their layer (Glorot and Bengio 2010); Adam at
    /// rate 1e-3 on the mean logistic loss of batches of 200 plus `1e-4 |W|^2 / (2 rows)`, rows shuffled at every pass; it
    /// ends when the mean loss of more than 10 passes in a row is above the best less 1e-4, at the latest after 10,000.
    pub(super) fn trained(
        features: &[f32],
        classes: &[bool],
        inputs: usize,
        stream: &Stream,
    ) -> Result<Self, CheckError> {
        let width = UNITS_PER_INPUT * inputs;
        let mut registry = Registry::new();
        let network = Mlp::new(&mut registry, inputs, None, 0, &[width, width], 1, Activation::Relu);
        let mut classifier = Self {
            network,
            parameters: registry.finish(0),
            inputs,
        };
        classifier.start(&stream.child("weights", 0));
        let mut optimiser = AdamW::new(classifier.parameters.count());
        let (mut best, mut without_gain) = (f64::INFINITY, 0);
        for pass in 0..MOST_PASSES {
            let order = stream.child("pass", pass as u64).permutation(classes.len());
            let mut sum = 0.0;
            for batch in order.chunks(BATCH) {
                sum += classifier.step(&mut optimiser, features, classes, batch) * batch.len() as f64;
            }
            let loss = sum / classes.len() as f64;
            if !loss.is_finite() {
                return Err(CheckError::NotConverged {
                    what: "the classifier",
                    steps: pass,
                    hint: "scale the columns to order one",
                });
            }
            without_gain = if loss > best - LEAST_GAIN { without_gain + 1 } else { 0 };
            best = best.min(loss);
            if without_gain > PATIENCE {
                break;
            }
        }
        Ok(classifier)
    }

    /// The classes of `[rows, inputs]` features.
    pub(super) fn classes(&self, features: &[f32]) -> Vec<bool> {
        let weights = self.parameters.on(&cpu());
        let logits = self.logits(&weights, features.to_vec());
        host(&logits).iter().map(|&logit| logit > 0.0).collect()
    }

    fn start(&mut self, stream: &Stream) {
        let layers: Vec<(bool, usize, usize)> = self
            .parameters
            .entries()
            .map(|(entry, _)| (entry.name.ends_with("bias"), entry.shape[0], entry.shape[1]))
            .collect();
        let uniforms = stream.uniforms(self.parameters.count());
        let mut places = self.parameters.values_mut().iter_mut().zip(uniforms);
        let mut bound = 0.0;
        for (is_bias, inputs, outputs) in layers {
            // a bias follows its matrix and shares its bound
            if !is_bias {
                bound = (6.0 / (inputs + outputs) as f32).sqrt();
            }
            for (value, uniform) in places.by_ref().take(inputs * outputs) {
                *value = (2.0 * uniform - 1.0) * bound;
            }
        }
    }

    fn logits(&self, weights: &Weights, features: Vec<f32>) -> Tensor<2> {
        let rows = features.len() / self.inputs;
        let x = Tensor::from_data(TensorData::new(features, [rows, self.inputs]), weights.device());
        self.network.forward(weights, x, &Conditions::default())
    }

    /// One step on the rows `batch`; returns their loss before it.
    fn step(&mut self, optimiser: &mut AdamW, features: &[f32], classes: &[bool], batch: &[usize]) -> f64 {
        let rows = batch.len() as f32;
        let chosen = batch
            .iter()
            .flat_map(|&row| &features[row * self.inputs..(row + 1) * self.inputs]);
        let weights = self.parameters.on(&cpu()).tracked();
        let logits = self.logits(&weights, chosen.copied().collect());
        let mut loss = 0.0;
        // d loss / d logit = (p - class) / rows
        let slopes: Vec<f32> = host(&logits)
            .iter()
            .zip(batch)
            .map(|(&logit, &row)| {
                let class = f32::from(u8::from(classes[row]));
                loss += f64::from(logit.max(0.0) - class * logit + (-logit.abs()).exp().ln_1p());
                (1.0 / (1.0 + (-logit).exp()) - class) / rows
            })
            .collect();
        let slopes = Tensor::<2>::from_data(TensorData::new(slopes, [batch.len(), 1]), weights.device());
        let mut gradients = (logits * slopes).sum().backward();
        let mut gradient = weights.gradient(&mut gradients);
        let (mut place, mut squares) = (0, 0.0);
        for (entry, values) in self.parameters.entries() {
            if !entry.name.ends_with("bias") {
                for (slope, value) in gradient[place..].iter_mut().zip(values) {
                    *slope += PENALTY * value / rows;
                    squares += f64::from(value * value);
                }
            }
            place += values.len();
        }
        let schedule = Step {
            learning_rate: LEARNING_RATE,
            decay: 0.0,
            clip: f64::INFINITY,
        };
        optimiser.step(&mut self.parameters, &gradient, schedule, None);
        (loss + 0.5 * f64::from(PENALTY) * squares) / batch.len() as f64
    }
}

fn host(logits: &Tensor<2>) -> Vec<f32> {
    logits.to_data().as_slice::<f32>().expect("logits are f32").to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_learns_what_no_line_separates() {
        let rows = 600;
        let features = Stream::new(3, "features", 0).normals(2 * rows);
        let classes: Vec<bool> = features.chunks_exact(2).map(|x| x[0] * x[1] > 0.0).collect();
        let classifier = Perceptron::trained(&features, &classes, 2, &Stream::new(1, "", 0)).unwrap();
        let fresh = Stream::new(3, "features", 1).normals(2 * rows);
        let found = classifier.classes(&fresh);
        let right = fresh
            .chunks_exact(2)
            .zip(&found)
            .filter(|(x, class)| (x[0] * x[1] > 0.0) == **class);
        let share = right.count() as f64 / rows as f64;
        assert!(share > 0.93, "{share}");
    }

    #[test]
    fn weights_start_within_the_bounds_of_their_layers() {
        let features = [0.0_f32; 6];
        let mut registry = Registry::new();
        let network = Mlp::new(&mut registry, 3, None, 0, &[30, 30], 1, Activation::Relu);
        let mut classifier = Perceptron {
            network,
            parameters: registry.finish(0),
            inputs: 3,
        };
        classifier.start(&Stream::new(1, "weights", 0));
        let bounds = [3 + 30, 3 + 30, 60, 60, 31, 31].map(|sum| (6.0 / sum as f32).sqrt());
        let mut names = Vec::new();
        for ((entry, values), bound) in classifier.parameters.entries().zip(bounds) {
            let most = values.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
            assert!(
                most <= bound && (values.len() < 20 || most > 0.8 * bound),
                "{}: {most} {bound}",
                entry.name
            );
            names.push(entry.name.clone());
        }
        assert_eq!(names.len(), 6, "{names:?}");
        assert_eq!(classifier.classes(&features).len(), 2);
    }
}
