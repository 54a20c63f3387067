//! Adam with decoupled weight decay.

use fieldbridge_kernels::optimiser::{self, Segment, Settings, shortening, squared_norm};

use crate::network::Parameters;

/// Weights of the running means of gradient and squared gradient.
const BETA: (f32, f32) = (0.9, 0.999);
/// Added to the root of the squared gradient.
const EPSILON: f32 = 1e-8;

/// AdamW (Kingma and Ba 2014, arXiv:1412.6980; Loshchilov and Hutter 2017, arXiv:1711.05101) over a flat vector of
/// values. Only tensors with two dimensions above one decay: biases and scales are free.
#[derive(Clone, Debug, PartialEq)]
pub struct AdamW {
    /// Running mean of the gradient.
    pub first: Vec<f32>,
    /// Running mean of the squared gradient.
    pub second: Vec<f32>,
    /// Steps taken.
    pub steps: u64,
}

impl AdamW {
    /// A fresh optimiser of `count` values.
    pub fn new(count: usize) -> Self {
        Self {
            first: vec![0.0; count],
            second: vec![0.0; count],
            steps: 0,
        }
    }

    /// One step down the gradient, which is first shortened to norm `clip`; the moving average of the parameters follows
    /// in the same pass. Returns the norm before.
    pub fn step(
        &mut self,
        parameters: &mut Parameters,
        gradient: &[f32],
        schedule: Step,
        average: Option<Average<'_>>,
    ) -> f64 {
        let norm = squared_norm(gradient).sqrt();
        self.steps += 1;
        let segments: Vec<Segment> = parameters
            .entries()
            .map(|(entry, values)| Segment {
                length: values.len(),
                decays: entry.shape.iter().filter(|&&length| length > 1).count() >= 2,
            })
            .collect();
        let (average, memory) = match average {
            Some(average) => (Some(average.values), average.memory),
            None => (None, 0.0),
        };
        let settings = Settings {
            step: self.steps,
            learning_rate: schedule.learning_rate,
            decay: schedule.decay,
            shorten: shortening(norm, schedule.clip),
            betas: BETA,
            epsilon: EPSILON,
            memory,
        };
        let (first, second) = (&mut self.first, &mut self.second);
        optimiser::step(
            parameters.values_mut(),
            gradient,
            first,
            second,
            average,
            &segments,
            settings,
        );
        norm
    }
}

/// How a step is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Length of the step.
    pub learning_rate: f64,
    /// Share of a value of a matrix lost for each unit of length.
    pub decay: f64,
    /// Longest norm of the gradient.
    pub clip: f64,
}

/// A moving average of the parameters.
#[derive(Debug)]
pub struct Average<'a> {
    /// Its values.
    pub values: &'a mut [f32],
    /// Share that stays at a step.
    pub memory: f32,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{Initial, Registry};

    fn schedule(learning_rate: f64, decay: f64, clip: f64) -> Step {
        Step {
            learning_rate,
            decay,
            clip,
        }
    }

    fn parameters() -> Parameters {
        let mut registry = Registry::new();
        registry.parameter("matrix", &[2, 2], Initial::Constant(1.0));
        registry.parameter("bias", &[1, 2], Initial::Constant(1.0));
        registry.finish(0)
    }

    #[test]
    fn the_first_step_has_the_length_of_the_learning_rate_whatever_the_gradient() {
        let mut parameters = parameters();
        let gradient = [1e-3, -1e-3, 10.0, -10.0, 0.5, -0.5];
        AdamW::new(6).step(&mut parameters, &gradient, schedule(0.01, 0.0, f64::INFINITY), None);
        for (value, slope) in parameters.values().iter().zip(gradient) {
            assert!((value - (1.0 - 0.01 * slope.signum())).abs() < 1e-5, "{value}");
        }
    }

    #[test]
    fn only_matrices_decay() {
        let mut parameters = parameters();
        AdamW::new(6).step(&mut parameters, &[0.0; 6], schedule(0.1, 0.5, 1.0), None);
        assert_eq!(parameters.values(), [0.95, 0.95, 0.95, 0.95, 1.0, 1.0]);
    }

    #[test]
    fn it_finds_the_minimum_of_a_quadratic() {
        let mut parameters = parameters();
        let mut optimiser = AdamW::new(6);
        for _ in 0..2000 {
            let gradient: Vec<f32> = parameters.values().iter().map(|value| 3.0 * (value + 2.0)).collect();
            optimiser.step(&mut parameters, &gradient, schedule(0.01, 0.0, 5.0), None);
        }
        assert!(
            parameters.values().iter().all(|value| (value + 2.0).abs() < 1e-2),
            "{:?}",
            parameters.values()
        );
    }
}
