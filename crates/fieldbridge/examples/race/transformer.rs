//! W2: a transformer of six pre-norm blocks on 8 sequences of 261 tokens of width 192.

use std::path::Path;

use burn_tensor::Tensor;
use fieldbridge::bridge::Rows;
use fieldbridge::network::{
    Activation, Dual, Linear, Parameters, Places, Precision, Registry, TokenNorm, TransformerBlock, TransformerShape,
    Weights,
};
use fieldbridge::train::Objective;

use super::training::regression;
use super::{Workload, files};

pub(crate) const TOKENS: usize = 261;
pub(crate) const WIDTH: usize = 192;

/// Blocks, then a norm and a linear layer.
pub(crate) struct Transformer {
    blocks: Vec<TransformerBlock>,
    last_norm: TokenNorm,
    last: Linear,
}

impl Transformer {
    fn new(registry: &mut Registry) -> Self {
        let shape = TransformerShape {
            width: WIDTH,
            heads: 6,
            hidden: 4 * WIDTH,
            gated: false,
            activation: Activation::Gelu,
            root_mean_square: false,
            conditions: 0,
            pairs: 0,
        };
        Self {
            blocks: (0..6)
                .map(|index| {
                    registry.scope(format!("block{index}"), |registry| {
                        TransformerBlock::new(registry, &shape)
                    })
                })
                .collect(),
            last_norm: TokenNorm::layer(registry, "last_norm", WIDTH),
            last: Linear::new(registry, "last", WIDTH, WIDTH),
        }
    }

    pub(crate) fn forward(&self, weights: &Weights, tokens: Tensor<3>) -> Tensor<3> {
        let blocks = self.blocks.iter();
        let mixed = blocks.fold(Dual::alone(tokens), |x, block| {
            block.forward(weights, x, Places::default(), None)
        });
        let normed = self.last_norm.forward(weights, mixed, None);
        self.last.carry(weights, normed).into_value()
    }
}

/// The network with the weights of a folder.
pub(crate) fn stored(folder: &Path) -> Result<(Transformer, Parameters), String> {
    let mut registry = Registry::new();
    let network = Transformer::new(&mut registry);
    let parameters = files::load(&registry.finish(0), &files::read(&folder.join("weights.safetensors"))?)?;
    Ok((network, parameters))
}

/// Mean over tokens and components of the squared error.
struct Regression(Transformer);

impl Objective for Regression {
    fn losses(&self, weights: &Weights, rows: &Rows) -> Tensor<1> {
        let device = weights.device();
        let shape = [rows.count, TOKENS, WIDTH];
        let found = self.0.forward(weights, rows.tensor(&rows.data, device).reshape(shape));
        let found = found.reshape([rows.count, TOKENS * WIDTH]);
        (found - rows.tensor(&rows.base, device))
            .square()
            .mean_dim(1)
            .squeeze_dim(1)
    }
}

pub(crate) fn training(folder: &Path, precision: Precision) -> Result<Box<dyn Workload>, String> {
    let mut registry = Registry::new();
    let network = Transformer::new(&mut registry);
    regression(Regression(network), &registry.finish(0), folder, 4, precision)
}
