//! A plain run of training, shared by the examples that are measured.

use fieldbridge::bridge::{Bridge, Rows};
use fieldbridge::device::cpu;
use fieldbridge::network::{Parameters, Precision};
use fieldbridge::random::Stream;
use fieldbridge::train::{AdamW, Average, Step, gradient, schedule::learning_rate};

/// Longest norm of a gradient.
const CLIP: f64 = 5.0;

/// AdamW without decay, its rate rising linearly and falling as half a cosine.
pub(crate) struct Training {
    /// Steps taken.
    pub(crate) steps: usize,
    /// Highest learning rate.
    pub(crate) highest_rate: f64,
    /// Steps until it is reached.
    pub(crate) warmup: usize,
    /// The last rate as a share of the highest.
    pub(crate) final_share: f64,
    /// Memory of the moving average of the parameters; 0 for none.
    pub(crate) memory: f32,
    /// Seed of what a step draws.
    pub(crate) seed: u64,
}

impl Training {
    /// The averaged parameters after all steps on rows that `batch` makes.
    pub(crate) fn run(&self, bridge: &dyn Bridge, start: Parameters, batch: &dyn Fn(u64) -> Rows) -> Parameters {
        let mut parameters = start;
        let mut optimiser = AdamW::new(parameters.count());
        let mut values = parameters.values().to_vec();
        for step in 0..self.steps {
            let mut rows = batch(step as u64);
            let stream = Stream::new(self.seed, "join", step as u64);
            bridge.join(&mut rows, &stream);
            let slope = gradient(
                bridge,
                &parameters,
                &rows,
                rows.count.div_ceil(2),
                (0.0, &stream),
                Precision::Single,
                &cpu(),
            );
            let how = Step {
                learning_rate: learning_rate(step, self.steps, self.warmup, self.highest_rate, self.final_share),
                decay: 0.0,
                clip: CLIP,
            };
            let average = Average {
                values: &mut values,
                memory: self.memory.min((1.0 + step as f32) / (10.0 + step as f32)),
            };
            optimiser.step(&mut parameters, &slope.values, how, Some(average));
        }
        parameters.with_values(values)
    }
}
