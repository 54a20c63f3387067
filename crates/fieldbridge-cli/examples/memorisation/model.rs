//! A flow matching bridge trained on fields, read as a denoiser.

use burn_tensor::{Tensor, TensorData};
use fieldbridge::Error;
use fieldbridge::base::Normal;
use fieldbridge::bridge::{Bridge, Continuous, Rows, TimeDraw};
use fieldbridge::check::memorisation::Denoiser;
use fieldbridge::coupling::Independent;
use fieldbridge::device::cpu;
use fieldbridge::likelihood::ExactTrace;
use fieldbridge::network::{Activation, Precision, Registry, ResidualMlp, Weights};
use fieldbridge::path::{Head, Linear, LossWeight};
use fieldbridge::random::Stream;
use fieldbridge::solver::{Heun, SamplerKind};
use fieldbridge::train::{AdamW, Average, Step, gradient, schedule::learning_rate};

const WIDTH: usize = 256;
const BLOCKS: usize = 2;
const FREQUENCIES: usize = 8;
const BATCH: usize = 256;
const SHARD: usize = 128;
/// Share of the averaged weights that stays at a step, once warm.
const MEMORY: f32 = 0.99;

/// A trained bridge with its averaged weights.
pub(crate) struct Model {
    bridge: Continuous,
    weights: Weights,
}

impl Model {
    /// Trains on fields, `[rows, pixels]` flat, for so many steps of 256 rows drawn with replacement.
    pub(crate) fn trained(fields: &[f64], pixels: usize, steps: usize, seed: u64) -> Self {
        let mut registry = Registry::new();
        let network = ResidualMlp::new(
            &mut registry,
            pixels,
            Some(FREQUENCIES),
            0,
            WIDTH,
            BLOCKS,
            pixels,
            Activation::Silu,
        );
        let bridge = Continuous {
            dimension: pixels,
            base: Box::new(Normal),
            coupling: Box::new(Independent),
            path: Box::new(Linear),
            head: Head::Velocity,
            weight: LossWeight::Output,
            balance: None,
            time: TimeDraw::Uniform,
            network: Box::new(network),
            solver: Box::new(Heun { steps: 50 }),
            sampler: SamplerKind::default(),
            trace: Box::new(ExactTrace),
            bound: None,
            embedding: None,
            unconditional_share: 0.0,
            guidance: 1.0,
        };
        let mut parameters = registry.finish(seed);
        let mut optimiser = AdamW::new(parameters.count());
        let mut average = parameters.values().to_vec();
        let count = fields.len() / pixels;
        for step in 0..steps {
            let chosen = Stream::new(seed, "batch", step as u64).uniforms(BATCH);
            let row = |uniform: &f32| (f64::from(*uniform) * count as f64) as usize;
            let data = chosen
                .iter()
                .flat_map(|uniform| &fields[row(uniform) * pixels..(row(uniform) + 1) * pixels]);
            let mut rows = Rows {
                count: BATCH,
                data: data.map(|&value| value as f32).collect(),
                ..Rows::default()
            };
            let stream = Stream::new(seed, "join", step as u64);
            bridge.join(&mut rows, &stream);
            let slope = gradient(
                &bridge,
                &parameters,
                &rows,
                SHARD,
                (0.0, &stream),
                Precision::Single,
                &cpu(),
            );
            let schedule = Step {
                learning_rate: learning_rate(step, steps, 100, 1e-3, 0.01),
                decay: 0.0,
                clip: 5.0,
            };
            let memory = MEMORY.min((1.0 + step as f32) / (10.0 + step as f32));
            let values = &mut average;
            optimiser.step(
                &mut parameters,
                &slope.values,
                schedule,
                Some(Average { values, memory }),
            );
        }
        Self {
            bridge,
            weights: parameters.with_values(average).on(&cpu()),
        }
    }
}

impl Denoiser for Model {
    fn clean(&self, x: &[f64], t: f64) -> Result<Vec<f64>, Error> {
        let pixels = self.bridge.dimension;
        let rows = x.len() / pixels;
        let host: Vec<f32> = x.iter().map(|&value| value as f32).collect();
        let points = Tensor::<2>::from_data(TensorData::new(host, [rows, pixels]), &cpu());
        let times = Tensor::<2>::full([rows, 1], t as f32, &cpu());
        let velocity = self.bridge.velocity(&self.weights, points, times, None).into_data();
        let velocity = velocity.as_slice::<f32>().expect("velocities are f32");
        Ok(x.iter()
            .zip(velocity)
            .map(|(x, v)| x + (1.0 - t) * f64::from(*v))
            .collect())
    }
}
