//! Full training steps: forward, backward, Adam with learning rate 1e-3.

use std::path::Path;

use fieldbridge::bridge::Rows;
use fieldbridge::device::cpu;
use fieldbridge::network::{Parameters, Precision};
use fieldbridge::random::Stream;
use fieldbridge::train::{AdamW, Gradient, Objective, Step, gradient};
use serde_json::{Value, json};

use super::{Workload, files};

const LEARNING_RATE: f64 = 1e-3;
const STEPS_COMPARED: usize = 4;

/// One step again and again on the same rows.
pub(crate) struct Training<O> {
    pub(crate) objective: O,
    /// Values at the start.
    pub(crate) start: Parameters,
    pub(crate) rows: Rows,
    /// Rows of one shard.
    pub(crate) shard: usize,
    /// Of the products.
    pub(crate) precision: Precision,
    /// Why the weights are not those of the other side, when they are not.
    pub(crate) not_comparable: Option<&'static str>,
    pub(crate) now: Option<(Parameters, AdamW)>,
}

impl<O: Objective> Training<O> {
    pub(crate) fn new(objective: O, start: Parameters, rows: Rows, shard: usize, precision: Precision) -> Self {
        Self {
            objective,
            start,
            rows,
            shard,
            precision,
            not_comparable: None,
            now: None,
        }
    }

    fn step(&mut self) -> Gradient {
        let start = &self.start;
        let (parameters, optimiser) = self
            .now
            .get_or_insert_with(|| (start.clone(), AdamW::new(start.count())));
        let stream = Stream::new(0, "no dropout", 0);
        let found = gradient(
            &self.objective,
            parameters,
            &self.rows,
            self.shard,
            (0.0, &stream),
            self.precision,
            &cpu(),
        );
        let step = Step {
            learning_rate: LEARNING_RATE,
            decay: 0.0,
            clip: f64::INFINITY,
        };
        optimiser.step(parameters, &found.values, step, None);
        found
    }
}

/// Regression of the stored targets on the stored inputs, from the stored weights.
pub(crate) fn regression<O: Objective + 'static>(
    objective: O,
    layout: &Parameters,
    folder: &Path,
    shard: usize,
    precision: Precision,
) -> Result<Box<dyn Workload>, String> {
    let start = files::load(layout, &files::read(&folder.join("weights.safetensors"))?)?;
    let mut data = files::read(&folder.join("data.safetensors"))?;
    let (shape, x) = files::take(&mut data, "x")?;
    let rows = Rows {
        count: shape[0],
        data: x,
        base: files::take(&mut data, "target")?.1,
        ..Rows::default()
    };
    Ok(Box::new(Training::new(objective, start, rows, shard, precision)))
}

impl<O: Objective> Workload for Training<O> {
    fn compare(&mut self, folder: &Path) -> Value {
        if let Some(reason) = self.not_comparable {
            return json!({"not_comparable": reason});
        }
        self.now = None;
        let steps: Vec<Gradient> = (0..STEPS_COMPARED).map(|_| self.step()).collect();
        self.now = None;
        let first = self.start.with_values(steps[0].values.clone());
        let tensors: Vec<(String, Vec<usize>, Vec<f32>)> = first
            .entries()
            .map(|(entry, values)| (entry.name.clone(), entry.shape.clone(), values.to_vec()))
            .collect();
        let path = folder.join("fieldbridge.safetensors");
        files::write(&path, &tensors);
        let losses: Vec<f64> = steps.iter().map(|step| step.loss).collect();
        json!({"losses": losses, "gradients": path})
    }

    fn work(&mut self) {
        self.step();
    }
}
