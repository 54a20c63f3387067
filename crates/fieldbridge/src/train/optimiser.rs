//! Adam with decoupled weight decay.

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

    /// One step down the gradient, which is first shortened to norm `clip`. Returns the norm before that.
    pub fn step(
        &mut self,
        parameters: &mut Parameters,
        gradient: &[f32],
        learning_rate: f64,
        decay: f64,
        clip: f64,
    ) -> f64 {
        let norm = gradient
            .iter()
            .map(|&g| f64::from(g) * f64::from(g))
            .sum::<f64>()
            .sqrt();
        let shorten = if norm > clip { (clip / norm) as f32 } else { 1.0 };
        self.steps += 1;
        let exponent = i32::try_from(self.steps).unwrap_or(i32::MAX);
        let first_bias = 1.0 - BETA.0.powi(exponent);
        let second_bias = 1.0 - BETA.1.powi(exponent);
        let rate = learning_rate as f32 / first_bias;
        let kept: Vec<(usize, f32)> = parameters
            .entries()
            .map(|(entry, values)| {
                let matrix = entry.shape.iter().filter(|&&length| length > 1).count() >= 2;
                (
                    values.len(),
                    if matrix {
                        (1.0 - learning_rate * decay) as f32
                    } else {
                        1.0
                    },
                )
            })
            .collect();
        let mut start = 0;
        for (length, keep) in kept {
            let end = start + length;
            let values = parameters.values_mut()[start..end].iter_mut();
            let moments = self.first[start..end]
                .iter_mut()
                .zip(self.second[start..end].iter_mut());
            for ((value, (first, second)), &slope) in values.zip(moments).zip(&gradient[start..end]) {
                let slope = slope * shorten;
                *first += (1.0 - BETA.0) * (slope - *first);
                *second += (1.0 - BETA.1) * (slope * slope - *second);
                *value = *value * keep - rate * *first / ((*second / second_bias).sqrt() + EPSILON);
            }
            start = end;
        }
        norm
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{Initial, Registry};

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
        AdamW::new(6).step(&mut parameters, &gradient, 0.01, 0.0, f64::INFINITY);
        for (value, slope) in parameters.values().iter().zip(gradient) {
            assert!((value - (1.0 - 0.01 * slope.signum())).abs() < 1e-5, "{value}");
        }
    }

    #[test]
    fn only_matrices_decay() {
        let mut parameters = parameters();
        AdamW::new(6).step(&mut parameters, &[0.0; 6], 0.1, 0.5, 1.0);
        assert_eq!(parameters.values(), [0.95, 0.95, 0.95, 0.95, 1.0, 1.0]);
    }

    #[test]
    fn it_finds_the_minimum_of_a_quadratic() {
        let mut parameters = parameters();
        let mut optimiser = AdamW::new(6);
        for _ in 0..2000 {
            let gradient: Vec<f32> = parameters.values().iter().map(|value| 3.0 * (value + 2.0)).collect();
            optimiser.step(&mut parameters, &gradient, 0.01, 0.0, 5.0);
        }
        assert!(
            parameters.values().iter().all(|value| (value + 2.0).abs() < 1e-2),
            "{:?}",
            parameters.values()
        );
    }
}
