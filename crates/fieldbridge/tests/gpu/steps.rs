//! Training steps of two networks: outputs, losses, gradients, and the parameters after AdamW.

use burn_tensor::Tensor;
use fieldbridge::bridge::Rows;
use fieldbridge::device::Device;
use fieldbridge::network::{
    Activation, Conditions, Mlp, Network, NetworkKind, NetworkRecipe, Parameters, Precision, Registry, Weights,
};
use fieldbridge::random::Stream;
use fieldbridge::train::{AdamW, Gradient, Objective, Step, gradient};

use super::reads::Reads;
use super::{ALLOWED, devices, difference, difference_of_gradients, moved, normals};

const STEPS: usize = 3;

/// Mean squared error over the outputs; targets stand in the place of base points.
struct Regression(Box<dyn Network>);

impl Regression {
    fn predict(&self, weights: &Weights, rows: &Rows) -> Tensor<2> {
        let x = rows.tensor(&rows.data, weights.device());
        self.0.forward(weights, x, &Conditions::default())
    }
}

impl Objective for Regression {
    fn losses(&self, weights: &Weights, rows: &Rows) -> Tensor<1> {
        let target = rows.tensor(&rows.base, weights.device());
        let found = self.predict(weights, rows);
        (found - target).square().mean_dim(1).squeeze_dim(1)
    }
}

/// What a device came to.
struct Course {
    output: Vec<f32>,
    steps: Vec<Gradient>,
    end: Parameters,
}

fn train(regression: &Regression, start: &Parameters, rows: &Rows, device: &Device) -> Course {
    let output = regression.predict(&start.on(device), rows);
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
fn agree(name: &str, network: Box<dyn Network>, start: &Parameters, rows: &Rows) {
    let _reads = Reads::watch();
    let regression = Regression(network);
    let [here, there] = devices().map(|device| train(&regression, start, rows, &device));
    let output = difference(&here.output, &there.output);
    let losses = here.steps.iter().zip(&there.steps);
    let loss = losses.map(|(here, there)| ((here.loss - there.loss) / here.loss).abs());
    let loss = loss.fold(0.0, f64::max);
    let first = [&here, &there].map(|course| course.steps[0].values.as_slice());
    for (entry, slopes) in start.with_values(first[0].to_vec()).entries() {
        assert!(
            slopes.iter().any(|&slope| slope != 0.0),
            "nothing reaches {}",
            entry.name
        );
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
    agree(
        "perceptron 34 -> 3 x 256 -> 2",
        Box::new(network),
        &start,
        &rows(1024, 34, 2),
    );
}

#[test]
fn a_transformer_trains_alike() {
    const TOKENS: usize = 17;
    const WIDTH: usize = 32;
    let recipe = NetworkRecipe {
        kind: NetworkKind::Transformer,
        width: WIDTH,
        blocks: 2,
        heads: Some(4),
        gated: Some(false),
        activation: Activation::Gelu,
        shape: Some(vec![TOKENS]),
        channels: Some(WIDTH),
        ..NetworkRecipe::default()
    };
    let each = TOKENS * WIDTH;
    let mut registry = Registry::new();
    let network = recipe.build(&mut registry, "network", each, None, 0, each).unwrap();
    let start = moved(registry.finish(0), 0.02);
    agree("transformer of 2 blocks", network, &start, &rows(8, each, each));
}
