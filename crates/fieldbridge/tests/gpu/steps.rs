//! Training steps of two networks: outputs, losses, gradients, and the parameters after AdamW.

use burn_tensor::Tensor;
use fieldbridge::bridge::Rows;
use fieldbridge::device::Device;
use fieldbridge::network::{
    Activation, Conditions, LayerNorm, Linear, Mlp, Network, Parameters, Precision, Registry, TransformerBlock, Weights,
};
use fieldbridge::random::Stream;
use fieldbridge::train::{AdamW, Gradient, Objective, Step, gradient};

use super::reads::Reads;
use super::{ALLOWED, devices, difference, difference_of_gradients, moved, normals};

const STEPS: usize = 3;

/// Something with an output for every row.
trait Predictor: Sync {
    fn predict(&self, weights: &Weights, rows: &Rows) -> Tensor<2>;
}

/// Mean squared error over the outputs; targets stand in the place of base points.
struct Regression<P>(P);

impl<P: Predictor> Objective for Regression<P> {
    fn losses(&self, weights: &Weights, rows: &Rows) -> Tensor<1> {
        let target = rows.tensor(&rows.base, weights.device());
        let found = self.0.predict(weights, rows);
        (found - target).square().mean_dim(1).squeeze_dim(1)
    }
}

impl Predictor for Mlp {
    fn predict(&self, weights: &Weights, rows: &Rows) -> Tensor<2> {
        self.forward(
            weights,
            rows.tensor(&rows.data, weights.device()),
            &Conditions::default(),
        )
    }
}

const TOKENS: usize = 17;
const WIDTH: usize = 32;

/// Two blocks, a norm and a linear layer.
struct Transformer {
    blocks: Vec<TransformerBlock>,
    norm: LayerNorm,
    last: Linear,
}

impl Transformer {
    fn new(registry: &mut Registry) -> Self {
        let block = |index| {
            registry.scope(format!("block{index}"), |registry| {
                TransformerBlock::new(registry, WIDTH, 4, 4 * WIDTH)
            })
        };
        Self {
            blocks: (0..2).map(block).collect(),
            norm: LayerNorm::new(registry, "norm", WIDTH),
            last: Linear::new(registry, "last", WIDTH, WIDTH),
        }
    }
}

impl Predictor for Transformer {
    fn predict(&self, weights: &Weights, rows: &Rows) -> Tensor<2> {
        let tokens = rows.tensor(&rows.data, weights.device());
        let tokens = tokens.reshape([rows.count, TOKENS, WIDTH]);
        let mixed = self.blocks.iter().fold(tokens, |x, block| block.forward(weights, x));
        let mixed = self.norm.forward(weights, mixed.reshape([rows.count * TOKENS, WIDTH]));
        self.last.forward(weights, mixed).reshape([rows.count, TOKENS * WIDTH])
    }
}

/// What a device came to.
struct Course {
    output: Vec<f32>,
    steps: Vec<Gradient>,
    end: Parameters,
}

fn train<P: Predictor>(regression: &Regression<P>, start: &Parameters, rows: &Rows, device: &Device) -> Course {
    let output = regression.0.predict(&start.on(device), rows);
    assert!(output.device() == *device, "the output left its device");
    let mut end = start.clone();
    let mut optimiser = AdamW::new(start.count());
    let stream = Stream::new(0, "dropout", 0);
    let steps = (0..STEPS).map(|_| {
        let found = gradient(
            regression,
            &end,
            rows,
            rows.count / 2,
            (0.0, &stream),
            Precision::Single,
            device,
        );
        let step = Step {
            learning_rate: 1e-3,
            decay: 0.01,
            clip: f64::INFINITY,
        };
        optimiser.step(&mut end, &found.values, step, None);
        found
    });
    let steps = steps.collect();
    Course {
        output: output.into_data().try_into_vec().unwrap(),
        steps,
        end,
    }
}

/// Trains on both devices and compares all they came to.
fn agree<P: Predictor>(name: &str, predictor: P, start: &Parameters, rows: &Rows) {
    let _reads = Reads::watch();
    let regression = Regression(predictor);
    let [here, there] = devices().map(|device| train(&regression, start, rows, &device));
    let output = difference(&here.output, &there.output);
    let losses = here.steps.iter().zip(&there.steps);
    let loss = losses.map(|(here, there)| ((here.loss - there.loss) / here.loss).abs());
    let loss = loss.fold(0.0, f64::max);
    let first = [&here, &there].map(|course| course.steps[0].values.as_slice());
    for (entry, slopes) in start.with_values(first[0].to_vec()).entries() {
        assert!(slopes.iter().any(|&slope| slope != 0.0), "nothing reaches {}", entry.name);
    }
    let slope = difference_of_gradients(start, first[0], first[1]);
    let end = difference(here.end.values(), there.end.values());
    eprintln!(
        "{name}: output {output:.1e}, loss of {STEPS} steps {loss:.1e}, gradient {slope:.1e}, parameters after {end:.1e}"
    );
    for (what, found) in [
        ("output", output),
        ("loss", loss),
        ("gradient", slope),
        ("parameters", end),
    ] {
        assert!(found < ALLOWED, "{name}: {what} differs by {found:.1e}");
    }
    assert!(
        here.steps[STEPS - 1].loss < here.steps[0].loss && there.steps[STEPS - 1].loss < there.steps[0].loss,
        "{name}: the loss falls"
    );
}

fn rows(count: usize, inputs: usize, outputs: usize) -> Rows {
    Rows {
        count,
        data: normals("inputs", count * inputs),
        base: normals("targets", count * outputs),
        ..Rows::default()
    }
}

#[test]
fn a_perceptron_trains_alike() {
    let mut registry = Registry::new();
    let network = Mlp::new(&mut registry, 34, None, 0, &[256; 3], 2, Activation::Silu);
    let start = moved(registry.finish(0), 0.02);
    agree("perceptron 34 -> 3 x 256 -> 2", network, &start, &rows(1024, 34, 2));
}

#[test]
fn a_transformer_trains_alike() {
    let mut registry = Registry::new();
    let network = Transformer::new(&mut registry);
    let start = moved(registry.finish(0), 0.02);
    let each = TOKENS * WIDTH;
    agree("transformer of 2 blocks", network, &start, &rows(8, each, each));
}
